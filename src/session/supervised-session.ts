import { inspect } from 'node:util';
import type {
  Client,
  Implementation,
  InitializeResult,
  LoggingLevel,
  ServerCapabilities,
  Tool,
} from '@modelcontextprotocol/client';
import { reachDrifted } from '../errors/lock.ts';
import { cannotSignIn, unusableServer } from '../errors/options.ts';
import { handlerFailed } from '../errors/call.ts';
import { aborted } from '../errors/session-end.ts';
import type { PlenumError } from '../errors/plenum-error.ts';
import type { ServerSpec } from '../server-spec.ts';
import { Limit, onAbort } from '../internal/limit.ts';
import { EventHub, type EventBacklog, type OverflowEvent } from '../internal/event-hub.ts';
import { jsonText } from '../internal/json/json-copy.ts';
import { shortHash } from '../internal/short-hash.ts';
import { checkArguments } from '../options/call-arguments.ts';
import { checkAuthorize, invalidCall } from '../options/call-checks.ts';
import { loadOfficial } from '../transport/official.ts';
import { Findings, OddityLog } from '../reading/oddities.ts';
import { openTransport } from '../transport/open-transport.ts';
import { adoptClient } from './connection/adopted-connection.ts';
import { leaseConnection } from './connection/leased-connection.ts';
import type { CallOptions } from './call-options.ts';
import type { ConnectGate } from './connection/gate.ts';
import { installHandlers } from './handlers/client-handlers.ts';
import { HandlerPlaces } from './handlers/handler-places.ts';
import { createMessageObserver, type MessageObserver } from './handlers/message-observer.ts';
import type { Connection, ConnectionMemory } from './connection/connection.ts';
import { HealthMonitor } from './supervision/health.ts';
import { InFlight } from './supervision/in-flight.ts';
import { openConnection } from './connection/open-connection.ts';
import { DefinitionGuard } from './lock/definition-guard.ts';
import type { DefinitionDrift, DefinitionLock, RequestGuard, ServerLock } from './lock/definition-lock.ts';
import { ListPages } from './requests/list-pages.ts';
import { RequestRunner } from './requests/request-runner.ts';
import type { ProtocolEra, SessionEvent, SessionStatus } from './session.ts';
import { sessionInternals, type InternalSession, type SessionInternals } from './session-internals.ts';
import type { ResolvedSessionOptions } from './session-options.ts';
import { SessionRequests, type RequestResources } from './requests/session-requests.ts';
import type { ResolvedTarget } from './session-target.ts';
import { reasonOf, SignIn } from './sign-in/sign-in.ts';
import { Subscriptions } from './requests/subscriptions.ts';
import { UnannouncedTools } from './requests/unannounced-tools.ts';
import { Supervisor, type SleepPolicy } from './supervision/supervisor.ts';
import { ListedTools } from './requests/listed-tools.ts';
import { SessionErrors } from './errors/session-errors.ts';
import { lostError } from './errors/translate-error.ts';

/** The least time for restoring subscriptions, when the handshake has used up `connectTimeoutMs`, in milliseconds. */
const LEAST_RESTORE_MS = 250;

/** How many differences from a lock are remembered, so that each is reported once. */
const MAX_REPORTED = 10_000;

const openAtOnce: ConnectGate = (open) => open();

/** A session that Plenum connects, and reconnects when the connection is lost. */
export class SupervisedSession extends SessionRequests implements InternalSession, SessionInternals {
  readonly name: string;
  readonly #target: ResolvedTarget;
  readonly #options: ResolvedSessionOptions;
  readonly #gate: ConnectGate;
  readonly #signIn: SignIn | undefined;
  readonly #hub: EventHub<SessionEvent>;
  readonly #memory: ConnectionMemory = {};
  readonly #oddities: OddityLog;
  readonly #inFlight = new InFlight();
  readonly #places: HandlerPlaces;
  readonly #observe: MessageObserver | undefined;
  readonly #supervisor: Supervisor;
  /** What requests need; leased sessions use it, too. */
  readonly resources: RequestResources;
  #health: HealthMonitor | undefined;
  #lock: { readonly of: DefinitionLock; readonly server: string } | undefined;
  /** Of the latest connection. */
  #guard: RequestGuard | undefined;
  /** Differences from the lock that were reported. */
  readonly #reported = new Set<string>();
  /** What the server told in the latest handshake; kept when the connection is lost. */
  #facts: ServerFacts = {};

  constructor(
    name: string,
    target: ResolvedTarget,
    options: ResolvedSessionOptions,
    gate: ConnectGate = openAtOnce,
  ) {
    super();
    this.name = name;
    this.#target = target;
    this.#options = options;
    this.#gate = gate;
    if (options.lock !== undefined) this.#lock = { of: options.lock, server: name };
    this.#hub = new EventHub(options.eventBacklog);
    const report = (error: PlenumError): void => this.#problem(error);
    this.#places = new HandlerPlaces(name, options.serverRequests, report);
    this.#observe = createMessageObserver(options.handlers, { server: name, session: this }, report);
    this.#oddities = new OddityLog(name, report);
    this.#signIn = target.type === 'spec' ? SignIn.for(name, target.spec) : undefined;
    this.#supervisor = new Supervisor({
      server: name,
      policy: canReconnect(target) ? options.reconnect : false,
      maxWaitingCalls: options.maxWaitingCalls,
      inFlight: this.#inFlight,
      connect: (signal) => this.#connect(signal),
      awaitSignIn: (error) => this.#signIn?.begin(error, options.reconnect !== false),
      onStatus: (status) => this.#onStatus(status),
      onLostWhileIdle: (error) => this.#problem(error),
    });
    const runner = new RequestRunner({
      server: name,
      timeoutMs: options.timeoutMs,
      supervisor: this.#supervisor,
      inFlight: this.#inFlight,
      onCallbackError: (error) => {
        const what = `A callback in the options of a call threw (server "${name}")`;
        this.#problem(handlerFailed(what, name, error));
      },
    });
    const lists = new ListPages(options.maxPages, this.#oddities);
    this.resources = {
      timeoutMs: options.timeoutMs,
      runner,
      subscriptions: new Subscriptions(name, {
        onProblem: (error) => this.#problem(error),
        onListChanged: (kind) => this.#publish({ type: 'list-changed', kind }),
        onStreamLost: () => this.#health?.suspect(),
      }),
      tools: new ListedTools(name, (problem) => this.#problem(problem)),
      lists,
      unannounced: options.checks === 'strict' ? undefined : new UnannouncedTools(this.#oddities, lists),
      oddities: options.checks === 'strict' ? undefined : this.#oddities,
    };
  }

  /** Calls a function of the program's on each event. */
  tellOf(onEvent: ((event: SessionEvent) => unknown) | undefined): void {
    if (onEvent === undefined) return;
    const what = `The function "onEvent" of session "${this.name}" threw`;
    this.#hub.call(onEvent, (error) => this.#problem(handlerFailed(what, this.name, error)));
  }

  /** How far a reader of its events may fall behind. */
  get eventBacklog(): EventBacklog {
    return this.#options.eventBacklog;
  }

  /**
   * Makes the first attempt; with `keepTrying`, more attempts follow a failed one. When a person has to sign in, waits for
   * the sign-in: without a limit, or, with `withinConnectTimeout`, until `connectTimeoutMs` have passed since the start.
   */
  start(keepTrying: boolean, withinConnectTimeout = false): Promise<void> {
    const deadline = performance.now() + (withinConnectTimeout ? this.#options.connectTimeoutMs : Infinity);
    return this.#supervisor.start(keepTrying, () => deadline - performance.now());
  }

  /**
   * Lets the session end its connection after a time without calls, and connect again with the next call. While a
   * resource is subscribed to, it stays connected.
   */
  letSleep(policy: SleepPolicy): void {
    const { subscriptions } = this.resources;
    const isNeeded = (): boolean => subscriptions.hasResources || policy.isNeeded();
    this.#supervisor.letSleep({ ...policy, isNeeded });
  }

  get [sessionInternals](): SessionInternals {
    return this;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  get connectionKey(): object | undefined {
    return this.#supervisor.connection?.client;
  }

  learnTools(tools: readonly Tool[]): void {
    this.resources.tools.replace(tools);
  }

  get guard(): RequestGuard | undefined {
    return this.#supervisor.connection?.guard;
  }

  get spec(): object | undefined {
    return this.#target.type === 'spec' ? this.#target.spec : this.#supervisor.connection?.spec;
  }

  get hasLock(): boolean {
    return this.#lock !== undefined;
  }

  /** Rejects with `CONFIG_INVALID` or `DEFINITION_DRIFT` when its lock does not let it start. */
  async checkLock(): Promise<void> {
    await this.#openLock();
  }

  async useLock(lock: DefinitionLock, server: string): Promise<boolean> {
    if (this.#lock !== undefined) return true;
    this.#lock = { of: lock, server };
    const opened = await this.#openLock();
    const { connection } = this.#supervisor;
    if (opened !== undefined && connection !== undefined) {
      this.#guardBy(opened, connection);
      this.#facts = { ...this.#facts, instructions: this.#approved(opened, this.#facts.instructions) };
    }
    return true;
  }

  get isAsleep(): boolean {
    return this.#supervisor.isAsleep;
  }

  wake(): Promise<void> {
    return this.#supervisor.wake();
  }

  /** Sets what a cache knows of the server; the first handshake replaces it. */
  presetFacts(facts: Pick<ServerFacts, 'serverInfo' | 'capabilities' | 'instructions'>): void {
    this.#facts = facts;
  }

  observe(listener: (event: SessionEvent) => void): () => void {
    return this.#hub.listen(listener);
  }

  get status(): SessionStatus {
    return this.#supervisor.status;
  }

  get serverInfo(): Implementation | undefined {
    return this.#facts.serverInfo;
  }

  get capabilities(): ServerCapabilities | undefined {
    return this.#facts.capabilities;
  }

  get instructions(): string | undefined {
    return this.#facts.instructions;
  }

  get protocolVersion(): string | undefined {
    return this.#facts.protocolVersion;
  }

  get era(): ProtocolEra | undefined {
    return this.#facts.era;
  }

  get initializeResult(): InitializeResult | undefined {
    const { serverInfo, capabilities, instructions, protocolVersion } = this.#facts;
    if (serverInfo === undefined || protocolVersion === undefined) return undefined;
    return {
      protocolVersion,
      capabilities: capabilities ?? {},
      serverInfo,
      ...(instructions !== undefined && { instructions }),
    };
  }

  get client(): Client | undefined {
    const { connection } = this.#supervisor;
    const isPastLock = connection?.guard !== undefined && connection.guardsClient !== true;
    return isPastLock ? undefined : connection?.client;
  }

  get closed(): Promise<unknown> {
    return this.#supervisor.closed;
  }

  events(): AsyncIterableIterator<SessionEvent | OverflowEvent> {
    return this.#hub.iterate();
  }

  override async setLoggingLevel(level: LoggingLevel, options?: CallOptions): Promise<void> {
    if (!this.isAsleep) return super.setLoggingLevel(level, options);
    checkArguments(`Setting the log level on server "${this.name}"`, { level }, this.name);
    // The level alone is no reason to connect: the next connection sets it.
    this.resources.subscriptions.presetLogLevel(level);
  }

  reconnect(): Promise<void> {
    if (!canReconnect(this.#target)) {
      const what =
        'was given as something already connected: it cannot be connected again. Give a spec instead';
      return Promise.reject(unusableServer(`Session "${this.name}" ${what}.`, this.name));
    }
    return this.#supervisor.reconnect();
  }

  async authorize(options: { signal?: AbortSignal } = {}): Promise<void> {
    const fault = checkAuthorize(options);
    if (fault !== undefined) throw invalidCall(`Signing in to server "${this.name}"`, fault, this.name);
    const { signal } = options;
    const signIn = this.#signIn;
    const server = this.name;
    if (signIn === undefined) throw cannotSignIn(server);
    await authorizeSession(server, signIn, this.#supervisor, signal);
  }

  close(): Promise<void> {
    return this.#supervisor.close();
  }

  destroy(reason?: unknown): Promise<void> {
    return this.#supervisor.destroy(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What `console.log` shows of it. */
  [inspect.custom](): object {
    return { session: this.name, status: this.status };
  }

  #connect(signal: AbortSignal): Promise<Connection> {
    return this.#gate(async () => {
      const signIn = this.#signIn?.connecting();
      const lock = await this.#openLock();
      const connection = await this.#open(signal, signIn?.spec, lock);
      if (lock !== undefined) this.#guardBy(lock, connection);
      await this.#establish(connection, signal, lock);
      signIn?.onConnected();
      return connection;
    }, signal);
  }

  /** Throws `DEFINITION_DRIFT` when the server is reached in another way than was approved, before anything of it starts. */
  async #openLock(): Promise<ServerLock | undefined> {
    if (this.#lock === undefined) return undefined;
    const { of, server } = this.#lock;
    const lock = await of.open(server);
    const { problem } = lock;
    if (problem !== undefined && this.#isNew(problem.message)) this.#problem(problem);
    if (!lock.isLocked) return undefined;
    const drift = this.#target.type === 'spec' ? lock.reached(this.#target.spec) : undefined;
    if (drift !== undefined) this.#onDrift(drift);
    if (drift?.blocked === true) throw reachDrifted(server);
    return lock;
  }

  #guardBy(lock: ServerLock, connection: Connection): void {
    const { lists, unannounced } = this.resources;
    const server = this.#lock?.server ?? this.name;
    const { timeoutMs } = this.#options;
    const report = (drift: DefinitionDrift): void => this.#onDrift(drift);
    this.#guard = new DefinitionGuard({ server, lock, connection, lists, unannounced, timeoutMs, report });
    connection.guardBy?.(this.#guard);
  }

  /** The instructions, unless they are not what was approved. */
  #approved(lock: ServerLock, instructions: string | undefined): string | undefined {
    const drift = lock.instructions(instructions);
    if (drift !== undefined) this.#onDrift(drift);
    return drift?.blocked === true ? undefined : instructions;
  }

  #onDrift(drift: DefinitionDrift): void {
    const { kind, name, change, after } = drift;
    if (this.#isNew(JSON.stringify([kind, name, change, jsonText(after)])))
      this.#publish({ type: 'drift', ...drift });
  }

  /** Whether this was not reported yet. What was is forgotten when it is too much. */
  #isNew(what: string): boolean {
    const key = shortHash(what);
    if (this.#reported.has(key)) return false;
    if (this.#reported.size >= MAX_REPORTED) this.#reported.clear();
    this.#reported.add(key);
    return true;
  }

  async #open(
    signal: AbortSignal,
    spec: ServerSpec | undefined,
    lock: ServerLock | undefined,
  ): Promise<Connection> {
    const target = this.#target;
    const server = this.name;
    const onEnd = (connection: Connection): void => this.#onEnd(connection);
    const emit = (event: SessionEvent): void => this.#publish(event);
    if (target.type !== 'spec' && target.type !== 'transport') await loadOfficial();
    if (target.type === 'client') return adoptClient(target.client, emit, onEnd, this.#observe);
    if (target.type === 'source') {
      const timeoutMs = this.#options.connectTimeoutMs;
      return leaseConnection({ server, acquire: target.acquire, timeoutMs, signal, emit, onEnd });
    }
    return openConnection({
      server,
      options: this.#options,
      memory: this.#memory,
      oddities: this.#oddities,
      signal,
      onEnd,
      openTransport: (context) => openTransport(spec ?? target.spec, context),
      prepare: (client, tap) => {
        if (lock !== undefined) tap.approve = (instructions) => this.#approved(lock, instructions);
        const { handlers, capabilities } = this.#options;
        const { places, observe } = { places: this.#places, observe: this.#observe };
        installHandlers(client, tap, { session: this, handlers, capabilities, places, observe, emit });
      },
      context: {
        onProblem: (error) => {
          this.#problem(error);
          this.#observe?.(error);
        },
        onStderr: (line) => emit({ type: 'stderr', line }),
        onSuspect: () => this.#health?.suspect(),
        onStreamReopened: () => this.#onStreamReopened(),
        onOddity:
          this.#options.checks !== 'strict' &&
          ((oddity, place) => {
            const findings = new Findings();
            findings.add(oddity, place);
            this.#oddities.report('an answer over HTTP', findings);
          }),
      },
    });
  }

  /**
   * Stores what the server told, and restores subscriptions. Ends the connection when that fails or `signal` aborts.
   */
  async #establish(connection: Connection, signal: AbortSignal, lock?: ServerLock): Promise<void> {
    const { client, era, protocolVersion } = connection;
    const instructions = client.getInstructions();
    this.#facts = {
      serverInfo: client.getServerVersion(),
      capabilities: client.getServerCapabilities(),
      instructions: lock === undefined ? instructions : this.#approved(lock, instructions),
      protocolVersion,
      era,
    };
    this.resources.tools.clear();
    this.#health?.stop();
    const stopListening = onAbort(signal, () => void connection.destroy());
    try {
      const leftMs = this.#options.connectTimeoutMs - connection.connectMs;
      await this.resources.subscriptions.restore(connection, Math.max(leftMs, LEAST_RESTORE_MS));
    } catch (error) {
      await connection.destroy();
      throw error;
    } finally {
      stopListening();
    }
    // Not earlier: `connectionLost` does nothing before the session is ready.
    this.#health = new HealthMonitor(connection, this.name, this.#options.health, (error) => {
      this.#supervisor.connectionLost(connection, error);
    });
  }

  /** The server could not announce what changed while the stream was closed, so every list may have changed. */
  #onStreamReopened(): void {
    const offered = this.#facts.capabilities ?? {};
    for (const kind of ['tools', 'resources', 'prompts'] as const) {
      if (offered[kind]?.listChanged === true) this.#publish({ type: 'list-changed', kind });
    }
  }

  #onEnd(connection: Connection): void {
    const error = lostError(this.name, connection);
    this.#observe?.(error);
    this.#supervisor.connectionLost(connection, error);
  }

  #onStatus(status: SessionStatus): void {
    if (status.state !== 'ready') this.#health?.stop();
    if (status.state === 'idle' || status.state === 'closed') {
      this.#health = undefined;
      this.resources.subscriptions.stop();
    }
    this.#hub.publish({ type: 'status', status });
    if (status.state === 'closed') this.#hub.end();
  }

  #publish(event: SessionEvent): void {
    // A check against an old output schema could refuse a valid result.
    if (event.type === 'list-changed') {
      if (event.kind === 'tools') this.resources.tools.clear();
      this.#guard?.listChanged(event.kind);
    }
    this.#hub.publish(event);
  }

  #problem(error: PlenumError): void {
    this.#hub.publish({ type: 'problem', error });
  }
}

/** Does what `Session.authorize` says: signs in, then reconnects unless the session is ready or idle. */
async function authorizeSession(
  server: string,
  signIn: SignIn,
  supervisor: Supervisor,
  given: AbortSignal | undefined,
): Promise<void> {
  const doing = `Signing in to server "${server}"`;
  const { closing, status } = supervisor;
  const limit = new Limit(
    {},
    { signal: closing, reason: () => new SessionErrors(server).closed(undefined, doing) },
    {
      signal: given,
      reason: (cause) => aborted(doing, { server, cause }),
    },
  );
  const refused = status.error?.code === 'AUTH_REQUIRED' ? status.error : undefined;
  // A refusal without a reason was not seen by the credentials: they would take their token for good and do nothing.
  const ifNeeded = refused === undefined || reasonOf(refused) !== undefined;
  try {
    limit.throwIfEnded();
    await signIn.authorize({ ifNeeded, signal: limit.signal });
    limit.throwIfEnded();
    const { state } = supervisor.status;
    if (state !== 'ready' && state !== 'idle') await limit.hold(supervisor.reconnect());
  } catch (error) {
    throw limit.explain(error);
  } finally {
    limit.stop();
  }
}

/** Whether another connection can be made: a given transport or client serves only one. */
function canReconnect({ type }: ResolvedTarget): boolean {
  return type === 'spec' || type === 'source';
}

/** What a server tells of itself in the handshake. */
interface ServerFacts {
  readonly serverInfo?: Implementation | undefined;
  readonly capabilities?: ServerCapabilities | undefined;
  readonly instructions?: string | undefined;
  readonly protocolVersion?: string | undefined;
  readonly era?: ProtocolEra | undefined;
}
