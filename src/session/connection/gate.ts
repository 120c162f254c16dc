import { aborted } from '../../errors/session-end.ts';
import { onAbort } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';

/** Bounds how many connections come up at a time: calls `open` when it is its turn. */
export type ConnectGate = <T>(open: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export interface GateOptions {
  /** How many may be on their way at a time. */
  readonly places: number;
  /** How many there may be once it has turned out that they are quick. */
  readonly mostPlaces: number;
  /** How long a quick one takes at most, in milliseconds. */
  readonly quickMs: number;
  /** How long one that is on its way keeps its place for certain, in milliseconds. */
  readonly holdMs: number;
  /** How much time passes between two that lose their place, in milliseconds. */
  readonly paceMs: number;
}

/**
 * Lets so many go at a time, in the order in which they came. Each that was quick makes room for one more. One that takes
 * long waits for something, and must not keep the others waiting: it goes on without a place. Not all of them at once,
 * however: where many take long, the machine may have more to do than it can, and more of them would only make it worse.
 */
export class Gate {
  readonly #options: GateOptions;
  #places: number;
  readonly #queue = new Set<() => void>();
  /** Since when each has had its place, by `performance.now()`; in that order. */
  readonly #holders = new Map<symbol, number>();
  #lastLossAt = -Infinity;
  #stopTimer: StopTimer | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#places = options.places;
  }

  /** Calls `go` when it is its turn. Rejects with `ABORTED` when `signal` gives up the wait. */
  pass<T>(go: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#queue.delete(enter);
        reject(aborted('Waiting for a turn to connect', { cause: signal.reason }));
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
    const since = performance.now();
    this.#holders.set(place, since);
    const leave = (): void => {
      this.#holders.delete(place);
      this.#admit();
    };
    const arrive = (): void => {
      const { mostPlaces, quickMs } = this.#options;
      if (performance.now() - since < quickMs) this.#places = Math.min(this.#places + 1, mostPlaces);
      leave();
    };
    going.then(arrive, leave);
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
    const { holdMs, paceMs } = this.#options;
    const dueAt = Math.max(oldest[1] + holdMs, this.#lastLossAt + paceMs);
    const look = (): void => {
      this.#stopTimer = undefined;
      this.#takeAway(performance.now() - holdMs);
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
