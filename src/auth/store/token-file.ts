import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from '#write-file-atomic';
import { tokenFileUnusable } from '../../errors/config.ts';
import { messageOf, PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import type { StoredEntry } from './token-store.ts';

const FORMAT = 'mcp-plenum/tokens';
const VERSION = 1;
const MAX_BYTES = 16 * 1024 * 1024;
const OTHERS = 0o077;

type TokenEntries = ReadonlyMap<string, StoredEntry>;

/**
 * Reads a token file; one that is not there is empty. Throws `CONFIG_INVALID` for one that cannot be used: unreadable,
 * not a token file, or open to other users of this machine.
 */
export async function readTokenFile(path: string): Promise<TokenEntries> {
  const content = await read(path);
  if (content === undefined) return new Map();
  const file = parse(path, content);
  if (!isRecord(file) || file['format'] !== FORMAT || !isRecord(file['entries']))
    throw tokenFileUnusable(path, 'is not a token file of Plenum. Give another path, or remove it');
  if (file['version'] !== VERSION) throw tokenFileUnusable(path, `is of another version than ${VERSION}`);
  const entries = Object.entries(file['entries']);
  return new Map(entries.flatMap(([key, entry]) => (isRecord(entry) ? [[key, entry] as const] : [])));
}

/** Writes a token file with mode 0600, atomically: a reader sees the old file or the new one. */
export async function writeTokenFile(path: string, entries: TokenEntries): Promise<void> {
  const file = { format: FORMAT, version: VERSION, entries: Object.fromEntries(entries) };
  try {
    await makeFolder(path);
    await writeFileAtomic(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw tokenFileUnusable(path, `cannot be written: ${messageOf(error)}`);
  }
}

/** Makes the folder with mode 0700 when it is missing. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
}

async function read(path: string): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const stats = await file.stat();
    if (!stats.isFile()) throw tokenFileUnusable(path, 'is not a file');
    if (stats.size > MAX_BYTES) throw tokenFileUnusable(path, `is larger than ${MAX_BYTES} bytes`);
    if (process.platform !== 'win32' && (stats.mode & OTHERS) !== 0) {
      throw tokenFileUnusable(path, 'is open to other users of this machine. Make it yours alone: chmod 600');
    }
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof PlenumError) throw error;
    if (isRecord(error) && error['code'] === 'ENOENT') return undefined;
    throw tokenFileUnusable(path, `cannot be read: ${messageOf(error)}`);
  } finally {
    await file?.close();
  }
}

function parse(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // The parser's error is no cause here: it quotes the text, which holds tokens.
    throw tokenFileUnusable(path, 'is not JSON, or was cut off. Remove it, and sign in again');
  }
}
