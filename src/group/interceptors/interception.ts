import type { CallToolResult } from '@modelcontextprotocol/client';
import { printable } from '../../internal/text.ts';
import { checkCall, invalidCall } from '../../options/call-checks.ts';
import type { CallOptions } from '../../session/call-options.ts';
import type { Session } from '../../session/session.ts';
import { InterceptedRun, type CallTarget } from './intercepted-run.ts';
import type { ToolInterceptor } from './interceptors.ts';

/** The interceptors of a group, and the calls that are in them. */
export class Interception {
  readonly #interceptors: readonly ToolInterceptor[];
  readonly #runs = new Set<InterceptedRun>();

  /** Undefined when there are no interceptors, so that calls go to the session directly. */
  static of(interceptors: readonly ToolInterceptor[] = []): Interception | undefined {
    return interceptors.length === 0 ? undefined : new Interception(interceptors);
  }

  private constructor(interceptors: readonly ToolInterceptor[]) {
    this.#interceptors = [...interceptors];
  }

  /** Runs a call through the interceptors, the first one outermost. */
  async callTool(
    target: CallTarget,
    args: Readonly<Record<string, unknown>> | undefined,
    options: CallOptions = {},
  ): Promise<CallToolResult> {
    const fault = checkCall(options);
    if (fault !== undefined) {
      const { server, upstreamName } = target.definition;
      throw invalidCall(`Calling tool "${printable(upstreamName)}" on server "${server}"`, fault, server);
    }
    const run = new InterceptedRun(this.#interceptors, target, args, options);
    this.#runs.add(run);
    try {
      return await run.outcome;
    } finally {
      this.#runs.delete(run);
    }
  }

  /** Waits for the calls to `session`, or to all sessions; their interceptors get a time limit now. */
  async drain(session?: Session): Promise<void> {
    const runs = [...this.#runs].filter(({ target }) => session === undefined || target.session === session);
    for (const run of runs) run.limitTime();
    await Promise.allSettled(runs.map(({ outcome }) => outcome));
  }

  /** Fails all calls with `SESSION_CLOSED`. */
  destroy(reason: unknown): void {
    for (const run of this.#runs) run.end('SESSION_CLOSED', 'the group is closed', { cause: reason });
  }
}
