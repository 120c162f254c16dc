import type { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { startTimer } from '../../internal/timers.ts';
import type { Connection } from '../connection/connection.ts';
import type { SessionStatus } from '../session.ts';
import type { PendingSignIn } from '../sign-in/sign-in.ts';
import { IdleTimer, type InFlight } from './in-flight.ts';

/** The states of a session. The public status is derived from them by `statusOf`. */
export type SessionState =
  IdleState | ConnectingState | WaitingState | ReadyState | FailedState | DrainingState | ClosedState;

interface CommonState {
  /** Ends the timers and listeners that the state owns. Called once, by the supervisor, when the state is left. */
  exit(): void;
}

/** Not started yet, or without a connection until the next call. */
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
  /** What ended the previous connection or attempt; undefined for the first attempt. */
  readonly error: PlenumError | undefined;
  /** Aborts when the state is left. */
  readonly signal: AbortSignal;
  /** Resolves when the attempt is over and has cleaned up. */
  readonly settled: Promise<void>;
  /** Resolves `settled`. */
  settle(): void;
}

/**
 * `closed` makes the error that aborts the attempt: only closing the session leaves this state before the attempt ends.
 */
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

/** Waiting for the next attempt. */
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

/** Connected. */
export interface ReadyState extends CommonState {
  readonly tag: 'ready';
  readonly connection: Connection;
  /** When the state began, by `performance.now()`. */
  readonly readyAt: number;
  /** Calls `onIdle` when no call has been in flight for `idleMs` milliseconds; replaces an earlier callback. */
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

/** No connection, and no further attempt unless somebody signs in. */
export interface FailedState extends CommonState {
  readonly tag: 'failed';
  readonly error: PlenumError;
  /** The sign-in that is waited for, after which the session reconnects. */
  readonly signIn: PendingSignIn | undefined;
}

export function failed(error: PlenumError, signIn: PendingSignIn | undefined): FailedState {
  return { tag: 'failed', error, signIn, exit: () => signIn?.stop() };
}

/** Closing: calls in flight may finish, and new ones are refused. */
export interface DrainingState extends CommonState {
  readonly tag: 'draining';
  readonly connection: Connection | undefined;
  /** Resolves when the attempt to connect that was under way, if any, has cleaned up. */
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

/** The public status of a state that begins now; `wasUp` says whether there was a connection before. */
export function statusOf(state: SessionState, wasUp: boolean): SessionStatus {
  const since = Date.now();
  switch (state.tag) {
    case 'idle':
    case 'draining':
      return { state: state.tag, since };
    case 'connecting': {
      const { attempt, error } = state;
      if (error === undefined) return { state: 'connecting', since, attempt };
      const facts = { since, attempt, error };
      return wasUp ? { state: 'reconnecting', ...facts } : { state: 'connecting', ...facts };
    }
    case 'waiting': {
      const { attempt, nextTryAt, error } = state;
      const facts = { since, attempt, nextTryAt, error };
      return wasUp ? { state: 'reconnecting', ...facts } : { state: 'connecting', ...facts };
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
