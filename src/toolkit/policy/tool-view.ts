import { snapshotMap } from '../../internal/snapshot-map.ts';
import type { ToolProblem } from '../live-tools.ts';
import type { ToolDefinition } from '../tool-source.ts';
import type { ToolPolicy } from './tool-policy.ts';
import { compileRules } from './tool-rules.ts';

/** A tool that may be called. */
export interface Offer {
  /** Its name in the source. */
  readonly key: string;
  /** As the source has it. */
  readonly original: ToolDefinition;
  /** As a model is shown it. */
  readonly shown: ToolDefinition;
}

/** What is left of a source's tools at one moment. */
export interface ToolView {
  readonly tools: ReadonlyMap<string, ToolDefinition>;
  readonly offers: ReadonlyMap<string, Offer>;
  /** Tools that lost their name to a renamed one. */
  readonly problems: readonly ToolProblem[];
}

/** Makes views by a policy's rules, names and descriptions. Throws `CONFIG_INVALID`. */
export function createViewer(policy: ToolPolicy): (tools: ReadonlyMap<string, ToolDefinition>) => ToolView {
  const isOffered = compileRules(policy);
  const names = new Map(Object.entries(policy.rename ?? {}));
  // Also while the tool itself is away: no server can choose its names so as to stand in for another's tool.
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
