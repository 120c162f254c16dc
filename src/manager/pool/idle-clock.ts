import { startTimer, type StopTimer } from '../../internal/timers.ts';

/** One timer for the sessions of a pool that nobody uses: fires when the first of them is due. */
export class IdleClock {
  readonly #sweep: () => number;
  #dueAt = Infinity;
  #stop: StopTimer = () => {};

  /** `sweep` closes what is due and returns when the next is, by `performance.now()`; `Infinity` for never. */
  constructor(sweep: () => number) {
    this.#sweep = sweep;
  }

  /** Makes sure that the clock fires by then. Costs nothing when it will anyway. */
  due(at: number): void {
    if (at >= this.#dueAt) return;
    this.#stop();
    this.#dueAt = at;
    this.#stop = startTimer(at - performance.now(), () => {
      this.#dueAt = Infinity;
      this.due(this.#sweep());
    });
  }

  stop(): void {
    this.#stop();
    this.#dueAt = Infinity;
  }
}
