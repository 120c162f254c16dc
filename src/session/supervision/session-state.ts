import type { PlenumError } from '../../errors/plenum-error.ts';
import type { StopTimer } from '../../internal/timers.ts';
import type { Connection } from '../connection/connection.ts';
import type { SessionStatus } from '../session.ts';
import type { PendingSignIn } from '../sign-in/sign-in.ts';

/** The states of a session, from the inside. Each owns its timer or abort controller; the public status is derived. */
export type SessionState =
  /** Not started yet, or asleep until somebody needs the server. */
  | { readonly tag: 'idle' }
  | {
      readonly tag: 'connecting';
      readonly attempt: number;
      readonly abort: AbortController;
      /** Resolves when the attempt is over and has cleaned up. */
      readonly settled: Promise<void>;
      /** What ended the connection before, or the attempt before; undefined on the very first. */
      readonly error: PlenumError | undefined;
    }
  | {
      readonly tag: 'waiting';
      readonly attempt: number;
      /** In epoch milliseconds. */
      readonly nextTryAt: number;
      readonly stop: StopTimer;
      readonly error: PlenumError;
    }
  | {
      readonly tag: 'ready';
      readonly connection: Connection;
      /** By `performance.now()`. */
      readonly readyAt: number;
    }
  | {
      readonly tag: 'failed';
      readonly error: PlenumError;
      /** Brings the session back when somebody signs in. */
      readonly signIn: PendingSignIn | undefined;
    }
  | { readonly tag: 'draining'; readonly connection: Connection | undefined }
  | { readonly tag: 'closed'; readonly error: PlenumError | undefined };

/** What users are shown of a state that begins now. */
export function statusOf(state: SessionState): SessionStatus {
  const since = Date.now();
  switch (state.tag) {
    case 'idle':
    case 'draining':
      return { state: state.tag, since };
    case 'connecting': {
      const { attempt, error } = state;
      if (error === undefined) return { state: 'connecting', since, attempt };
      return { state: 'reconnecting', since, attempt, error };
    }
    case 'waiting': {
      const { attempt, nextTryAt, error } = state;
      return { state: 'reconnecting', since, attempt, nextTryAt, error };
    }
    case 'ready': {
      const { era, protocolVersion, connectMs, pid } = state.connection;
      return { state: 'ready', since, era, protocolVersion, connectMs, ...(pid !== undefined && { pid }) };
    }
    case 'failed':
      return { state: 'failed', since, error: state.error };
    case 'closed':
      return state.error === undefined
        ? { state: 'closed', since }
        : { state: 'closed', since, error: state.error };
  }
}
