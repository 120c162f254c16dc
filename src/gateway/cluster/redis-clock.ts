/**
 * What time it is on the clock of Redis, which all nodes share: by the monotonic clock of this process, and by how far it was
 * off when Redis last told the time.
 */
export class RedisClock {
  #offset = 0;

  /** Redis said `now`, in epoch milliseconds, in answer to a question of `askedAt`, as `performance.now()` tells. */
  note(now: number, askedAt: number): void {
    const heardAt = performance.now();
    this.#offset = now - (askedAt + heardAt) / 2;
  }

  /** In epoch milliseconds. */
  now(): number {
    return performance.now() + this.#offset;
  }
}
