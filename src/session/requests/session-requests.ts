import type {
  CallToolResult,
  Client,
  CompleteResult,
  GetPromptResult,
  ListPromptsResult,
  ListResourcesResult,
  ListResourceTemplatesResult,
  ListToolsResult,
  LoggingLevel,
  ProgressNotificationParams,
  ReadResourceResult,
  RequestOptions,
  StandardSchemaV1,
} from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import { official } from '../../transport/official.ts';
import type { CallOptions, ReadOptions, RevocableCallOptions } from '../call-options.ts';
import { callTool } from './call-tool.ts';
import type { Connection } from '../connection/connection.ts';
import { askForLife } from '../supervision/health.ts';
import { anyResult, withMeta } from './request-params.ts';
import type { CompletionReference, RawRequest } from '../session.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { ToolBook } from './tool-book.ts';

/** A request in words: for messages, and for whoever carries it. */
export interface RequestInfo {
  /** Starts the message of any error: `Calling tool "x"`. */
  readonly doing: string;
  readonly method: string;
  /** The tool that is called. */
  readonly tool?: string;
}

/** Carries one request to a connection, within the caller's limits. */
export type RunRequest = <T>(
  request: RequestInfo,
  options: RevocableCallOptions,
  send: (connection: Connection, options: RequestOptions) => Promise<T>,
) => Promise<T>;

/** What the requests of a session stand on. */
export interface RequestResources {
  readonly run: RunRequest;
  /** The session's own, for what has no options. */
  readonly timeoutMs: number;
  readonly subscriptions: Subscriptions;
  readonly tools: ToolBook;
}

/** The requests of a session, whatever carries them. */
export abstract class SessionRequests {
  protected abstract readonly resources: RequestResources;

  async ping(options: CallOptions = {}): Promise<void> {
    await this.#run({ doing: 'Ping', method: 'ping' }, options, (connection, requestOptions) =>
      askForLife(connection, requestOptions, this.#params(connection, {}, options)),
    );
  }

  listTools(options: CallOptions = {}): Promise<ListToolsResult> {
    return this.#list('tools', options, { tools: [] }, async (client, params, requestOptions) => {
      const result = await client.listTools(params, requestOptions);
      this.resources.tools.replace(result.tools);
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
    if (args !== undefined && !isRecord(args)) return Promise.reject(notAnObject(name));
    return this.#run(new ToolCallInfo(name), options, (connection, requestOptions) =>
      callTool({
        connection,
        params: this.#params(connection, { name, arguments: { ...args } }, options),
        options: requestOptions,
        tools: this.resources.tools,
        relist: () => this.listTools({ timeoutMs: requestOptions.timeout, signal: requestOptions.signal }),
      }),
    );
  }

  readResource(uri: string, options: ReadOptions = {}): Promise<ReadResourceResult> {
    const info = { doing: `Reading resource "${printable(uri)}"`, method: 'resources/read' };
    return this.#run(info, options, (connection, requestOptions) =>
      connection.client.readResource(this.#params(connection, { uri }, options), {
        ...requestOptions,
        cacheMode: options.cache ?? 'use',
      }),
    );
  }

  subscribeResource(uri: string, options: CallOptions = {}): Promise<void> {
    const info = { doing: `Subscribing to "${printable(uri)}"`, method: 'resources/subscribe' };
    return this.#run(info, options, (connection, requestOptions) =>
      this.resources.subscriptions.subscribe(
        this.#params(connection, { uri }, options),
        connection,
        requestOptions,
      ),
    );
  }

  unsubscribeResource(uri: string, options: CallOptions = {}): Promise<void> {
    const info = { doing: `Unsubscribing from "${printable(uri)}"`, method: 'resources/unsubscribe' };
    return this.#run(info, options, (connection, requestOptions) =>
      this.resources.subscriptions.unsubscribe(
        this.#params(connection, { uri }, options),
        connection,
        requestOptions,
      ),
    );
  }

  getPrompt(
    name: string,
    args?: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<GetPromptResult> {
    const info = { doing: `Getting prompt "${printable(name)}"`, method: 'prompts/get' };
    return this.#run(info, options, (connection, requestOptions) =>
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
    const info = {
      doing: `Completing argument "${printable(argument.name)}"`,
      method: 'completion/complete',
    };
    return this.#run(info, options, (connection, requestOptions) => {
      const known =
        context?.arguments === undefined ? {} : { context: { arguments: { ...context.arguments } } };
      return connection.client.complete(
        this.#params(connection, { ref, argument, ...known }, options),
        requestOptions,
      );
    });
  }

  setLoggingLevel(level: LoggingLevel, options: CallOptions = {}): Promise<void> {
    const info = { doing: 'Setting the log level', method: 'logging/setLevel' };
    return this.#run(info, options, (connection, requestOptions) =>
      this.resources.subscriptions.setLogLevel(
        this.#params(connection, { level }, options),
        connection,
        requestOptions,
      ),
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
    const tool = method === 'tools/call' ? { tool: String(request.params?.['name']) } : {};
    const info = { doing: `Request "${printable(method)}"`, method, ...tool };
    return this.#run(info, options, (connection, requestOptions) => {
      connection.stain?.(); // Who knows what it asks for.
      return connection.client.request(
        { method, params: this.#params(connection, { ...request.params }, options) },
        options.schema ?? anyResult,
        requestOptions,
      );
    });
  }

  notify(notification: RawRequest): Promise<void> {
    const { method, params } = notification;
    // It has no answer to wait for, but a pipe that nobody reads may not take it.
    const options = { maxTotalTimeoutMs: this.resources.timeoutMs };
    const info = { doing: `Notification "${printable(method)}"`, method };
    return this.#run(info, options, ({ client }) =>
      client.notification({ method, ...(params !== undefined && { params: { ...params } }) }),
    );
  }

  /** Kinds that the server does not offer are not asked for (row G10); every page is followed (row G9). */
  #list<T>(
    kind: 'tools' | 'resources' | 'prompts',
    options: CallOptions,
    empty: T,
    list: (client: Client, params: { _meta?: Record<string, unknown> }, options: ListOptions) => Promise<T>,
  ): Promise<T> {
    const info = { doing: `Listing ${kind}`, method: `${kind}/list` };
    return this.#run(info, options, async (connection, requestOptions) => {
      const { client } = connection;
      if (client.getServerCapabilities()?.[kind] === undefined) return empty;
      return list(client, this.#params(connection, {}, options), { ...requestOptions, cacheMode: 'bypass' });
    });
  }

  #params<T extends object>(connection: Connection, params: T, options: CallOptions): T {
    const level = connection.era === 'modern' ? this.resources.subscriptions.logLevel : undefined;
    return withMeta(
      params,
      options,
      level === undefined ? undefined : { [official.LOG_LEVEL_META_KEY]: level },
    );
  }

  #run<T>(
    info: RequestInfo,
    options: CallOptions,
    send: (connection: Connection, options: RequestOptions) => Promise<T>,
  ): Promise<T> {
    return this.resources.run(info, options, send);
  }
}

/** Puts a call into words when they are wanted, which is hardly ever. */
class ToolCallInfo implements RequestInfo {
  readonly method = 'tools/call';
  readonly tool: string;

  constructor(tool: string) {
    this.tool = tool;
  }

  get doing(): string {
    return `Calling tool "${printable(this.tool)}"`;
  }
}

function notAnObject(tool: string): PlenumError {
  const message = `Calling tool "${printable(tool)}": the arguments must be an object.`;
  return new PlenumError('INVALID_ARGUMENTS', message, { maybeExecuted: false });
}

type ListOptions = RequestOptions & { cacheMode: 'bypass' };
