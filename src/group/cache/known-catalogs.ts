import { catalogCacheSilent, catalogCacheUnusable } from '../../errors/catalog.ts';
import { configFailure } from '../../errors/config.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { settledWithin } from '../../internal/limit.ts';
import { isCachedServer, type CachedServer } from './cached-server.ts';
import type { CatalogCache } from './catalog-cache.ts';
import type { LazyPlan } from '../members/member.ts';

/** How long a cache may take to answer, or to write what it was given, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Reads and writes a group's catalog cache. Its failures and wrong contents are reported, and otherwise ignored. */
export class KnownCatalogs {
  readonly #cache: CatalogCache;
  readonly #onProblem: (server: string, error: PlenumError) => void;
  /** The writes under way. A cache may return the same promise for several of them. */
  readonly #writes = new Set<Promise<void>>();
  #hasNoted = false;

  constructor(cache: CatalogCache, onProblem: (server: string, error: PlenumError) => void) {
    this.#cache = cache;
    this.#onProblem = onProblem;
  }

  /** Returns the cached catalogs of these lazy servers, by name. Never rejects. */
  async load(servers: ReadonlyMap<string, LazyPlan>): Promise<ReadonlyMap<string, CachedServer>> {
    const records = new Map<string, CachedServer>();
    const [first] = servers.keys();
    if (first === undefined) return records;
    const found = await this.#read(
      first,
      [...servers.values()].map(({ fingerprint }) => fingerprint),
    );
    for (const [name, { fingerprint }] of servers) {
      const record = found.get(fingerprint);
      if (isCachedServer(record)) records.set(name, record);
      else if (record !== undefined) {
        const what = `What the catalog cache holds of server "${name}" is not a catalog.`;
        this.#onProblem(name, catalogCacheUnusable(what, { server: name }));
      }
    }
    return records;
  }

  /** Writes the catalog of a server to the cache. */
  note(server: string, fingerprint: string, record: CachedServer): void {
    this.#hasNoted = true;
    const report = (error: unknown): void => this.#report(server, 'Writing', error);
    try {
      const writing = this.#cache.write(fingerprint, { savedAt: Date.now(), server, ...record });
      if (!(writing instanceof Promise) || this.#writes.has(writing)) return;
      this.#writes.add(writing);
      void writing.catch(report).then(() => this.#writes.delete(writing));
    } catch (error) {
      report(error);
    }
  }

  /** Resolves when everything is written, or after `TIMEOUT_MS`. Never rejects. */
  async finish(): Promise<void> {
    if (!this.#hasNoted) return;
    const flushed = Promise.resolve().then(() => this.#cache.flush?.());
    await settledWithin(Promise.allSettled([flushed, ...this.#writes]), TIMEOUT_MS);
  }

  async #read(server: string, fingerprints: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    try {
      const reading = Promise.resolve().then(() => this.#cache.read(fingerprints));
      if (!(await settledWithin(reading, TIMEOUT_MS))) throw catalogCacheSilent(TIMEOUT_MS);
      const found: unknown = await reading;
      if (found instanceof Map) return found;
      throw catalogCacheUnusable('The catalog cache did not answer with a Map.');
    } catch (error) {
      this.#report(server, 'Reading', error);
      return new Map();
    }
  }

  #report(server: string, doing: string, error: unknown): void {
    this.#onProblem(server, configFailure(`${doing} the catalog cache`, error));
  }
}
