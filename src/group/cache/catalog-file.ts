import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { catalogCacheUnusable } from '../../errors/catalog.ts';
import { messageOf, PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import type { CatalogCacheBounds } from './catalog-cache.ts';

const FORMAT = 'mcp-plenum/catalog';
const VERSION = 1;

const DAY_MS = 86_400_000;

const FINGERPRINT = /^[0-9a-f]{64}$/;

/** With quotes, colon and comma. */
const FINGERPRINT_BYTES = 68;

/** What part of a file one catalog may take before it counts as large. */
const LARGE_SHARE = 1 / 8;

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
 * Writes a file of catalogs, for its owner's eyes only: what fits into the bounds, newest first, and large ones last.
 * Readers see the old one or the new one, whole.
 */
export async function writeCatalogFile(
  path: string,
  entries: Entries,
  bounds: Required<CatalogCacheBounds>,
): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
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
  const newestFirst = [...entries].toSorted(([, a], [, b]) => age(a) - age(b));
  const members = newestFirst.slice(0, maxEntries).flatMap(([fingerprint, entry]) => {
    const json = stringify(entry);
    return json === undefined ? [] : { text: `"${fingerprint}":${json}`, bytes: Buffer.byteLength(json) };
  });
  // One server that lists very much must not cost all others their place.
  const isLarge = ({ bytes }: { readonly bytes: number }): boolean => bytes > maxBytes * LARGE_SHARE;
  members.sort((a, b) => Number(isLarge(a)) - Number(isLarge(b)));
  const kept: string[] = [];
  let left = maxBytes - head.length - tail.length;
  for (const { text, bytes } of members) {
    const size = bytes + FINGERPRINT_BYTES;
    if (size > left) continue;
    left -= size;
    kept.push(text);
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
  return catalogCacheUnusable(`The catalog cache "${path}" ${what}.`, { cause });
}
