import writeFileAtomic from '#write-file-atomic';
import { tokenFileUnusable } from '../../errors/config.ts';
import { messageOf } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { makeFolder, readOwnFile, type Unfit } from '../../internal/files/own-file.ts';
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

async function read(path: string): Promise<string | undefined> {
  const found = await readOwnFile(path, { maxBytes: MAX_BYTES, refusedMode: OTHERS, anywhere: true });
  if (found.is === 'read') return found.text;
  if (found.is === 'missing') return undefined;
  throw tokenFileUnusable(path, whyUnfit(found));
}

function whyUnfit(unfit: Unfit): string {
  switch (unfit.is) {
    case 'too-large':
      return `is larger than ${MAX_BYTES} bytes`;
    case 'open-to-others':
      return 'is open to other users of this machine. Make it yours alone: chmod 600';
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
    // The parser's error is no cause here: it quotes the text, which holds tokens.
    throw tokenFileUnusable(path, 'is not JSON, or was cut off. Remove it, and sign in again');
  }
}
