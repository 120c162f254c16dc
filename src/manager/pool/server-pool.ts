import type { CheckedTarget } from './check-target.ts';
import type { PoolCloseReason } from '../manager-events.ts';
import type { SupervisedSession } from '../../session/supervised-session.ts';
import { ReplayRule } from './replay-rule.ts';
import type { KeyedSpec } from './session-key.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';

/** All pooled sessions of one server, for all principals. */
export class ServerPool {
  readonly name: string;
  readonly sessions = new Set<PooledSession>();
  /** In the order in which they came. */
  readonly waiters = new Set<WaitingCaller>();
  readonly buckets = new Map<string, Bucket>();
  /** How many sessions it can serve at all; an object in this process serves one at a time. */
  limit = Infinity;
  created = 0;
  readonly closed: Record<PoolCloseReason, number> = {
    idle: 0,
    age: 0,
    evicted: 0,
    discarded: 0,
    died: 0,
    unhealthy: 0,
    altered: 0,
    closed: 0,
  };

  constructor(name: string) {
    this.name = name;
  }

  count(...states: readonly PooledState[]): number {
    let count = 0;
    for (const { state } of this.sessions) if (states.includes(state)) count++;
    return count;
  }
}

/** Sessions of one server that nothing tells apart: any of them will do for a caller with the same key. */
export class Bucket {
  readonly server: ServerPool;
  readonly principal: string | undefined;
  readonly keyed: KeyedSpec;
  readonly checked: CheckedTarget;
  /** The one used last at the end. It is taken first, so that those that are not needed reach `idleMs`. */
  readonly idle: PooledSession[] = [];
  /** Leased, with room for another lease. */
  readonly shareable = new Set<PooledSession>();
  /** Not the server's: behind another key there may be another one, and what it says holds for nobody else. */
  readonly replay = new ReplayRule();
  /** How many will soon be free for the next caller: opening and not abandoned, or being checked. */
  coming = 0;
  /** How many callers wait for one. */
  waiting = 0;
  /** What would be lost if the bucket were forgotten: its sessions and its waiters. */
  tenants = 0;

  constructor(server: ServerPool, principal: string | undefined, keyed: KeyedSpec, checked: CheckedTarget) {
    this.server = server;
    this.principal = principal;
    this.keyed = keyed;
    this.checked = checked;
  }

  /**
   * A caller gave up waiting: if more is being opened than anybody waits for, nobody counts on the oldest of it any more.
   */
  abandonOpening(): void {
    const opening = this.waiting < this.coming ? this.#opening({ abandoned: false }) : undefined;
    if (opening === undefined) return;
    opening.abandoned = true;
    this.coming--;
  }

  /** Counts again on an opening that was abandoned; says whether there is one. */
  adoptOpening(): boolean {
    const opening = this.#opening({ abandoned: true });
    if (opening === undefined) return false;
    opening.abandoned = false;
    this.coming++;
    return true;
  }

  /** Keys come and go with principals and headers: a bucket is known while somebody is in it. */
  enter(): void {
    if (this.tenants++ === 0) this.server.buckets.set(this.keyed.key, this);
  }

  leave(): void {
    if (--this.tenants === 0) this.server.buckets.delete(this.keyed.key);
  }

  /** The oldest. */
  #opening({ abandoned }: { abandoned: boolean }): PooledSession | undefined {
    for (const pooled of this.server.sessions) {
      if (pooled.bucket === this && pooled.state === 'opening' && pooled.abandoned === abandoned)
        return pooled;
    }
    return undefined;
  }
}

/**
 * Where a pooled session stands: `opening → idle ⇄ leased → closing`, and through `checking` from idle back to
 * idle.
 */
export type PooledState = 'opening' | 'idle' | 'checking' | 'leased' | 'closing';

/** The holder of a lease of a session. */
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
  /** The caller that it is being opened for has given up: no other counts on it, and it makes room for another one. */
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

/** A caller in line for a session. */
export interface WaitingCaller {
  readonly bucket: Bucket;
  /** Whose turn it is: lower comes first. */
  readonly ticket: number;
  resolve(session: PooledSession): void;
  reject(error: PlenumError): void;
}
