import { snapshotMap } from '../../internal/snapshot-map.ts';
import type { ToolDefinition, ToolSource } from '../tool-source.ts';

/**
 * A source that lists only some tools of another one, but can call all of them. Its list is the same object until one
 * of the listed tools changes.
 *
 * @param shows Whether a tool is listed. The answer may change between two reads of the list.
 */
export function filteredSource(
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
