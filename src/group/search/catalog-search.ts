import type { CatalogEntries, CatalogKind } from '../catalog/catalog.ts';
import { LiveSearch } from './live-search.ts';
import { byScore } from './search-index.ts';
import { resolveSearch, type SearchHit, type SearchOptions } from './search-options.ts';

/** All servers that may have entries. */
interface Servers {
  readonly members: Iterable<{ readonly name: string }>;
  /** Throws `UNKNOWN_SERVER`. */
  get(name: string): unknown;
}

/** The entries of one kind, by server. */
type List<E> = { ofServer(server: string): ReadonlyMap<string, E> };

/**
 * Finds entries of a group's catalog by words. Each kind is indexed when it is first searched. Later searches only index
 * the entries that have changed.
 */
export class CatalogSearch {
  readonly #searches: { readonly [K in CatalogKind]: LiveSearch<CatalogEntries[K]> };

  readonly #servers: Servers;

  constructor(lists: { readonly [K in CatalogKind]: List<CatalogEntries[K]> }, servers: Servers) {
    function live<K extends CatalogKind>(kind: K): LiveSearch<CatalogEntries[K]> {
      const list = lists[kind];
      return new LiveSearch(function* () {
        for (const { name } of servers.members) yield [name, list.ofServer(name)];
      });
    }
    this.#servers = servers;
    this.#searches = {
      tools: live('tools'),
      resources: live('resources'),
      resourceTemplates: live('resourceTemplates'),
      prompts: live('prompts'),
    };
  }

  /** The best first. Rejects with `CONFIG_INVALID` or `UNKNOWN_SERVER`. */
  async search<K extends CatalogKind>(query: string, options: SearchOptions<K>): Promise<SearchHit<K>[]> {
    const { limit, kinds, servers } = resolveSearch(query, options);
    for (const server of servers ?? []) this.#servers.get(server);
    const finders = await Promise.all(kinds.map((kind) => this.#finder(kind)));
    // Without an `await` from here on, so that all hits are in the present catalog.
    return finders
      .flatMap((find) => find(query, limit, servers))
      .toSorted(byScore)
      .slice(0, limit);
  }

  async #finder<K extends CatalogKind>(
    kind: K,
  ): Promise<(query: string, limit: number, servers: ReadonlySet<string> | undefined) => SearchHit<K>[]> {
    const find = await this.#searches[kind].prepare();
    return (query, limit, servers) =>
      find(query, limit, ({ server }) => servers === undefined || servers.has(server)).map((match) => ({
        kind,
        ...match,
      }));
  }
}
