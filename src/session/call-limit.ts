import { onAbort } from '../internal/abort-fan.ts';
import { startTimer } from '../internal/timers.ts';

/**
 * What ends a call before its answer: the caller's signal, a total time limit, the end of its connection. The
 * official client checks its own total limit only when progress arrives, and waits for handlers without any; row
 * S3 wants limits to hold whatever happens.
 */
export class CallLimit {
  /** Aborts when the request should be cancelled. */
  readonly signal: AbortSignal | undefined;
  /** Whether it was the time limit that ended the call. */
  expired = false;
  readonly #stops: (() => void)[] = [];
  #reject: ((reason: unknown) => void) | undefined;

  constructor(caller: AbortSignal | undefined, totalMs: number, gone: AbortSignal | undefined) {
    if (gone !== undefined) this.#stops.push(onAbort(gone, () => this.#reject?.(gone.reason)));
    if (caller === undefined && totalMs === Infinity) return;
    const controller = new AbortController();
    this.signal = controller.signal;
    const end = (reason: unknown): void => {
      controller.abort(reason);
      this.#reject?.(reason);
    };
    this.#stops.push(
      onAbort(caller, () => end(caller?.reason)),
      startTimer(totalMs, () => {
        this.expired = true;
        end(new Error('The total time limit of the call has passed.'));
      }),
    );
  }

  /** Settles as `work` does, or rejects when the limit is reached first. */
  hold<T>(work: Promise<T>): Promise<T> {
    if (this.#stops.length === 0) return work;
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      work.then(resolve, reject);
    });
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}
