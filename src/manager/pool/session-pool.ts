import { poolQueueFull } from '../../errors/pool.ts';
import { connectFailure } from '../../errors/connect.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { SupervisedSession } from '../../session/supervised-session.ts';
import { closedError } from './closed-error.ts';
import { IdleSessions } from './idle-sessions.ts';
import type { PoolCloseReason, ManagerEvent } from '../manager-events.ts';
import type { ResolvedPoolOptions } from './pool-options.ts';
import { PooledSession } from './server-pool.ts';
import { Reservations } from './reservations.ts';
import type { Bucket, ServerPool, WaitingCaller } from './server-pool.ts';
import { givenUp, Waiter } from './waiter.ts';
import { WaitingLines } from './waiting-lines.ts';

export interface SessionPoolOptions extends ResolvedPoolOptions {
  /** How long a health check may take before a session counts as dead, in milliseconds. */
  readonly checkTimeoutMs: number;
  /** Makes a session that is not started; `onDrift` is called when it no longer fits its bucket. */
  readonly create: (bucket: Bucket, onDrift: () => void) => SupervisedSession;
  readonly publish: (event: ManagerEvent) => void;
}

/**
 * Sessions that are kept for the next caller. Their number is bounded for each server and in all. Callers wait in queues,
 * first come, first served. When the pool is full, the idle session that was used least recently is closed for a new one.
 */
export class SessionPool {
  #options: SessionPoolOptions;
  readonly #sessions = new Set<PooledSession>();
  readonly #idle: IdleSessions;
  readonly #lines = new WaitingLines();
  #ended = false;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
    this.#idle = new IdleSessions(options, (pooled) => {
      void this.#close(pooled, this.#isOld(pooled) ? 'age' : 'idle');
    });
  }

  /** Changes how many sessions there may be. None is closed for it. */
  resize(max: number, maxPerServer: number): void {
    this.#options = { ...this.#options, max, maxPerServer };
    this.#dispatch();
  }

  /** Returns a session if one can be leased at once and no other caller waits for it. */
  tryAcquire(bucket: Bucket): PooledSession | undefined {
    if (this.#ended || bucket.server.waiters.size > 0) return undefined;
    return this.#take(bucket, this.#lines.areEmpty);
  }

  /** Rejects with `POOL_EXHAUSTED`, `TIMEOUT`, `ABORTED`, `SESSION_CLOSED`, or the error of opening. */
  async acquire(bucket: Bucket, timeoutMs: number, signal: AbortSignal | undefined): Promise<PooledSession> {
    const { server } = bucket;
    if (signal?.aborted === true) throw givenUp(bucket, signal.reason);
    if (this.#ended) throw poolClosed(server);
    const waiter = new Waiter(bucket, timeoutMs, signal, (impatient) => {
      this.#lines.onLeave(server);
      if (!impatient) return;
      bucket.abandonOpening();
      // Other callers may have waited behind this one, or for the place of its session.
      queueMicrotask(() => this.#dispatch());
    });
    this.#lines.onEnter(server);
    this.#dispatch();
    // Callers whose session is opening or being checked do not count as waiting.
    const { maxWaiting } = this.#options;
    if (waiter.waits && server.waiters.size - server.count('opening', 'checking') > maxWaiting) {
      waiter.reject(poolQueueFull(server.name, maxWaiting));
    }
    return waiter.promise;
  }

  /** Whether a session of the bucket is idle or can be opened, without waiting for another caller. */
  hasRoomFor({ idle, server }: Bucket): boolean {
    return idle.length > 0 || (server.waiters.size === 0 && !this.#isServerFull(server) && !this.#isFull);
  }

  /** Takes a session back. Called once for each lease. */
  giveBack(pooled: PooledSession): void {
    const { bucket } = pooled;
    pooled.leases--;
    if (pooled.state !== 'leased') return;
    const reason = this.#whyNotKeep(pooled);
    if (pooled.leases > 0) {
      if (reason === undefined) bucket.shareable.add(pooled);
      else bucket.shareable.delete(pooled);
    } else {
      bucket.shareable.delete(pooled);
      if (reason === undefined) this.#setIdle(pooled);
      else void this.#close(pooled, reason);
    }
    this.#dispatch();
  }

  /** Destroys a session. One that other leases share is closed when they have ended. */
  async discard(pooled: PooledSession, reason: unknown): Promise<void> {
    pooled.altered = true;
    if (pooled.leases > 1 || pooled.state !== 'leased') return this.giveBack(pooled);
    pooled.leases--;
    await this.#close(pooled, 'discarded', () => pooled.session.destroy(reason));
  }

  /** Pings the server. Returns whether it answered. */
  async check(pooled: PooledSession): Promise<boolean> {
    const { checkTimeoutMs } = this.#options;
    try {
      await pooled.session.ping({ timeoutMs: checkTimeoutMs, maxTotalTimeoutMs: checkTimeoutMs });
      pooled.suspect = false;
      return true;
    } catch {
      return false;
    }
  }

  /** Opens sessions until `count` are idle or opening, or the pool is full. Rejects with the first failure. */
  async prewarm(bucket: Bucket, count: number): Promise<void> {
    if (this.#ended) throw poolClosed(bucket.server);
    bucket.enter();
    const openings: Promise<void>[] = [];
    while (
      bucket.idle.length + bucket.coming < count &&
      !this.#isServerFull(bucket.server) &&
      !this.#isFull
    ) {
      openings.push(this.#open(bucket).finally(() => this.#dispatch()));
    }
    bucket.leave();
    await Promise.all(openings);
  }

  /** Leases nothing more, and closes the sessions that are not leased. Leased ones stay until `close` or `destroy`. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#idle.stop();
    for (const waiter of this.#lines.all()) waiter.reject(poolClosed(waiter.bucket.server));
    for (const pooled of this.#sessions) {
      if (pooled.state === 'opening') void this.#close(pooled, 'closed', () => pooled.session.destroy());
      else if (pooled.state !== 'leased') void this.#close(pooled, 'closed');
    }
  }

  /** Closes the sessions of one server, after their calls in flight, and rejects the callers that wait for one. */
  async closeServer(server: ServerPool): Promise<void> {
    for (const waiter of server.waiters) waiter.reject(poolClosed(server));
    await Promise.all(
      [...server.sessions].map((pooled) => {
        const { state, session } = pooled;
        return this.#close(pooled, 'closed', () =>
          state === 'opening' ? session.destroy() : session.close(),
        );
      }),
    );
  }

  /** Closes all sessions, after their calls in flight. */
  async close(): Promise<void> {
    this.end();
    await Promise.all([...this.#sessions].map((pooled) => this.#close(pooled, 'closed')));
  }

  /** Ends all sessions at once. */
  async destroy(reason: unknown): Promise<void> {
    this.end();
    await Promise.all(
      [...this.#sessions].map((pooled) =>
        this.#close(pooled, 'closed', () => pooled.session.destroy(reason)),
      ),
    );
  }

  /** Gives waiting callers their sessions, as far as there are some, and opens sessions for the others. */
  #dispatch(): void {
    if (this.#ended || this.#lines.areEmpty) return;
    const reservations = new Reservations();
    this.#lines.walk((waiter) => this.#serve(waiter, reservations));
  }

  /**
   * Returns false when there is nothing for this caller now; those behind it in the queue of its server then wait, too.
   */
  #serve(waiter: WaitingCaller, reservations: Reservations): boolean {
    const { bucket } = waiter;
    const { server } = bucket;
    const pooled = this.#take(bucket, !reservations.isFull);
    if (pooled !== undefined) {
      waiter.resolve(pooled);
      return true;
    }
    if (reservations.takeOpening(bucket)) return true;
    const serverFull = this.#isServerFull(server);
    if (!serverFull && !this.#isFull) {
      reservations.addOpening(bucket);
      void this.#openFor(bucket);
      return true;
    }
    if (bucket.adoptOpening()) return reservations.takeOpening(bucket);
    // A closing session leaves a place, in which one caller's session can be opened.
    const inTheWay = serverFull ? server.sessions : this.#sessions;
    if (reservations.takeClosing(inTheWay)) return true;
    if (this.#makeRoom(inTheWay)) return reservations.takeClosing(inTheWay);
    reservations.isFull ||= !serverFull;
    return false;
  }

  /** Closes an idle session, or else an abandoned opening, among `inTheWay`. Returns false when there is none. */
  #makeRoom(inTheWay: ReadonlySet<PooledSession>): boolean {
    const idle = this.#idle.oldest(inTheWay);
    if (idle !== undefined) {
      void this.#close(idle, 'evicted');
      return true;
    }
    for (const opening of inTheWay) {
      if (opening.state !== 'opening' || !opening.abandoned) continue;
      void this.#close(opening, 'evicted', () => opening.session.destroy());
      return true;
    }
    return false;
  }

  /**
   * Takes a session for a lease. `mayShare` is false while callers wait for a place: a shared session may never become
   * free.
   */
  #take(bucket: Bucket, mayShare: boolean): PooledSession | undefined {
    const { checkAfterMs, leasesPerSession } = this.#options;
    for (;;) {
      const pooled = this.#idle.takeLatest(bucket);
      if (pooled === undefined) break;
      const reason = this.#whyNotKeep(pooled);
      if (reason !== undefined) void this.#close(pooled, reason);
      else if (pooled.suspect || (!pooled.proven && performance.now() - pooled.idleSince > checkAfterMs))
        void this.#checkIdle(pooled);
      else return this.#lease(pooled);
    }
    if (leasesPerSession === 1 || !mayShare) return undefined;
    for (const pooled of bucket.shareable) if (pooled.isUp && isShareable(pooled)) return this.#lease(pooled);
    return undefined;
  }

  #lease(pooled: PooledSession): PooledSession {
    const { shareable } = pooled.bucket;
    pooled.state = 'leased';
    pooled.leases++;
    const room = isShareable(pooled) ? this.#options.leasesPerSession : 1;
    if (pooled.leases < room) shareable.add(pooled);
    else shareable.delete(pooled);
    return pooled;
  }

  #setIdle(pooled: PooledSession): void {
    pooled.state = 'idle';
    this.#idle.add(pooled);
  }

  /** Makes a session idle that has just connected or answered a ping. A waiting caller gets it without another ping. */
  #offer(pooled: PooledSession): void {
    this.#setIdle(pooled);
    pooled.proven = true;
    this.#dispatch();
    pooled.proven = false;
  }

  async #openFor(bucket: Bucket): Promise<void> {
    try {
      await this.#open(bucket);
    } catch (cause) {
      const { name } = bucket.server;
      const error = connectFailure(name, cause, `Opening server "${name}"`);
      const waiter = this.#lines.firstFor(bucket);
      if (waiter !== undefined) waiter.reject(error);
      else if (!this.#ended) this.#publish(bucket, { type: 'problem', error });
    }
    // After its caller was rejected, who must not get a second opening here.
    this.#dispatch();
  }

  /** Opens one more session of a bucket. It becomes idle, or goes to a waiting caller. */
  async #open(bucket: Bucket): Promise<void> {
    const { server } = bucket;
    const session = this.#options.create(bucket, () => {
      pooled.altered = true;
    });
    const pooled = new PooledSession(bucket, session);
    bucket.enter();
    bucket.coming++;
    server.sessions.add(pooled);
    this.#sessions.add(pooled);
    try {
      await session.start(false);
      if (pooled.state !== 'opening') throw poolClosed(server);
      server.created++;
      pooled.stopObserving = session.observe(({ type }) => {
        // Later, because the session is still changing its state.
        if (type === 'status') queueMicrotask(() => this.#onStatus(pooled));
      });
      const { connectMs = 0 } = session.status;
      this.#publish(bucket, { type: 'session-opened', connectMs });
      this.#arrive(pooled);
      this.#offer(pooled);
    } catch (error) {
      await session.destroy(error);
      const cutShort = pooled.state !== 'opening';
      this.#arrive(pooled);
      this.#forget(pooled);
      // When it was closed to make room, no caller waits for it.
      if (!cutShort || this.#ended) throw error;
    }
  }

  /** Called when an opening has succeeded or failed. */
  #arrive(pooled: PooledSession): void {
    if (!pooled.abandoned) pooled.bucket.coming--;
    pooled.abandoned = false;
    pooled.upSince = performance.now();
  }

  #onStatus(pooled: PooledSession): void {
    if (pooled.state === 'idle' && !pooled.isUp) {
      void this.#close(pooled, 'died', () => pooled.session.destroy());
    }
    // It has reconnected, and may be shared again.
    if (pooled.state === 'leased' && pooled.isUp) this.#dispatch();
  }

  async #checkIdle(pooled: PooledSession): Promise<void> {
    const { bucket } = pooled;
    pooled.state = 'checking';
    bucket.coming++;
    const alive = await this.check(pooled);
    bucket.coming--;
    if (pooled.state === 'checking') {
      if (alive && pooled.isUp) this.#offer(pooled);
      else void this.#close(pooled, 'unhealthy', () => pooled.session.destroy());
    }
    this.#dispatch();
  }

  /** Why a session must be closed; undefined when it can be leased again. */
  #whyNotKeep(pooled: PooledSession): PoolCloseReason | undefined {
    if (this.#ended) return 'closed';
    if (!pooled.isUp) return 'died';
    if (pooled.altered) return 'altered';
    return this.#isOld(pooled) ? 'age' : undefined;
  }

  #isOld({ upSince }: PooledSession): boolean {
    return performance.now() - upSince >= this.#options.maxAgeMs;
  }

  /** Closes a session. It counts until it has ended completely. */
  async #close(
    pooled: PooledSession,
    reason: PoolCloseReason,
    end = (): Promise<void> => pooled.session.close(),
  ): Promise<void> {
    const { bucket, state } = pooled;
    if (state !== 'closing') {
      pooled.state = 'closing';
      this.#idle.remove(pooled);
      bucket.shareable.delete(pooled);
      if (state !== 'opening') {
        bucket.server.closed[reason]++;
        this.#publish(bucket, { type: 'session-closed', reason });
      }
    }
    await end();
    for (const holder of pooled.holders) holder.onSessionClosed();
    // `#open` forgets one that was still opening.
    if (state !== 'opening') this.#forget(pooled);
    this.#dispatch();
  }

  #forget(pooled: PooledSession): void {
    if (!this.#sessions.delete(pooled)) return;
    pooled.stopObserving();
    pooled.bucket.server.sessions.delete(pooled);
    pooled.bucket.leave();
  }

  get #isFull(): boolean {
    return this.#sessions.size >= this.#options.max;
  }

  #isServerFull({ sessions, limit }: ServerPool): boolean {
    return sessions.size >= Math.min(this.#options.maxPerServer, limit);
  }

  #publish({ server, principal }: Bucket, event: EventOfBucket): void {
    this.#options.publish({ ...event, server: server.name, principal });
  }
}

/** Only in the 2026-07-28 era are the requests of a session independent of each other. */
function isShareable({ session }: PooledSession): boolean {
  return session.era === 'modern';
}

type EventOfBucket = OfBucket<Extract<ManagerEvent, { readonly principal?: unknown }>>;
type OfBucket<E> = E extends unknown ? Omit<E, 'server' | 'principal'> : never;

function poolClosed({ name }: ServerPool): PlenumError {
  return closedError(`Acquiring a session of server "${name}"`, { server: name });
}
