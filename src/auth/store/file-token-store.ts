import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { lock } from '#proper-lockfile';
import { tokenFileLocked } from '../../errors/config.ts';
import { checkValue } from '../../options/check-options.ts';
import { text } from '../../options/kinds.ts';
import { makeFolder } from '../../internal/own-file.ts';
import { readTokenFile, writeTokenFile } from './token-file.ts';
import type { StoredEntry, TokenStore } from './token-store.ts';

/** After how many milliseconds the lock of a process that was killed expires. A running holder renews it. */
const STALE_MS = 15_000;
/** Writing is quick, so the retries are short; a refresh lasts as long as the authorization server takes. */
const WRITE_RETRIES = { retries: 100, factor: 1.2, minTimeout: 5, maxTimeout: 200 };
const REFRESH_RETRIES = { retries: 600, factor: 1.2, minTimeout: 20, maxTimeout: 200 };

/**
 * Keeps tokens in a file that only its owner can read (mode 0600); the file is made with the first token. Several
 * processes can share it: a refresh by one of them serves all. Throws `CONFIG_INVALID`.
 */
export function fileTokenStore(path: string): TokenStore {
  checkValue('path', text, path);
  return new FileTokenStore(resolve(path));
}

class FileTokenStore implements TokenStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async get(key: string): Promise<StoredEntry | undefined> {
    return (await readTokenFile(this.#path)).get(key);
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
    await this.#locked(this.#path, WRITE_RETRIES, async () => {
      const entries = new Map(await readTokenFile(this.#path));
      change(entries);
      await writeTokenFile(this.#path, entries);
    });
  }

  /** Runs `work` while it holds the lock `<target>.lock`. */
  async #locked<T>(target: string, retries: typeof WRITE_RETRIES, work: () => Promise<T>): Promise<T> {
    const release = await this.#acquire(target, retries);
    try {
      return await work();
    } finally {
      // The release fails when this process was suspended and another took the expired lock.
      await release().catch(() => {});
    }
  }

  async #acquire(target: string, retries: typeof WRITE_RETRIES): Promise<() => Promise<void>> {
    try {
      await makeFolder(this.#path);
      return await lock(target, {
        realpath: false,
        stale: STALE_MS,
        retries,
        onCompromised: () => {},
      });
    } catch (error) {
      throw tokenFileLocked(this.#path, error);
    }
  }
}
