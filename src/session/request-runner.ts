import type { RequestOptions } from '@modelcontextprotocol/client';
import { PlenumError } from '../errors.ts';
import { LONGEST_TIMER_MS } from '../internal/timers.ts';
import { CallLimit } from './call-limit.ts';
import type { CallOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import type { InFlight } from './in-flight.ts';
import type { Supervisor } from './supervisor.ts';
import { connectionLost, lostError, timedOut, translateError, type ErrorContext } from './translate-error.ts';

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
  // Row S16: the server did not know the session.
  if (code === 'SESSION_EXPIRED') return true;
  // A session on loan hears of the end of its connection a moment later than a request on it does.
  return foreign === 'session' && code === 'CONNECTION_LOST' && maybeExecuted === false;
}

type Send<T> = (connection: Connection, options: RequestOptions) => Promise<T>;

/** Carries requests to whatever connection there is, within the caller's limits, and translates what fails. */
export class RequestRunner {
  readonly #options: RequestRunnerOptions;

  constructor(options: RequestRunnerOptions) {
    this.#options = options;
  }

  /** `doing` starts the message of any error: `Calling tool "x"`. */
  async run<T>(doing: string, options: CallOptions, send: Send<T>): Promise<T> {
    const { server, supervisor, inFlight, timeoutMs: sessionTimeoutMs } = this.#options;
    const { signal } = options;
    const timeoutMs = options.timeoutMs ?? sessionTimeoutMs;
    const totalMs = options.maxTotalTimeoutMs ?? Infinity;
    if (!(timeoutMs >= 0 && totalMs >= 0)) throw this.#invalidTimeout(doing);
    if (signal?.aborted === true) throw this.#aborted(doing, signal, false);

    const startedAt = performance.now();
    let spentMs = 0;
    const wait = async (): Promise<Connection> => {
      const ready = await supervisor.whenReady(Math.min(timeoutMs, totalMs) - spentMs, signal, doing);
      spentMs = performance.now() - startedAt;
      if (signal?.aborted === true) throw this.#aborted(doing, signal, false);
      return ready;
    };

    let connection = supervisor.ready ?? (await wait());
    for (let resent = false; ; resent = true) {
      // The transport knows first that the server is gone.
      if (connection.end !== undefined) {
        supervisor.lose(connection, lostError(server, connection));
        connection = await wait();
      }
      inFlight.enter();
      try {
        return await this.#send(doing, options, timeoutMs - spentMs, totalMs - spentMs, connection, send);
      } catch (error) {
        if (!(error instanceof PlenumError) || resent || !neverRan(error, connection)) throw error;
        supervisor.lose(connection, error);
      } finally {
        inFlight.leave();
      }
      spentMs = performance.now() - startedAt;
      connection = await wait();
    }
  }

  async #send<T>(
    doing: string,
    options: CallOptions,
    timeoutMs: number,
    totalMs: number,
    connection: Connection,
    send: Send<T>,
  ): Promise<T> {
    const { supervisor } = this.#options;
    if (connection.ended) throw connectionLost(this.#context(doing, options, connection), false);
    // In the 2026-07-28 era the client waits for our own handlers, which may wait for a person; and a foreign client
    // does not fail what is under way when we let go of it.
    const held = (connection.era === 'modern' || connection.foreign !== undefined) && {
      gone: connection.gone,
      closing: supervisor.closing,
      patienceMs: timeoutMs,
    };
    const limit = new CallLimit(options.signal, totalMs, held || undefined);
    try {
      return await limit.hold(send(connection, this.#requestOptions(options, timeoutMs, limit.signal)));
    } catch (error) {
      if (limit.expired) throw timedOut(this.#limitOf(doing, options, connection));
      if (options.signal?.aborted === true) throw this.#aborted(doing, options.signal, true);
      const context = this.#context(doing, options, connection);
      const closed = connection.ended ? supervisor.sessionClosedError(context.doing) : undefined;
      throw closed ?? translateError(error, context);
    } finally {
      limit.stop();
    }
  }

  #context(doing: string, options: CallOptions, connection: Connection): ErrorContext {
    const { server, timeoutMs } = this.#options;
    return {
      server,
      doing: `${doing} on server "${server}"`,
      timeoutMs: options.timeoutMs ?? timeoutMs,
      // A transport that lost its server says so a moment before its connection has ended.
      end: connection.end ?? (connection.ended ? { what: 'closed the connection' } : undefined),
    };
  }

  /** The context of a call that one of our own limits ended: says which. */
  #limitOf(doing: string, options: CallOptions, connection: Connection): ErrorContext {
    const context = this.#context(doing, options, connection);
    const { maxTotalTimeoutMs = Infinity } = options;
    if (maxTotalTimeoutMs === Infinity) return context;
    return { ...context, timeoutMs: maxTotalTimeoutMs, limit: 'maxTotalTimeoutMs' };
  }

  #requestOptions(options: CallOptions, timeoutMs: number, signal: AbortSignal | undefined): RequestOptions {
    const { onProgress, resumptionToken, onResumptionToken } = options;
    return {
      timeout: Math.min(Math.max(timeoutMs, 0), LONGEST_TIMER_MS),
      ...(signal !== undefined && { signal }),
      ...(options.resetTimeoutOnProgress === true && { resetTimeoutOnProgress: true }),
      // A server reports progress only to a request that asks for it.
      ...(onProgress !== undefined && { onprogress: this.#contained(onProgress) }),
      ...(onProgress === undefined && options.resetTimeoutOnProgress === true && { onprogress: () => {} }),
      ...(resumptionToken !== undefined && { resumptionToken }),
      ...(onResumptionToken !== undefined && { onresumptiontoken: this.#contained(onResumptionToken) }),
      ...(options.allowInputRequired === true && { allowInputRequired: true }),
    };
  }

  /** Row S10: a callback that throws, at once or later, is its caller's trouble, not the connection's. */
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

  #invalidTimeout(doing: string): PlenumError {
    const { server } = this.#options;
    const message = `${doing} on server "${server}": "timeoutMs" and "maxTotalTimeoutMs" must be numbers of milliseconds, 0 or more.`;
    return new PlenumError('CONFIG_INVALID', message, { server });
  }

  #aborted(doing: string, signal: AbortSignal, maybeExecuted: boolean): PlenumError {
    const { server } = this.#options;
    const message = `${doing} on server "${server}": given up by the caller.`;
    return new PlenumError('ABORTED', message, { server, cause: signal.reason, maybeExecuted });
  }
}
