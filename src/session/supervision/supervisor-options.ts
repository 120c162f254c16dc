import type { PlenumError } from '../../errors/plenum-error.ts';
import type { ReconnectOptions } from '../../server-spec.ts';
import type { Connection } from '../connection/connection.ts';
import type { InFlight } from './in-flight.ts';
import type { SessionStatus } from '../session.ts';
import type { PendingSignIn } from '../sign-in/sign-in.ts';

export interface SupervisorOptions {
  readonly server: string;
  readonly policy: false | Required<ReconnectOptions>;
  readonly maxWaitingCalls: number;
  /** Brings one connection up, restored state and all; leaves nothing behind when it fails or is aborted. */
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  /** Access was refused: begins to wait for a sign-in, if there is something to wait for. */
  readonly awaitSignIn: (error: PlenumError) => PendingSignIn | undefined;
  readonly onStatus: (status: SessionStatus) => void;
  /** A connection was lost that nobody misses. */
  readonly onUnmissed: (error: PlenumError) => void;
  readonly inFlight: InFlight;
}

/** When a session may be without its server. */
export interface SleepPolicy {
  /** How long nobody must have used a connection for it to be ended, in milliseconds. */
  readonly idleMs: number;
  /** Whether the server is needed though nobody calls it: then it stays, and comes back when it is lost. */
  readonly isNeeded: () => boolean;
  /** Whether there is still something to be had from the present connection. */
  readonly isBusy: () => boolean;
}
