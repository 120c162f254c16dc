import type { CallToolResult, Tool } from '@modelcontextprotocol/client';
import type { CallOptions } from '../session/call-options.ts';

/** A tool as a model is shown it. */
export interface ToolDefinition extends Pick<
  Tool,
  'name' | 'title' | 'description' | 'inputSchema' | 'outputSchema' | 'annotations'
> {
  /** The server that has it; undefined for a tool of the toolkit's own. */
  readonly server?: string | undefined;
  /** What that server calls it. */
  readonly upstreamName?: string | undefined;
}

/** What may be said with a call. */
export type ToolCallOptions = Pick<
  CallOptions,
  'signal' | 'timeoutMs' | 'maxTotalTimeoutMs' | 'resetTimeoutOnProgress' | 'onProgress' | 'meta'
>;

/**
 * Tools and a way to call them: all that an adapter needs. A `SessionGroup` is one by its shape; policy, bounds and
 * search each wrap one and are one, so that they nest in any order.
 */
export interface ToolSource {
  /**
   * The tools of this moment by the name that a model calls, which is the key and not always the definition's own
   * `name`. A snapshot: it never changes under its reader, and it is the same object until something changes.
   */
  readonly tools: ReadonlyMap<string, ToolDefinition>;
  /** Calls a tool by its key in `tools`. A tool that ran and failed is a result (`isError`), as everywhere. */
  callTool(
    name: string,
    args?: Readonly<Record<string, unknown>>,
    options?: ToolCallOptions,
  ): Promise<CallToolResult>;
}
