import type { RequestOptions } from '@modelcontextprotocol/client';
import { aborted } from '../../errors/session-end.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Limit } from '../../internal/limit.ts';
import { LONGEST_TIMER_MS } from '../../internal/timers.ts';
import type { RevocableCallOptions } from '../call-options.ts';
import type { Connection } from '../connection/connection.ts';
import type { InFlight } from '../supervision/in-flight.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import {
  connectionLost,
  lostError,
  timedOut,
  translateError,
  type ErrorContext,
} from '../errors/translate-error.ts';

export interface RequestRunnerOptions {
  readonly server: string;
  readonly timeoutMs: number;
  readonly supervisor: Supervisor;
  readonly inFlight: InFlight;
  /** A callback of a caller's threw. */
  readonly onCallbackError: (error: unknown) => void;
}

/** Whether a request surely did not run, and may be sent on the next connection. */
function neverRan({ code, maybeExecuted }: PlenumError, { foreign }: Connection): boolean {
  // The server did not know the HTTP session, so it did not run the request.
  if (code === 'SESSION_EXPIRED') return true;
  // A request on a session from a source may fail before that session's own status says that its connection is gone.
  return foreign === 'session' && code === 'CONNECTION_LOST' && maybeExecuted === false;
}

/** What the server is told of a call that ran out of time. */
function callExpired(): Error {
  return new Error('The time limit of the call has passed.');
}

/** What a request is. */
export interface RequestInfo {
  /** Begins the message of any error: `Calling tool "x"`. */
  readonly doing: string;
  readonly method: string;
  /** The tool that is called. */
  readonly tool?: string;
}

/** A request that can be sent over any connection of its session. */
export interface SessionRequest<T> extends RequestInfo {
  send(connection: Connection, options: RequestOptions): Promise<T>;
}

/** One request on its way, over one connection or two. */
interface Call {
  readonly request: RequestInfo;
  readonly options: RevocableCallOptions;
  readonly timeoutMs: number;
  readonly totalMs: number;
  readonly startedAt: number;
  /** How much of its time it has waited for a connection, in milliseconds. */
  waitedMs: number;
}

/**
 * Sends requests over the present connection, or the next one when there is none, within their callers' limits; makes
 * errors of Plenum of what fails.
 */
export class RequestRunner {
  readonly #options: RequestRunnerOptions;

  constructor(options: RequestRunnerOptions) {
    this.#options = options;
  }

  async run<T>(request: SessionRequest<T>, options: RevocableCallOptions): Promise<T> {
    const { server, supervisor, inFlight } = this.#options;
    const call = this.#begin(request, options);
    let connection = supervisor.ready ?? (await this.#wait(call));
    for (let resent = false; ; resent = true) {
      // The transport knows first that the server is gone.
      if (connection.end !== undefined) {
        supervisor.connectionLost(connection, lostError(server, connection));
        connection = await this.#wait(call);
      }
      const lost = connection.ended ? connectionLost(this.#context(call, connection), false) : undefined;
      const limit = this.#limitOf(call, connection);
      inFlight.enter();
      try {
        if (lost !== undefined) throw lost;
        const answer = request.send(connection, this.#requestOptions(call, limit?.signal));
        return await (limit === undefined ? answer : limit.hold(answer));
      } catch (thrown) {
        const error = lost ?? this.#explain(thrown, call, connection, limit);
        if (resent || !neverRan(error, connection)) throw error;
        supervisor.connectionLost(connection, error);
      } finally {
        limit?.stop();
        inFlight.leave();
      }
      connection = await this.#wait(call);
    }
  }

  #begin(request: RequestInfo, options: RevocableCallOptions): Call {
    const { timeoutMs = this.#options.timeoutMs, maxTotalTimeoutMs: totalMs = Infinity, signal } = options;
    if (signal?.aborted === true) throw this.#aborted(request, signal, false);
    return { request, options, timeoutMs, totalMs, startedAt: performance.now(), waitedMs: 0 };
  }

  async #wait(call: Call): Promise<Connection> {
    const { request, options, timeoutMs, totalMs, startedAt } = call;
    const signals = [options.signal, options.revoked];
    const leftMs = Math.min(timeoutMs, totalMs) - (performance.now() - startedAt);
    const ready = await this.#options.supervisor.whenReady(leftMs, signals, request.doing);
    call.waitedMs = performance.now() - startedAt;
    for (const signal of signals) {
      if (signal?.aborted === true) throw this.#aborted(request, signal, false);
    }
    return ready;
  }

  /**
   * What may end the call beside the official client's own timer; undefined when there is no such thing. The official
   * client checks its own total limit only when progress arrives, and waits for our handlers without any limit.
   */
  #limitOf({ options, timeoutMs, totalMs, waitedMs }: Call, connection: Connection): Limit | undefined {
    // In the 2026-07-28 era the client waits for our own handlers, which may wait for a person; and a foreign client
    // does not fail what is under way when we let go of it.
    const isHeld = connection.era === 'modern' || connection.foreign !== undefined;
    const isCancellable = options.signal !== undefined || options.revoked !== undefined;
    if (!isHeld && !isCancellable && totalMs === Infinity) return undefined;
    const total = { ms: totalMs - waitedMs, expired: callExpired };
    if (!isHeld) return new Limit(total, options.signal, options.revoked);
    const { closing } = this.#options.supervisor;
    // A handler that a closing session waits for has as much time as a request.
    const end = { signal: closing, graceMs: timeoutMs - waitedMs };
    return new Limit(total, options.signal, options.revoked, connection.gone, end);
  }

  #explain(thrown: unknown, call: Call, connection: Connection, limit: Limit | undefined): PlenumError {
    const { signal, revoked } = call.options;
    if (limit?.verdict?.by === 'deadline') return timedOut(this.#limitContext(call, connection));
    if (signal?.aborted === true) return this.#aborted(call.request, signal, true);
    if (revoked?.aborted === true) return this.#aborted(call.request, revoked, true);
    const context = this.#context(call, connection);
    const closed = connection.ended ? this.#options.supervisor.sessionClosedError(context.doing) : undefined;
    return closed ?? translateError(thrown, context);
  }

  #context({ request, timeoutMs }: Call, connection: Connection): ErrorContext {
    const { server } = this.#options;
    return {
      server,
      doing: `${request.doing} on server "${server}"`,
      timeoutMs,
      // A transport that lost its server says so a moment before its connection has ended.
      end: connection.end ?? (connection.ended ? { what: 'closed the connection' } : undefined),
    };
  }

  /** The context of a call that one of our own limits ended: says which. */
  #limitContext(call: Call, connection: Connection): ErrorContext {
    const context = this.#context(call, connection);
    const { totalMs } = call;
    return totalMs === Infinity ? context : { ...context, timeoutMs: totalMs, limit: 'maxTotalTimeoutMs' };
  }

  #requestOptions({ options, timeoutMs, waitedMs }: Call, signal: AbortSignal | undefined): RequestOptions {
    const timeout = Math.min(Math.max(timeoutMs - waitedMs, 1), LONGEST_TIMER_MS);
    const { onProgress, resetTimeoutOnProgress, resumptionToken, onResumptionToken, allowInputRequired } =
      options;
    const given: RequestOptions = { timeout };
    if (signal !== undefined) given.signal = signal;
    if (resetTimeoutOnProgress === true) given.resetTimeoutOnProgress = true;
    // A server reports progress only to a request that asks for it.
    if (onProgress !== undefined) given.onprogress = this.#contained(onProgress);
    else if (resetTimeoutOnProgress === true) given.onprogress = () => {};
    if (resumptionToken !== undefined) given.resumptionToken = resumptionToken;
    if (onResumptionToken !== undefined) given.onresumptiontoken = this.#contained(onResumptionToken);
    if (allowInputRequired === true) given.allowInputRequired = true;
    return given;
  }

  /** An error that a caller's callback throws, at once or later, is reported and does not reach the connection. */
  #contained<A>(callback: (argument: A) => unknown): (argument: A) => void {
    const call = async (argument: A): Promise<void> => {
      try {
        await callback(argument);
      } catch (error) {
        this.#options.onCallbackError(error);
      }
    };
    return (argument) => void call(argument);
  }

  #aborted({ doing }: RequestInfo, signal: AbortSignal, maybeExecuted: boolean): PlenumError {
    const { server } = this.#options;
    return aborted(`${doing} on server "${server}"`, { server, cause: signal.reason, maybeExecuted });
  }
}
