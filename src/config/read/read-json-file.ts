import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { describe, Findings } from './findings.ts';
import { JsonDocument } from '../json/json-document.ts';
import { readTextFile, UnreadableFile } from './read-file.ts';

/** A file that holds one JSON object, with its text. */
export interface JsonFile {
  readonly document: JsonDocument;
  readonly findings: Findings;
  readonly root: Readonly<Record<string, unknown>>;
}

/** Rejects with `CONFIG_INVALID`. */
export async function readJsonFile(path: string): Promise<JsonFile> {
  const document = new JsonDocument(await readText(path));
  const findings = new Findings(path, document);
  findings.throwIfFailed();
  const root = document.value;
  if (isRecord(root)) return { document, findings, root };
  findings.problem([], `found ${describe(root)}, allowed an object with "mcpServers" or "servers"`);
  throw findings.error();
}

async function readText(path: string): Promise<string> {
  try {
    return await readTextFile(path);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new PlenumError('CONFIG_INVALID', `Reading ${path}: ${error.message}.`, { cause: error.cause });
  }
}
