import { checkOptions, checkValue } from '../../options/check-options.ts';
import { string } from '../../options/kinds.ts';
import { searchOptions } from '../../options/tables/group.ts';
import { CATALOG_KINDS, type CatalogEntries, type CatalogKind } from '../catalog/catalog.ts';

export interface SearchOptions<K extends CatalogKind = CatalogKind> {
  /**
   * The largest number of hits.
   * @default 10
   */
  limit?: number;
  /**
   * Which kinds of entries to search.
   * @default all four kinds
   */
  kinds?: readonly K[];
  /**
   * The names of the servers whose entries to search.
   * @default all servers
   */
  servers?: readonly string[];
}

/** A catalog entry that matches a query. */
export type SearchHit<K extends CatalogKind = CatalogKind> = {
  [P in K]: {
    readonly kind: P;
    /** The exposed name, URI or URI template. */
    readonly key: string;
    readonly entry: CatalogEntries[P];
    /** How well it matches. Comparable only within one search. */
    readonly score: number;
  };
}[K];

export interface ResolvedSearch<K extends CatalogKind> {
  readonly limit: number;
  readonly kinds: readonly K[];
  readonly servers: ReadonlySet<string> | undefined;
}

/** Checks a query and its options, and fills in the defaults. Throws `CONFIG_INVALID`. */
export function resolveSearch<K extends CatalogKind>(
  query: unknown,
  options: SearchOptions<K>,
): ResolvedSearch<K> {
  checkValue('query', string, query);
  checkOptions(searchOptions, options, 'Search options');
  const { limit, kinds, servers } = options;
  return {
    limit: limit ?? searchOptions.limit.default,
    kinds: [...new Set(kinds ?? (CATALOG_KINDS as readonly K[]))],
    servers: servers === undefined ? undefined : new Set(servers),
  };
}
