import type { CircuitStatus } from './runs/circuit-breaker.ts';
import type { LatencySummary } from './latency-histogram.ts';
import type { CloseReason } from './manager-events.ts';

/** How one server of a manager is doing. A snapshot. */
export interface ServerStats {
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
  readonly closed: Readonly<Record<CloseReason, number>>;
  /** Attempts of `run` beyond the first. */
  readonly retries: number;
  readonly circuit: CircuitStatus;
  /** Of the requests made through leases, from the call to its answer. */
  readonly latency: LatencySummary;
}
