import { Turns } from '../../internal/turns.ts';

/** One entry of a store: plain JSON data. It contains secrets. */
export type StoredEntry = Readonly<Record<string, unknown>>;

/**
 * Keeps tokens, client registrations and discovery results by key. A key names the authorization server, the resource
 * and the client, and contains no secret. Implement it to keep tokens in a keychain or a database.
 */
export interface TokenStore {
  get(key: string): Promise<StoredEntry | undefined>;
  set(key: string, entry: StoredEntry): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * Runs `work` exclusively for its key among all processes that share the store, so that one of them refreshes a
   * token and the others find it refreshed. A store without `lock` must be used by one process only.
   */
  lock?<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** Keeps tokens in memory until the process ends. The default of `oauth()`. */
export function memoryTokenStore(): TokenStore {
  return new MemoryTokenStore();
}

class MemoryTokenStore implements TokenStore {
  readonly #entries = new Map<string, StoredEntry>();
  readonly #turns = new Turns();

  async get(key: string): Promise<StoredEntry | undefined> {
    return this.#entries.get(key);
  }

  async set(key: string, entry: StoredEntry): Promise<void> {
    this.#entries.set(key, entry);
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  lock<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(key, work);
  }
}
