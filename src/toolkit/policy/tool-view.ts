import { snapshotMap } from '../../internal/snapshot-map.ts';
import type { ToolProblem } from '../live-tools.ts';
import { policyNamesOf, type ToolDefinition } from '../tool-source.ts';
import type { ToolPolicy } from './tool-policy.ts';
import { compileRules } from './tool-rules.ts';

/** An allowed tool. */
export interface Offer {
  /** Its key in the source. */
  readonly key: string;
  /** The definition in the source. */
  readonly original: ToolDefinition;
  /** The definition for the model, with the policy's name and description. */
  readonly shown: ToolDefinition;
}

/** The allowed tools of a source at one moment. */
export interface ToolView {
  readonly tools: ReadonlyMap<string, ToolDefinition>;
  readonly offers: ReadonlyMap<string, Offer>;
  /** Tools that are left out because a renamed tool has their name. */
  readonly problems: readonly ToolProblem[];
}

/** Makes a function that applies a policy's rules, names and descriptions. Throws `CONFIG_INVALID`. */
export function createViewer(policy: ToolPolicy): (tools: ReadonlyMap<string, ToolDefinition>) => ToolView {
  const isOffered = compileRules(policy);
  const names = new Map(Object.entries(policy.rename ?? {}));
  // New names are reserved even while their tool is missing, so that no server can take the place of another's tool.
  const reserved = new Set(names.values());
  const descriptions = new Map(Object.entries(policy.describe ?? {}));

  const describe = (key: string, tool: ToolDefinition): ToolDefinition => {
    const told = policyNamesOf(key, tool).find((name) => descriptions.has(name));
    const description = told === undefined ? undefined : descriptions.get(told);
    return description === undefined ? tool : Object.freeze({ ...tool, description });
  };

  return (source) => {
    const offered = [...source].filter(([key, tool]) => isOffered(key, tool));
    const renamed = renamedKeys(offered, names);
    const offers = new Map<string, Offer>();
    const problems: ToolProblem[] = [];
    for (const [key, tool] of offered) {
      const given = renamed.get(key);
      const name = given ?? key;
      if (given === undefined && reserved.has(name)) {
        const problem = `It is left out: the policy gives its name, "${name}", to another tool. Rename one of them.`;
        problems.push({ tool: key, server: tool.server, problem });
        continue;
      }
      offers.set(name, { key, original: tool, shown: describe(key, tool) });
    }
    const tools = [...offers].map(([name, { shown }]) => [name, shown] as const);
    return { tools: snapshotMap(tools), offers, problems };
  };
}

/**
 * The new names by key. Where several tools have a name that the policy changes, a tool of the toolkit's own comes first: no
 * server can take its new name by listing a tool that has its usual one.
 */
function renamedKeys(
  offered: readonly (readonly [key: string, tool: ToolDefinition])[],
  names: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>();
  if (names.size === 0) return renamed;
  const owners = new Map<string, { readonly key: string; readonly rank: number }>();
  for (const [key, tool] of offered) {
    const own = tool.alsoNamed ?? [];
    for (const [nr, name] of policyNamesOf(key, tool).entries()) {
      if (!names.has(name)) continue;
      const rank = own.includes(name) ? 0 : nr === 0 ? 1 : 2;
      const before = owners.get(name);
      if (before === undefined || rank < before.rank) owners.set(name, { key, rank });
    }
  }
  for (const [name, { key }] of owners) {
    const given = names.get(name);
    if (given !== undefined && !renamed.has(key)) renamed.set(key, given);
  }
  return renamed;
}
