import { aborted } from '../../errors/session-end.ts';
import { onAbort } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';

/** Bounds how many connections are made at a time: calls `open` when its turn comes. */
export type ConnectGate = <T>(open: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export interface GateOptions {
  /** How many tasks may run at a time. */
  readonly slots: number;
  /** The number to which `slots` grows while tasks are quick. */
  readonly mostSlots: number;
  /** A task that takes less than this is quick, in milliseconds. */
  readonly quickMs: number;
  /** For how long a task certainly keeps its slot, in milliseconds. */
  readonly holdMs: number;
  /** The least time between two tasks that lose their slot, in milliseconds. */
  readonly paceMs: number;
}

/**
 * Runs a bounded number of tasks at a time, in the order in which they came. Each quick task adds a slot. A task that
 * takes long is probably waiting for something and should not hold up the others: it loses its slot, and runs on without
 * one. Only one task loses its slot every `paceMs`, because tasks may also be slow because the machine is overloaded, and
 * more of them would make that worse.
 */
export class Gate {
  readonly #options: GateOptions;
  #slots: number;
  readonly #queue = new Set<() => void>();
  /** The tasks that have a slot, oldest first, and since when, by `performance.now()`. */
  readonly #holders = new Map<symbol, number>();
  #lastLossAt = -Infinity;
  #stopTimer: StopTimer | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#slots = options.slots;
  }

  /**
   * Calls `task` when its turn comes, and settles as it does. Rejects with `ABORTED` when `signal` aborts before that.
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#queue.delete(enter);
        reject(aborted('Waiting for a turn to connect', { cause: signal.reason }));
      };
      const enter = (): void => {
        stopListening();
        const running = task();
        this.#hold(running);
        running.then(resolve, reject);
      };
      if (signal.aborted) return giveUp();
      const stopListening = onAbort(signal, giveUp);
      this.#queue.add(enter);
      this.#admit();
    });
  }

  /** Takes a slot until `running` has settled. */
  #hold(running: Promise<unknown>): void {
    const slot = Symbol('slot');
    const since = performance.now();
    this.#holders.set(slot, since);
    const release = (): void => {
      this.#holders.delete(slot);
      this.#admit();
    };
    const succeed = (): void => {
      const { mostSlots, quickMs } = this.#options;
      if (performance.now() - since < quickMs) this.#slots = Math.min(this.#slots + 1, mostSlots);
      release();
    };
    running.then(succeed, release);
  }

  #admit(): void {
    for (const enter of this.#queue) {
      if (this.#holders.size >= this.#slots) break;
      this.#queue.delete(enter);
      enter();
    }
    this.#watch();
  }

  /** While tasks wait, a timer takes the slot of the oldest running task when it has had it for `holdMs`. */
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
    const takeSlot = (): void => {
      this.#stopTimer = undefined;
      this.#takeOldestSlot(performance.now() - holdMs);
      this.#admit();
    };
    this.#stopTimer = startTimer(dueAt - performance.now(), takeSlot, { keepAlive: true });
  }

  /** Takes the slot of the oldest task, unless the task has had it only since after `latest`. */
  #takeOldestSlot(latest: number): void {
    const [oldest] = this.#holders;
    if (oldest === undefined || oldest[1] > latest) return;
    this.#holders.delete(oldest[0]);
    this.#lastLossAt = performance.now();
  }
}
