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

/** What a fingerprint takes in the file, with quotes, colon and comma. */
const FINGERPRINT_BYTES = 68;

/** A catalog that takes more than this part of the file counts as large. */
const LARGE_SHARE = 1 / 8;

/** A catalog in the file, of which only `savedAt` has been checked. */
interface Entry {
  readonly savedAt: number;
}

/** Catalogs by fingerprint. */
export type Entries = ReadonlyMap<string, Entry>;

/**
 * Reads a file of catalogs; a missing file is empty. Throws `CONFIG_INVALID` for a file that cannot be read, is larger
 * than `maxBytes`, is not JSON, or has another format or version.
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
 * Writes a file of catalogs that only its owner can read: as many as fit into the bounds, newest first, large ones last.
 * The file is replaced in one step, so that readers never see a part of it.
 */
export async function writeCatalogFile(
  path: string,
  entries: Entries,
  bounds: Required<CatalogCacheBounds>,
): Promise<void> {
  const { default: writeFileAtomic } = await import('#write-file-atomic');
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, serialize(entries, bounds), { mode: 0o600 });
}

function serialize(entries: Entries, { maxEntries, maxBytes }: Required<CatalogCacheBounds>): string {
  const head = `{"format":${JSON.stringify(FORMAT)},"version":${VERSION},"servers":{`;
  const tail = '}}\n';
  const now = Date.now();
  // An entry from the future, saved while the clock was wrong, counts as the oldest: else it would stay for ever.
  const age = ({ savedAt }: Entry): number =>
    savedAt > now + DAY_MS ? Number.MAX_SAFE_INTEGER : now - savedAt;
  const newestFirst = [...entries].toSorted(([, a], [, b]) => age(a) - age(b));
  const members = newestFirst.slice(0, maxEntries).flatMap(([fingerprint, entry]) => {
    const json = stringify(entry);
    return json === undefined ? [] : { text: `"${fingerprint}":${json}`, bytes: Buffer.byteLength(json) };
  });
  // One very large catalog must not push out all the others.
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
    // Reading a pipe might never end.
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
    // Without the parser's message, which quotes the content.
    throw unusable(path, 'is not JSON, or was cut off', error);
  }
}

function isEntry(value: unknown): value is Entry {
  return isRecord(value) && typeof value['savedAt'] === 'number';
}

function unusable(path: string, what: string, cause?: unknown): PlenumError {
  return catalogCacheUnusable(`The catalog cache "${path}" ${what}.`, { cause });
}
