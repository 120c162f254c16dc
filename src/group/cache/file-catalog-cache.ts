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
 * holds what servers list and tell in the handshake, and no part of their specs. It has mode 0600 and is replaced in one
 * step. A file that is something else, a link, another user's, or that other users can write to or replace, is neither
 * used nor overwritten: each read and write rejects with `CONFIG_INVALID`, which a group reports as a `problem` event.
 * Throws `CONFIG_INVALID`.
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
    const { entries, problem } = await readCatalogFile(this.#path, this.#bounds.maxBytes);
    if (problem !== undefined) throw problem;
    return entries;
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

  /** Reads the file first, to keep what others have written, and to overwrite nothing that is not ours. */
  async #store(batch: Entries): Promise<void> {
    const { entries } = await readCatalogFile(this.#path, this.#bounds.maxBytes);
    await writeCatalogFile(this.#path, new Map([...entries, ...batch]), this.#bounds);
  }
}
