import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { messageOf, PlenumError } from '../errors.ts';
import { isRecord } from '../internal/checks.ts';
import type { CatalogCacheBounds } from './catalog-cache.ts';

const FORMAT = 'mcp-plenum/catalog';
const VERSION = 1;

const DAY_MS = 86_400_000;

const FINGERPRINT = /^[0-9a-f]{64}$/;

/** A catalog in a file, of which no more is known than its age. */
interface Entry {
  readonly savedAt: number;
}

/** Catalogs by fingerprint. */
export type Entries = ReadonlyMap<string, Entry>;

/**
 * Reads a file of catalogs; one that is not there is empty. Throws `CONFIG_INVALID` for a file that cannot be used:
 * unreadable, larger than `maxBytes`, not JSON, somebody else's, or of a version to come.
 */
export async function readCatalogFile(path: string, maxBytes: number): Promise<Entries> {
  const content = await read(path, maxBytes);
  if (content === undefined) return new Map();
  const file = parse(path, content);
  if (!isRecord(file) || file['format'] !== FORMAT || !isRecord(file['servers']))
    throw unusable(path, 'is not a catalog cache');
  if (file['version'] !== VERSION) throw unusable(path, `is of another version than ${VERSION}`);
  const entries = Object.entries(file['servers']).flatMap(([fingerprint, entry]) =>
    FINGERPRINT.test(fingerprint) && isEntry(entry) ? [[fingerprint, entry] as const] : [],
  );
  return new Map(entries);
}

/**
 * Writes a file of catalogs, for its owner's eyes only: what fits into the bounds, newest first. Readers see the old
 * one or the new one, whole.
 */
export async function writeCatalogFile(
  path: string,
  entries: Entries,
  bounds: Required<CatalogCacheBounds>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, serialize(entries, bounds), { mode: 0o600 });
}

function serialize(entries: Entries, { maxEntries, maxBytes }: Required<CatalogCacheBounds>): string {
  const head = `{"format":${JSON.stringify(FORMAT)},"version":${VERSION},"servers":{`;
  const tail = '}}\n';
  const now = Date.now();
  // A clock that was wrong once must not keep an entry for ever.
  const age = ({ savedAt }: Entry): number =>
    savedAt > now + DAY_MS ? Number.MAX_SAFE_INTEGER : now - savedAt;
  const kept: string[] = [];
  let bytes = head.length + tail.length;
  for (const [fingerprint, entry] of [...entries].toSorted(([, a], [, b]) => age(a) - age(b))) {
    if (kept.length === maxEntries) break;
    const json = stringify(entry);
    if (json === undefined) continue;
    const member = `"${fingerprint}":${json}`;
    const size = Buffer.byteLength(member) + 1;
    if (bytes + size > maxBytes) continue;
    bytes += size;
    kept.push(member);
  }
  return head + kept.join(',') + tail;
}

/** Undefined when it is nested too deeply. */
function stringify(entry: Entry): string | undefined {
  try {
    return JSON.stringify(entry);
  } catch {
    return undefined;
  }
}

async function read(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const { size, isFile } = await describe(path);
    // Also because reading a pipe might never end.
    if (!isFile) throw unusable(path, 'is not a file');
    if (size > maxBytes) throw unusable(path, `is larger than ${maxBytes} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof PlenumError) throw error;
    if (isRecord(error) && error['code'] === 'ENOENT') return undefined;
    throw unusable(path, `cannot be read: ${messageOf(error)}`, error);
  }
}

async function describe(path: string): Promise<{ size: number; isFile: boolean }> {
  const stats = await stat(path);
  return { size: stats.size, isFile: stats.isFile() };
}

function parse(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    // Not the parser's message, which quotes what it found.
    throw unusable(path, 'is not JSON, or was cut off', error);
  }
}

function isEntry(value: unknown): value is Entry {
  return isRecord(value) && typeof value['savedAt'] === 'number';
}

function unusable(path: string, what: string, cause?: unknown): PlenumError {
  const message = `The catalog cache "${path}" ${what}. It is ignored, and replaced when there is something to note.`;
  return new PlenumError('CONFIG_INVALID', message, { cause });
}
