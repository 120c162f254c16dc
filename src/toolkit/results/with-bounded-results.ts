import { snapshotMap } from '../../internal/snapshot-map.ts';
import { expectToolSource, type ToolDefinition, type ToolSource } from '../tool-source.ts';
import { type ToolProblem, rememberLast } from '../live-tools.ts';
import { withOwnTools } from '../own-tools.ts';
import { boundResult } from './bound-result.ts';
import { PageStore } from './page-store.ts';
import { readMoreTool } from './read-more.ts';
import { resolveResultBounds, type ResultBounds } from './result-bounds.ts';

/** A source that returns long results page by page. */
export interface BoundedToolSource extends ToolSource {
  /** Tools that are left out because `read_more` has their name. */
  readonly problems: readonly ToolProblem[];
  /** Drops all kept pages. */
  clear(): void;
}

/**
 * Limits how much of one result the model gets. The rest is kept under a handle, which the last block of the result
 * names, and an added tool, `read_more`, returns it page by page. Output schemas are removed, since the structured
 * content of a long result becomes text. Throws `CONFIG_INVALID`.
 */
export function withBoundedResults(source: ToolSource, bounds?: ResultBounds): BoundedToolSource {
  expectToolSource(source);
  const limits = resolveResultBounds(bounds);
  const store = new PageStore(limits);
  const readMoreName = (): string => extended.nameOf(readMore.id) ?? readMore.wantedName;
  const readMore = readMoreTool(store, readMoreName);
  const own = [readMore];
  const shown = rememberLast(withoutOutputSchemas);
  const extended = withOwnTools(
    {
      get tools() {
        return shown(source.tools);
      },
      callTool: async (name, args, options) =>
        boundResult(await source.callTool(name, args, options), limits, store, readMoreName()),
    },
    () => own,
  );
  return {
    get tools() {
      return extended.tools;
    },
    get problems() {
      return extended.problems;
    },
    callTool: (name, args, options) => extended.callTool(name, args, options),
    clear: () => store.clear(),
  };
}

function withoutOutputSchemas(tools: ToolSource['tools']): ReadonlyMap<string, ToolDefinition> {
  const strip = (tool: ToolDefinition): ToolDefinition => {
    if (tool.outputSchema === undefined) return tool;
    const { outputSchema: _, ...rest } = tool;
    return Object.freeze(rest);
  };
  return snapshotMap([...tools].map(([name, tool]) => [name, strip(tool)] as const));
}
