import { LiveSearch } from '../../group/search/live-search.ts';
import type { ToolDefinition, ToolSource } from '../tool-source.ts';

/** Finds the names of tools that match a query, the best first; only those of `server`, if it is given. */
export type FindTools = (query: string, limit: number, server: string | undefined) => Promise<string[]>;

/** A source that can be searched, such as a `SessionGroup`. */
export interface SearchableToolSource extends ToolSource {
  search(
    query: string,
    options: { limit: number; kinds: readonly ['tools']; servers?: readonly string[] },
  ): Promise<readonly { readonly key: string }[]>;
}

/** Searches with the source's own index if it has one, else with an index that is updated with its list. */
export function createToolFinder(source: ToolSource | SearchableToolSource): FindTools {
  if ('search' in source) {
    return async (query, limit, server) => {
      const servers = server === undefined ? {} : { servers: [server] };
      const hits = await source.search(query, { limit, kinds: ['tools'], ...servers });
      return hits.map(({ key }) => key).filter((name) => source.tools.has(name));
    };
  }
  const search = new LiveSearch<ToolDefinition>(() => [['', source.tools]]);
  return async (query, limit, server) => {
    const find = await search.prepare();
    const accepts = (tool: ToolDefinition): boolean => server === undefined || tool.server === server;
    return find(query, limit, accepts).map(({ key }) => key);
  };
}
