import type { CallToolResult, Tool, GetPromptResult, ReadResourceResult } from '@modelcontextprotocol/client';
import type { CallOptions } from '../session/call-options.ts';
import { notTaken } from '../errors/toolkit.ts';
import { isRecord } from '../internal/checks.ts';
import { readable } from '../options/check-options.ts';
import { visibleText } from '../internal/visible-text.ts';
import type { Catalog } from '../group/catalog/catalog.ts';

/** The definition of a tool, as it is sent to a model. */
export interface ToolDefinition extends Pick<
  Tool,
  'name' | 'title' | 'description' | 'inputSchema' | 'outputSchema' | 'annotations'
> {
  /** The server that has it; undefined for a tool that a toolkit added. */
  readonly server?: string | undefined;
  /** The tool's name on that server. */
  readonly upstreamName?: string | undefined;
  /** Names that the tool would have if they were free and valid for every provider. A policy knows it by these, too. */
  readonly alsoNamed?: readonly string[] | undefined;
}

/** All names by which a policy knows a tool: its key in the source first. */
export function policyNamesOf(key: string, tool: ToolDefinition): readonly string[] {
  const { alsoNamed, server, upstreamName } = tool;
  // Without the cleaning, the cutting and the hashes of exposed names.
  const raw = server === undefined || upstreamName === undefined ? key : `${server}__${upstreamName}`;
  if (alsoNamed === undefined && raw === key) return [key];
  const names = new Set([key, ...(alsoNamed ?? []), raw, visibleText(raw)]);
  return [...names];
}

/** The options of one call. */
export type ToolCallOptions = Pick<
  CallOptions,
  'signal' | 'timeoutMs' | 'maxTotalTimeoutMs' | 'resetTimeoutOnProgress' | 'onProgress' | 'meta'
>;

/**
 * Tools and a function to call them: all that an adapter needs. A `SessionGroup` is a source. Policy, bounds and
 * search each wrap a source and are one, so they can be nested in any order.
 */
export interface ToolSource {
  /**
   * The current tools. The key is the name that the model calls, which may differ from the definition's `name`. A
   * snapshot that never changes; the same object is returned until a tool changes.
   */
  readonly tools: ReadonlyMap<string, ToolDefinition>;
  /** Calls a tool by its key in `tools`. A tool that ran and failed gives a result with `isError`. */
  callTool(
    name: string,
    args?: Readonly<Record<string, unknown>>,
    options?: ToolCallOptions,
  ): Promise<CallToolResult>;
}

/**
 * Throws `CONFIG_INVALID` for a value that is not a source of tools. Otherwise a session or a promise would look like
 * a source without tools.
 */
export function expectToolSource(source: unknown): void {
  const isOne = readable(
    'A source of tools',
    () => isRecord(source) && 'tools' in source && typeof source['callTool'] === 'function',
  );
  if (isOne) return;
  throw notTaken(
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

/** A source that also has resources and prompts, such as a `SessionGroup`. */
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

/** Makes the exposed name of an added tool that belongs to a server. */
export type OwnNaming = (server: string, name: string) => string;
