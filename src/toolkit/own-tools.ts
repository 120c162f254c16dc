import type { CallToolResult } from '@modelcontextprotocol/client';
import { snapshotMap } from '../internal/snapshot-map.ts';
import type { ToolProblem } from './live-tools.ts';
import type { ToolCallOptions, ToolDefinition, ToolSource } from './tool-source.ts';

/** A tool that the toolkit adds. */
export interface OwnTool {
  /** Identifies the tool when the list is made again. */
  readonly id: string;
  /** The name that it gets unless another tool has it. */
  readonly wantedName: string;
  readonly definition: Omit<ToolDefinition, 'name'>;
  call(args: Readonly<Record<string, unknown>>, options: ToolCallOptions): Promise<CallToolResult>;
}

/** A source with added tools. */
export interface ExtendedToolSource extends ToolSource {
  /** Tools that are left out because an added tool had their name first. */
  readonly problems: readonly ToolProblem[];
  /** The name of an added tool, by its id. */
  nameOf(id: string): string | undefined;
}

/**
 * Adds tools to a source. An added tool whose name is taken gets a number. It then keeps its name, so that no server
 * can replace it.
 *
 * @param listOwn Returns the current tools; the same array until they change.
 */
export function withOwnTools(source: ToolSource, listOwn: () => readonly OwnTool[]): ExtendedToolSource {
  let seen: { readonly tools: ToolSource['tools']; readonly own: readonly OwnTool[] } | undefined;
  let merged: Merged = { names: new Map(), own: new Map(), tools: new Map(), problems: [] };
  const current = (): Merged => {
    const { tools } = source;
    const own = listOwn();
    if (seen?.tools === tools && seen.own === own) return merged;
    seen = { tools, own };
    merged = merge(tools, own, merged.names);
    return merged;
  };
  return {
    get tools() {
      return current().tools;
    },
    get problems() {
      return current().problems;
    },
    nameOf: (id) => current().names.get(id),
    callTool(name, args, options) {
      const own = current().own.get(name);
      return own === undefined ? source.callTool(name, args, options) : own.call(args ?? {}, options ?? {});
    },
  };
}

interface Merged {
  /** The names by id. */
  readonly names: ReadonlyMap<string, string>;
  readonly own: ReadonlyMap<string, OwnTool>;
  readonly tools: ReadonlyMap<string, ToolDefinition>;
  readonly problems: readonly ToolProblem[];
}

function merge(
  theirs: ToolSource['tools'],
  ours: readonly OwnTool[],
  before: ReadonlyMap<string, string>,
): Merged {
  const kept = new Set(ours.flatMap(({ id }) => before.get(id) ?? []));
  const names = new Map<string, string>();
  const last = new Map<string, number>();
  const own = new Map<string, OwnTool>();
  for (const tool of ours) {
    const isTaken = (name: string): boolean => theirs.has(name) || kept.has(name) || own.has(name);
    const name = before.get(tool.id) ?? freeName(tool.wantedName, isTaken, last);
    names.set(tool.id, name);
    own.set(name, tool);
  }
  const tools: [string, ToolDefinition][] = [];
  const problems: ToolProblem[] = [];
  for (const [name, tool] of theirs) {
    if (!own.has(name)) tools.push([name, tool]);
    else problems.push({ tool: name, server: tool.server, problem: taken(name) });
  }
  for (const [name, { definition, wantedName }] of own) {
    const { alsoNamed: given = [], ...rest } = definition;
    const alsoNamed = [...new Set([wantedName, ...given])].filter((other) => other !== name);
    tools.push([name, Object.freeze({ ...rest, ...(alsoNamed.length > 0 && { alsoNamed }), name })]);
  }
  return { names, own, tools: snapshotMap(tools), problems };
}

const MAX_NAME_LENGTH = 64;

/** `last` holds the last number for each wanted name: a server may cause the same name thousands of times. */
function freeName(wanted: string, isTaken: (name: string) => boolean, last: Map<string, number>): string {
  for (let nr = (last.get(wanted) ?? 0) + 1; ; nr++) {
    const suffix = nr === 1 ? '' : `_${nr}`;
    const name = wanted.slice(0, MAX_NAME_LENGTH - suffix.length) + suffix;
    if (isTaken(name)) continue;
    last.set(wanted, nr);
    return name;
  }
}

function taken(name: string): string {
  return `It is left out: a tool of the toolkit's own has had the name "${name}" before. Make a new toolkit.`;
}
