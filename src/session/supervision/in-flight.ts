import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';

/** Counts the calls in flight, so that `close()` can wait for them. */
export class InFlight {
  readonly #listeners = new Set<() => void>();
  #count = 0;
  #idle: Deferred<void> | undefined;

  /** How many calls are in flight. */
  get count(): number {
    return this.#count;
  }

  enter(): void {
    this.#count++;
  }

  leave(): void {
    if (--this.#count > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** Resolves when no call is in flight. */
  async idle(): Promise<void> {
    if (this.#count === 0) return;
    this.#idle ??= createDeferred();
    await this.#idle.promise;
  }

  /** Calls `listener` whenever the last call in flight has ended. Returns the function that removes it. */
  onIdle(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Calls `onIdle` when no call has been in flight for `idleMs` milliseconds, until it is stopped. */
export class IdleTimer {
  readonly #inFlight: InFlight;
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #stopTimer: StopTimer | undefined;
  readonly #stopListening: () => void;
  /** When the last call ended, by `performance.now()`. */
  #usedAt = 0;

  constructor(inFlight: InFlight, idleMs: number, onIdle: () => void) {
    this.#inFlight = inFlight;
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
    this.#stopListening = inFlight.onIdle(() => this.#noteUse());
    this.#noteUse();
  }

  stop(): void {
    this.#stopListening();
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /**
   * Does not restart a running timer, which would cost time in every call: the timer compares `#usedAt` when it fires.
   */
  #noteUse(): void {
    this.#usedAt = performance.now();
    if (this.#stopTimer === undefined) this.#arm(this.#idleMs);
  }

  #arm(ms: number): void {
    this.#stopTimer = startTimer(ms, () => this.#check());
  }

  #check(): void {
    this.#stopTimer = undefined;
    if (this.#inFlight.count > 0) return; // The end of the last call starts the timer again.
    const leftMs = this.#usedAt + this.#idleMs - performance.now();
    if (leftMs > 0) this.#arm(leftMs);
    else this.#onIdle();
  }
}
