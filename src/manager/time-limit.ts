import { onAbort } from '../internal/limit.ts';
import { startTimer } from '../internal/timers.ts';

/** What ends something early, beside its own time: when `signal` aborts, `reason` makes the error to end it with. */
export interface EarlyEnd {
  readonly signal: AbortSignal | undefined;
  readonly reason: (cause: unknown) => unknown;
}

/** A time that something may take. Its signal aborts, with the error to reject with, when that is over. */
export class TimeLimit {
  readonly #abort = new AbortController();
  readonly #stops: (() => void)[] = [];

  constructor(ms: number, expired: () => unknown, ...ends: readonly EarlyEnd[]) {
    this.#stops.push(startTimer(ms, () => this.#abort.abort(expired()), { keepAlive: true }));
    for (const { signal, reason } of ends) {
      if (signal === undefined) continue;
      const end = (): void => this.#abort.abort(reason(signal.reason));
      this.#stops.push(onAbort(signal, end));
      if (signal.aborted) end();
    }
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  throwIfOver(): void {
    if (this.signal.aborted) throw this.signal.reason;
  }

  /** What to report of something that failed with `error`: why it was ended, if it was. */
  verdict(error: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : error;
  }

  /** Settles as `work` does, or rejects as soon as the time is over. */
  async hold<T>(work: T | Promise<T>): Promise<T> {
    let stop = (): void => {};
    const over = new Promise<never>((_, reject) => {
      stop = onAbort(this.signal, () => reject(this.signal.reason));
      if (this.signal.aborted) reject(this.signal.reason);
    });
    try {
      return await Promise.race([work, over]);
    } catch (error) {
      throw this.verdict(error);
    } finally {
      stop();
    }
  }

  /** Ends timer and listeners; the signal stays as it is. */
  stop(): void {
    for (const stop of this.#stops) stop();
  }
}
