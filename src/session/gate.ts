import { PlenumError } from '../errors.ts';
import { onAbort } from '../internal/abort-fan.ts';
import { startTimer, type StopTimer } from '../internal/timers.ts';

export interface GatePatience {
  /** How long one that is on its way keeps its place for certain, in milliseconds. */
  readonly patienceMs: number;
  /** How much time passes between two that lose their place, in milliseconds. */
  readonly paceMs: number;
}

/**
 * Lets so many go at a time, in the order in which they came. Most are there within moments; one that takes long waits
 * for something, and must not keep the others waiting: it goes on without a place. One at a time, however: where many
 * take long, the machine may have more to do than it can, and more of them would only make it worse.
 */
export class Gate {
  readonly #places: number;
  readonly #patience: GatePatience;
  readonly #queue = new Set<() => void>();
  /** Since when each has had its place, by `performance.now()`; in that order. */
  readonly #holders = new Map<symbol, number>();
  #lastLossAt = -Infinity;
  #stopTimer: StopTimer | undefined;

  constructor(places: number, patience: GatePatience) {
    this.#places = places;
    this.#patience = patience;
  }

  /** Calls `go` when it is its turn. Rejects with `ABORTED` when `signal` gives up the wait. */
  pass<T>(go: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#queue.delete(enter);
        const message = 'Waiting for a turn to connect: given up.';
        reject(new PlenumError('ABORTED', message, { cause: signal.reason }));
      };
      const enter = (): void => {
        stopListening();
        const going = go();
        this.#hold(going);
        going.then(resolve, reject);
      };
      if (signal.aborted) return giveUp();
      const stopListening = onAbort(signal, giveUp);
      this.#queue.add(enter);
      this.#admit();
    });
  }

  #hold(going: Promise<unknown>): void {
    const place = Symbol('place');
    this.#holders.set(place, performance.now());
    const leave = (): void => {
      this.#holders.delete(place);
      this.#admit();
    };
    going.then(leave, leave);
  }

  #admit(): void {
    for (const enter of this.#queue) {
      if (this.#holders.size >= this.#places) break;
      this.#queue.delete(enter);
      enter();
    }
    this.#watch();
  }

  /** While somebody waits, the oldest place is looked after. */
  #watch(): void {
    const [oldest] = this.#holders;
    if (this.#queue.size === 0 || oldest === undefined) {
      this.#stopTimer?.();
      this.#stopTimer = undefined;
      return;
    }
    if (this.#stopTimer !== undefined) return;
    const { patienceMs, paceMs } = this.#patience;
    const dueAt = Math.max(oldest[1] + patienceMs, this.#lastLossAt + paceMs);
    const look = (): void => {
      this.#stopTimer = undefined;
      this.#takeAway(performance.now() - patienceMs);
      this.#admit();
    };
    this.#stopTimer = startTimer(dueAt - performance.now(), look, { keepAlive: true });
  }

  /** Takes the oldest place away, unless it is younger than that. */
  #takeAway(since: number): void {
    const [oldest] = this.#holders;
    if (oldest === undefined || oldest[1] > since) return;
    this.#holders.delete(oldest[0]);
    this.#lastLossAt = performance.now();
  }
}
