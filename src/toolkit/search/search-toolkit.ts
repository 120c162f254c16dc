import { PlenumError } from '../../errors/plenum-error.ts';
import { checkCount, checkTextArray, isRecord } from '../../internal/checks.ts';
import { wildcardMatcher } from '../../group/catalog/wildcard.ts';
import { expectToolSource, type ToolSource } from '../tool-source.ts';
import { withOwnTools, type ExtendedToolSource, type OwnTool } from '../own-tools.ts';
import { callByNameTool } from './call-by-name.ts';
import { describeTool } from './describe-tools.ts';
import { partOf } from './part-of.ts';
import { searchTool, type SearchToolNames } from './search-tools.ts';
import { toolsByServer } from './servers-of.ts';
import { createToolFinder, type SearchableToolSource } from './tool-finder.ts';

export interface SearchToolkitOptions {
  /**
   * Tools that a model is shown all the time, by their names in the source; `*` and `?` stand for any characters and
   * any one.
   * @default none
   */
  readonly pinned?: readonly string[];
  /**
   * How many tools a search shows when the model does not say.
   * @default 5
   */
  readonly limit?: number;
}

/**
 * Shows a model three tools in the place of many: `search_tools`, `describe_tools` and `call_tool`; beside them pinned
 * ones, and those that are a toolkit's own, such as `read_more`. Found, described and called is what the source lists
 * and lets through, and nothing else: a policy in it holds. Throws `CONFIG_INVALID`.
 *
 * Searches with `source.search` if there is one, as in a `SessionGroup`; else with an index of its own, which follows
 * the list of the source.
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
  const shown = partOf(source, (name, { server }) => server === undefined || isPinned(name));
  const extended = withOwnTools(shown, own);
  return extended;
}

/** The search tool speaks of the servers that there are, so that it is a new one when others come. */
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
  const given: unknown = options;
  if (!isRecord(given)) throw new PlenumError('CONFIG_INVALID', 'Search toolkit options must be an object.');
  const { pinned, limit } = options;
  checkTextArray('pinned', pinned);
  const matchers = (pinned ?? []).map((each) => wildcardMatcher(each) ?? ((name: string) => name === each));
  return {
    isPinned: (name) => matchers.some((matches) => matches(name)),
    limit: Math.min(checkCount('limit', limit, 1) ?? 5, 20),
  };
}
