import { snapshotMap } from '../../internal/snapshot-map.ts';
import type { ToolDefinition, ToolSource } from '../tool-source.ts';

/**
 * A source of which only a part is shown; it calls all that the source lets it call. Its list stays the same object
 * until something of that part changes.
 *
 * @param shows Tells whether a tool is in that part. What it says may change from one look at the list to the next.
 */
export function partOf(
  source: ToolSource,
  shows: (name: string, tool: ToolDefinition) => boolean,
): ToolSource {
  let current: ReadonlyMap<string, ToolDefinition> = snapshotMap<string, ToolDefinition>([]);
  return {
    get tools() {
      const part = [...source.tools].filter(([name, tool]) => shows(name, tool));
      const isSame = part.length === current.size && part.every(([name, tool]) => current.get(name) === tool);
      if (!isSame) current = snapshotMap(part);
      return current;
    },
    callTool: (name, args, options) => source.callTool(name, args, options),
  };
}
