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
import type { InFlight } from './in-flight.ts';
import { WaitingCalls } from './waiting-calls.ts';

export interface SupervisorOptions {
  readonly server: string;
  readonly policy: false | Required<ReconnectOptions>;
  readonly maxWaitingCalls: number;
  /** Brings one connection up, restored state and all; leaves nothing behind when it fails or is aborted. */
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  /** Access was refused: begins to wait for a sign-in, if there is something to wait for. */
  readonly awaitSignIn: (error: PlenumError) => PendingSignIn | undefined;
  readonly onStatus: (status: SessionStatus) => void;
  /** A connection was lost while nobody used it: it comes back with the next call. */
  readonly onLostWhileIdle: (error: PlenumError) => void;
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

/** Errors that trying again cannot mend. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  'CONFIG_INVALID',
  'AUTH_REQUIRED',
  // Of a source that sessions are leased from.
  'SESSION_CLOSED',
  'UNKNOWN_SERVER',
]);

/** How long an HTTP session must have lived for its expiry to be no reason to back off, in milliseconds. */
const EXPIRY_PROVEN_MS = 1_000;

/**
 * Keeps one server connected: connects, notices the end, backs off, connects again; holds the calls that come
 * meanwhile, and closes for good. One that may sleep is connected while somebody uses it.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #errors: SessionErrors;
  readonly #backoff: Backoff;
  readonly #waiting: WaitingCalls;
  readonly #closed = createDeferred<unknown>();
  #state: SessionState = idle();
  #status: SessionStatus = { state: 'idle', since: Date.now() };
  /** Attempts since the server was last healthy; what `attempts` bounds. */
  #attempts = 0;
  /** The connection before; something of it may be left for a moment. */
  #predecessor: Predecessor | undefined;
  #sleep: SleepPolicy | undefined;
  readonly #closingSignal = new AbortController();
  /** Settles when the session is back after a sign-in, or is not coming back by that. */
  #comeback: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #destroying: Promise<void> | undefined;
  /** What the session was destroyed for. */
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

  /** The connection in use, also by calls that a close waits for. */
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
   * Makes the first attempt. With `keepTrying`, a failure is followed by more, as after a lost connection. When a person
   * is asked to sign in, it is waited for `loginWaitMs`.
   */
  async start(keepTrying: boolean, loginWaitMs: () => number): Promise<void> {
    if (this.#state.tag !== 'idle') throw this.#errors.notConnected('was started already');
    this.#backoff.next(); // The first attempt is the one that comes at once.
    try {
      await this.#attempt(undefined, keepTrying);
    } catch (error) {
      const comeback = this.#isAsking ? this.#comeback : undefined;
      if (comeback === undefined || !(await settledWithin(comeback, loginWaitMs()))) throw error;
      await comeback;
    }
  }

  /**
   * From now on the connection is ended when nobody has used it for a while, and comes back with the next call. May be
   * said before the start, which is then made by the first call.
   */
  letSleep(policy: SleepPolicy): void {
    this.#sleep = policy;
    if (this.#state.tag === 'ready') this.#watchIdle(this.#state, policy);
  }

  /** Whether nothing but a call, or being told to, will bring the server up. */
  get isAsleep(): boolean {
    const { tag } = this.#state;
    return this.#sleep !== undefined && (tag === 'idle' || tag === 'failed');
  }

  /** Brings the connection up if there is none. Resolves when ready; rejects when this attempt fails. */
  async wake(): Promise<void> {
    return this.isAsleep ? this.#wake() : this.#outcome();
  }

  /** Replaces the connection now. Resolves when ready; rejects when this attempt fails. */
  async reconnect(): Promise<void> {
    const state = this.#state;
    if (state.tag === 'draining' || state.tag === 'closed') throw this.#errors.closed(this.#reason);
    if (state.tag === 'connecting' || this.isAsleep) return this.wake();
    if (state.tag === 'ready') this.#predecessor = Predecessor.retired(state.connection);
    this.#startOver();
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
    // A session that expires says nothing against its server, unless it does so all the time.
    const provenMs =
      error.code === 'SESSION_EXPIRED'
        ? Math.min(EXPIRY_PROVEN_MS, policy.resetAfterMs)
        : policy.resetAfterMs;
    if (aliveMs >= provenMs) this.#startOver();
    this.#retry(error);
  }

  /**
   * The connection, at once or when there is one. Rejects with `TIMEOUT`, `ABORTED`, `SESSION_CLOSED`, or
   * `NOT_CONNECTED` when none is coming or too many calls wait already; of a session that may sleep, with what
   * waking it failed with.
   */
  async whenReady(
    timeoutMs: number,
    signals: readonly (AbortSignal | undefined)[],
    doing: string,
  ): Promise<Connection> {
    if (this.isAsleep && !this.#isAsking) {
      const next = this.#waiting.next(timeoutMs, signals, doing, undefined);
      this.#wake().catch(() => {}); // Whoever waits is told.
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

  /** Lets calls in flight finish, then ends the connection. */
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

  /** Why the session ended, when it was by force. */
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
    this.#startOver();
    this.#backoff.next();
    await this.#attempt(undefined, this.#isNeeded);
  }

  #watchIdle(state: ReadyState, { idleMs }: SleepPolicy): void {
    state.watchIdle(this.#options.inFlight, idleMs, () => this.#fallAsleep());
  }

  #fallAsleep(): void {
    const state = this.#state;
    if (state.tag !== 'ready' || this.#isNeeded || this.#sleep?.isBusy() !== false) return;
    // A call that comes now finds the session idle: it waits for this close and wakes the server anew.
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
      // Two processes, or two clients of one in-process server, would be in each other's way.
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
      // A first success leaves nothing to back off from; later ones must prove themselves first.
      if (error === undefined) this.#startOver();
      const state = ready(connection);
      if (this.#sleep !== undefined) this.#watchIdle(state, this.#sleep);
      this.#enter(state);
      this.#waiting.settle(connection);
    } catch (cause) {
      const failure = connectFailure(this.#options.server, cause);
      if (this.#state !== attempt) throw this.#errors.closed(this.#reason);
      if (keepTrying && !FINAL_CODES.has(failure.code)) this.#retry(failure);
      else this.#fail(failure);
      throw failure;
    } finally {
      attempt.settle();
    }
  }

  #retry(error: PlenumError): void {
    const { policy } = this.#options;
    if (policy === false || this.#attempts >= policy.attempts) return this.#fail(error);
    const delay = this.#backoff.next();
    const again = (): void => void this.#attempt(error, true).catch(() => {});
    this.#enter(waiting(this.#attempts + 1, error, delay, again));
  }

  #fail(error: PlenumError): void {
    const signIn = error.code === 'AUTH_REQUIRED' ? this.#options.awaitSignIn(error) : undefined;
    const state = failed(error, signIn);
    this.#enter(state);
    if (signIn !== undefined) {
      this.#comeback = this.#comeBack(state, signIn);
      this.#comeback.catch(() => {});
    }
    if (signIn?.isAsking === true) return;
    const outcome =
      this.#sleep === undefined && error.code !== 'AUTH_REQUIRED'
        ? this.#errors.gaveUp(error)
        : this.#errors.notSent(error);
    this.#waiting.settle(outcome);
  }

  async #comeBack(state: FailedState, signIn: PendingSignIn): Promise<void> {
    const failure = await signIn.done;
    if (this.#state !== state) return this.#outcome();
    if (failure === undefined) return this.reconnect();
    if (this.#isNeeded && !FINAL_CODES.has(failure.code)) this.#retry(failure);
    else this.#fail(failure);
    throw failure;
  }

  /** What becomes of the present attempt. */
  async #outcome(): Promise<void> {
    if (this.#state.tag === 'connecting') await this.#state.settled;
    const state = this.#state;
    if (state.tag === 'waiting' || state.tag === 'failed') throw state.error;
    if (state.tag === 'draining' || state.tag === 'closed') throw this.#errors.closed(this.#reason);
  }

  #startOver(): void {
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
    // First, as an attempt under way may be waiting for it.
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
    this.#status = statusOf(state);
    this.#options.onStatus(this.#status);
  }
}

/** A connection that is out of use, while something of it may be left. */
export class Predecessor {
  /** Resolves when its successor may come. */
  readonly gone: Promise<void>;
  readonly #connection: Connection;
  readonly #gracefully: boolean;

  private constructor(connection: Connection, gone: Promise<void>, gracefully: boolean) {
    this.#connection = connection;
    this.gone = gone;
    this.#gracefully = gracefully;
  }

  /** One that is lost. */
  static retired(connection: Connection): Predecessor {
    return new Predecessor(connection, connection.retire(), false);
  }

  /** One that is well and not needed. */
  static closed(connection: Connection): Predecessor {
    return new Predecessor(connection, connection.close(), true);
  }

  /** Ends it as gently as it was left. Resolves when nothing is left. */
  leave(): Promise<void> {
    return this.#gracefully ? this.gone : this.destroy();
  }

  /** Ends it by force. */
  destroy(): Promise<void> {
    return this.#connection.destroy();
  }
}
