import { messageOf } from '../errors/plenum-error.ts';
import { printable } from '../internal/text.ts';
import { expectToolSource, type ToolDefinition, type ToolSource } from './tool-source.ts';

/** A tool that cannot be shown to a model as it is, and why. */
export interface ToolProblem {
  /** The name in `ToolSource.tools`. */
  readonly tool: string;
  /** The server that has it, if it is a server's. */
  readonly server?: string | undefined;
  /** A sentence for people: what cannot be expressed and what to try. */
  readonly problem: string;
}

/** One tool in an adapter's own terms, or why there is none. */
export type Expressed<T> = { readonly expressed: T } | { readonly problem: string };

/** What an adapter makes of a source at one moment: it does not change under its reader. */
export interface LiveTools<T> {
  readonly tools: ReadonlyMap<string, T>;
  readonly problems: readonly ToolProblem[];
}

/**
 * Follows the tools of a source: each call gives them as they are now, expressed by `express`. That is done once per
 * definition, so that a change costs in proportion to what changed. Throws `CONFIG_INVALID` for what is no source.
 */
export function liveTools<T>(
  source: ToolSource,
  express: (name: string, definition: ToolDefinition) => Expressed<T>,
): () => LiveTools<T> {
  expectToolSource(source);
  let seen: ReadonlyMap<string, ToolDefinition> | undefined;
  let made = new Map<string, { definition: ToolDefinition; outcome: Expressed<T> }>();
  let current: LiveTools<T> = { tools: new Map(), problems: [] };

  return () => {
    const { tools } = source;
    if (tools === seen) return current;
    const next: typeof made = new Map();
    for (const [name, definition] of tools) {
      const known = made.get(name);
      next.set(
        name,
        known?.definition === definition
          ? known
          : { definition, outcome: attempt(express, name, definition) },
      );
    }
    seen = tools;
    made = next;
    current = sort(next);
    return current;
  };
}

/** One tool that nobody can make sense of must not take the others with it. */
function attempt<T>(
  express: (name: string, definition: ToolDefinition) => Expressed<T>,
  name: string,
  definition: ToolDefinition,
): Expressed<T> {
  try {
    return express(name, definition);
  } catch (error) {
    return { problem: `Its definition could not be read: ${printable(messageOf(error), 200)}.` };
  }
}

function sort<T>(
  made: ReadonlyMap<string, { definition: ToolDefinition; outcome: Expressed<T> }>,
): LiveTools<T> {
  const tools = new Map<string, T>();
  const problems: ToolProblem[] = [];
  for (const [tool, { definition, outcome }] of made) {
    if ('expressed' in outcome) tools.set(tool, outcome.expressed);
    else problems.push({ tool, server: definition.server, problem: outcome.problem });
  }
  return { tools, problems };
}

/** The same function, which answers the same question with the same answer as long as nobody asks another. */
export function rememberLast<A extends object, R>(derive: (from: A) => R): (from: A) => R {
  let last: { readonly from: A; readonly result: R } | undefined;
  return (from) => {
    if (last?.from !== from) last = { from, result: derive(from) };
    return last.result;
  };
}
