import type { CallToolResult, Tool } from '@modelcontextprotocol/client';
import { liveTools, type ToolProblem } from '../live-tools.ts';
import { runTool, type RunToolOptions } from '../run-tool.ts';
import type { ToolDefinition, ToolSource } from '../tool-source.ts';

export type { ToolProblem } from '../live-tools.ts';

/** What a model, or a client, calls: the parameters of `tools/call`. */
export interface McpToolCall {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** The tools of one moment. */
export interface McpSnapshot {
  readonly tools: Tool[];
  readonly problems: readonly ToolProblem[];
}

export interface McpToolkit extends McpSnapshot {
  /**
   * Plain definitions of the tools as they are now, under the names by which they are called. Each read gives a list
   * of its own.
   */
  readonly tools: Tool[];
  /** Always empty: MCP says of a tool what MCP says of it. */
  readonly problems: readonly ToolProblem[];
  /** The tools of this moment, for a turn. */
  snapshot(): McpSnapshot;
  /** The same, as the result of `tools/list`. */
  listTools(): { tools: Tool[] };
  /** Calls a tool. Whatever goes wrong is a result with `isError`; rejects with `ABORTED` only. */
  callTool(call: McpToolCall, options?: RunToolOptions): Promise<CallToolResult>;
}

/**
 * The tools of a group, or of anything around one, as MCP has them: for a model API that takes such definitions, for
 * an SDK without an adapter here, or to serve them again. `defaults` are for every call.
 */
export function mcpToolkit(source: ToolSource, defaults: RunToolOptions = {}): McpToolkit {
  const current = liveTools(source, (name, definition) => ({ expressed: plainTool(name, definition) }));
  const list = (): Tool[] => [...current().tools.values()];
  return {
    get tools() {
      return list();
    },
    problems: [],
    snapshot: () => ({ tools: list(), problems: [] }),
    listTools: () => ({ tools: list() }),
    callTool: (call, options) => runTool(source, call.name, call.arguments, { ...defaults, ...options }),
  };
}

function plainTool(name: string, definition: ToolDefinition): Tool {
  const { title, description, inputSchema, outputSchema, annotations } = definition;
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
