import writeFileAtomic from '#write-file-atomic';
import { keyFileLocked, keyFileUnusable } from '../../errors/gateway.ts';
import { messageOf } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { lockFile } from '../../internal/files/file-lock.ts';
import { makeFolder, readOwnFile, type Unfit } from '../../internal/files/own-file.ts';
import { firstFault } from '../../options/check-options.ts';
import { fitsOptions } from '../../options/faults.ts';
import { apiKeyRecord } from '../../options/tables/gateway-auth.ts';
import type { ApiKeyRecord } from './api-key.ts';

const FORMAT = 'mcp-plenum/keys';
const VERSION = 1;
const MAX_BYTES = 16 * 1024 * 1024;
const OTHERS = 0o077;

/**
 * Reads the records of API keys; undefined when there is no such file. Throws `CONFIG_INVALID` for a file that cannot be
 * trusted or read: open to other users, somebody else's, in a folder where others could replace it, or no key file.
 */
export async function readKeyFile(path: string): Promise<readonly ApiKeyRecord[] | undefined> {
  const found = await readOwnFile(path, { maxBytes: MAX_BYTES, refusedMode: OTHERS, anywhere: false });
  if (found.is === 'missing') return undefined;
  if (found.is !== 'read') throw keyFileUnusable(path, whyUnfit(found));
  const file = parse(path, found.text);
  if (!isRecord(file) || file['format'] !== FORMAT || !Array.isArray(file['keys']))
    throw keyFileUnusable(path, 'is not a key file of Plenum');
  if (file['version'] !== VERSION) throw keyFileUnusable(path, `is of another version than ${VERSION}`);
  const records: unknown[] = file['keys'];
  const wrong = faultOf(records);
  if (wrong !== undefined) throw keyFileUnusable(path, wrong);
  return records.filter(isKeyRecord);
}

/** What is wrong with records of keys, as it goes on from "the key file"; undefined when nothing is. */
export function faultOf(records: readonly unknown[]): string | undefined {
  const ids = new Set<string>();
  const names = new Set<string>();
  for (const [index, record] of records.entries()) {
    if (!isKeyRecord(record))
      return `is wrong in key ${index + 1}: ${firstFault(apiKeyRecord, record, 'A key') ?? 'it is no key.'}`.replace(
        /\.$/,
        '',
      );
    // Which of two holds would depend on their order.
    if (ids.has(record.id)) return `has the id "${record.id}" twice`;
    if (names.has(record.name)) return `has the name "${record.name}" twice`;
    ids.add(record.id);
    names.add(record.name);
  }
  return undefined;
}

/**
 * Changes the records of a key file, which is made when it is missing (mode 0600). Reads the file anew under a lock, so
 * that what other processes write is kept. Rejects with what `change` throws, and as {@link readKeyFile} does.
 */
export async function changeKeyFile(
  path: string,
  change: (records: readonly ApiKeyRecord[]) => readonly ApiKeyRecord[],
): Promise<void> {
  const release = await makeFolder(path)
    .then(() => lockFile(path))
    .catch((error: unknown) => {
      throw keyFileLocked(path, error);
    });
  try {
    const before = (await readKeyFile(path)) ?? [];
    const keys = change(before);
    if (keys === before) return;
    const text = `${JSON.stringify({ format: FORMAT, version: VERSION, keys }, null, 2)}\n`;
    await writeFileAtomic(path, text, { mode: 0o600 }).catch((error: unknown) => {
      throw keyFileUnusable(path, `cannot be written: ${messageOf(error)}`);
    });
  } finally {
    await release();
  }
}

function isKeyRecord(value: unknown): value is ApiKeyRecord {
  return isRecord(value) && fitsOptions(apiKeyRecord, value);
}

function whyUnfit(unfit: Unfit): string {
  switch (unfit.is) {
    case 'too-large':
      return `is larger than ${MAX_BYTES} bytes`;
    case 'open-to-others':
      return 'is open to other users of this machine. Make it yours alone: chmod 600';
    case 'foreign':
      return 'belongs to another user of this machine';
    case 'in-open-folder':
      return 'is in a folder where other users of this machine can replace it';
    case 'link':
      return 'is a link. Give the path that it leads to';
    case 'unreadable':
      return `cannot be read: ${messageOf(unfit.error)}`;
    default:
      return 'is not a file';
  }
}

function parse(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    const isConflict = /^<{7} /m.test(content);
    throw keyFileUnusable(path, isConflict ? 'has a merge conflict' : 'is not JSON, or was cut off');
  }
}
