import pLimit from 'p-limit';
import { serverNameTaken, unknownName } from '../errors/catalog.ts';
import { handlerFailed } from '../errors/call.ts';
import { notAServerName } from '../errors/pool.ts';
import { createDeferred } from '../internal/deferred.ts';
import { EventHub, type OverflowEvent } from '../internal/event-hub.ts';
import { settledWithin } from '../internal/limit.ts';
import { snapshotMap } from '../internal/snapshot-map.ts';
import { checkOptions, checkValue, withDefaults } from '../options/check-options.ts';
import { count, defaultsOf, string, text } from '../options/kinds.ts';
import {
  acquireOptions,
  checkHealthOptions,
  managerOpenOptions,
  managerOptions,
  poolOptions,
} from '../options/tables/manager.ts';
import { healthOptions } from '../options/tables/server.ts';
import type { ReconnectOptions } from '../server-spec.ts';
import { createConnectGates } from '../session/connection/connect-gate.ts';
import type { OpenSessionOptions } from '../session/open-session.ts';
import type { Session } from '../session/session.ts';
import { resolveBacklog } from '../session/session-options.ts';
import type { SessionTarget } from '../session/session-target.ts';
import type { SupervisedSession } from '../session/supervised-session.ts';
import { checkHealth, type CheckHealthOptions, type HealthReport } from './leases/check-health.ts';
import { closedError } from './pool/closed-error.ts';
import { checkTarget } from './pool/check-target.ts';
import { sessionCreator, type CreateSession } from './create-session.ts';
import { FreshSessions } from './fresh-sessions.ts';
import type { AcquireOptions, Lease } from './leases/lease.ts';
import { Leasing } from './leases/leasing.ts';
import type { ManagerEvent } from './manager-events.ts';
import { checkManagerOptions, type SessionManagerOptions } from './manager-options.ts';
import type { ManagedServerStats, ManagedServerStatus, ServerRoute } from './manager-stats.ts';
import { checkRun, type RunOptions, type RunWork } from './runs/run-options.ts';
import { Runner } from './runs/runner.ts';
import { ServerRecord } from './server-record.ts';
import { pinHeaders } from './pool/session-key.ts';
import type { ManagedServer } from './pool/managed-server.ts';
import { SessionPool } from './pool/session-pool.ts';

const WHOLE = count(0);

/** How many servers `checkHealth` checks at a time. */
const CHECKS_AT_A_TIME = 16;

/** Options of `SessionManager.openSession`. */
export interface ManagerOpenOptions extends OpenSessionOptions {
  /** The principal to open the session for, such as a user; spec functions and handlers get it. */
  principal?: string;
}

/**
 * Opens sessions on demand: fresh ones with `openSession`, pooled ones with `acquire`, and `run` for work that is tried
 * again where that is safe. Servers are started when they are first needed. A session for one principal is never given
 * to another.
 */
export class SessionManager implements AsyncDisposable {
  readonly #options: SessionManagerOptions;
  readonly #closeTimeoutMs: number;
  readonly #healthTimeoutMs: number;
  readonly #hub: EventHub<ManagerEvent>;
  readonly #records = new Map<string, ServerRecord>();
  readonly #createSession: CreateSession;
  readonly #pool: SessionPool;
  readonly #leasing: Leasing;
  readonly #runner: Runner;
  readonly #fresh = new FreshSessions();
  readonly #runs = new Set<Promise<unknown>>();
  /** Aborts when the manager begins to close: no session is acquired any more. */
  readonly #closingSignal = new AbortController();
  /** Aborts when the manager is destroyed, or has not closed in time: runs fail. */
  readonly #ending = new AbortController();
  readonly #closed = createDeferred<unknown>();
  #closing: Promise<void> | undefined;
  #destroying: Promise<void> | undefined;

  /** Opens nothing. Throws `CONFIG_INVALID`. */
  constructor(options: SessionManagerOptions = {}) {
    checkManagerOptions(options);
    this.#options = options;
    this.#hub = new EventHub(resolveBacklog(options.eventBacklog));
    if (options.onEvent !== undefined) {
      this.#hub.call(options.onEvent, (cause, event) => {
        const { server } = event;
        const principal = 'principal' in event ? event.principal : undefined;
        const error = handlerFailed('The function "onEvent" of the manager threw', server, cause);
        this.#hub.publish({ type: 'problem', server, principal, error });
      });
    }
    this.#closeTimeoutMs = options.closeTimeoutMs ?? managerOptions.closeTimeoutMs.default;
    const { health } = options;
    this.#healthTimeoutMs =
      (typeof health === 'object' ? health.timeoutMs : undefined) ?? healthOptions.timeoutMs.default;
    this.#createSession = sessionCreator(createConnectGates(options.concurrency));
    const publish = (event: ManagerEvent): void => this.#hub.publish(event);
    for (const [name, server] of Object.entries(options.servers ?? {})) this.#keep(name, server);
    const pool = withDefaults(defaultsOf(poolOptions), options.pool);
    this.#pool = new SessionPool({
      ...pool,
      checkTimeoutMs: this.#healthTimeoutMs,
      create: ({ server, principal, keyed, checked }, onDrift) => {
        const target = { ...checked.target, spec: pinHeaders(keyed, onDrift) };
        const options = { ...checked.options, reconnect: onceAtMost(checked.options.reconnect) };
        const session = this.#createSession(server.name, { target, options }, principal);
        if (options.lock !== undefined) {
          session.observe((event) => {
            if (event.type === 'drift') publish({ ...event, server: server.name, principal });
          });
        }
        return session;
      },
      publish,
    });
    this.#leasing = new Leasing(this.#pool, pool, publish, this.#closingSignal.signal);
    this.#runner = new Runner({
      retry: options.retry,
      acquire: (record, { principal, acquireTimeoutMs }, signal, listener) =>
        this.#leasing.acquire(record, { principal, signal, timeoutMs: acquireTimeoutMs }, listener),
      publish,
      closing: this.#closingSignal.signal,
      ending: this.#ending.signal,
    });
  }

  /** The status of each server, by name, in the order of the option `servers`. A snapshot. */
  get servers(): ReadonlyMap<string, ManagedServerStatus> {
    const isClosing = this.#closingSignal.signal.aborted;
    return snapshotMap([...this.#records.values()].map((record) => [record.name, record.status(isClosing)]));
  }

  /**
   * Opens a session that is not pooled, with a server given by its name, or as for {@link openSession}. The caller closes
   * it, with `close()` or `await using`; closing the manager closes those that are still open.
   *
   * Rejects with `UNKNOWN_SERVER`, `SESSION_CLOSED`, or as `openSession` does.
   */
  async openSession(target: string | SessionTarget, options: ManagerOpenOptions = {}): Promise<Session> {
    this.#expectOpen('Opening a session');
    checkOptions(managerOpenOptions, options, 'Session options');
    const { signal, principal, ...rest } = options;
    const record = this.#configured(target);
    const session =
      record === undefined
        ? this.#createElsewhere(target, rest, principal)
        : await this.#createOn(record, rest, principal, signal);
    this.#expectOpen('Opening a session');
    session.tellOf(options.onEvent);
    if (record !== undefined) record.fresh++;
    return this.#fresh.start(session, signal, () => {
      if (record !== undefined) record.fresh--;
    });
  }

  /**
   * Changes how many pooled sessions there may be in all and for each server. None is closed for it.
   * @internal
   */
  resizePool(max: number, maxPerServer: number): void {
    this.#pool.resize(max, maxPerServer);
  }

  /**
   * Leases a pooled session: an idle one, a new one if the pool is not full, or else the next that becomes free. Callers
   * are served in the order in which they call.
   *
   * Rejects with `UNKNOWN_SERVER`, `CONFIG_INVALID`, `POOL_EXHAUSTED` when no session became free in time or too many
   * callers wait, `TIMEOUT` when a session did not connect in time, `ABORTED`, `SESSION_CLOSED`, or the error of opening.
   */
  acquire(server: ServerRoute, options: AcquireOptions = {}): Promise<Lease> {
    try {
      checkOptions(acquireOptions, options, 'Options of acquire()');
      const chosen = this.#choose(server);
      if (chosen instanceof ServerRecord) return this.#leasing.acquire(chosen, options);
      return this.#acquireChosen(chosen, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Acquires a session, calls `work` with it, and releases it. When the connection fails, tries again as `retry` says,
   * but not if a tool may have run that its server does not annotate as read-only or idempotent. While a server's circuit
   * is open, because its connections keep failing, it is not used.
   *
   * Rejects as `acquire` does, with `CIRCUIT_OPEN`, `TIMEOUT` or `ABORTED`, or with what `work` threw in the last attempt.
   * `attempts` of the error is the number of attempts when there was more than one.
   */
  async run<T>(server: ServerRoute, work: RunWork<T>, options: RunOptions = {}): Promise<T> {
    checkRun(work, options);
    this.#expectOpen('Starting a run');
    const run = this.#runner.run(
      typeof server === 'string' ? server : undefined,
      () => this.#choose(server),
      work,
      options,
    );
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
    }
  }

  /**
   * Opens pooled sessions before they are needed, until `count` are idle or opening, or the pool is full. Rejects with the
   * first failure, `TIMEOUT` or `ABORTED`; other sessions then go on opening. `options.timeoutMs` is `Infinity` by default.
   */
  async prewarm(server: string, count: number, options: AcquireOptions = {}): Promise<void> {
    const record = this.#record(server);
    checkValue('count', WHOLE, count);
    checkOptions(acquireOptions, options, 'Options of prewarm()');
    const { timeoutMs = Infinity, signal } = options;
    const doing = `Opening sessions of server "${server}" ahead of time`;
    const limit = this.#leasing.limit(doing, server, timeoutMs, signal);
    try {
      const keyed = await this.#leasing.specOf(record, options);
      limit.throwIfEnded();
      await limit.hold(this.#pool.prewarm(record.bucketFor(options.principal, keyed), count));
    } finally {
      limit.stop();
    }
  }

  /**
   * Pings one server, or all of them in parallel, over an idle session or a new one. A server that does not answer has a
   * report with `healthy: false`. Rejects only with `UNKNOWN_SERVER`, `SESSION_CLOSED` or `CONFIG_INVALID`.
   */
  checkHealth(server: string, options?: CheckHealthOptions): Promise<HealthReport>;
  checkHealth(options?: CheckHealthOptions): Promise<ReadonlyMap<string, HealthReport>>;
  async checkHealth(
    server?: string | CheckHealthOptions,
    options: CheckHealthOptions = {},
  ): Promise<HealthReport | ReadonlyMap<string, HealthReport>> {
    checkOptions(
      checkHealthOptions,
      typeof server === 'object' ? server : options,
      'Options of checkHealth()',
    );
    this.#expectOpen('Checking servers');
    if (typeof server === 'string') return this.#check(this.#record(server), options);
    const limit = pLimit(CHECKS_AT_A_TIME);
    const reports = [...this.#records.values()].map((record) =>
      limit(async () => [record.name, await this.#check(record, server ?? {})] as const),
    );
    return new Map(await Promise.all(reports));
  }

  /** Adds a server; opens nothing. Throws `CONFIG_INVALID`, or `NAME_COLLISION` when the name is taken. */
  add(name: string, server: ManagedServer): void {
    this.#expectOpen('Adding a server');
    checkValue('The name of a server', text, name);
    if (typeof server !== 'function') checkTarget(name, server, { manager: this.#options });
    if (this.#records.has(name)) throw serverNameTaken(name);
    this.#keep(name, server);
  }

  /**
   * Removes a server, and closes its sessions after the calls in progress. Callers that wait for one are rejected with
   * `SESSION_CLOSED`. Rejects with `UNKNOWN_SERVER`.
   */
  async remove(name: string): Promise<void> {
    const record = this.#record(name);
    this.#records.delete(name);
    await this.#pool.closeServer(record.pool);
  }

  /** What was given for a server in the option `servers`: its spec, or the function that makes it. Throws `UNKNOWN_SERVER`. */
  spec(server: string): ManagedServer {
    return this.#record(server).given;
  }

  /** The counters of each server, by name. A snapshot. */
  stats(): ReadonlyMap<string, ManagedServerStats> {
    return new Map([...this.#records.values()].map((record) => [record.name, record.stats()]));
  }

  /**
   * The events from now on; it ends when the manager is closed. A reader that falls behind by more than
   * `eventBacklog` allows (10000 events or 64 MiB) loses the oldest ones, and gets an `overflow` event with their number in
   * their place.
   */
  events(): AsyncIterableIterator<ManagerEvent | OverflowEvent> {
    return this.#hub.iterate();
  }

  /**
   * Waits up to `closeTimeoutMs` for runs and calls in progress, and closes all sessions, leased ones, too. Waiting
   * `acquire` calls reject with `SESSION_CLOSED`. Idempotent; never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#destroying ?? this.#close();
    return this.#closing;
  }

  /** Fails runs and calls in progress with `SESSION_CLOSED` and ends all sessions, at once. Idempotent. */
  destroy(reason?: unknown): Promise<void> {
    this.#destroying ??= this.#destroy(reason);
    return this.#destroying;
  }

  /** Resolves when the manager is closed and has released all its resources, with the reason given to `destroy()`. */
  get closed(): Promise<unknown> {
    return this.#closed.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #keep(name: string, server: ManagedServer): void {
    const onCircuit: ConstructorParameters<typeof ServerRecord>[3] = (circuit) =>
      this.#hub.publish({ type: 'circuit', server: name, circuit });
    this.#records.set(name, new ServerRecord(name, server, this.#options, onCircuit));
  }

  /** The record of the server of this name; undefined for a URL, a spec or another target. */
  #configured(target: string | SessionTarget): ServerRecord | undefined {
    if (typeof target !== 'string') return undefined;
    if (!this.#records.has(target) && URL.canParse(target)) return undefined;
    return this.#record(target);
  }

  #record(name: string): ServerRecord {
    const record = this.#records.get(name);
    if (record !== undefined) return record;
    checkValue('server', string, name);
    throw unknownName('server', name, this.#records.keys());
  }

  #choose(route: ServerRoute): ServerRecord | Promise<ServerRecord> {
    if (typeof route === 'string') return this.#record(route);
    if (typeof route !== 'function') throw notAServerName('A server', route);
    return Promise.resolve(route(this.stats())).then((name: unknown) => {
      if (typeof name === 'string') return this.#record(name);
      throw notAServerName('What the function chooses', name);
    });
  }

  async #acquireChosen(choosing: Promise<ServerRecord>, options: AcquireOptions): Promise<Lease> {
    const { timeoutMs = Infinity, signal } = options;
    const limit = this.#leasing.limit('Choosing a server', undefined, timeoutMs, signal);
    try {
      return await this.#leasing.acquire(await limit.hold(choosing), options);
    } finally {
      limit.stop();
    }
  }

  #createElsewhere(
    target: SessionTarget,
    options: OpenSessionOptions,
    principal: string | undefined,
  ): SupervisedSession {
    const checked = checkTarget(options.name ?? 'session', target, { call: options, manager: this.#options });
    return this.#createSession(options.name ?? checked.target.name, checked, principal);
  }

  async #createOn(
    record: ServerRecord,
    options: OpenSessionOptions,
    principal: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<SupervisedSession> {
    const timeoutMs = options.connectTimeoutMs ?? record.connectTimeoutMs;
    const limit = this.#leasing.limitOnSpec(record, timeoutMs, signal);
    try {
      const { spec } = await limit.hold(record.resolve(principal, limit.signal));
      const checked = checkTarget(record.name, spec, { call: options, manager: this.#options });
      return this.#createSession(options.name ?? record.name, checked, principal);
    } finally {
      limit.stop();
    }
  }

  #check(record: ServerRecord, options: CheckHealthOptions): Promise<HealthReport> {
    return checkHealth(record, options, {
      leasing: this.#leasing,
      pool: this.#pool,
      timeoutMs: this.#healthTimeoutMs,
      open: (server, openOptions) => this.openSession(server, openOptions),
    });
  }

  async #close(): Promise<void> {
    this.#stopAccepting();
    const drained = this.#drain();
    const inTime = await settledWithin(drained, this.#closeTimeoutMs, this.#ending.signal);
    if (!inTime) return this.destroy();
    this.#finish(undefined);
  }

  async #drain(): Promise<void> {
    await Promise.allSettled(this.#runs);
    await Promise.all([this.#pool.close(), this.#fresh.close()]);
  }

  async #destroy(reason: unknown): Promise<void> {
    this.#stopAccepting();
    this.#ending.abort(closedError('Running', { cause: reason }));
    await Promise.all([this.#pool.destroy(reason), this.#fresh.destroy(reason)]);
    this.#finish(reason);
  }

  #stopAccepting(): void {
    this.#closingSignal.abort();
    this.#pool.end();
  }

  #finish(reason: unknown): void {
    this.#hub.end();
    this.#closed.resolve(reason);
  }

  #expectOpen(doing: string): void {
    if (this.#closingSignal.signal.aborted) throw closedError(doing);
  }
}

/** Pooled sessions make one attempt to reconnect. If that fails, opening another session is better than waiting. */
function onceAtMost(reconnect: false | Required<ReconnectOptions>): false | Required<ReconnectOptions> {
  return reconnect === false ? false : { ...reconnect, attempts: 1 };
}
