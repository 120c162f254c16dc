import { isRecord } from '../../internal/checks.ts';
import { didYouMean, nearest, printable } from '../../internal/text.ts';
import type { ToolProblem } from '../live-tools.ts';
import { policyNamesOf, type ToolDefinition, type ToolSource } from '../tool-source.ts';
import type { ToolPolicy } from './tool-policy.ts';
import { compileGlobs } from './tool-rules.ts';

/** An entry of a policy that names tools or servers. */
interface Entry {
  /** The option that has it, such as `policy.allow[0].server`. */
  readonly option: string;
  readonly text: string;
  readonly of: 'tool' | 'server';
  readonly matches: (name: string) => boolean;
}

/** More than these are not told of. */
const MAX_TOLD = 100;

/** Finds the entries of a policy that have never matched anything: one whose tool has gone is no mistake. */
export class UnmatchedEntries {
  #left: readonly Entry[];
  #tools: ToolSource['tools'] = new Map();
  /** The tools that have been compared. */
  readonly #noted = new WeakSet<ToolDefinition>();

  constructor(policy: ToolPolicy) {
    this.#left = entriesOf(policy);
  }

  /** Crosses off the entries that match one of these tools. */
  note(tools: ToolSource['tools']): void {
    if (this.#left.length === 0) return;
    this.#tools = tools;
    for (const [key, tool] of tools) {
      if (this.#noted.has(tool)) continue;
      this.#noted.add(tool);
      const known = {
        tool: policyNamesOf(key, tool),
        server: tool.server === undefined ? [] : [tool.server],
      };
      this.#left = this.#left.filter((entry) => !known[entry.of].some(entry.matches));
    }
  }

  /** The entries that are left; `servers` may have no tools. */
  problems(servers: readonly string[]): readonly ToolProblem[] {
    if (this.#left.length === 0) return [];
    this.#left = this.#left.filter((entry) => entry.of === 'tool' || !servers.some(entry.matches));
    const tools = [...this.#tools];
    const known = {
      tool: tools.flatMap(([key, tool]) => policyNamesOf(key, tool)),
      server: [...new Set([...tools.flatMap(([, { server }]) => server ?? []), ...servers])],
    };
    return this.#left.slice(0, MAX_TOLD).map(({ option, text, of }) => {
      const near = nearest(text, known[of]);
      const hint = near.length > 0 ? didYouMean(near) : '';
      return { tool: option, problem: `"${printable(text, 80)}" matches no ${of}.${hint}` };
    });
  }
}

function entriesOf({ allow = [], deny = [], rename = {}, describe = {} }: ToolPolicy): Entry[] {
  return [
    ...allow.flatMap((rule, nr) => entriesOfRule(`policy.allow[${nr}]`, rule)),
    ...deny.flatMap((rule, nr) => entriesOfRule(`policy.deny[${nr}]`, rule)),
    ...Object.keys(rename).map((name) => exact('policy.rename', name)),
    ...Object.keys(describe).map((name) => exact('policy.describe', name)),
  ];
}

function entriesOfRule(option: string, rule: unknown): Entry[] {
  if (!isRecord(rule)) return globEntries(option, 'tool', rule);
  const { name, server } = rule;
  return [
    ...globEntries(`${option}.name`, 'tool', name),
    ...globEntries(`${option}.server`, 'server', server),
  ];
}

function globEntries(option: string, of: Entry['of'], globs: unknown): Entry[] {
  if (globs === undefined) return [];
  const list: readonly unknown[] = Array.isArray(globs) ? globs : [globs];
  return list.map((glob) => ({ option, text: String(glob), of, matches: compileGlobs(option, glob) }));
}

function exact(option: string, name: string): Entry {
  return { option: `${option}.${name}`, text: name, of: 'tool', matches: (other) => other === name };
}
