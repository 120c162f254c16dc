import { messageOf } from '../errors/plenum-error.ts';
import { printable } from '../internal/text.ts';
import { expectToolSource, type ToolDefinition, type ToolSource } from './tool-source.ts';

/** A tool that cannot be offered to a model, or not as it is, and why; or an entry of a policy that matches nothing. */
export interface ToolProblem {
  /** The key in `ToolSource.tools`; for an entry of a policy, the option, such as `policy.allow[0]`. */
  readonly tool: string;
  /** The server that has it, if it is a server's. */
  readonly server?: string | undefined;
  /** A sentence or two for people: what is the matter, and what to try. */
  readonly problem: string;
}

/** A tool converted for an adapter's SDK, perhaps with a remark on what had to be changed; or why it cannot be converted. */
export type Expressed<T> =
  { readonly expressed: T; readonly remark?: string | undefined } | { readonly problem: string };

/** The converted tools of a source at one moment. A snapshot that never changes. */
export interface LiveTools<T> {
  readonly tools: ReadonlyMap<string, T>;
  readonly problems: readonly ToolProblem[];
}

/**
 * Returns a function that gives the source's current tools, converted by `express`. Each definition is converted
 * once, so that a change costs only what changed. Throws `CONFIG_INVALID` when `source` is not a source of tools.
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

/** A definition that cannot be converted must not prevent the other tools. */
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
    const problem = 'problem' in outcome ? outcome.problem : outcome.remark;
    if ('expressed' in outcome) tools.set(tool, outcome.expressed);
    if (problem !== undefined) problems.push({ tool, server: definition.server, problem });
  }
  return { tools, problems };
}

/** Caches the result for the last argument. */
export function rememberLast<A extends object, R>(derive: (from: A) => R): (from: A) => R {
  let last: { readonly from: A; readonly result: R } | undefined;
  return (from) => {
    if (last?.from !== from) last = { from, result: derive(from) };
    return last.result;
  };
}
