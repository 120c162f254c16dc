import type { CircuitStatus } from './runs/circuit-breaker.ts';
import type { LatencySummary } from './latency-histogram.ts';
import type { PoolCloseReason } from './manager-events.ts';

/** How one server of a manager is doing. A snapshot. */
export interface ManagedServerStatus {
  /**
   * `idle` while no pooled session of it is open, `connecting` while the first one is coming up, `ready` while one is up.
   * `failed` when none is up and its circuit lets nothing through. `draining` and `closed` once the manager closes.
   */
  readonly state: 'idle' | 'connecting' | 'ready' | 'failed' | 'draining' | 'closed';
  /** Open sessions, those that are coming up or closing included: pooled ones and those of `openSession`. */
  readonly sessions: number;
  /** Leases that have not ended. */
  readonly leases: number;
  readonly circuit: CircuitStatus;
}

/** What one server of a manager has done, in numbers. A snapshot. */
export interface ManagedServerStats {
  /** Pooled sessions there are: idle, leased, opening, being checked or closing. */
  readonly open: number;
  /** Coming up, or being checked before reuse. */
  readonly opening: number;
  readonly idle: number;
  readonly leased: number;
  readonly closing: number;
  /** Leases out; more than `leased` when leases share sessions. */
  readonly leases: number;
  /** Fresh sessions of `openSession`, which the pool knows nothing of. */
  readonly fresh: number;
  /** Callers waiting for a session. */
  readonly waiting: number;
  /** Pooled sessions that ever came up. */
  readonly created: number;
  /** Those that were closed, by reason. */
  readonly closed: Readonly<Record<PoolCloseReason, number>>;
  /** Attempts of `run` beyond the first. */
  readonly retries: number;
  readonly circuit: CircuitStatus;
  /** Of the requests made through leases, from the call to its answer. */
  readonly latency: LatencySummary;
}

/**
 * Which server: its name, or a function that chooses one by how they all are doing. A run asks it before
 * every attempt, so that it can turn to another server when one fails.
 */
export type ServerRoute =
  string | ((servers: ReadonlyMap<string, ManagedServerStats>) => string | Promise<string>);
