import { inspect } from 'node:util';
import type {
  Client,
  Implementation,
  InitializeResult,
  ListToolsResult,
  ServerCapabilities,
  Tool,
} from '@modelcontextprotocol/client';
import { leaseEnded } from '../../errors/session-end.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { ownOptions } from '../../options/check-options.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { EventHub, type OverflowEvent } from '../../internal/event-hub.ts';
import type { CallOptions, PageOptions } from '../../session/call-options.ts';
import { InFlight } from '../../session/supervision/in-flight.ts';
import type { ProtocolEra, SessionEvent, SessionStatus } from '../../session/session.ts';
import {
  sessionInternals,
  type InternalSession,
  type SessionInternals,
} from '../../session/session-internals.ts';
import type { RequestInfo, SessionRequest } from '../../session/requests/request-runner.ts';
import { SessionRequests, type RequestResources } from '../../session/requests/session-requests.ts';
import type { SupervisedSession } from '../../session/supervised-session.ts';

/** The lease of a {@link LeasedSession}: it is told what is done with the session, and ends when the session is closed. */
export interface LeaseUse {
  /** A request is being sent; `call` settles when the request does. */
  onRequest(request: RequestInfo, call: Promise<unknown>): void;
  /** The server answered a request, with a result or an error, after `ms` milliseconds. */
  onAnswered(ms: number): void;
  /** A request was not answered in time: the server may hang. */
  onSilence(): void;
  /** `more`: they come in addition to those of earlier pages. */
  onToolsListed(tools: ListToolsResult['tools'], more?: boolean): void;
  onClientTaken(): void;
  release(): Promise<void>;
  discard(reason?: unknown): Promise<void>;
}

/** The session of one lease: it uses the pooled session until the lease ends, and is closed from then on. */
export class LeasedSession extends SessionRequests implements InternalSession, SessionInternals {
  readonly resources: RequestResources;
  readonly #session: SupervisedSession;
  readonly #use: LeaseUse;
  readonly #inFlight = new InFlight();
  /** Aborting cancels the calls in flight. */
  readonly #revoked = new AbortController();
  readonly #closed = createDeferred<unknown>();
  #hub: EventHub<SessionEvent> | undefined;
  #stopObserving: () => void = () => {};
  /** When the lease ended, in epoch milliseconds; undefined before. */
  #endedAt: number | undefined;
  /** Why calls in flight were cancelled; undefined when they were not. */
  #revocation: { readonly cause: unknown } | undefined;

  constructor(session: SupervisedSession, use: LeaseUse) {
    super();
    this.#session = session;
    this.#use = use;
    const { timeoutMs, subscriptions, tools, lists, unannounced, oddities } = session.resources;
    this.resources = {
      timeoutMs,
      subscriptions,
      tools,
      lists,
      unannounced,
      oddities,
      runner: { run: (request, options) => this.#run(request, options) },
    };
  }

  get name(): string {
    return this.#session.name;
  }

  get status(): SessionStatus {
    return this.#endedAt === undefined ? this.#session.status : { state: 'closed', since: this.#endedAt };
  }

  get serverInfo(): Implementation | undefined {
    return this.#session.serverInfo;
  }

  get capabilities(): ServerCapabilities | undefined {
    return this.#session.capabilities;
  }

  get instructions(): string | undefined {
    return this.#session.instructions;
  }

  get protocolVersion(): string | undefined {
    return this.#session.protocolVersion;
  }

  get era(): ProtocolEra | undefined {
    return this.#session.era;
  }

  get initializeResult(): InitializeResult | undefined {
    return this.#session.initializeResult;
  }

  /**
   * The official client of the pooled session. The lease does not observe requests that are made on it: they go on when
   * the lease ends, and a run that has read this property is not tried again.
   */
  get client(): Client | undefined {
    this.#use.onClientTaken();
    return this.#endedAt === undefined ? this.#session.client : undefined;
  }

  get closed(): Promise<unknown> {
    return this.#closed.promise;
  }

  override async listTools(options?: CallOptions): Promise<ListToolsResult> {
    const result = await super.listTools(options);
    this.#use.onToolsListed(result.tools);
    return result;
  }

  override async listToolsPage(options?: PageOptions): Promise<ListToolsResult> {
    const page = await super.listToolsPage(options);
    this.#use.onToolsListed(page.tools, options?.cursor !== undefined);
    return page;
  }

  events(): AsyncIterableIterator<SessionEvent | OverflowEvent> {
    return this.#openHub().iterate();
  }

  get [sessionInternals](): SessionInternals {
    return this;
  }

  get timeoutMs(): number {
    return this.#session.timeoutMs;
  }

  /** Does not read `this.client`, which would tell the lease that a caller uses the client. */
  get connectionKey(): object | undefined {
    return this.#endedAt === undefined ? this.#session.connectionKey : undefined;
  }

  get guard(): SessionInternals['guard'] {
    return this.#session.guard;
  }

  get spec(): object | undefined {
    return this.#session.spec;
  }

  /** The pooled session serves others, too: its lock is the manager's. */
  async useLock(): Promise<boolean> {
    return this.#session.hasLock;
  }

  get isAsleep(): boolean {
    return this.#endedAt === undefined && this.#session.isAsleep;
  }

  learnTools(tools: readonly Tool[]): void {
    this.#session.learnTools(tools);
  }

  async wake(): Promise<void> {
    if (this.#endedAt !== undefined) throw this.#over('Connecting', false);
    await this.#session.wake();
  }

  observe(listener: (event: SessionEvent) => void): () => void {
    return this.#openHub().listen(listener);
  }

  async reconnect(): Promise<void> {
    if (this.#endedAt !== undefined) throw this.#over('Reconnecting', false);
    await this.#session.reconnect();
  }

  async authorize(options?: { signal?: AbortSignal }): Promise<void> {
    if (this.#endedAt !== undefined) throw this.#over('Signing in', false);
    await this.#session.authorize(options);
  }

  close(): Promise<void> {
    return this.#use.release();
  }

  destroy(reason?: unknown): Promise<void> {
    return this.#use.discard(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What `console.log` shows of it. */
  [inspect.custom](): object {
    return { session: this.name, status: this.status };
  }

  /**
   * Refuses further calls. Returns a promise that resolves when the calls in flight have settled; undefined when there
   * are none.
   */
  end(): Promise<void> | undefined {
    if (this.#endedAt === undefined) {
      this.#endedAt = Date.now();
      this.#stopObserving();
      this.#hub?.publish({ type: 'status', status: this.status });
      this.#hub?.end();
      this.#closed.resolve(undefined);
    }
    return this.#inFlight.count === 0 ? undefined : this.#inFlight.idle();
  }

  /** As `end`, and cancels the calls in flight: the server is told, and they reject with `SESSION_CLOSED`. */
  revoke(cause: unknown): Promise<void> | undefined {
    this.#revocation ??= { cause };
    const settled = this.end();
    this.#revoked.abort(cause);
    return settled;
  }

  /** The hub is made when it is first needed, as most leases have no reader of events. */
  #openHub(): EventHub<SessionEvent> {
    if (this.#hub !== undefined) return this.#hub;
    const hub = new EventHub<SessionEvent>(this.#session.eventBacklog);
    this.#hub = hub;
    if (this.#endedAt === undefined)
      this.#stopObserving = this.#session.observe((event) => hub.publish(event));
    else hub.end();
    return hub;
  }

  #run<T>(request: SessionRequest<T>, options: CallOptions): Promise<T> {
    if (this.#endedAt !== undefined) return Promise.reject(this.#over(request.doing, false));
    const answer = this.#send(request, options);
    this.#use.onRequest(request, answer);
    return answer;
  }

  async #send<T>(request: SessionRequest<T>, options: CallOptions): Promise<T> {
    this.#inFlight.enter();
    const startedAt = performance.now();
    try {
      const revocable = { ...ownOptions(options), revoked: this.#revoked.signal };
      const result = await this.#session.resources.runner.run(request, revocable);
      this.#use.onAnswered(performance.now() - startedAt);
      return result;
    } catch (error) {
      if (this.#revocation !== undefined) throw this.#over(request.doing, mayHaveRun(error));
      if (error instanceof PlenumError) this.#learnFrom(error, performance.now() - startedAt);
      throw error;
    } finally {
      this.#inFlight.leave();
    }
  }

  #learnFrom({ code, rpcCode, maybeExecuted }: PlenumError, ms: number): void {
    if (rpcCode !== undefined || code === 'INVALID_RESULT') this.#use.onAnswered(ms);
    else if (code === 'TIMEOUT' && maybeExecuted !== false) this.#use.onSilence();
  }

  #over(doing: string, maybeExecuted: boolean): PlenumError {
    return leaseEnded(doing, this.name, { cause: this.#revocation?.cause, maybeExecuted });
  }
}

function mayHaveRun(error: unknown): boolean {
  return !(error instanceof PlenumError && error.maybeExecuted === false);
}
