import { onAbort } from '../../internal/limit.ts';
import { startTimer } from '../../internal/timers.ts';
import type { RevocableCallOptions } from '../call-options.ts';

/** What may end a call in which the client waits for our own handlers, as it does in the 2026-07-28 era. */
export interface Held {
  /** The connection ended. */
  readonly gone: AbortSignal;
  /** The session is closing; a handler then has `patienceMs` left. */
  readonly closing: AbortSignal;
  readonly patienceMs: number;
}

/**
 * What ends a call before its answer: the caller's signal, a total time limit, the end of its connection. The
 * official client checks its own total limit only when progress arrives, and waits for handlers without any; row
 * S3 wants limits to hold whatever happens.
 */
export class CallLimit {
  /** Aborts when the request should be cancelled. */
  readonly signal: AbortSignal;
  /** Whether it was a time limit that ended the call. */
  expired = false;
  readonly #stops: (() => void)[] = [];
  #reject: ((reason: unknown) => void) | undefined;

  constructor(
    { signal: caller, revoked }: Pick<RevocableCallOptions, 'signal' | 'revoked'>,
    totalMs: number,
    held: Held | undefined,
  ) {
    const controller = new AbortController();
    this.signal = controller.signal;
    const end = (reason: unknown): void => {
      controller.abort(reason);
      this.#reject?.(reason);
    };
    const expire = (): void => {
      this.expired = true;
      end(new Error('The time limit of the call has passed.'));
    };
    this.#stops.push(
      onAbort(caller, () => end(caller?.reason)),
      onAbort(revoked, () => end(revoked?.reason)),
      startTimer(totalMs, expire),
    );
    if (held === undefined) return;
    const { gone, closing, patienceMs } = held;
    this.#stops.push(
      onAbort(gone, () => end(gone.reason)),
      onAbort(closing, () => this.#stops.push(startTimer(patienceMs, expire, { keepAlive: true }))),
    );
  }

  /** Settles as `work` does, or rejects when the limit is reached first. */
  hold<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      work.then(resolve, reject);
    });
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}
