import { checkCount } from '../../internal/checks.ts';
import {
  DEFAULT_BOUNDS,
  type CachedCatalog,
  type CatalogCache,
  type CatalogCacheBounds,
} from './catalog-cache.ts';

/** A cache that lasts as long as its object, and may be shared by groups. Throws `CONFIG_INVALID`. */
export function memoryCatalogCache(options: Pick<CatalogCacheBounds, 'maxEntries'> = {}): CatalogCache {
  const maxEntries = checkCount('maxEntries', options.maxEntries, 1) ?? DEFAULT_BOUNDS.maxEntries;
  // Oldest first.
  const catalogs = new Map<string, CachedCatalog>();
  return {
    read: (fingerprints) => {
      const found = new Map<string, CachedCatalog>();
      for (const fingerprint of fingerprints) {
        const catalog = catalogs.get(fingerprint);
        if (catalog !== undefined) found.set(fingerprint, catalog);
      }
      return found;
    },
    write: (fingerprint, catalog) => {
      catalogs.delete(fingerprint);
      catalogs.set(fingerprint, catalog);
      const [oldest] = catalogs.keys();
      if (catalogs.size > maxEntries && oldest !== undefined) catalogs.delete(oldest);
    },
  };
}
