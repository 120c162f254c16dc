import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { Bucket, PooledSession } from './server-pool.ts';

export interface IdleLimits {
  readonly idleMs: number;
  readonly maxAgeMs: number;
}

/** The idle sessions of a pool. Calls `onDue` for each that has reached `idleMs` or `maxAgeMs`. */
export class IdleSessions {
  readonly #limits: IdleLimits;
  readonly #onDue: (pooled: PooledSession) => void;
  /** Least recently used first. */
  readonly #sessions = new Set<PooledSession>();
  readonly #clock = new IdleClock(() => this.#sweep());

  constructor(limits: IdleLimits, onDue: (pooled: PooledSession) => void) {
    this.#limits = limits;
    this.#onDue = onDue;
  }

  add(pooled: PooledSession): void {
    pooled.idleSince = performance.now();
    pooled.bucket.idle.push(pooled);
    this.#sessions.add(pooled);
    this.#clock.due(this.#dueAt(pooled));
  }

  /** Takes the session of a bucket that was used last. */
  takeLatest({ idle }: Bucket): PooledSession | undefined {
    const pooled = idle.pop();
    if (pooled !== undefined) this.#sessions.delete(pooled);
    return pooled;
  }

  remove(pooled: PooledSession): void {
    if (!this.#sessions.delete(pooled)) return;
    const { idle } = pooled.bucket;
    idle.splice(idle.indexOf(pooled), 1);
  }

  /** The idle one among `candidates` that was used least recently. */
  oldest(candidates: ReadonlySet<PooledSession>): PooledSession | undefined {
    for (const pooled of this.#sessions) if (candidates.has(pooled)) return pooled;
    return undefined;
  }

  stop(): void {
    this.#clock.stop();
  }

  #dueAt({ idleSince, upSince }: PooledSession): number {
    return Math.min(idleSince + this.#limits.idleMs, upSince + this.#limits.maxAgeMs);
  }

  #sweep(): number {
    const now = performance.now();
    let next = Infinity;
    for (const pooled of this.#sessions) {
      const dueAt = this.#dueAt(pooled);
      if (dueAt > now) next = Math.min(next, dueAt);
      else this.#onDue(pooled);
    }
    return next;
  }
}

/** One timer for all idle sessions of a pool: fires when the first of them is due. */
class IdleClock {
  readonly #sweep: () => number;
  #dueAt = Infinity;
  #stop: StopTimer = () => {};

  /** `sweep` closes what is due and returns when the next is, by `performance.now()`; `Infinity` for never. */
  constructor(sweep: () => number) {
    this.#sweep = sweep;
  }

  /**
   * Makes the timer fire at `at` at the latest, by `performance.now()`. Does nothing if it fires before that anyway.
   */
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
