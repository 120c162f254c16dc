import type { PlenumError } from '../errors/plenum-error.ts';
import type { CircuitStatus } from './runs/circuit-breaker.ts';

/** Why a pooled session was closed. */
export type PoolCloseReason =
  /** Nobody used it for `idleMs`. */
  | 'idle'
  /** Older than `maxAgeMs`. */
  | 'age'
  /** Made room for another one. */
  | 'evicted'
  /** Its lease was discarded. */
  | 'discarded'
  /** Its connection was lost. */
  | 'died'
  /** It did not answer a health check. */
  | 'unhealthy'
  /** It was told something that it would not forget: a subscription, a log level. */
  | 'altered'
  /** The manager was closed. */
  | 'closed';

/**
 * Whose sessions an event is about.
 * @inline
 */
interface About {
  readonly server: string;
  readonly principal: string | undefined;
}

/** What happens in a manager. */
export type ManagerEvent =
  /** A pooled session came up. */
  | ({ readonly type: 'session-opened'; readonly connectMs: number } & About)
  | ({ readonly type: 'session-closed'; readonly reason: PoolCloseReason } & About)
  /** `run` will try again: attempt number `attempt`, after `delayMs`. */
  | ({
      readonly type: 'retry';
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: unknown;
    } & About)
  | { readonly type: 'circuit'; readonly server: string; readonly circuit: CircuitStatus }
  /** A lease is held for longer than `reportLeasesAfterMs`; `takenAt` is the stack of the `acquire`. */
  | ({ readonly type: 'lease-overdue'; readonly heldMs: number; readonly takenAt: string } & About)
  /** Something went wrong and was contained. */
  | ({ readonly type: 'problem'; readonly error: PlenumError } & About);
