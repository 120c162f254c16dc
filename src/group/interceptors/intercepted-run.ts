import type { CallToolResult } from '@modelcontextprotocol/client';
import { interceptedCallEnded, type EndCode } from '../../errors/call.ts';
import { messageOf, PlenumError, type PlenumErrorFields } from '../../errors/plenum-error.ts';
import { Limit } from '../../internal/limit.ts';
import { isRecord } from '../../internal/checks.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { printable } from '../../internal/text.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { CallOptions } from '../../session/call-options.ts';
import type { Session } from '../../session/session.ts';
import { internalsOf } from '../../session/session-internals.ts';
import type { ToolEntry } from '../catalog/catalog.ts';
import type { InterceptedCallOptions, InterceptorNext, ToolInterceptor } from './interceptors.ts';

/** The tool that is called, and the session of its server. */
export interface CallTarget {
  readonly name: string;
  readonly definition: ToolEntry;
  readonly session: Session;
}

type Arguments = Readonly<Record<string, unknown>>;

/**
 * One tool call that runs through the interceptors. It settles when the outermost interceptor has, or when `end` is
 * called, even if interceptors go on; requests in flight are then cancelled.
 */
export class InterceptedRun {
  readonly target: CallTarget;
  readonly #interceptors: readonly ToolInterceptor[];
  readonly #timeoutMs: number;
  readonly #cancel = new AbortController();
  readonly #outcome = createDeferred<CallToolResult>();
  #limit: Limit | undefined;
  /** How often each interceptor was entered. */
  readonly #attempts: number[];
  #isOver = false;
  #requests = 0;
  #mayHaveRun = false;
  /** Until when requests may be sent, by `performance.now()`; finite once the session or the group closes. */
  #lastStart = Infinity;
  #stopTimer: StopTimer = () => {};

  constructor(
    interceptors: readonly ToolInterceptor[],
    target: CallTarget,
    args: Arguments | undefined,
    { signal, ...options }: CallOptions,
  ) {
    this.target = target;
    this.#interceptors = interceptors;
    this.#attempts = interceptors.map(() => 0);
    this.#timeoutMs = options.timeoutMs ?? internalsOf(target.session).timeoutMs;
    this.#begin(signal, options.maxTotalTimeoutMs);
    if (!this.#isOver) void this.#settle(this.#enter(0, args ?? {}, options));
  }

  /** Settles with the result for the caller. */
  get outcome(): Promise<CallToolResult> {
    return this.#outcome.promise;
  }

  /** Called when the server is to be closed: from now on the interceptors have as much time as one request. */
  limitTime(): void {
    if (this.#isOver || this.#lastStart !== Infinity) return;
    this.#lastStart = performance.now() + this.#timeoutMs;
    this.#watch();
  }

  /** Fails the call at once. */
  end<Code extends EndCode>(code: Code, why: string, fields: PlenumErrorFields<Code> = {}): void {
    if (this.#isOver) return;
    const error = this.#error(code, why, fields);
    this.#outcome.reject(error);
    this.#finish(fields.cause ?? error);
  }

  #begin(signal: AbortSignal | undefined, totalMs = Infinity): void {
    if (signal === undefined && totalMs === Infinity) return;
    this.#limit = new Limit({ ms: totalMs }, signal);
    this.#limit.onEnd(({ by, reason }) => {
      if (by === 'signal') this.end('ABORTED', "the caller's signal was aborted", { cause: reason });
      else
        this.end('TIMEOUT', `not done within ${totalMs} ms`, {
          data: { timeoutMs: totalMs },
          advice: [{ do: 'raise', options: ['maxTotalTimeoutMs'] }],
        });
    });
  }

  async #settle(outcome: Promise<CallToolResult>): Promise<void> {
    try {
      this.#outcome.resolve(await outcome);
    } catch (error) {
      const isOurs = error instanceof PlenumError;
      const what = `an interceptor threw: ${printable(messageOf(error), 500)}`;
      this.#outcome.reject(isOurs ? error : this.#error('PROTOCOL', what, { cause: error }));
    }
    this.#finish();
  }

  #finish(reason?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#limit?.stop();
    this.#stopTimer();
    if (reason !== undefined || this.#requests > 0) this.#cancel.abort(reason ?? this.#ended());
  }

  async #enter(depth: number, args: Arguments, options: InterceptedCallOptions): Promise<CallToolResult> {
    if (this.#isOver) throw this.#ended();
    const interceptor = this.#interceptors[depth];
    if (interceptor === undefined) return this.#send(args, options);

    const attempt = (this.#attempts[depth] ?? 0) + 1;
    this.#attempts[depth] = attempt;
    const next: InterceptorNext = (changes = {}) => {
      const onward = this.#enter(depth + 1, changes.args ?? args, { ...options, ...changes.options });
      // An interceptor may not await it: then its rejection must not be reported as unhandled.
      onward.catch(() => {});
      return onward;
    };
    const { name, definition } = this.target;
    const { server, upstreamName: tool } = definition;
    const { signal } = this.#cancel;
    const result: unknown = await interceptor(
      { name, server, tool, definition, args, options, attempt, signal },
      next,
    );
    if (isResult(result)) return result;
    const what = `interceptors[${depth}] returned no result. Return what next() gave, or a result of its own`;
    throw this.#error('INVALID_RESULT', what);
  }

  async #send(args: Arguments, options: InterceptedCallOptions): Promise<CallToolResult> {
    const { session, definition } = this.target;
    if (performance.now() > this.#lastStart) throw this.#error('SESSION_CLOSED', 'its server is closing');
    this.#requests++;
    this.#watch();
    try {
      const { signal } = this.#cancel;
      const result = await session.callTool(definition.upstreamName, args, { ...options, signal });
      this.#mayHaveRun = true;
      return result;
    } catch (error) {
      if (!(error instanceof PlenumError && error.maybeExecuted === false)) this.#mayHaveRun = true;
      throw error;
    } finally {
      this.#requests--;
      this.#watch();
    }
  }

  /** While the server is to be closed, a timer runs when no request is in flight: requests have limits of their own. */
  #watch(): void {
    this.#stopTimer();
    if (this.#lastStart === Infinity || this.#requests > 0 || this.#isOver) return;
    const what = `its server is closing, and an interceptor was not done within ${this.#timeoutMs} ms`;
    const expire = (): void => this.end('TIMEOUT', what, { data: { timeoutMs: this.#timeoutMs } });
    this.#stopTimer = startTimer(this.#timeoutMs, expire, { keepAlive: true });
  }

  #ended(): PlenumError {
    return this.#error('ABORTED', 'the call has ended; next() is of no use any more');
  }

  #error<Code extends EndCode>(
    code: Code,
    why: string,
    fields: PlenumErrorFields<Code> = {},
  ): PlenumError<Code> {
    const { server, upstreamName: tool } = this.target.definition;
    const maybeExecuted = this.#mayHaveRun || this.#requests > 0;
    return interceptedCallEnded(code, { tool, server }, why, { ...fields, maybeExecuted });
  }
}

/** Whether a value is a tool result, or an `input_required` result for callers with `allowInputRequired`. */
function isResult(value: unknown): value is CallToolResult {
  return isRecord(value) && (Array.isArray(value['content']) || value['resultType'] === 'input_required');
}
