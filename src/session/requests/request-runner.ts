import type { RequestOptions } from '@modelcontextprotocol/client';
import { notConnectedInTime } from '../../errors/call.ts';
import { aborted } from '../../errors/session-end.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Limit, sleep } from '../../internal/limit.ts';
import { LONGEST_TIMER_MS } from '../../internal/timers.ts';
import { relatedNumber, type RevocableCallOptions } from '../call-options.ts';
import type { Connection } from '../connection/connection.ts';
import { Unfinished } from '../connection/direct-calls.ts';
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
  /** Called when a callback in the options of a call threw. */
  readonly onCallbackError: (error: unknown) => void;
}

/** The wait before a call that did not leave is sent over the same connection again, in milliseconds; it doubles. */
const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 1_000;

/** The reason that the server is told when a call is cancelled at its time limit. */
function callExpired(): Error {
  return new Error('The time limit of the call has passed.');
}

/** The reason that the server is told when the caller cancels: the caller's own may be no business of the server. */
function callCancelled(): Error {
  return new Error('The caller cancelled the call.');
}

/** What a request is for. */
export interface RequestInfo {
  /** Begins the message of each error: `Calling tool "x"`. */
  readonly doing: string;
  readonly method: string;
  /** The tool that is called. */
  readonly tool?: string;
}

/** A request that can be sent over any connection of its session. */
export interface SessionRequest<T> extends RequestInfo {
  /** Whether `send` goes past the official client over this connection. Asked before each `send`. */
  isDirect?(connection: Connection): boolean;
  send(connection: Connection, options: RequestOptions): Promise<T | Unfinished<T>>;
}

/** One request of a caller, from `run` to its result. It is sent again only when it certainly did not run. */
interface Call {
  readonly request: RequestInfo;
  readonly options: RevocableCallOptions;
  readonly timeoutMs: number;
  readonly totalMs: number;
  readonly startedAt: number;
  /** How long it waited for a connection, in milliseconds; part of its time limits. */
  waitedMs: number;
  /** Whether it has met an expired HTTP session. */
  expired: boolean;
  /** How often it failed before anything of it was sent. */
  unsent: number;
}

/**
 * Sends requests: waits for a connection, holds the time limits and signals of the caller, sends once more what certainly
 * did not run, and turns every error into a `PlenumError`.
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
    for (;;) {
      // The transport knows that the server is gone a moment before the connection has ended.
      if (connection.end !== undefined) {
        supervisor.connectionLost(connection, lostError(server, connection));
        connection = await this.#wait(call);
      }
      const lost = connection.ended ? connectionLost(this.#context(call, connection), false) : undefined;
      const isDirect = request.isDirect?.(connection) === true;
      let limit = this.#limitOf(call, connection, isDirect, call.waitedMs);
      let failure: PlenumError;
      inFlight.enter();
      try {
        if (lost !== undefined) throw lost;
        const answer = request.send(connection, this.#requestOptions(call, connection, limit?.signal));
        const result = await (limit === undefined ? answer : limit.hold(answer));
        if (!(result instanceof Unfinished)) return result;
        limit?.stop();
        limit = this.#limitOf(call, connection, false, performance.now() - call.startedAt);
        const rest = result.finish(this.#requestOptions(call, connection, limit?.signal));
        return await (limit === undefined ? rest : limit.hold(rest));
      } catch (thrown) {
        failure = lost ?? this.#explain(thrown, call, connection, limit);
      } finally {
        limit?.stop();
        inFlight.leave();
      }
      connection = await this.#next(call, connection, failure);
    }
  }

  /** The connection for another try of a call that certainly did not run. Throws the error of any other call. */
  async #next(call: Call, connection: Connection, error: PlenumError): Promise<Connection> {
    const { code, maybeExecuted } = error;
    const { foreign } = connection;
    if (code === 'SESSION_EXPIRED' && maybeExecuted !== true && !call.expired) {
      call.expired = true;
      this.#options.supervisor.connectionLost(connection, error);
    } else if (code !== 'CONNECTION_LOST' || maybeExecuted !== false || foreign === 'client') {
      throw error;
    } else if (foreign === 'session') {
      // The request may fail a moment before the status of the leased session says that its connection is lost.
      this.#options.supervisor.connectionLost(connection, error);
    } else {
      await this.#untilEnded(call, connection, error);
    }
    return this.#wait(call);
  }

  /**
   * Waits until a connection has ended over which a call could not be sent, as most often it is about to; or, when it was
   * only disturbed, until the call may be sent over it again.
   */
  async #untilEnded(call: Call, { end, gone }: Connection, reason: PlenumError): Promise<void> {
    if (end !== undefined) return;
    const { request, options } = call;
    const { server } = this.#options;
    const leftMs = this.#leftMs(call);
    if (leftMs <= 0) throw notConnectedInTime({ doing: request.doing, server }, this.#limitMs(call), reason);
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** call.unsent++, LONGEST_RETRY_MS);
    await sleep(Math.min(delayMs, leftMs), gone, options.signal, options.revoked);
  }

  #limitMs({ timeoutMs, totalMs }: Call): number {
    return Math.min(timeoutMs, totalMs);
  }

  #leftMs(call: Call): number {
    return this.#limitMs(call) - (performance.now() - call.startedAt);
  }

  #begin(request: RequestInfo, options: RevocableCallOptions): Call {
    const { timeoutMs = this.#options.timeoutMs, maxTotalTimeoutMs: totalMs = Infinity, signal } = options;
    if (signal?.aborted === true) throw this.#aborted(request, signal, false);
    const startedAt = performance.now();
    return { request, options, timeoutMs, totalMs, startedAt, waitedMs: 0, expired: false, unsent: 0 };
  }

  async #wait(call: Call): Promise<Connection> {
    const { request, options, startedAt } = call;
    const signals = [options.signal, options.revoked];
    const ready = await this.#options.supervisor.whenReady(this.#leftMs(call), signals, request.doing);
    call.waitedMs = performance.now() - startedAt;
    for (const signal of signals) {
      if (signal?.aborted === true) throw this.#aborted(request, signal, false);
    }
    return ready;
  }

  /**
   * The limit of a call, beside the timer of the official client for `timeoutMs`; undefined when that timer is enough. The
   * official client checks its total limit only when progress arrives, and waits for our handlers without a limit.
   */
  #limitOf(
    { options, timeoutMs, totalMs, waitedMs }: Call,
    connection: Connection,
    isDirect: boolean,
    passedMs: number,
  ): Limit | undefined {
    // Cases in which the client does not settle a request when the connection ends: in the 2026-07-28 era it may be
    // waiting for one of our handlers, and a foreign client may go on without this session.
    const mayOutlast = (connection.era === 'modern' && !isDirect) || connection.foreign !== undefined;
    const isCancellable = options.signal !== undefined || options.revoked !== undefined;
    if (!mayOutlast && !isCancellable && totalMs === Infinity) return undefined;
    const total = { ms: totalMs - passedMs, expired: callExpired };
    const given = { signal: options.signal, reason: callCancelled };
    const taken = { signal: options.revoked, reason: callCancelled };
    if (!mayOutlast) return new Limit(total, given, taken);
    const { closing } = this.#options.supervisor;
    // `close` waits for the call; without this it could wait for a handler without end.
    const end = { signal: closing, graceMs: timeoutMs - waitedMs };
    return new Limit(total, given, taken, connection.gone, end);
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
      // The transport knows why a moment before the connection has ended.
      end: connection.end ?? (connection.ended ? { what: 'closed the connection' } : undefined),
    };
  }

  /** The context of a call that reached a time limit: names the option that sets it. */
  #limitContext(call: Call, connection: Connection): ErrorContext {
    const context = this.#context(call, connection);
    const { totalMs } = call;
    return totalMs === Infinity ? context : { ...context, timeoutMs: totalMs, limit: 'maxTotalTimeoutMs' };
  }

  #requestOptions(
    { options, timeoutMs, waitedMs }: Call,
    connection: Connection,
    signal: AbortSignal | undefined,
  ): RequestOptions {
    const timeout = Math.min(Math.max(timeoutMs - waitedMs, 1), LONGEST_TIMER_MS);
    const { onProgress, resetTimeoutOnProgress, resumptionToken, onResumptionToken, allowInputRequired } =
      options;
    const given: RequestOptions = { timeout };
    if (signal !== undefined) given.signal = signal;
    if (resetTimeoutOnProgress === true) given.resetTimeoutOnProgress = true;
    // The official client asks for progress only if it is given a callback.
    if (onProgress !== undefined) given.onprogress = this.#guarded(onProgress);
    else if (resetTimeoutOnProgress === true) given.onprogress = () => {};
    if (resumptionToken !== undefined) given.resumptionToken = resumptionToken;
    if (onResumptionToken !== undefined) given.onresumptiontoken = this.#guarded(onResumptionToken);
    if (allowInputRequired === true) given.allowInputRequired = true;
    const number = options[relatedNumber];
    // Any other transport has no stream for each request, and a custom one may take it for something else.
    if (number !== undefined && connection.perRequestStream) given.relatedRequestId = number;
    return given;
  }

  /** The same callback, but what it throws or rejects with is reported, and does not disturb the connection. */
  #guarded<A>(callback: (argument: A) => unknown): (argument: A) => void {
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
