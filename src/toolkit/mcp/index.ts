import type { CallToolResult, Tool } from '@modelcontextprotocol/client';
import { notTaken } from '../../errors/toolkit.ts';
import { isRecord } from '../../internal/checks.ts';
import { checkOptions } from '../../options/check-options.ts';
import { runToolOptions } from '../../options/tables/toolkit.ts';
import { liveTools, type ToolProblem } from '../live-tools.ts';
import { runTool, type RunToolOptions } from '../run-tool.ts';
import type { ToolDefinition, ToolSource } from '../tool-source.ts';

export type { ToolProblem } from '../live-tools.ts';

/** A call by a model or client: the parameters of `tools/call`. */
export interface McpToolCall {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** The tools at one moment. */
export interface McpSnapshot {
  readonly tools: Tool[];
  readonly problems: readonly ToolProblem[];
}

export interface McpToolkit extends McpSnapshot {
  /** The definitions of the current tools, under the names by which they are called. Each read returns a new list. */
  readonly tools: Tool[];
  /** Always empty: every definition is valid MCP. */
  readonly problems: readonly ToolProblem[];
  /** The tools of this moment, for one turn of a conversation. */
  snapshot(): McpSnapshot;
  /** The current tools as a result of `tools/list`. */
  listTools(): { tools: Tool[] };
  /** Calls a tool. A failure is a result with `isError`; rejects with `ABORTED`, and with `CONFIG_INVALID` for what is no call. */
  callTool(call: McpToolCall, options?: RunToolOptions): Promise<CallToolResult>;
}

/**
 * Gives the tools of a group, toolkit or other source as MCP definitions: for a model API that accepts them, for an
 * SDK without an adapter here, or to serve them again. `defaults` are the options of every call. Throws `CONFIG_INVALID`.
 */
export function mcpToolkit(source: ToolSource, defaults: RunToolOptions = {}): McpToolkit {
  checkOptions(runToolOptions, defaults, 'Toolkit options');
  const current = liveTools(source, (name, definition) => ({ expressed: plainTool(name, definition) }));
  const list = (): Tool[] => [...current().tools.values()];
  return {
    get tools() {
      return list();
    },
    problems: [],
    snapshot: () => ({ tools: list(), problems: [] }),
    listTools: () => ({ tools: list() }),
    async callTool(call, options) {
      const given: unknown = call;
      if (!isRecord(given) || typeof given['name'] !== 'string')
        throw notTaken('callTool() of an MCP toolkit takes one object: { name, arguments }.');
      return runTool(source, call.name, call.arguments, { ...defaults, ...options });
    },
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
