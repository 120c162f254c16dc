import { connectFailure } from '../../errors/connect.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Backoff } from '../../internal/backoff.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { settledWithin } from '../../internal/limit.ts';
import type { Connection } from '../connection/connection.ts';
import type { ReconnectOptions } from '../../server-spec.ts';
import type { SessionStatus } from '../session.ts';
import { SessionErrors } from '../errors/session-errors.ts';
import {
  closed,
  connecting,
  draining,
  failed,
  idle,
  ready,
  statusOf,
  waiting,
  type DrainingState,
  type FailedState,
  type ReadyState,
  type SessionState,
} from './session-state.ts';
import type { PendingSignIn } from '../sign-in/sign-in.ts';
import { isFinal } from './final-errors.ts';
import type { InFlight } from './in-flight.ts';
import { WaitingCalls } from './waiting-calls.ts';

export interface SupervisorOptions {
  readonly server: string;
  readonly policy: false | Required<ReconnectOptions>;
  readonly maxWaitingCalls: number;
  /** Connects, and restores subscriptions and log level. Leaves nothing open when it fails or is aborted. */
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  /** Called when access was refused. Begins to wait for a sign-in; undefined when no sign-in is possible. */
  readonly awaitSignIn: (error: PlenumError) => PendingSignIn | undefined;
  readonly onStatus: (status: SessionStatus) => void;
  /** A connection was lost while nobody used it: it comes back with the next call. */
  readonly onLostWhileIdle: (error: PlenumError) => void;
  readonly inFlight: InFlight;
}

/** When a session may do without a connection. */
export interface SleepPolicy {
  /** After how much time without a call the connection is ended, in milliseconds. */
  readonly idleMs: number;
  /** Whether a connection is needed even without calls: then it is kept, and replaced when it is lost. */
  readonly isNeeded: () => boolean;
  /** Whether something other than a call still uses the present connection. */
  readonly isBusy: () => boolean;
}

/** After this time an expired HTTP session is replaced without backoff, in milliseconds. */
const EXPIRY_RESET_MS = 1_000;

/**
 * Keeps one server connected: connects, and reconnects with backoff when the connection is lost. Calls that come
 * meanwhile wait. With a sleep policy it connects when a call comes, and ends the connection when calls stay away.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #errors: SessionErrors;
  readonly #backoff: Backoff;
  readonly #waiting: WaitingCalls;
  readonly #closed = createDeferred<unknown>();
  #state: SessionState = idle();
  #status: SessionStatus = { state: 'idle', since: Date.now() };
  /** Attempts since `#resetBackoff`; the option `reconnect.attempts` bounds it. */
  #attempts = 0;
  /** Whether there was a connection before. */
  #wasUp = false;
  /** The previous connection, until it has ended completely. */
  #predecessor: Predecessor | undefined;
  #sleep: SleepPolicy | undefined;
  readonly #closingSignal = new AbortController();
  /** Settles when the session has reconnected after a sign-in, or will not. */
  #signInRecovery: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #destroying: Promise<void> | undefined;
  /** The reason given to `destroy`. */
  #reason: unknown;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#errors = new SessionErrors(options.server);
    this.#waiting = new WaitingCalls(options.server, options.maxWaitingCalls);
    this.#backoff = new Backoff(options.policy === false ? { delayMs: 0, maxDelayMs: 0 } : options.policy);
  }

  get status(): SessionStatus {
    return this.#status;
  }

  /** The connection for new calls; undefined while there is none. */
  get ready(): Connection | undefined {
    return this.#state.tag === 'ready' ? this.#state.connection : undefined;
  }

  /** The connection for calls, new ones or those that `close` waits for. */
  get connection(): Connection | undefined {
    const state = this.#state;
    return state.tag === 'ready' || state.tag === 'draining' ? state.connection : undefined;
  }

  /** Aborts when the session begins to close. */
  get closing(): AbortSignal {
    return this.#closingSignal.signal;
  }

  get closed(): Promise<unknown> {
    return this.#closed.promise;
  }

  /**
   * Makes the first attempt. With `keepTrying`, further attempts follow a failed one, as after a lost connection. When a
   * person is asked to sign in, waits for the sign-in for up to `loginWaitMs` milliseconds.
   */
  async start(keepTrying: boolean, loginWaitMs: () => number): Promise<void> {
    if (this.#state.tag !== 'idle') throw this.#errors.notConnected('was started already');
    this.#backoff.next(); // The first delay is 0, and belongs to this attempt.
    try {
      await this.#attempt(undefined, keepTrying);
    } catch (error) {
      const recovery = this.#isAsking ? this.#signInRecovery : undefined;
      if (recovery === undefined || !(await settledWithin(recovery, loginWaitMs()))) throw error;
      await recovery;
    }
  }

  /**
   * From now on the connection is ended when it was not used for `idleMs`, and the next call connects again. May be called
   * in place of `start`: then the first call connects.
   */
  letSleep(policy: SleepPolicy): void {
    this.#sleep = policy;
    if (this.#state.tag === 'ready') this.#watchIdle(this.#state, policy);
  }

  /** Whether there is no connection, and only a call, `wake` or `reconnect` will make one. */
  get isAsleep(): boolean {
    const { tag } = this.#state;
    return this.#sleep !== undefined && (tag === 'idle' || tag === 'failed');
  }

  /** Connects if there is no connection. Resolves when ready; rejects when this attempt fails. */
  async wake(): Promise<void> {
    return this.isAsleep ? this.#wake() : this.#outcome();
  }

  /** Replaces the connection now. Resolves when ready; rejects when this attempt fails. */
  async reconnect(): Promise<void> {
    const state = this.#state;
    if (state.tag === 'draining' || state.tag === 'closed') throw this.#errors.closed(this.#reason);
    if (state.tag === 'connecting' || this.isAsleep) return this.wake();
    if (state.tag === 'ready') this.#predecessor = Predecessor.retired(state.connection);
    this.#resetBackoff();
    this.#backoff.next();
    const error = state.tag === 'waiting' || state.tag === 'failed' ? state.error : undefined;
    await this.#attempt(error ?? this.#errors.lost('was told to reconnect'), this.#isNeeded);
  }

  /** Reports that a connection was lost. One that is no longer the present one changes nothing. */
  connectionLost(connection: Connection, error: PlenumError): void {
    if (this.#state.tag !== 'ready' || this.#state.connection !== connection) return;
    const { readyAt } = this.#state;
    this.#predecessor = Predecessor.retired(connection);
    if (!this.#isNeeded) {
      this.#options.onLostWhileIdle(error);
      return this.#enter(idle());
    }
    const { policy } = this.#options;
    if (policy === false) return this.#fail(error);
    const aliveMs = performance.now() - readyAt;
    // A healthy server may let a session expire; backoff is for one that does so right after connecting.
    const resetAfterMs =
      error.code === 'SESSION_EXPIRED' ? Math.min(EXPIRY_RESET_MS, policy.resetAfterMs) : policy.resetAfterMs;
    if (aliveMs >= resetAfterMs) this.#resetBackoff();
    this.#retry(error);
  }

  /**
   * Resolves with the connection as soon as there is one. Rejects with `TIMEOUT`, `ABORTED`, `SESSION_CLOSED`, or
   * `NOT_CONNECTED` when no attempt will be made or too many calls wait already. With a sleep policy it rejects with the
   * error of the attempt.
   */
  async whenReady(
    timeoutMs: number,
    signals: readonly (AbortSignal | undefined)[],
    doing: string,
  ): Promise<Connection> {
    if (this.isAsleep && !this.#isAsking) {
      const next = this.#waiting.next(timeoutMs, signals, doing, undefined);
      this.#wake().catch(() => {}); // `#fail` rejects the waiting calls.
      return next;
    }
    const state = this.#state;
    switch (state.tag) {
      case 'ready':
        return state.connection;
      case 'draining':
      case 'closed':
        throw this.#errors.closed(this.#reason);
      case 'idle':
        throw this.#errors.notConnected('was not started');
      case 'failed':
        if (state.signIn?.isAsking === true)
          return this.#waiting.next(timeoutMs, signals, doing, state.error);
        await settledWithin(state.signIn?.look() ?? Promise.resolve(), timeoutMs, ...signals);
        if (this.#state !== state) return this.whenReady(timeoutMs, signals, doing);
        if (state.error.code === 'AUTH_REQUIRED') throw this.#errors.notSent(state.error);
        throw this.#errors.gaveUp(state.error);
      case 'connecting':
      case 'waiting':
        return this.#waiting.next(timeoutMs, signals, doing, state.error);
    }
  }

  /** Waits for the calls in flight, then ends the connection. */
  close(): Promise<void> {
    this.#closing ??= this.#destroying ?? this.#drain();
    return this.#closing;
  }

  /** Ends at once; calls in flight fail. */
  async destroy(reason: unknown): Promise<void> {
    if (this.#destroying === undefined) {
      this.#reason = reason;
      this.#destroying = this.#end(reason);
    }
    await this.#destroying;
  }

  /** The error for a call that `destroy` ended; undefined when `destroy` was not called. */
  sessionClosedError(doing: string): PlenumError | undefined {
    return this.#destroying === undefined ? undefined : this.#errors.closed(this.#reason, doing, true);
  }

  /** Whether a lost connection must be replaced. */
  get #isNeeded(): boolean {
    return this.#sleep === undefined || this.#sleep.isNeeded();
  }

  /** Whether a person is being asked to sign in. */
  get #isAsking(): boolean {
    return this.#state.tag === 'failed' && this.#state.signIn?.isAsking === true;
  }

  async #wake(): Promise<void> {
    this.#resetBackoff();
    this.#backoff.next();
    await this.#attempt(undefined, this.#isNeeded);
  }

  #watchIdle(state: ReadyState, { idleMs }: SleepPolicy): void {
    state.watchIdle(this.#options.inFlight, idleMs, () => this.#fallAsleep());
  }

  #fallAsleep(): void {
    const state = this.#state;
    if (state.tag !== 'ready' || this.#isNeeded || this.#sleep?.isBusy() !== false) return;
    // A call that comes now finds the session idle: it connects again, after this close.
    const predecessor = Predecessor.closed(state.connection);
    this.#predecessor = predecessor;
    this.#enter(idle());
    void predecessor.gone.then(() => {
      if (this.#predecessor === predecessor) this.#predecessor = undefined;
    });
  }

  async #attempt(error: PlenumError | undefined, keepTrying: boolean): Promise<void> {
    this.#attempts++;
    const attempt = connecting(this.#attempts, error, () => this.#errors.closed(this.#reason));
    this.#enter(attempt);
    try {
      // Two processes of one server could disturb each other, and an in-process server takes one client at a time.
      await this.#predecessor?.gone;
      if (this.#state !== attempt) throw this.#errors.closed(this.#reason);
      const connection = await this.#options.connect(attempt.signal);
      if (this.#state !== attempt) {
        await connection.destroy();
        throw this.#errors.closed(this.#reason);
      }
      if (connection.ended) {
        await connection.destroy();
        throw this.#errors.lost(connection.end?.what ?? 'closed the connection');
      }
      // After a loss, `connectionLost` resets the backoff instead, once the new connection has lasted long enough.
      if (error === undefined) this.#resetBackoff();
      const state = ready(connection);
      if (this.#sleep !== undefined) this.#watchIdle(state, this.#sleep);
      this.#enter(state);
      this.#waiting.settle(connection);
    } catch (cause) {
      const failure = connectFailure(this.#options.server, cause);
      if (this.#state !== attempt) throw this.#errors.closed(this.#reason);
      if (keepTrying && !isFinal(failure, this.#wasUp)) this.#retry(failure);
      else this.#fail(failure);
      throw failure;
    } finally {
      attempt.settle();
    }
  }

  #retry(error: PlenumError): void {
    const { policy } = this.#options;
    if (policy === false || this.#attempts >= policy.attempts) return this.#fail(error);
    const delay = this.#backoff.next(error.retryAfterMs);
    const again = (): void => void this.#attempt(error, true).catch(() => {});
    this.#enter(waiting(this.#attempts + 1, error, delay, again));
  }

  #fail(error: PlenumError): void {
    const signIn = error.code === 'AUTH_REQUIRED' ? this.#options.awaitSignIn(error) : undefined;
    const state = failed(error, signIn);
    this.#enter(state);
    if (signIn !== undefined) {
      this.#signInRecovery = this.#recoverAfterSignIn(state, signIn);
      this.#signInRecovery.catch(() => {});
    }
    if (signIn?.isAsking === true) return;
    const outcome =
      this.#sleep === undefined && error.code !== 'AUTH_REQUIRED'
        ? this.#errors.gaveUp(error)
        : this.#errors.notSent(error);
    this.#waiting.settle(outcome);
  }

  async #recoverAfterSignIn(state: FailedState, signIn: PendingSignIn): Promise<void> {
    const failure = await signIn.done;
    if (this.#state !== state) return this.#outcome();
    if (failure === undefined) return this.reconnect();
    if (this.#isNeeded && !isFinal(failure, this.#wasUp)) this.#retry(failure);
    else this.#fail(failure);
    throw failure;
  }

  /** Settles with the result of the present attempt. */
  async #outcome(): Promise<void> {
    if (this.#state.tag === 'connecting') await this.#state.settled;
    const state = this.#state;
    if (state.tag === 'waiting' || state.tag === 'failed') throw state.error;
    if (state.tag === 'draining' || state.tag === 'closed') throw this.#errors.closed(this.#reason);
  }

  #resetBackoff(): void {
    this.#attempts = 0;
    this.#backoff.reset();
  }

  async #drain(): Promise<void> {
    if (this.#state.tag === 'closed') return;
    const { connection, attemptGone } = this.#startDraining();
    await attemptGone;
    await Promise.race([this.#options.inFlight.idle(), this.#closed.promise]);
    await Promise.all([connection?.close(), this.#predecessor?.leave()]);
    this.#finish(this.#reason);
  }

  async #end(reason: unknown): Promise<void> {
    if (this.#state.tag === 'closed') return;
    const { connection, attemptGone } = this.#startDraining();
    // Before `attemptGone`: an attempt under way waits for the previous connection to end.
    const gone = this.#predecessor?.destroy();
    await attemptGone;
    await Promise.all([connection?.destroy(), gone]);
    this.#finish(reason);
  }

  #startDraining(): DrainingState {
    const left = this.#state;
    if (left.tag === 'draining') return left;
    const state = draining(this.connection, left.tag === 'connecting' ? left.settled : Promise.resolve());
    this.#enter(state);
    this.#waiting.settle(this.#errors.closed(this.#reason));
    this.#closingSignal.abort();
    return state;
  }

  #finish(reason: unknown): void {
    if (this.#state.tag === 'closed') return;
    const error = reason === undefined ? undefined : this.#errors.closed(this.#reason);
    this.#enter(closed(error));
    this.#closed.resolve(reason);
  }

  #enter(state: SessionState): void {
    const left = this.#state;
    this.#state = state;
    left.exit();
    if (state.tag === 'ready') this.#wasUp = true;
    this.#status = statusOf(state, this.#wasUp);
    this.#options.onStatus(this.#status);
  }
}

/** The previous connection, which takes no calls any more and may still be ending. */
export class Predecessor {
  /** Resolves when the next connection may be made. */
  readonly gone: Promise<void>;
  readonly #connection: Connection;
  readonly #gracefully: boolean;

  private constructor(connection: Connection, gone: Promise<void>, gracefully: boolean) {
    this.#connection = connection;
    this.gone = gone;
    this.#gracefully = gracefully;
  }

  /** A connection that is lost, or is to be replaced. */
  static retired(connection: Connection): Predecessor {
    return new Predecessor(connection, connection.retire(), false);
  }

  /** A working connection that is not needed. */
  static closed(connection: Connection): Predecessor {
    return new Predecessor(connection, connection.close(), true);
  }

  /** Waits for the graceful end that has begun, or else ends it at once. Resolves when it has ended completely. */
  leave(): Promise<void> {
    return this.#gracefully ? this.gone : this.destroy();
  }

  /** Ends it at once. Resolves when it has ended completely. */
  destroy(): Promise<void> {
    return this.#connection.destroy();
  }
}
