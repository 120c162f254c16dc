import type { CircuitStatus } from './runs/circuit-breaker.ts';
import type { LatencySummary } from './latency-histogram.ts';
import type { PoolCloseReason } from './manager-events.ts';

/** The status of one server of a manager. A snapshot. */
export interface ManagedServerStatus {
  /**
   * `idle` while it has no pooled session, `connecting` while the first one is connecting, `ready` while one is connected,
   * `failed` when none is connected and the circuit is not closed. `draining` and `closed` when the manager closes.
   */
  readonly state: 'idle' | 'connecting' | 'ready' | 'failed' | 'draining' | 'closed';
  /** All sessions that are not closed, pooled ones and those of `openSession`. */
  readonly sessions: number;
  /** Leases that have not ended. */
  readonly leases: number;
  readonly circuit: CircuitStatus;
}

/** Counters of one server of a manager. A snapshot. */
export interface ManagedServerStats {
  /** Pooled sessions that are not closed: opening, idle, being checked, leased or closing. */
  readonly open: number;
  /** Pooled sessions that are connecting, or are being checked before reuse. */
  readonly opening: number;
  readonly idle: number;
  readonly leased: number;
  readonly closing: number;
  /** Leases that have not ended; more than `leased` when leases share sessions. */
  readonly leases: number;
  /** Sessions of `openSession` that are not closed; they are not pooled. */
  readonly fresh: number;
  /** Callers waiting for a session. */
  readonly waiting: number;
  /** How many pooled sessions have been connected so far. */
  readonly created: number;
  /** How many of them have been closed, by reason. */
  readonly closed: Readonly<Record<PoolCloseReason, number>>;
  /** Attempts of `run` beyond the first. */
  readonly retries: number;
  readonly circuit: CircuitStatus;
  /** Latency of requests that were made through leases, from call to answer. */
  readonly latency: LatencySummary;
}

/**
 * The name of a server, or a function that chooses one by the counters of all. `run` calls it before each attempt, so
 * that it can choose another server when one fails.
 */
export type ServerRoute =
  string | ((servers: ReadonlyMap<string, ManagedServerStats>) => string | Promise<string>);
