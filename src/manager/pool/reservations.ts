import type { Bucket, PooledSession } from './server-pool.ts';

/**
 * Which opening and closing sessions a walk through the queues has assigned to a caller, so that none is assigned
 * twice.
 */
export class Reservations {
  readonly #opening = new Map<Bucket, number>();
  readonly #closing = new Set<PooledSession>();
  /** Whether a caller could not be served because the pool is full and all its sessions are in use. */
  isFull = false;

  /** Assigns an opening session of the bucket. Returns false when all of them are assigned. */
  takeOpening(bucket: Bucket): boolean {
    const claimed = this.#opening.get(bucket) ?? 0;
    if (claimed >= bucket.coming) return false;
    this.#opening.set(bucket, claimed + 1);
    return true;
  }

  /** Assigns a session that is opened next. */
  addOpening(bucket: Bucket): void {
    this.#opening.set(bucket, (this.#opening.get(bucket) ?? 0) + 1);
  }

  /** Assigns the place of a closing session. Returns false when all of them are assigned. */
  takeClosing(sessions: Iterable<PooledSession>): boolean {
    for (const pooled of sessions) {
      if (pooled.state !== 'closing' || this.#closing.has(pooled)) continue;
      this.#closing.add(pooled);
      return true;
    }
    return false;
  }
}
