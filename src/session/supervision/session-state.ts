import type { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { startTimer } from '../../internal/timers.ts';
import type { Connection } from '../connection/connection.ts';
import type { SessionStatus } from '../session.ts';
import type { PendingSignIn } from '../sign-in/sign-in.ts';
import { IdleTimer, type InFlight } from './in-flight.ts';

/** The states of a session, from the inside; the public status is derived. */
export type SessionState =
  IdleState | ConnectingState | WaitingState | ReadyState | FailedState | DrainingState | ClosedState;

interface CommonState {
  /** Ends the timers and listeners that the state owns. Called once, by the supervisor, when the state is left. */
  exit(): void;
}

/** Not started yet, or without its server until somebody needs it. */
export interface IdleState extends CommonState {
  readonly tag: 'idle';
}

export function idle(): IdleState {
  return { tag: 'idle', exit: nothingToEnd };
}

/** An attempt to connect is under way. */
export interface ConnectingState extends CommonState {
  readonly tag: 'connecting';
  readonly attempt: number;
  /** What ended the connection before, or the attempt before; undefined on the very first. */
  readonly error: PlenumError | undefined;
  /** Aborts when the state is left. */
  readonly signal: AbortSignal;
  /** Resolves when the attempt is over and has cleaned up. */
  readonly settled: Promise<void>;
  /** The attempt is over and has cleaned up. */
  settle(): void;
}

/** `closed` makes the error to give the attempt up with: it is only left under way when the session closes. */
export function connecting(
  attempt: number,
  error: PlenumError | undefined,
  closed: () => PlenumError,
): ConnectingState {
  const abort = new AbortController();
  const { promise: settled, resolve: settle } = createDeferred<void>();
  const { signal } = abort;
  return { tag: 'connecting', attempt, error, signal, settled, settle, exit: () => abort.abort(closed()) };
}

/** The next attempt is still to come. */
export interface WaitingState extends CommonState {
  readonly tag: 'waiting';
  readonly attempt: number;
  /** In epoch milliseconds. */
  readonly nextTryAt: number;
  readonly error: PlenumError;
}

/** Calls `again` after `delayMs`. */
export function waiting(
  attempt: number,
  error: PlenumError,
  delayMs: number,
  again: () => void,
): WaitingState {
  const exit = startTimer(delayMs, again, { keepAlive: true });
  return { tag: 'waiting', attempt, nextTryAt: Date.now() + delayMs, error, exit };
}

/** There is a connection for calls. */
export interface ReadyState extends CommonState {
  readonly tag: 'ready';
  readonly connection: Connection;
  /** By `performance.now()`. */
  readonly readyAt: number;
  /** Calls `onIdle` whenever no call has been under way for `idleMs`; replaces what was asked for before. */
  watchIdle(inFlight: InFlight, idleMs: number, onIdle: () => void): void;
}

export function ready(connection: Connection): ReadyState {
  let timer: IdleTimer | undefined;
  return {
    tag: 'ready',
    connection,
    readyAt: performance.now(),
    watchIdle(inFlight, idleMs, onIdle) {
      timer?.stop();
      timer = new IdleTimer(inFlight, idleMs, onIdle);
    },
    exit: () => timer?.stop(),
  };
}

/** There is no connection, and none is coming by itself, unless somebody signs in. */
export interface FailedState extends CommonState {
  readonly tag: 'failed';
  readonly error: PlenumError;
  /** Brings the session back when somebody signs in. */
  readonly signIn: PendingSignIn | undefined;
}

export function failed(error: PlenumError, signIn: PendingSignIn | undefined): FailedState {
  return { tag: 'failed', error, signIn, exit: () => signIn?.stop() };
}

/** Calls under way may finish, and no others begin. */
export interface DrainingState extends CommonState {
  readonly tag: 'draining';
  readonly connection: Connection | undefined;
  /** Resolves when the attempt that was under way, if there was one, has cleaned up. */
  readonly attemptGone: Promise<void>;
}

export function draining(connection: Connection | undefined, attemptGone: Promise<void>): DrainingState {
  return { tag: 'draining', connection, attemptGone, exit: nothingToEnd };
}

export interface ClosedState extends CommonState {
  readonly tag: 'closed';
  readonly error: PlenumError | undefined;
}

export function closed(error: PlenumError | undefined): ClosedState {
  return { tag: 'closed', error, exit: nothingToEnd };
}

function nothingToEnd(): void {}

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
