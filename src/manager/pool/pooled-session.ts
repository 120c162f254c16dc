import type { SupervisedSession } from '../../session/supervised-session.ts';
import type { Bucket } from './server-pool.ts';

/**
 * Where a pooled session stands: `opening → idle ⇄ leased → closing`, and through `checking` from idle back to
 * idle.
 */
export type PooledState = 'opening' | 'idle' | 'checking' | 'leased' | 'closing';

/** Whoever holds a lease of a session. */
export interface LeaseHolder {
  /** The pool has closed the session under the lease. */
  onSessionClosed(): void;
}

/** A session of a pool, from the first attempt to open it to its end. */
export class PooledSession {
  readonly bucket: Bucket;
  readonly session: SupervisedSession;
  state: PooledState = 'opening';
  /** By `performance.now()`; meaningful once it is up. */
  upSince = 0;
  /** By `performance.now()`; meaningful while idle. */
  idleSince = 0;
  /** How many leases it has; more than one only where sharing is allowed. */
  leases = 0;
  readonly holders = new Set<LeaseHolder>();
  /** It was told something that it would not forget, or its headers are no longer those of its key. */
  altered = false;
  /** Something points to it being dead: it is asked before it is handed out again. */
  suspect = false;
  /** Whoever it is being opened for has given up waiting: nobody counts on it, and it makes room for what is wanted. */
  abandoned = false;
  /** It has shown in this moment that it is well. */
  proven = false;
  stopObserving: () => void = () => {};

  constructor(bucket: Bucket, session: SupervisedSession) {
    this.bucket = bucket;
    this.session = session;
  }

  get isUp(): boolean {
    return this.session.status.state === 'ready';
  }
}
