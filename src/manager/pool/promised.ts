import type { Bucket, PooledSession } from './server-pool.ts';

/** What is under way and has been counted on in this walk through the lines, so that nobody counts on it twice. */
export class Promised {
  readonly #coming = new Map<Bucket, number>();
  readonly #leaving = new Set<PooledSession>();
  /** Somebody could not be served because there are as many sessions as there may be, all of them in use. */
  isFull = false;

  /** Claims a session that is on its way to the bucket. */
  coming(bucket: Bucket): boolean {
    const claimed = this.#coming.get(bucket) ?? 0;
    if (claimed >= bucket.coming) return false;
    this.#coming.set(bucket, claimed + 1);
    return true;
  }

  /** Notes that a session is about to be on its way, and is claimed. */
  note(bucket: Bucket): void {
    this.#coming.set(bucket, (this.#coming.get(bucket) ?? 0) + 1);
  }

  /** Claims the room of a session that is closing. */
  room(sessions: Iterable<PooledSession>): boolean {
    for (const pooled of sessions) {
      if (pooled.state !== 'closing' || this.#leaving.has(pooled)) continue;
      this.#leaving.add(pooled);
      return true;
    }
    return false;
  }
}
