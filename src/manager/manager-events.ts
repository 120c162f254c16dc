import type { PlenumError } from '../errors/plenum-error.ts';
import type { DefinitionDrift } from '../session/lock/definition-lock.ts';
import type { CircuitStatus } from './runs/circuit-breaker.ts';

/** Why a pooled session was closed. */
export type PoolCloseReason =
  /** It was not used for `idleMs`. */
  | 'idle'
  /** It was older than `maxAgeMs`. */
  | 'age'
  /** The pool was full, and another session was needed. */
  | 'evicted'
  /** Its lease was discarded. */
  | 'discarded'
  /** Its connection was lost. */
  | 'died'
  /** It did not answer a ping before reuse. */
  | 'unhealthy'
  /** Its user changed what the server keeps for it, such as subscriptions or the log level. */
  | 'altered'
  /** The manager was closed. */
  | 'closed';

/**
 * The server and principal of the session concerned.
 * @inline
 */
interface About {
  readonly server: string;
  readonly principal: string | undefined;
}

/** An event of a manager. */
export type ManagerEvent =
  /** A pooled session is connected. */
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
  /** With a lock: something of a server is not what was approved. Once for each difference and session. */
  | ({ readonly type: 'drift' } & DefinitionDrift & About)
  /** An error that no caller gets. The manager goes on. */
  | ({ readonly type: 'problem'; readonly error: PlenumError } & About);
