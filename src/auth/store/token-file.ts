import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
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
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** What is sealed is good as the content of a token file of this version only. */
const SEALED_AS = Buffer.from(`${FORMAT} ${VERSION}`);

type TokenEntries = ReadonlyMap<string, StoredEntry>;

/**
 * Reads a token file; one that is not there is empty. Throws `CONFIG_INVALID` for one that cannot be used: unreadable,
 * not a token file, or open to other users of this machine.
 */
export async function readTokenFile(path: string, key?: Buffer): Promise<TokenEntries> {
  const content = await read(path);
  if (content === undefined) return new Map();
  const file = parse(path, content);
  const isSealed = isRecord(file) && typeof file['sealed'] === 'string';
  if (!isRecord(file) || file['format'] !== FORMAT || !(isSealed || isRecord(file['entries'])))
    throw tokenFileUnusable(path, 'is not a token file of Plenum. Give another path, or remove it');
  if (file['version'] !== VERSION) throw tokenFileUnusable(path, `is of another version than ${VERSION}`);
  if (isSealed && key === undefined)
    throw tokenFileUnusable(path, 'is encrypted. Give the "key" that it was written with');
  // Else somebody who can write the file, and does not know the key, could put tokens into it.
  if (!isSealed && key !== undefined)
    throw tokenFileUnusable(path, 'is not encrypted, and there is a "key". Remove it, and sign in again');
  const found = key === undefined ? file['entries'] : opened(path, String(file['sealed']), key);
  const entries = Object.entries(isRecord(found) ? found : {});
  return new Map(entries.flatMap(([key, entry]) => (isRecord(entry) ? [[key, entry] as const] : [])));
}

/** Writes a token file with mode 0600, atomically: a reader sees the old file or the new one. */
export async function writeTokenFile(path: string, entries: TokenEntries, key?: Buffer): Promise<void> {
  const plain = Object.fromEntries(entries);
  const kept = key === undefined ? { entries: plain } : { cipher: CIPHER, sealed: seal(plain, key) };
  const file = { format: FORMAT, version: VERSION, ...kept };
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

/** Encrypts and authenticates entries: nonce, tag, ciphertext. */
function seal(entries: object, key: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(SEALED_AS);
  const text = Buffer.concat([cipher.update(JSON.stringify(entries), 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64');
}

function opened(path: string, sealed: string, key: Buffer): unknown {
  const bytes = Buffer.from(sealed, 'base64');
  const body = IV_BYTES + TAG_BYTES;
  try {
    const iv = bytes.subarray(0, IV_BYTES);
    const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(SEALED_AS);
    decipher.setAuthTag(bytes.subarray(IV_BYTES, body));
    const text = Buffer.concat([decipher.update(bytes.subarray(body)), decipher.final()]);
    return JSON.parse(text.toString('utf8'));
  } catch {
    throw tokenFileUnusable(path, 'was changed, or was encrypted with another "key"');
  }
}
