import { sleep } from '../../internal/limit.ts';
import { checkOptions, checkValue, withDefaults } from '../../options/check-options.ts';
import { defaultsOf, text } from '../../options/kinds.ts';
import { catalogCacheBounds } from '../../options/tables/group.ts';
import type { CachedCatalog, CatalogCache, CatalogCacheBounds } from './catalog-cache.ts';
import { readCatalogFile, writeCatalogFile, type Entries } from './catalog-file.ts';

/** How long to wait for more catalogs before writing, in milliseconds. */
const COALESCE_MS = 100;

/**
 * A catalog cache in a file, which is created with the first catalog. Several groups and processes may share it. The file
 * holds what servers list and tell in the handshake, and no part of their specs. Throws `CONFIG_INVALID`.
 */
export function fileCatalogCache(path: string, options: CatalogCacheBounds = {}): CatalogCache {
  checkValue('path', text, path);
  checkOptions(catalogCacheBounds, options, 'Options of a cache');
  return new FileCatalogCache(path, withDefaults(defaultsOf(catalogCacheBounds), options));
}

class FileCatalogCache implements CatalogCache {
  readonly #path: string;
  readonly #bounds: Required<CatalogCacheBounds>;
  #pending = new Map<string, CachedCatalog>();
  /** The next write, which takes all of `#pending`. */
  #next: Promise<void> | undefined;
  /** The write under way, or the last one. */
  #writing: Promise<void> = Promise.resolve();
  #writeNow = new AbortController();

  constructor(path: string, bounds: Required<CatalogCacheBounds>) {
    this.#path = path;
    this.#bounds = bounds;
  }

  async read(): Promise<Entries> {
    await this.flush();
    return readCatalogFile(this.#path, this.#bounds.maxBytes);
  }

  /** All catalogs of one write get the same promise. */
  write(fingerprint: string, catalog: CachedCatalog): Promise<void> {
    this.#pending.set(fingerprint, catalog);
    this.#next ??= this.#writeSoon();
    return this.#next;
  }

  async flush(): Promise<void> {
    this.#writeNow.abort();
    await Promise.allSettled([this.#next, this.#writing]);
  }

  async #writeSoon(): Promise<void> {
    this.#writeNow = new AbortController();
    await sleep(COALESCE_MS, this.#writeNow.signal);
    await this.#writing.catch(() => {}); // Its own callers get the error.
    const batch = this.#pending;
    this.#pending = new Map();
    this.#next = undefined;
    this.#writing = this.#store(batch);
    return this.#writing;
  }

  /** Reads the file first, to keep what other groups and processes have written. */
  async #store(batch: Entries): Promise<void> {
    const before = await readCatalogFile(this.#path, this.#bounds.maxBytes).catch((): Entries => new Map());
    await writeCatalogFile(this.#path, new Map([...before, ...batch]), this.#bounds);
  }
}
