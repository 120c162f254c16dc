import { catalogCacheRefused, catalogCacheUnusable } from '../../errors/catalog.ts';
import { messageOf, type PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { makeFolder, readOwnFile } from '../../internal/files/own-file.ts';
import type { CatalogCacheBounds } from './catalog-cache.ts';

const FORMAT = 'mcp-plenum/catalog';
const VERSION = 1;

/** What each file begins with, so that one that is cut off is known. */
const HEAD = `{"format":${JSON.stringify(FORMAT)}`;

const WRITABLE_BY_OTHERS = 0o022;

const DAY_MS = 86_400_000;

const FINGERPRINT = /^[0-9a-f]{64}$/;

/** What a fingerprint takes in the file, with quotes, colon and comma. */
const FINGERPRINT_BYTES = 68;

/** A catalog that takes more than this part of the file counts as large. */
const LARGE_SHARE = 1 / 8;

const NOTHING: CatalogFile = { entries: new Map() };

/** A catalog in the file, of which only `savedAt` has been checked. */
interface Entry {
  readonly savedAt: number;
}

/** Catalogs by fingerprint. */
export type Entries = ReadonlyMap<string, Entry>;

/** What a file of catalogs holds. */
export interface CatalogFile {
  readonly entries: Entries;
  /** What is wrong with a file that is ours: it is cut off, of another version or too large. It may be replaced. */
  readonly problem?: PlenumError;
}

/**
 * Reads a file of catalogs; a missing file is empty. Throws `CONFIG_INVALID` for a file that is not a catalog cache of this
 * user: something else, a link, of another owner, or one that other users can write to or replace. Such a file must not
 * be overwritten.
 */
export async function readCatalogFile(path: string, maxBytes: number): Promise<CatalogFile> {
  const found = await readOwnFile(path, { maxBytes, refusedMode: WRITABLE_BY_OTHERS, anywhere: false });
  switch (found.is) {
    case 'missing':
      return NOTHING;
    case 'read':
      return parse(path, found.text);
    case 'too-large':
      if (found.head.startsWith(HEAD)) return ignored(path, `is larger than ${maxBytes} bytes`);
      throw catalogCacheRefused(path, 'is not a catalog cache');
    case 'link':
      throw catalogCacheRefused(path, 'is a link');
    case 'not-a-file':
      throw catalogCacheRefused(path, 'is not a file');
    case 'foreign':
      throw catalogCacheRefused(path, 'belongs to another user');
    case 'open-to-others':
      throw catalogCacheRefused(path, 'can be written by other users: chmod go-w');
    case 'in-open-folder':
      throw catalogCacheRefused(path, 'is in a folder of another user, or that other users can write to');
    case 'unreadable':
      throw catalogCacheRefused(path, `cannot be read: ${messageOf(found.error)}`, found.error);
  }
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
  await makeFolder(path);
  await writeFileAtomic(path, serialize(entries, bounds), { mode: 0o600 });
}

function serialize(entries: Entries, { maxEntries, maxBytes }: Required<CatalogCacheBounds>): string {
  const head = `${HEAD},"version":${VERSION},"servers":{`;
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

function parse(path: string, content: string): CatalogFile {
  let file: unknown;
  try {
    file = JSON.parse(content);
  } catch {
    // The parser's error is no cause here: it quotes the content.
    if (content === '' || content.startsWith(HEAD)) return ignored(path, 'is not JSON, or was cut off');
    throw catalogCacheRefused(path, 'is not a catalog cache');
  }
  if (!isRecord(file) || file['format'] !== FORMAT) throw catalogCacheRefused(path, 'is not a catalog cache');
  if (file['version'] !== VERSION) return ignored(path, `is of another version than ${VERSION}`);
  if (!isRecord(file['servers'])) return ignored(path, 'has no catalogs');
  const entries = Object.entries(file['servers']).flatMap(([fingerprint, entry]) =>
    FINGERPRINT.test(fingerprint) && isEntry(entry) ? [[fingerprint, entry] as const] : [],
  );
  return { entries: new Map(entries) };
}

function ignored(path: string, what: string): CatalogFile {
  return { ...NOTHING, problem: catalogCacheUnusable(`The catalog cache "${path}" ${what}.`) };
}

function isEntry(value: unknown): value is Entry {
  return isRecord(value) && typeof value['savedAt'] === 'number';
}
