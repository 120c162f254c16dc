import { isDeepStrictEqual } from 'node:util';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { printable, suggestion } from '../../internal/text.ts';
import { ArgumentChecker } from '../arguments/argument-checker.ts';
import {
  expectToolSource,
  type ToolCallOptions,
  type ToolDefinition,
  type ToolSource,
} from '../tool-source.ts';
import type { ToolProblem } from '../live-tools.ts';
import { askApproval, refusal } from './ask-approval.ts';
import { checkPolicy } from './check-policy.ts';
import type { ToolPolicy } from './tool-policy.ts';
import { createViewer, type Offer, type ToolView } from './tool-view.ts';

type Args = Readonly<Record<string, unknown>>;

/** A source with a policy around it. */
export interface PolicedToolSource extends ToolSource {
  /** Tools that are left out for want of a name. */
  readonly problems: readonly ToolProblem[];
}

/**
 * Puts a policy around a source: what it does not list cannot be called either.
 *
 * A call rejects with `UNKNOWN_TOOL` when the policy does not let the tool be seen, and with `INVALID_ARGUMENTS` when
 * its arguments do not fit; nothing was sent then. One that is refused is a result with `isError` and the reason.
 * Throws `CONFIG_INVALID`.
 */
export function withPolicy(source: ToolSource, policy: ToolPolicy): PolicedToolSource {
  expectToolSource(source);
  checkPolicy(policy);
  return new PolicedSource(source, policy);
}

class PolicedSource implements PolicedToolSource {
  readonly #source: ToolSource;
  readonly #policy: ToolPolicy;
  readonly #viewOf: (tools: ReadonlyMap<string, ToolDefinition>) => ToolView;
  readonly #checker: ArgumentChecker | undefined;
  #seen: ReadonlyMap<string, ToolDefinition> | undefined;
  #view: ToolView | undefined;

  constructor(source: ToolSource, policy: ToolPolicy) {
    this.#source = source;
    this.#policy = { ...policy };
    this.#viewOf = createViewer(policy);
    this.#checker = policy.checkArguments === false ? undefined : new ArgumentChecker();
  }

  get tools(): ReadonlyMap<string, ToolDefinition> {
    return this.#current().tools;
  }

  get problems(): readonly ToolProblem[] {
    return this.#current().problems;
  }

  async callTool(name: string, given: Args = {}, options: ToolCallOptions = {}): Promise<CallToolResult> {
    const offer = this.#find(name);
    this.#checker?.check(name, offer.original, given);
    const { approve } = this.#policy;
    if (approve === undefined) return this.#source.callTool(offer.key, given, options);

    const { signal } = options;
    const asked = { name, tool: offer.shown, args: frozenCopy(name, given), signal };
    const decision = await askApproval(approve, asked);
    if ('refusal' in decision) return decision.refusal;
    const args = frozenCopy(name, decision.args);
    const now = this.#find(name);
    if (!isSame(now, offer)) {
      return refusal(
        name,
        'it changed while the call waited for approval. Look at it again before you call it.',
      );
    }
    this.#checker?.check(name, now.original, args);
    return this.#source.callTool(now.key, args, options);
  }

  #current(): ToolView {
    const { tools } = this.#source;
    if (this.#view === undefined || tools !== this.#seen) {
      this.#seen = tools;
      this.#view = this.#viewOf(tools);
    }
    return this.#view;
  }

  #find(name: string): Offer {
    const { offers } = this.#current();
    const offer = offers.get(name);
    if (offer !== undefined) return offer;
    const message = `There is no tool "${printable(name)}".${suggestion(name, offers.keys())}`;
    throw new PlenumError('UNKNOWN_TOOL', message, { maybeExecuted: false });
  }
}

/** Whether what was approved is what would be called; not when it is nested too deeply to tell. */
function isSame(now: Offer, before: Offer): boolean {
  try {
    return now.original === before.original || isDeepStrictEqual(now, before);
  } catch {
    return false;
  }
}

/** A copy of a tool's arguments that nobody can change any more. Throws `INVALID_ARGUMENTS` when they are no data. */
export function frozenCopy(tool: string, args: Args): Args {
  try {
    const copy = structuredClone(args);
    freeze(copy);
    return copy;
  } catch (cause) {
    const message = `Tool "${printable(tool, 80)}" was not called: its arguments are not plain data.`;
    throw new PlenumError('INVALID_ARGUMENTS', message, { cause, maybeExecuted: false });
  }
}

/** Not by recursion: a model may nest its arguments as deeply as it likes. */
function freeze(root: object): void {
  const left: object[] = [root];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    Object.freeze(value);
    for (const inner of Object.values(value)) {
      if (typeof inner === 'object' && inner !== null && !Object.isFrozen(inner)) left.push(inner);
    }
  }
}
