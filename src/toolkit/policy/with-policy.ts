import { isDeepStrictEqual } from 'node:util';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { toolNotCalled } from '../../errors/toolkit.ts';
import { unknownEntry, type UnreadyMember } from '../../errors/catalog.ts';
import { groupRoutes } from '../../group/group-routes.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import type { ArgumentChecker } from '../arguments/argument-checker.ts';
import {
  expectToolSource,
  policyNamesOf,
  type ToolCallOptions,
  type ToolDefinition,
  type ToolSource,
} from '../tool-source.ts';
import type { ToolProblem } from '../live-tools.ts';
import { askApproval, refusal } from './ask-approval.ts';
import { checkPolicy } from './check-policy.ts';
import type { ToolPolicy } from './tool-policy.ts';
import { UnmatchedEntries } from './unmatched-entries.ts';
import { createViewer, type Offer, type ToolView } from './tool-view.ts';

type Args = Readonly<Record<string, unknown>>;

/** A source with a policy. */
export interface PolicedToolSource extends ToolSource {
  /**
   * Tools that are left out because a renamed tool has their name; called tools whose arguments cannot be checked; and, once
   * the servers are ready, entries of the policy that match nothing.
   */
  readonly problems: readonly ToolProblem[];
}

/**
 * Applies a policy to a source. A tool that is not listed cannot be called either.
 *
 * A call rejects with `UNKNOWN_TOOL` when the policy hides the tool, and with `INVALID_ARGUMENTS` when its arguments
 * are invalid; nothing was sent then. A refused call gives a result with `isError` and the reason. Throws
 * `CONFIG_INVALID`.
 */
export function withPolicy(source: ToolSource, policy: ToolPolicy): PolicedToolSource {
  return applyPolicy(source, policy, source);
}

/** As {@link withPolicy}; `group` knows the servers of `source`, if something does. */
export function applyPolicy(source: ToolSource, policy: ToolPolicy, group: ToolSource): PolicedToolSource {
  expectToolSource(source);
  checkPolicy(policy);
  return new PolicedSource(source, policy, group);
}

const MAX_UNCHECKED = 1_000;

/**
 * The names of a source's servers, as far as it tells; undefined while one of them is not ready, or there is nothing yet:
 * what a policy names may still come.
 */
function readyServers(group: ToolSource): readonly string[] | undefined {
  const servers: unknown = 'servers' in group ? group.servers : undefined;
  if (!(servers instanceof Map)) return group.tools.size === 0 ? undefined : [];
  const isReady = (status: unknown): boolean =>
    isRecord(status) && (status['state'] === 'ready' || status['state'] === 'idle');
  if (servers.size === 0 || ![...servers.values()].every(isReady)) return undefined;
  return [...servers.keys()].map(String);
}

/** The servers that are not ready and may have a tool of this name. */
function unreadyServers(group: ToolSource, name: string): readonly UnreadyMember[] {
  return isGroup(group) ? group[groupRoutes].unreadyFor(name) : [];
}

function isGroup(source: ToolSource): source is SessionGroup {
  return groupRoutes in source;
}

/** The engine of the checker is loaded with the first call. */
async function createChecker(): Promise<ArgumentChecker> {
  const loaded = await import('../arguments/argument-checker.ts');
  return new loaded.ArgumentChecker();
}

class PolicedSource implements PolicedToolSource {
  readonly #source: ToolSource;
  readonly #policy: ToolPolicy;
  readonly #viewOf: (tools: ReadonlyMap<string, ToolDefinition>) => ToolView;
  readonly #checks: boolean;
  #checker: ArgumentChecker | undefined;
  /** Why the arguments of a called tool are not checked, by its name. */
  readonly #unchecked = new Map<string, ToolProblem>();
  readonly #group: ToolSource;
  readonly #unmatched: UnmatchedEntries;
  #seen: ReadonlyMap<string, ToolDefinition> | undefined;
  #view: ToolView | undefined;

  constructor(source: ToolSource, policy: ToolPolicy, group: ToolSource) {
    this.#source = source;
    this.#policy = { ...policy };
    this.#viewOf = createViewer(policy);
    this.#group = group;
    this.#unmatched = new UnmatchedEntries(policy);
    this.#checks = policy.checkArguments !== false;
    this.#current();
  }

  get tools(): ReadonlyMap<string, ToolDefinition> {
    return this.#current().tools;
  }

  get problems(): readonly ToolProblem[] {
    const { problems, offers } = this.#current();
    const servers = readyServers(this.#group);
    return [
      ...problems,
      ...[...this.#unchecked.values()].filter(({ tool }) => offers.has(tool)),
      ...(servers === undefined ? [] : this.#unmatched.problems(servers)),
    ];
  }

  async callTool(name: string, given: Args = {}, options: ToolCallOptions = {}): Promise<CallToolResult> {
    const { approve } = this.#policy;
    // The caller may change its arguments while the call waits.
    const asked = approve === undefined ? undefined : frozenCopy(name, given);
    if (this.#checks) this.#checker ??= await createChecker();
    const offer = this.#find(name);
    this.#check(name, offer.original, asked ?? given);
    if (approve === undefined || asked === undefined) {
      return this.#source.callTool(offer.key, given, options);
    }

    const { signal } = options;
    const names = policyNamesOf(offer.key, offer.original);
    const call = { name, names, tool: offer.shown, args: asked, signal };
    const decision = await askApproval(approve, call);
    if ('refusal' in decision) return decision.refusal;
    const args = frozenCopy(name, decision.args);
    const now = this.#find(name);
    if (!isSame(now, offer)) {
      return refusal(
        name,
        'it changed while the call waited for approval. Look at it again before you call it.',
      );
    }
    this.#check(name, now.original, args);
    return this.#source.callTool(now.key, args, options);
  }

  /** Throws `INVALID_ARGUMENTS`. */
  #check(name: string, tool: ToolDefinition, args: Args): void {
    this.#checker?.check(name, tool, args);
    const why = this.#checker?.unchecked(tool.inputSchema);
    if (why === undefined || this.#unchecked.size === MAX_UNCHECKED) return;
    const problem = `Its arguments are not checked before a call: its input schema cannot be used, ${printable(why, 300)}.`;
    this.#unchecked.set(name, { tool: name, server: tool.server, problem });
  }

  #current(): ToolView {
    const { tools } = this.#source;
    if (this.#view === undefined || tools !== this.#seen) {
      this.#seen = tools;
      this.#view = this.#viewOf(tools);
      this.#unmatched.note(tools);
    }
    return this.#view;
  }

  #find(name: string): Offer {
    const { offers } = this.#current();
    const offer = offers.get(name);
    if (offer !== undefined) return offer;
    throw unknownEntry('tool', name, offers.keys(), unreadyServers(this.#group, name));
  }
}

/** Whether the tool is still as it was when the call was approved; false when it is nested too deeply to compare. */
function isSame(now: Offer, before: Offer): boolean {
  try {
    return now.original === before.original || isDeepStrictEqual(now, before);
  } catch {
    return false;
  }
}

/** A deeply frozen copy of a tool's arguments. Throws `INVALID_ARGUMENTS` when they are not plain data. */
export function frozenCopy(tool: string, args: Args): Args {
  try {
    const copy = structuredClone(args);
    freeze(copy);
    return copy;
  } catch (cause) {
    throw toolNotCalled(tool, 'its arguments are not plain data.', { cause });
  }
}

/** Without recursion: arguments may be nested deeply enough to overflow the stack. */
function freeze(root: object): void {
  const left: object[] = [root];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    Object.freeze(value);
    for (const inner of Object.values(value)) {
      if (typeof inner === 'object' && inner !== null && !Object.isFrozen(inner)) left.push(inner);
    }
  }
}
