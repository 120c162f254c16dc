import { wrongOptionType } from '../../errors/options.ts';
import { checkOptions } from '../../options/check-options.ts';
import { searchOptions } from '../../options/tables/group.ts';
import { CATALOG_KINDS, type CatalogEntries, type CatalogKind } from '../catalog/catalog.ts';

export interface SearchOptions<K extends CatalogKind = CatalogKind> {
  /**
   * The most hits.
   * @default 10
   */
  limit?: number;
  /**
   * What to look for.
   * @default all four kinds
   */
  kinds?: readonly K[];
  /**
   * Only what these servers have.
   * @default all servers
   */
  servers?: readonly string[];
}

/** An entry of the catalog that fits a query. */
export type SearchHit<K extends CatalogKind = CatalogKind> = {
  [P in K]: {
    readonly kind: P;
    /** The exposed name, URI or URI template. */
    readonly key: string;
    readonly entry: CatalogEntries[P];
    /** How well it fits: to be compared within one search only. */
    readonly score: number;
  };
}[K];

export interface ResolvedSearch<K extends CatalogKind> {
  readonly limit: number;
  readonly kinds: readonly K[];
  readonly servers: ReadonlySet<string> | undefined;
}

/** Throws `CONFIG_INVALID`. */
export function resolveSearch<K extends CatalogKind>(
  query: unknown,
  options: SearchOptions<K>,
): ResolvedSearch<K> {
  if (typeof query !== 'string') throw wrongOptionType('query', 'a string', query);
  checkOptions(searchOptions, options, 'Search options');
  const { limit, kinds, servers } = options;
  return {
    limit: limit ?? searchOptions.limit.default,
    kinds: [...new Set(kinds ?? (CATALOG_KINDS as readonly K[]))],
    servers: servers === undefined ? undefined : new Set(servers),
  };
}
