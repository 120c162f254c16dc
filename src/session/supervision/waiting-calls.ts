import { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { Limit } from '../../internal/limit.ts';
import type { Connection } from '../connection/connection.ts';

/** Calls that wait for a connection, each within its own limits. */
export class WaitingCalls {
  readonly #server: string;
  readonly #limit: number;
  readonly #waiters = new Set<Deferred<Connection>>();

  constructor(server: string, limit: number) {
    this.#server = server;
    this.#limit = limit;
  }

  /** Resolves with the next connection. Rejects with `TIMEOUT`, `ABORTED`, or `NOT_CONNECTED` when too many wait. */
  async next(
    timeoutMs: number,
    signals: readonly (AbortSignal | undefined)[],
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
    const limit = new Limit(
      {
        ms: timeoutMs,
        expired: () => {
          const why = reason === undefined ? '' : ` (${reason.message})`;
          const message = `${doing}: server "${server}" did not connect within ${Math.round(Math.max(timeoutMs, 0))} ms${why}. The request was not sent.`;
          return new PlenumError('TIMEOUT', message, { server, cause: reason, maybeExecuted: false });
        },
      },
      ...signals.map((signal) => ({
        signal,
        reason: (cause: unknown) => {
          const message = `${doing} on server "${server}": given up by the caller.`;
          return new PlenumError('ABORTED', message, { server, cause, maybeExecuted: false });
        },
      })),
    );
    const waiter = createDeferred<Connection>();
    this.#waiters.add(waiter);
    try {
      return await limit.hold(waiter.promise);
    } finally {
      limit.stop();
      this.#waiters.delete(waiter);
    }
  }

  /** Settles them all. */
  settle(outcome: Connection | PlenumError): void {
    for (const { resolve, reject } of this.#waiters) {
      if (outcome instanceof PlenumError) reject(outcome);
      else resolve(outcome);
    }
    this.#waiters.clear();
  }
}
