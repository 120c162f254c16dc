import { sleep } from '../../internal/limit.ts';
import { checkOptions, checkValue, withDefaults } from '../../options/check-options.ts';
import { defaultsOf, text } from '../../options/kinds.ts';
import { catalogCacheBounds } from '../../options/tables/group.ts';
import type { CachedCatalog, CatalogCache, CatalogCacheBounds } from './catalog-cache.ts';
import { readCatalogFile, writeCatalogFile, type Entries } from './catalog-file.ts';

/** How long to wait for more to write, in milliseconds. */
const COALESCE_MS = 100;

/**
 * A cache in a file, which is made when there is something to note. Several groups and processes may share it; the file
 * holds what servers list and say of themselves, and no part of their specs. Throws `CONFIG_INVALID`.
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
  /** The write that will take what is pending. */
  #next: Promise<void> | undefined;
  /** The write under way, or the last one. */
  #writing: Promise<void> = Promise.resolve();
  #hurry = new AbortController();

  constructor(path: string, bounds: Required<CatalogCacheBounds>) {
    this.#path = path;
    this.#bounds = bounds;
  }

  async read(): Promise<Entries> {
    await this.flush();
    return readCatalogFile(this.#path, this.#bounds.maxBytes);
  }

  /** All that goes into one write gets the same promise. */
  write(fingerprint: string, catalog: CachedCatalog): Promise<void> {
    this.#pending.set(fingerprint, catalog);
    this.#next ??= this.#writeSoon();
    return this.#next;
  }

  async flush(): Promise<void> {
    this.#hurry.abort();
    await Promise.allSettled([this.#next, this.#writing]);
  }

  async #writeSoon(): Promise<void> {
    this.#hurry = new AbortController();
    await sleep(COALESCE_MS, this.#hurry.signal);
    await this.#writing.catch(() => {}); // Whose failure it is has been told.
    const batch = this.#pending;
    this.#pending = new Map();
    this.#next = undefined;
    this.#writing = this.#store(batch);
    return this.#writing;
  }

  /** Others may have written meanwhile: what they noted stays. */
  async #store(batch: Entries): Promise<void> {
    const before = await readCatalogFile(this.#path, this.#bounds.maxBytes).catch((): Entries => new Map());
    await writeCatalogFile(this.#path, new Map([...before, ...batch]), this.#bounds);
  }
}
