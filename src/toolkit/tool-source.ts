import type { CallToolResult, Tool, GetPromptResult, ReadResourceResult } from '@modelcontextprotocol/client';
import type { CallOptions } from '../session/call-options.ts';
import { PlenumError } from '../errors/plenum-error.ts';
import { isRecord } from '../internal/checks.ts';
import type { Catalog } from '../group/catalog/catalog.ts';

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

/**
 * Throws `CONFIG_INVALID` for what is no source of tools. Without that, a session or a promise would pass for a source
 * that has no tools at the moment.
 */
export function expectToolSource(source: unknown): void {
  if (isRecord(source) && 'tools' in source && typeof source['callTool'] === 'function') return;
  throw new PlenumError(
    'CONFIG_INVALID',
    `Tools must come from a group, a toolkit or another source of tools; this is ${describe(source)}.`,
  );
}

function describe(source: unknown): string {
  if (!isRecord(source)) return source === null ? 'null' : typeof source;
  if (typeof source['then'] === 'function') return 'a promise: await it first';
  if (typeof source['callTool'] === 'function') {
    return 'probably a session: use "await createToolkit(session)"';
  }
  return 'an object without "tools" and "callTool"';
}

/** A source that has more than tools; a `SessionGroup` is one by its shape. */
export interface CatalogSource extends ToolSource {
  /** The same object until something changes. */
  readonly catalog: Catalog;
  readResource(uri: string, options: ToolCallOptions & { server: string }): Promise<ReadResourceResult>;
  /** Gets a prompt by its key in `catalog.prompts`. */
  getPrompt(
    name: string,
    args: Readonly<Record<string, string>>,
    options: ToolCallOptions,
  ): Promise<GetPromptResult>;
}

/** Makes the exposed name of an own tool that speaks to a server. */
export type OwnNaming = (server: string, name: string) => string;
