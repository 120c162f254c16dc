import type { CachedServer } from './cached-server.ts';

/** What a lazy server offered when it was last up. Plain data. */
export interface CachedCatalog extends CachedServer {
  /** When it was noted, in epoch milliseconds. */
  readonly savedAt: number;
  /** What the group that noted it calls the server. */
  readonly server: string;
}

/**
 * Where a group keeps the catalogs of its lazy servers, by a fingerprint of their specs. What it returns is checked
 * before use; what it throws or rejects with becomes a `problem` event, and servers are started as if it knew nothing.
 */
export interface CatalogCache {
  /** What is known of these servers; what is not known is left out. Asked once for all servers of a `connect`. */
  read(fingerprints: readonly string[]): ReadonlyMap<string, unknown> | Promise<ReadonlyMap<string, unknown>>;
  /** Keeps a catalog in place of the one before. Resolves when it is kept for good. */
  write(fingerprint: string, catalog: CachedCatalog): void | Promise<void>;
  /** Hurries what is being written; the end of a group waits for it. */
  flush?(): Promise<void>;
}

/** How much a cache may hold; the oldest make room for new ones. */
export interface CatalogCacheBounds {
  /**
   * How many servers' catalogs.
   * @default 1000
   */
  maxEntries?: number;
  /**
   * How many bytes of JSON. For a file.
   * @default 33554432
   */
  maxBytes?: number;
}
