import { PlenumError } from '../../errors/plenum-error.ts';
import { onAbort } from '../../internal/abort-fan.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { startTimer } from '../../internal/timers.ts';
import type { Connection } from '../connection/connection.ts';

interface Waiter {
  /** Settles the wait, and ends its timer and listener. */
  readonly settle: (outcome: Connection | PlenumError) => void;
}

/** Calls that wait for a connection, each within its own limits. */
export class WaitingCalls {
  readonly #server: string;
  readonly #limit: number;
  readonly #waiters = new Set<Waiter>();

  constructor(server: string, limit: number) {
    this.#server = server;
    this.#limit = limit;
  }

  /** Resolves with the next connection. Rejects with `TIMEOUT`, `ABORTED`, or `NOT_CONNECTED` when too many wait. */
  async next(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    doing: string,
    reason: PlenumError | undefined,
  ): Promise<Connection> {
    const server = this.#server;
    if (this.#waiters.size >= this.#limit) {
      const what = `is not connected, and ${this.#limit} calls wait for it already`;
      throw new PlenumError('NOT_CONNECTED', `${doing}: session "${server}" ${what}.`, {
        server,
        cause: reason,
        maybeExecuted: false,
      });
    }
    const { promise, resolve, reject } = createDeferred<Connection>();
    const stopTimer = startTimer(
      timeoutMs,
      () => {
        const why = reason === undefined ? '' : ` (${reason.message})`;
        const message = `${doing}: server "${server}" did not connect within ${Math.round(Math.max(timeoutMs, 0))} ms${why}. The request was not sent.`;
        waiter.settle(new PlenumError('TIMEOUT', message, { server, cause: reason, maybeExecuted: false }));
      },
      { keepAlive: true },
    );
    const giveUp = (): void => {
      const message = `${doing} on server "${server}": given up by the caller.`;
      waiter.settle(
        new PlenumError('ABORTED', message, { server, cause: signal?.reason, maybeExecuted: false }),
      );
    };
    const stopListening = onAbort(signal, giveUp);
    const waiter: Waiter = {
      settle: (outcome) => {
        stopTimer();
        stopListening();
        this.#waiters.delete(waiter);
        if (outcome instanceof PlenumError) reject(outcome);
        else resolve(outcome);
      },
    };
    this.#waiters.add(waiter);
    return promise;
  }

  /** Settles them all. */
  settle(outcome: Connection | PlenumError): void {
    for (const waiter of this.#waiters) waiter.settle(outcome);
  }
}
