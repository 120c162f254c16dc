import { checkOptions, withDefaults } from '../../options/check-options.ts';
import { defaultsOf } from '../../options/kinds.ts';
import { memoryCacheBounds } from '../../options/tables/group.ts';
import type { CachedCatalog, CatalogCache, CatalogCacheBounds } from './catalog-cache.ts';

/** A catalog cache in memory, which several groups may share. Throws `CONFIG_INVALID`. */
export function memoryCatalogCache(options: Pick<CatalogCacheBounds, 'maxEntries'> = {}): CatalogCache {
  checkOptions(memoryCacheBounds, options, 'Options of a cache');
  const { maxEntries } = withDefaults(defaultsOf(memoryCacheBounds), options);
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
