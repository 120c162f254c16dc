import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { InFlight } from './in-flight.ts';

/** Says when nobody has used a connection for a while. */
export class IdleTimer {
  readonly #inFlight: InFlight;
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #stopTimer: StopTimer | undefined;
  #stopListening: () => void = () => {};
  /** By `performance.now()`. */
  #usedAt = 0;

  constructor(inFlight: InFlight, idleMs: number, onIdle: () => void) {
    this.#inFlight = inFlight;
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
  }

  start(): void {
    this.stop();
    this.#stopListening = this.#inFlight.onIdle(() => this.#rest());
    this.#rest();
  }

  stop(): void {
    this.#stopListening();
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** One timer for any number of calls: it finds out for itself how long the last one is over. */
  #rest(): void {
    this.#usedAt = performance.now();
    if (this.#stopTimer === undefined) this.#arm(this.#idleMs);
  }

  #arm(ms: number): void {
    this.#stopTimer = startTimer(ms, () => this.#check());
  }

  #check(): void {
    this.#stopTimer = undefined;
    if (this.#inFlight.count > 0) return; // The end of the last call starts the next rest.
    const leftMs = this.#usedAt + this.#idleMs - performance.now();
    if (leftMs > 0) this.#arm(leftMs);
    else this.#onIdle();
  }
}
