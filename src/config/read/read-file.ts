import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { configUnreadable } from '../../errors/config.ts';
import { isRecord } from '../../internal/checks.ts';
import { readPipe } from '../../internal/files/read-pipe.ts';
import { describe } from '../../options/wording.ts';
import { Findings } from './findings.ts';
import { JsonDocument } from '../json/json-document.ts';

/** Settings files of editors have up to a few megabytes; a larger file is something else. */
const MAX_BYTES = 32 * 1024 * 1024;
/** How long a pipe may be silent. */
const PIPE_SILENCE_MS = 5_000;

/** Why a file cannot be read, in words. */
export class UnreadableFile extends Error {
  /** A clause: `it is a folder`. */
  readonly why: string;

  constructor(why: string, options?: ErrorOptions) {
    super(why, options);
    this.why = why;
  }
}

/** Reads a text file. Rejects with {@link UnreadableFile}. */
export async function readTextFile(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Counted while reading: a device or pipe has no size and may never end.
    for await (const chunk of await chunksOf(path)) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw new UnreadableFile(`it is larger than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    return decoded(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof UnreadableFile) throw error;
    throw new UnreadableFile(reasonOf(error), { cause: error });
  }
}

async function chunksOf(path: string): Promise<AsyncIterable<Buffer>> {
  const stats = await stat(path);
  return stats.isFIFO() || stats.isCharacterDevice() ? pipeChunks(path) : createReadStream(path);
}

/** A pipe, such as `plenum --config <(…)` gives. */
async function* pipeChunks(path: string): AsyncGenerator<Buffer> {
  const { ended } = yield* readPipe(path, PIPE_SILENCE_MS);
  if (!ended)
    throw new UnreadableFile(`it is a pipe or a device that gives nothing for ${PIPE_SILENCE_MS} ms`);
}

/** Editors on Windows, and its PowerShell, write UTF-16 with a byte order mark. */
function decoded(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return bytes.toString('utf16le');
  if (first === 0xfe && second === 0xff)
    return bytes
      .subarray(0, bytes.length - (bytes.length % 2))
      .swap16()
      .toString('utf16le');
  return bytes.toString('utf8');
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
    case 'EPERM':
      return 'it may not be read';
    default:
      return code;
  }
}

/** A file that holds one JSON object, with its text. */
interface JsonFile {
  readonly document: JsonDocument;
  readonly findings: Findings;
  readonly root: Readonly<Record<string, unknown>>;
}

/** Rejects with `CONFIG_INVALID`. Names that stand twice are for the caller to judge. */
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
    throw configUnreadable(path, error.why, error.cause);
  }
}
