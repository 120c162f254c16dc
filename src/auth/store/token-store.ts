import { Turns } from '../../internal/turns.ts';

/** What a store keeps: plain data, fit for JSON. It holds secrets. */
export type StoredEntry = Readonly<Record<string, unknown>>;

/**
 * Keeps what signing in brought, by key. Keys are text that names the authorization server, the resource and the
 * client, and hold no secret. Write one to keep tokens where they belong: in a keychain, in a database.
 */
export interface TokenStore {
  get(key: string): Promise<StoredEntry | undefined>;
  set(key: string, entry: StoredEntry): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * Runs `work` while nobody else who shares the store runs theirs for the same key: so one of them refreshes a
   * token, and the others find it refreshed. A store without it is used by one process at a time.
   */
  lock?<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** A store that ends with the process; what `oauth()` uses when it is given none. */
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
