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
  /** How many sessions the server can serve at a time: 1 for a server object in this process. */
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

/** The sessions of one server with the same key. A caller with this key can use any of them. */
export class Bucket {
  readonly server: ServerPool;
  readonly principal: string | undefined;
  readonly keyed: KeyedSpec;
  readonly checked: CheckedTarget;
  /** The last one was used last. It is taken first, so that sessions that are not needed reach `idleMs`. */
  readonly idle: PooledSession[] = [];
  /** Leased sessions that can have another lease. */
  readonly shareable = new Set<PooledSession>();
  /** Each bucket has its own: the spec of another key may lead to a server with other tools. */
  readonly replay = new ReplayRule();
  /** How many sessions will soon be idle: opening and not abandoned, or being checked. */
  coming = 0;
  /** How many callers wait for a session. */
  waiting = 0;
  /** The number of its sessions and waiters; at 0 the bucket is forgotten. */
  tenants = 0;

  constructor(server: ServerPool, principal: string | undefined, keyed: KeyedSpec, checked: CheckedTarget) {
    this.server = server;
    this.principal = principal;
    this.keyed = keyed;
    this.checked = checked;
  }

  /**
   * Called when a caller gave up: if more sessions are opening than callers wait, marks the oldest of them as
   * abandoned.
   */
  abandonOpening(): void {
    const opening = this.waiting < this.coming ? this.#opening({ abandoned: false }) : undefined;
    if (opening === undefined) return;
    opening.abandoned = true;
    this.coming--;
  }

  /** Uses an abandoned opening after all. Returns false when there is none. */
  adoptOpening(): boolean {
    const opening = this.#opening({ abandoned: true });
    if (opening === undefined) return false;
    opening.abandoned = false;
    this.coming++;
    return true;
  }

  /**
   * Adds a session or a waiter. A bucket is stored only while it has any, as keys come and go with principals and
   * headers.
   */
  enter(): void {
    if (this.tenants++ === 0) this.server.buckets.set(this.keyed.key, this);
  }

  leave(): void {
    if (--this.tenants === 0) this.server.buckets.delete(this.keyed.key);
  }

  /** The oldest opening session of this bucket. */
  #opening({ abandoned }: { abandoned: boolean }): PooledSession | undefined {
    for (const pooled of this.server.sessions) {
      if (pooled.bucket === this && pooled.state === 'opening' && pooled.abandoned === abandoned)
        return pooled;
    }
    return undefined;
  }
}

/** `opening → idle ⇄ leased → closing`; an idle session that is pinged before reuse is `checking` meanwhile. */
export type PooledState = 'opening' | 'idle' | 'checking' | 'leased' | 'closing';

/** A lease of a session. */
export interface LeaseHolder {
  /** Called when the pool has closed the session before the lease ended. */
  onSessionClosed(): void;
}

/** A session of a pool, from the first attempt to open it to its end. */
export class PooledSession {
  readonly bucket: Bucket;
  readonly session: SupervisedSession;
  state: PooledState = 'opening';
  /** When it was connected, by `performance.now()`; 0 before. */
  upSince = 0;
  /** When it became idle, by `performance.now()`; used only while it is idle. */
  idleSince = 0;
  /** How many leases it has; more than one only where sharing is allowed. */
  leases = 0;
  readonly holders = new Set<LeaseHolder>();
  /** Not to be leased again: its user changed what the server keeps for it, or its headers no longer fit its key. */
  altered = false;
  /** The server may hang or be gone: it is pinged before the session is leased again. */
  suspect = false;
  /** The caller that it is being opened for waits no more. It may be closed to make room for another session. */
  abandoned = false;
  /** It has just connected or answered a ping, and need not be pinged again. */
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

/** A caller that waits for a session. */
export interface WaitingCaller {
  readonly bucket: Bucket;
  /** Callers with lower numbers are served first. */
  readonly ticket: number;
  resolve(session: PooledSession): void;
  reject(error: PlenumError): void;
}
