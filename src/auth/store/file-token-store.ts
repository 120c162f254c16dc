import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { tokenFileLocked } from '../../errors/config.ts';
import { checkOptions, checkValue } from '../../options/check-options.ts';
import { text } from '../../options/kinds.ts';
import { fileTokenStoreOptions } from '../../options/tables/auth.ts';
import { lockFile, QUICK_RETRIES, type LockRetries } from '../../internal/files/file-lock.ts';
import { makeFolder } from '../../internal/files/own-file.ts';
import { readTokenFile, writeTokenFile } from './token-file.ts';
import type { StoredEntry, TokenStore } from './token-store.ts';

/** A refresh lasts as long as the authorization server takes. */
const REFRESH_RETRIES = { retries: 600, factor: 1.2, minTimeout: 20, maxTimeout: 200 };

export interface FileTokenStoreOptions {
  /**
   * Encrypts the file (AES-256-GCM): 32 bytes, or these in base64. A file that was written without a key, or with another
   * one, is refused with `CONFIG_INVALID` when it is read.
   */
  key?: string | Uint8Array;
}

/**
 * Keeps tokens in a file that only its owner can read (mode 0600); the file is made with the first token. Several
 * processes can share it: a refresh by one of them serves all. Throws `CONFIG_INVALID`.
 */
export function fileTokenStore(path: string, options: FileTokenStoreOptions = {}): TokenStore {
  checkValue('path', text, path);
  checkOptions(fileTokenStoreOptions, options, 'Options of a token file');
  return new FileTokenStore(resolve(path), options.key === undefined ? undefined : keyFrom(options.key));
}

/** The table of options has checked that it is 32 bytes. */
function keyFrom(key: string | Uint8Array): Buffer {
  return typeof key === 'string' ? Buffer.from(key, 'base64') : Buffer.from(key);
}

class FileTokenStore implements TokenStore {
  readonly #path: string;
  readonly #key: Buffer | undefined;

  constructor(path: string, key: Buffer | undefined) {
    this.#path = path;
    this.#key = key;
  }

  async get(key: string): Promise<StoredEntry | undefined> {
    return (await readTokenFile(this.#path, this.#key)).get(key);
  }

  async set(key: string, entry: StoredEntry): Promise<void> {
    await this.#change((entries) => entries.set(key, entry));
  }

  async delete(key: string): Promise<void> {
    await this.#change((entries) => entries.delete(key));
  }

  async lock<T>(key: string, work: () => Promise<T>): Promise<T> {
    const name = createHash('sha256').update(key).digest('hex').slice(0, 16);
    return this.#locked(`${this.#path}.${name}`, REFRESH_RETRIES, work);
  }

  /** Reads the file anew under the lock, so that what other processes wrote is kept. */
  async #change(change: (entries: Map<string, StoredEntry>) => void): Promise<void> {
    await this.#locked(this.#path, QUICK_RETRIES, async () => {
      const entries = new Map(await readTokenFile(this.#path, this.#key));
      change(entries);
      await writeTokenFile(this.#path, entries, this.#key);
    });
  }

  /** Runs `work` while it holds the lock `<target>.lock`. */
  async #locked<T>(target: string, retries: LockRetries, work: () => Promise<T>): Promise<T> {
    const release = await this.#acquire(target, retries);
    try {
      return await work();
    } finally {
      await release();
    }
  }

  async #acquire(target: string, retries: LockRetries): Promise<() => Promise<void>> {
    try {
      await makeFolder(this.#path);
      return await lockFile(target, retries);
    } catch (error) {
      throw tokenFileLocked(this.#path, error);
    }
  }
}
