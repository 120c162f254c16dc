import { notConnectedInTime, tooManyWaiting } from '../../errors/call.ts';
import { aborted } from '../../errors/session-end.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { Limit } from '../../internal/limit.ts';
import type { Connection } from '../connection/connection.ts';

/** Calls that wait for a connection, each until its own timeout or signal ends the wait. */
export class WaitingCalls {
  readonly #server: string;
  readonly #limit: number;
  readonly #waiters = new Set<Deferred<Connection>>();

  constructor(server: string, limit: number) {
    this.#server = server;
    this.#limit = limit;
  }

  /**
   * Resolves with the next connection. `reason` says in errors why there is none now. Rejects with `TIMEOUT`, `ABORTED`,
   * `NOT_CONNECTED` when too many calls wait, or the error given to `settle`.
   */
  async next(
    timeoutMs: number,
    signals: readonly (AbortSignal | undefined)[],
    doing: string,
    reason: PlenumError | undefined,
  ): Promise<Connection> {
    const server = this.#server;
    if (this.#waiters.size >= this.#limit) {
      throw tooManyWaiting({ doing, server }, this.#limit, reason);
    }
    const limit = new Limit(
      {
        ms: timeoutMs,
        expired: () => {
          return notConnectedInTime({ doing, server }, timeoutMs, reason);
        },
      },
      ...signals.map((signal) => ({
        signal,
        reason: (cause: unknown) => {
          return aborted(`${doing} on server "${server}"`, { server, cause, maybeExecuted: false });
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

  /** Resolves or rejects all waiting calls. */
  settle(outcome: Connection | PlenumError): void {
    for (const { resolve, reject } of this.#waiters) {
      if (outcome instanceof PlenumError) reject(outcome);
      else resolve(outcome);
    }
    this.#waiters.clear();
  }
}
