import {
  LOG_LEVEL_META_KEY,
  type CallToolResult,
  type Client,
  type CompleteResult,
  type GetPromptResult,
  type Implementation,
  type ListPromptsResult,
  type ListResourcesResult,
  type ListResourceTemplatesResult,
  type ListToolsResult,
  type LoggingLevel,
  type ProgressNotificationParams,
  type ReadResourceResult,
  type RequestOptions,
  type ServerCapabilities,
  type StandardSchemaV1,
} from '@modelcontextprotocol/client';
import { messageOf, PlenumError } from '../errors.ts';
import { EventHub, type OverflowEvent } from '../internal/event-hub.ts';
import { printable } from '../internal/text.ts';
import { openTransport } from '../transport/open-transport.ts';
import { adoptClient } from './adopted-connection.ts';
import type { CallOptions, ReadOptions } from './call-options.ts';
import { installHandlers } from './client-handlers.ts';
import type { Connection, ConnectionMemory } from './connection.ts';
import { askForLife, HealthMonitor } from './health.ts';
import { InFlight } from './in-flight.ts';
import { openConnection } from './open-connection.ts';
import { anyResult, withMeta } from './request-params.ts';
import { RequestRunner } from './request-runner.ts';
import type {
  CompletionReference,
  Era,
  RawRequest,
  Session,
  SessionEvent,
  SessionStatus,
} from './session.ts';
import type { ResolvedSessionOptions } from './session-options.ts';
import type { ResolvedTarget } from './session-target.ts';
import { Subscriptions } from './subscriptions.ts';
import { Supervisor } from './supervisor.ts';
import { ToolBook } from './tool-book.ts';
import { callTool } from './call-tool.ts';
import { connectionLost } from './translate-error.ts';

/** Bounds how many connections come up at a time: calls `open` when it is its turn. */
export type ConnectGate = <T>(open: () => Promise<T>, signal: AbortSignal) => Promise<T>;

const openAtOnce: ConnectGate = (open) => open();

/** A {@link Session} that keeps itself connected. */
export class SupervisedSession implements Session {
  readonly name: string;
  readonly #target: ResolvedTarget;
  readonly #options: ResolvedSessionOptions;
  readonly #gate: ConnectGate;
  readonly #hub = new EventHub<SessionEvent>();
  readonly #memory: ConnectionMemory = {};
  readonly #inFlight = new InFlight();
  readonly #supervisor: Supervisor;
  readonly #runner: RequestRunner;
  readonly #subscriptions: Subscriptions;
  readonly #tools: ToolBook;
  #health: HealthMonitor | undefined;
  /** The connection before, for the facts that outlive it. */
  #facts: ServerFacts = {};

  constructor(
    name: string,
    target: ResolvedTarget,
    options: ResolvedSessionOptions,
    gate: ConnectGate = openAtOnce,
  ) {
    this.name = name;
    this.#target = target;
    this.#options = options;
    this.#gate = gate;
    this.#tools = new ToolBook(name);
    this.#subscriptions = new Subscriptions(name, (error) => this.#problem(error));
    this.#supervisor = new Supervisor({
      server: name,
      policy: target.type === 'spec' ? options.reconnect : false,
      maxWaitingCalls: options.maxWaitingCalls,
      inFlight: this.#inFlight,
      connect: (signal) => this.#connect(signal),
      onStatus: (status) => this.#onStatus(status),
    });
    this.#runner = new RequestRunner({
      server: name,
      timeoutMs: options.timeoutMs,
      supervisor: this.#supervisor,
      inFlight: this.#inFlight,
      onProgressError: (error) => this.#problem(this.#wrap('The onProgress callback of a call threw', error)),
    });
  }

  /** Makes the first attempt; with `keepTrying`, supervision goes on when it fails. */
  start(keepTrying: boolean): Promise<void> {
    return this.#supervisor.start(keepTrying);
  }

  /** Calls `listener` on every event, synchronously and in order. Returns how to stop. */
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

  get era(): Era | undefined {
    return this.#facts.era;
  }

  get client(): Client | undefined {
    return this.#supervisor.connection?.client;
  }

  get closed(): Promise<unknown> {
    return this.#supervisor.closed;
  }

  ping(options: CallOptions = {}): Promise<void> {
    return this.#runner.run('Ping', options, (connection, requestOptions) =>
      askForLife(connection, requestOptions),
    );
  }

  listTools(options: CallOptions = {}): Promise<ListToolsResult> {
    return this.#list('tools', options, { tools: [] }, async (client, params, requestOptions) => {
      const result = await client.listTools(params, requestOptions);
      this.#tools.replace(result.tools);
      return result;
    });
  }

  listResources(options: CallOptions = {}): Promise<ListResourcesResult> {
    return this.#list('resources', options, { resources: [] }, (client, params, requestOptions) =>
      client.listResources(params, requestOptions),
    );
  }

  listResourceTemplates(options: CallOptions = {}): Promise<ListResourceTemplatesResult> {
    return this.#list('resources', options, { resourceTemplates: [] }, (client, params, requestOptions) =>
      client.listResourceTemplates(params, requestOptions),
    );
  }

  listPrompts(options: CallOptions = {}): Promise<ListPromptsResult> {
    return this.#list('prompts', options, { prompts: [] }, (client, params, requestOptions) =>
      client.listPrompts(params, requestOptions),
    );
  }

  callTool(
    name: string,
    args?: Readonly<Record<string, unknown>>,
    options: CallOptions = {},
  ): Promise<CallToolResult> {
    return this.#runner.run(`Calling tool "${name}"`, options, (connection, requestOptions) => {
      const params = this.#params(connection, { name, arguments: { ...args } }, options);
      return callTool({
        connection,
        params,
        options: requestOptions,
        tools: this.#tools,
        relist: () => this.listTools(),
      });
    });
  }

  readResource(uri: string, options: ReadOptions = {}): Promise<ReadResourceResult> {
    return this.#runner.run(`Reading resource "${uri}"`, options, (connection, requestOptions) =>
      connection.client.readResource(this.#params(connection, { uri }, options), {
        ...requestOptions,
        cacheMode: options.cache ?? 'use',
      }),
    );
  }

  subscribeResource(uri: string, options: CallOptions = {}): Promise<void> {
    return this.#runner.run(`Subscribing to "${uri}"`, options, (connection, requestOptions) =>
      this.#subscriptions.subscribe(uri, connection, requestOptions),
    );
  }

  unsubscribeResource(uri: string, options: CallOptions = {}): Promise<void> {
    return this.#runner.run(`Unsubscribing from "${uri}"`, options, (connection, requestOptions) =>
      this.#subscriptions.unsubscribe(uri, connection, requestOptions),
    );
  }

  getPrompt(
    name: string,
    args?: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<GetPromptResult> {
    return this.#runner.run(`Getting prompt "${name}"`, options, (connection, requestOptions) =>
      connection.client.getPrompt(
        this.#params(connection, { name, ...(args !== undefined && { arguments: { ...args } }) }, options),
        requestOptions,
      ),
    );
  }

  complete(
    ref: CompletionReference,
    argument: { name: string; value: string },
    context?: { arguments?: Readonly<Record<string, string>> },
    options: CallOptions = {},
  ): Promise<CompleteResult> {
    return this.#runner.run(
      `Completing argument "${argument.name}"`,
      options,
      (connection, requestOptions) => {
        const known =
          context?.arguments === undefined ? {} : { context: { arguments: { ...context.arguments } } };
        return connection.client.complete(
          this.#params(connection, { ref, argument, ...known }, options),
          requestOptions,
        );
      },
    );
  }

  setLoggingLevel(level: LoggingLevel, options: CallOptions = {}): Promise<void> {
    return this.#runner.run('Setting the log level', options, (connection, requestOptions) =>
      this.#subscriptions.setLogLevel(level, connection, requestOptions),
    );
  }

  sendProgress(progress: ProgressNotificationParams): Promise<void> {
    return this.notify({ method: 'notifications/progress', params: progress });
  }

  sendRootsListChanged(): Promise<void> {
    return this.notify({ method: 'notifications/roots/list_changed' });
  }

  request<S extends StandardSchemaV1>(
    request: RawRequest,
    options: CallOptions & { schema: S },
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  request(request: RawRequest, options?: CallOptions): Promise<Record<string, unknown>>;
  request(request: RawRequest, options: CallOptions & { schema?: StandardSchemaV1 } = {}): Promise<unknown> {
    const { method } = request;
    return this.#runner.run(`Request "${method}"`, options, (connection, requestOptions) =>
      connection.client.request(
        { method, params: this.#params(connection, { ...request.params }, options) },
        options.schema ?? anyResult,
        requestOptions,
      ),
    );
  }

  notify(notification: RawRequest): Promise<void> {
    const { method, params } = notification;
    return this.#runner.run(`Notification "${method}"`, {}, ({ client }) =>
      client.notification({ method, ...(params !== undefined && { params: { ...params } }) }),
    );
  }

  events(): AsyncIterableIterator<SessionEvent | OverflowEvent> {
    return this.#hub.iterate();
  }

  reconnect(): Promise<void> {
    if (this.#target.type !== 'spec') {
      const what =
        'was given as something already connected: it cannot be connected again. Give a spec instead';
      return Promise.reject(
        new PlenumError('CONFIG_INVALID', `Session "${this.name}" ${what}.`, { server: this.name }),
      );
    }
    return this.#supervisor.reconnect();
  }

  close(): Promise<void> {
    return this.#supervisor.close();
  }

  destroy(reason: unknown = new Error('The session was destroyed.')): Promise<void> {
    return this.#supervisor.destroy(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #connect(signal: AbortSignal): Promise<Connection> {
    const target = this.#target;
    return this.#gate(async () => {
      const onEnd = (connection: Connection): void => this.#onEnd(connection);
      const emit = (event: SessionEvent): void => this.#hub.publish(event);
      const connection =
        target.type === 'client'
          ? adoptClient(target.client, emit, onEnd)
          : await openConnection({
              server: this.name,
              options: this.#options,
              memory: this.#memory,
              signal,
              onEnd,
              openTransport: (context) => openTransport(target.spec, context),
              prepare: (client) =>
                installHandlers(client, { session: this, handlers: this.#options.handlers, emit }),
              context: {
                onProblem: (error) => this.#problem(error),
                onStderr: (line) => emit({ type: 'stderr', line }),
                onSuspect: () => this.#health?.suspect(),
              },
            });
      await this.#establish(connection);
      return connection;
    }, signal);
  }

  async #establish(connection: Connection): Promise<void> {
    const { client, era, protocolVersion } = connection;
    this.#facts = {
      serverInfo: client.getServerVersion(),
      capabilities: client.getServerCapabilities(),
      instructions: client.getInstructions(),
      protocolVersion,
      era,
    };
    this.#tools.clear();
    this.#health?.stop();
    this.#health = new HealthMonitor(connection, this.name, this.#options.health, (error) => {
      this.#supervisor.lose(connection, error);
    });
    await this.#subscriptions.restore(connection);
  }

  #onEnd(connection: Connection): void {
    const error = connectionLost(
      'Connected',
      { server: this.name, doing: 'Connected', end: connection.end },
      true,
    );
    this.#supervisor.lose(connection, error);
  }

  #onStatus(status: SessionStatus): void {
    if (status.state !== 'ready') this.#health?.stop();
    this.#hub.publish({ type: 'status', status });
    if (status.state !== 'closed') return;
    this.#subscriptions.stop();
    this.#hub.end();
  }

  /** Kinds that the server does not offer are not asked for (row G10); every page is followed (row G9). */
  #list<T>(
    kind: 'tools' | 'resources' | 'prompts',
    options: CallOptions,
    empty: T,
    list: (client: Client, params: { _meta?: Record<string, unknown> }, options: ListOptions) => Promise<T>,
  ): Promise<T> {
    return this.#runner.run(`Listing ${kind}`, options, async (connection, requestOptions) => {
      const { client } = connection;
      if (client.getServerCapabilities()?.[kind] === undefined) return empty;
      return list(client, this.#params(connection, {}, options), { ...requestOptions, cacheMode: 'bypass' });
    });
  }

  #params<T extends object>(connection: Connection, params: T, options: CallOptions): T {
    const level = connection.era === 'modern' ? this.#subscriptions.logLevel : undefined;
    return withMeta(params, options, level === undefined ? undefined : { [LOG_LEVEL_META_KEY]: level });
  }

  #problem(error: PlenumError): void {
    this.#hub.publish({ type: 'problem', error });
  }

  #wrap(what: string, error: unknown): PlenumError {
    const text = printable(messageOf(error), 300);
    return new PlenumError('PROTOCOL', `${what} (server "${this.name}"): ${text}`, {
      server: this.name,
      cause: error,
    });
  }
}

type ListOptions = RequestOptions & { cacheMode: 'bypass' };

interface ServerFacts {
  readonly serverInfo?: Implementation | undefined;
  readonly capabilities?: ServerCapabilities | undefined;
  readonly instructions?: string | undefined;
  readonly protocolVersion?: string | undefined;
  readonly era?: Era | undefined;
}
