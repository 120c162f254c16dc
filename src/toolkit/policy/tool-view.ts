import { snapshotMap } from '../../internal/snapshot-map.ts';
import type { ToolProblem } from '../live-tools.ts';
import type { ToolDefinition } from '../tool-source.ts';
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
    const description = descriptions.get(key);
    return description === undefined ? tool : Object.freeze({ ...tool, description });
  };

  return (source) => {
    const offered = [...source].filter(([key, tool]) => isOffered(key, tool));
    const offers = new Map<string, Offer>();
    const problems: ToolProblem[] = [];
    for (const [key, tool] of offered) {
      const name = names.get(key) ?? key;
      if (reserved.has(name) && !names.has(key)) {
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
