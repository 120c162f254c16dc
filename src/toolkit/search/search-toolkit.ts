import { checkOptions } from '../../options/check-options.ts';
import { searchToolkitOptions } from '../../options/tables/toolkit.ts';
import { createToolFilter } from '../../group/catalog/tool-filter.ts';
import { expectToolSource, type ToolSource } from '../tool-source.ts';
import { withOwnTools, type ExtendedToolSource, type OwnTool } from '../own-tools.ts';
import { callByNameTool } from './call-by-name.ts';
import { describeTool } from './describe-tools.ts';
import { filteredSource } from './filtered-source.ts';
import { searchTool, type SearchToolNames } from './search-tools.ts';
import { toolsByServer } from './tools-by-server.ts';
import { createToolFinder, type SearchableToolSource } from './tool-finder.ts';

export interface SearchToolkitOptions {
  /**
   * Tools that are always listed, by globs of their names in the source.
   * @default none
   */
  readonly pinned?: readonly string[];
  /**
   * How many tools a search returns when the model sets no limit.
   * @default 5
   */
  readonly limit?: number;
}

/**
 * Replaces many tools by three: `search_tools`, `describe_tools` and `call_tool`. Pinned tools stay listed, and so do
 * tools that a toolkit added, such as `read_more`. Only tools that the source lists can be found, described and
 * called, so a policy of the source applies. Throws `CONFIG_INVALID`.
 *
 * Searches with `source.search` if the source has it, as a `SessionGroup` does; else with an index of its own, which
 * is updated with the source's list.
 */
export function searchToolkit(
  source: ToolSource | SearchableToolSource,
  options: SearchToolkitOptions = {},
): ExtendedToolSource {
  expectToolSource(source);
  const { isPinned, limit } = resolveOptions(options);
  const find = createToolFinder(source);
  const nameOf = (id: string): string => extended.nameOf(id) ?? id;
  const names = (): SearchToolNames => ({ describe: nameOf('describe_tools'), call: nameOf('call_tool') });
  const howToFind = 'Search for tools to come by their names.';
  const others = [describeTool(source, howToFind), callByNameTool(source, howToFind)];
  const own = ownTools(source, () => [searchTool(source, find, limit, names), ...others]);
  const shown = filteredSource(source, (name, { server }) => server === undefined || isPinned(name));
  const extended = withOwnTools(shown, own);
  return extended;
}

/** The description of the search tool names the servers, so it is made again when they change. */
function ownTools(source: ToolSource, make: () => readonly OwnTool[]): () => readonly OwnTool[] {
  let seen: ToolSource['tools'] | undefined;
  let servers: string | undefined;
  let made: readonly OwnTool[] = [];
  return () => {
    const { tools } = source;
    if (tools === seen) return made;
    seen = tools;
    const now = JSON.stringify([...toolsByServer(tools).keys()].toSorted());
    if (now !== servers) made = make();
    servers = now;
    return made;
  };
}

function resolveOptions(options: SearchToolkitOptions): {
  isPinned: (name: string) => boolean;
  limit: number;
} {
  checkOptions(searchToolkitOptions, options, 'Search toolkit options');
  const { pinned, limit } = options;
  const isPinned = createToolFilter({ allow: pinned ?? [] }, 'pinned');
  return {
    isPinned: (name) => pinned?.includes(name) === true || isPinned(name),
    limit: Math.min(limit ?? searchToolkitOptions.limit.default, 20),
  };
}
