import type { Bucket, PooledSession } from './server-pool.ts';

/**
 * Which opening and closing sessions a walk through the queues has assigned to a caller, so that none is assigned
 * twice.
 */
export class Promised {
  readonly #coming = new Map<Bucket, number>();
  readonly #leaving = new Set<PooledSession>();
  /** Whether a caller could not be served because the pool is full and all its sessions are in use. */
  isFull = false;

  /** Assigns an opening session of the bucket. Returns false when all of them are assigned. */
  coming(bucket: Bucket): boolean {
    const claimed = this.#coming.get(bucket) ?? 0;
    if (claimed >= bucket.coming) return false;
    this.#coming.set(bucket, claimed + 1);
    return true;
  }

  /** Assigns a session that is opened next. */
  note(bucket: Bucket): void {
    this.#coming.set(bucket, (this.#coming.get(bucket) ?? 0) + 1);
  }

  /** Assigns the place of a closing session. Returns false when all of them are assigned. */
  room(sessions: Iterable<PooledSession>): boolean {
    for (const pooled of sessions) {
      if (pooled.state !== 'closing' || this.#leaving.has(pooled)) continue;
      this.#leaving.add(pooled);
      return true;
    }
    return false;
  }
}
