import type { CachedServer } from './cached-server.ts';

/** The catalog of a lazy server when it last ran, as JSON data. */
export interface CachedCatalog extends CachedServer {
  /** When it was saved, in epoch milliseconds. */
  readonly savedAt: number;
  /** The server's name in the group that saved it. */
  readonly server: string;
}

/**
 * Stores the catalogs of a group's lazy servers by a fingerprint of their specs. What `read` returns is checked before
 * use. When a method throws or rejects, a `problem` event reports it, and servers are started as if nothing was stored.
 */
export interface CatalogCache {
  /**
   * Returns the stored catalogs by fingerprint, without those that are not stored. Called once for each `connect` or
   * `add`.
   */
  read(fingerprints: readonly string[]): ReadonlyMap<string, unknown> | Promise<ReadonlyMap<string, unknown>>;
  /** Stores a catalog, in place of an earlier one. Resolves when it is stored. */
  write(fingerprint: string, catalog: CachedCatalog): void | Promise<void>;
  /** Writes at once what is still to be written. Closing a group waits for it, for up to 5 s. */
  flush?(): Promise<void>;
}

/** How much a cache may hold; when it is full, the oldest catalogs are dropped. */
export interface CatalogCacheBounds {
  /**
   * How many servers' catalogs.
   * @default 1000
   */
  maxEntries?: number;
  /**
   * How many bytes the file may have.
   * @default 33554432
   */
  maxBytes?: number;
}
