import type { Progress, RequestOptions } from '@modelcontextprotocol/client';
import { PlenumError } from '../errors.ts';
import { LONGEST_TIMER_MS, startTimer } from '../internal/timers.ts';
import type { CallOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import type { InFlight } from './in-flight.ts';
import type { Supervisor } from './supervisor.ts';
import { timedOut, translateError } from './translate-error.ts';

export interface RequestRunnerOptions {
  readonly server: string;
  readonly timeoutMs: number;
  readonly supervisor: Supervisor;
  readonly inFlight: InFlight;
  /** A caller's progress callback threw. */
  readonly onProgressError: (error: unknown) => void;
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
    const { supervisor, inFlight, timeoutMs: sessionTimeoutMs } = this.#options;
    const { signal } = options;
    const timeoutMs = options.timeoutMs ?? sessionTimeoutMs;
    const totalMs = options.maxTotalTimeoutMs ?? Infinity;
    if (signal?.aborted === true) throw this.#aborted(doing, signal);

    const startedAt = performance.now();
    let spentMs = 0;
    const wait = async (): Promise<Connection> => {
      const ready = await supervisor.whenReady(Math.min(timeoutMs, totalMs) - spentMs, signal, doing);
      spentMs = performance.now() - startedAt;
      return ready;
    };

    let connection = supervisor.ready ?? (await wait());
    for (let resent = false; ; resent = true) {
      inFlight.enter();
      try {
        return await this.#send(doing, options, timeoutMs - spentMs, totalMs - spentMs, connection, send);
      } catch (error) {
        // Row S16: the server did not know the session, so the request surely did not run.
        if (!(error instanceof PlenumError) || error.code !== 'SESSION_EXPIRED' || resent) throw error;
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
    const { server, supervisor } = this.#options;
    const limit = new Limit(options.signal, totalMs);
    try {
      return await send(connection, this.#requestOptions(options, timeoutMs, limit.signal));
    } catch (error) {
      if (limit.expired)
        throw timedOut(`${doing} on server "${server}"`, options.maxTotalTimeoutMs, { server });
      if (options.signal?.aborted === true) throw this.#aborted(doing, options.signal);
      const closed = connection.ended
        ? supervisor.sessionClosedError(`${doing} on server "${server}"`)
        : undefined;
      if (closed !== undefined) throw closed;
      const end = connection.ended ? (connection.end ?? { what: 'closed the connection' }) : undefined;
      throw translateError(error, {
        server,
        doing,
        timeoutMs: options.timeoutMs ?? this.#options.timeoutMs,
        end,
      });
    } finally {
      limit.stop();
    }
  }

  #requestOptions(options: CallOptions, timeoutMs: number, signal: AbortSignal | undefined): RequestOptions {
    const { onProgress, resumptionToken, onResumptionToken } = options;
    return {
      timeout: Math.min(Math.max(timeoutMs, 0), LONGEST_TIMER_MS),
      ...(signal !== undefined && { signal }),
      ...(options.resetTimeoutOnProgress === true && { resetTimeoutOnProgress: true }),
      ...(onProgress !== undefined && { onprogress: this.#contained(onProgress) }),
      ...(resumptionToken !== undefined && { resumptionToken }),
      ...(onResumptionToken !== undefined && { onresumptiontoken: onResumptionToken }),
      ...(options.allowInputRequired === true && { allowInputRequired: true }),
    };
  }

  /** Row S10: a callback that throws is its caller's trouble, not the connection's. */
  #contained(onProgress: (progress: Progress) => void): (progress: Progress) => void {
    return (progress) => {
      try {
        onProgress(progress);
      } catch (error) {
        this.#options.onProgressError(error);
      }
    };
  }

  #aborted(doing: string, signal: AbortSignal): PlenumError {
    const { server } = this.#options;
    return new PlenumError('ABORTED', `${doing} on server "${server}": given up by the caller.`, {
      server,
      cause: signal.reason,
    });
  }
}

/**
 * One signal for a caller's own and a total time limit. The official client checks its total limit only when
 * progress arrives; row S3 wants it to hold whatever happens.
 */
class Limit {
  readonly signal: AbortSignal | undefined;
  expired = false;
  readonly stop: () => void;

  constructor(caller: AbortSignal | undefined, totalMs: number) {
    if (totalMs === Infinity) {
      this.signal = caller;
      this.stop = () => {};
      return;
    }
    const controller = new AbortController();
    this.signal = controller.signal;
    const onAbort = (): void => controller.abort(caller?.reason);
    const stopTimer = startTimer(
      totalMs,
      () => {
        this.expired = true;
        controller.abort(new Error('The total time limit of the call has passed.'));
      },
      { keepAlive: true },
    );
    caller?.addEventListener('abort', onAbort, { once: true });
    this.stop = () => {
      stopTimer();
      caller?.removeEventListener('abort', onAbort);
    };
  }
}
