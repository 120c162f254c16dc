import type { StoredEntry, TokenStore } from './token-store.ts';
import { Turns } from '../../internal/turns.ts';

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
