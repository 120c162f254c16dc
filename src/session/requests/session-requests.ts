import type {
  CallToolRequestParams,
  CallToolResult,
  CompleteResult,
  GetPromptResult,
  ListPromptsResult,
  ListResourcesResult,
  ListResourceTemplatesResult,
  ListToolsResult,
  LoggingLevel,
  ProgressNotificationParams,
  Prompt,
  ReadResourceResult,
  RequestOptions,
  Resource,
  StandardSchemaV1,
  Tool,
} from '@modelcontextprotocol/client';
import { argumentsNotAnObject, notJson } from '../../errors/call.ts';
import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import {
  areArguments,
  checkArguments,
  toolNameInvalid,
  type CallArguments,
} from '../../options/call-arguments.ts';
import { checkCall, checkPage, checkRead, checkRequest, invalidCall } from '../../options/call-checks.ts';
import { describe } from '../../options/wording.ts';
import { official } from '../../transport/official.ts';
import type { CallOptions, PageOptions, ReadOptions, RevocableCallOptions } from '../call-options.ts';
import { callResultOf } from '../connection/call-result.ts';
import type { Connection } from '../connection/connection.ts';
import { DirectCalls, type DirectCaller, type DirectResult } from '../connection/direct-calls.ts';
import type { CompletionReference, RawRequest, Session } from '../session.ts';
import { sendPing } from '../supervision/health.ts';
import { Findings, type OddityLog } from '../../reading/oddities.ts';
import { wholeOf, wholePrompt, wholeToolResult } from '../../reading/whole-result.ts';
import {
  capabilityOf,
  type ListMethod,
  type ListPages,
  type ListResults,
  type PageParams,
} from './list-pages.ts';
import type { ListedTool, ListedTools } from './listed-tools.ts';
import type { RequestInfo, SessionRequest } from './request-runner.ts';
import type { Subscriptions } from './subscriptions.ts';
import { announcesNothing, type UnannouncedTools } from './unannounced-tools.ts';

/** Sends requests to the server, each within the time limits and signals of its caller. */
export interface RequestSender {
  run<T>(request: SessionRequest<T>, options: RevocableCallOptions): Promise<T>;
}

/** What the requests of a session need. */
export interface RequestResources {
  readonly runner: RequestSender;
  /** How long a request may take when its options do not say, in milliseconds. */
  readonly timeoutMs: number;
  readonly subscriptions: Subscriptions;
  readonly tools: ListedTools;
  readonly lists: ListPages;
  /** Undefined when a server is to be taken at its word. */
  readonly unannounced: UnannouncedTools | undefined;
  /** Undefined when what is odd is to be an error. */
  readonly oddities: OddityLog | undefined;
}

const NO_OPTIONS: CallOptions = Object.freeze({});

/** The requests of a session. A leased session has the same ones, sent over the pooled session. */
export abstract class SessionRequests {
  abstract readonly name: string;
  protected abstract readonly resources: RequestResources;

  async ping(options: CallOptions = {}): Promise<void> {
    await this.#run({ doing: 'Ping', method: 'ping' }, options, (connection, requestOptions) =>
      sendPing(connection, requestOptions, this.#params(connection, {}, options)),
    );
  }

  async listTools(options: CallOptions = {}): Promise<ListToolsResult> {
    const { tools, unannounced } = this.resources;
    const learnt = (result: ListToolsResult): ListToolsResult => {
      tools.replace(result.tools);
      return result;
    };
    return this.#list('tools/list', options, { tools: [] }, learnt, (...given) =>
      unannounced?.list(...given),
    );
  }

  listResources(options: CallOptions = {}): Promise<ListResourcesResult> {
    return this.#list('resources/list', options, { resources: [] });
  }

  listResourceTemplates(options: CallOptions = {}): Promise<ListResourceTemplatesResult> {
    return this.#list('resources/templates/list', options, { resourceTemplates: [] });
  }

  listPrompts(options: CallOptions = {}): Promise<ListPromptsResult> {
    return this.#list('prompts/list', options, { prompts: [] });
  }

  async listToolsPage(options: PageOptions = {}): Promise<ListToolsResult> {
    const { unannounced } = this.resources;
    const page = await this.#page('tools/list', options, { tools: [] }, (...given) =>
      unannounced?.page(...given),
    );
    this.resources.tools.add(page.tools);
    return page;
  }

  listResourcesPage(options: PageOptions = {}): Promise<ListResourcesResult> {
    return this.#page('resources/list', options, { resources: [] });
  }

  listResourceTemplatesPage(options: PageOptions = {}): Promise<ListResourceTemplatesResult> {
    return this.#page('resources/templates/list', options, { resourceTemplates: [] });
  }

  listPromptsPage(options: PageOptions = {}): Promise<ListPromptsResult> {
    return this.#page('prompts/list', options, { prompts: [] });
  }

  callTool(
    tool: string | Pick<Tool, 'name'>,
    args?: Readonly<Record<string, unknown>>,
    options: CallOptions = NO_OPTIONS,
  ): Promise<CallToolResult> {
    const name: unknown = typeof tool === 'string' ? tool : memberOf(tool, 'name');
    if (typeof name !== 'string') return Promise.reject(toolNameInvalid(tool, this.name));
    if (args !== undefined && !isPlainObject(args) && !areArguments(args))
      return Promise.reject(argumentsNotAnObject(name, describe(args)));
    const fault = options === NO_OPTIONS ? undefined : checkCall(options);
    if (fault !== undefined) return this.#refuse(`Calling tool "${printable(name)}"`, fault);
    return this.resources.runner.run(new ToolCall(name, args, options, this.resources, this), options);
  }

  async readResource(
    resource: string | URL | Pick<Resource, 'uri'>,
    options: ReadOptions = {},
  ): Promise<ReadResourceResult> {
    const uri = this.#uri('Reading a resource', resource);
    const info = { doing: `Reading resource "${printable(uri)}"`, method: 'resources/read' };
    return this.#run(
      info,
      options,
      (connection, requestOptions) =>
        connection.client.readResource(this.#params(connection, { uri }, options), {
          ...requestOptions,
          cacheMode: options.cache ?? 'use',
        }),
      checkRead,
      { uri },
    );
  }

  async subscribeResource(
    resource: string | URL | Pick<Resource, 'uri'>,
    options: CallOptions = {},
  ): Promise<void> {
    const uri = this.#uri('Subscribing to a resource', resource);
    const info = { doing: `Subscribing to "${printable(uri)}"`, method: 'resources/subscribe' };
    return this.#run(
      info,
      options,
      (connection, requestOptions) =>
        this.resources.subscriptions.subscribe(
          this.#params(connection, { uri }, options),
          connection,
          requestOptions,
        ),
      checkCall,
      { uri },
    );
  }

  async unsubscribeResource(
    resource: string | URL | Pick<Resource, 'uri'>,
    options: CallOptions = {},
  ): Promise<void> {
    const uri = this.#uri('Unsubscribing from a resource', resource);
    const info = { doing: `Unsubscribing from "${printable(uri)}"`, method: 'resources/unsubscribe' };
    return this.#run(info, options, (connection, requestOptions) =>
      this.resources.subscriptions.unsubscribe(
        this.#params(connection, { uri }, options),
        connection,
        requestOptions,
      ),
    );
  }

  async getPrompt(
    prompt: string | Pick<Prompt, 'name'>,
    args?: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<GetPromptResult> {
    const given = typeof prompt === 'string' ? prompt : memberOf(prompt, 'name');
    this.#checkArguments('Getting a prompt', { name: given ?? prompt, args });
    const name = String(given);
    const info = { doing: `Getting prompt "${printable(name)}"`, method: 'prompts/get' };
    const send = async (connection: Connection, requestOptions: RequestOptions): Promise<GetPromptResult> => {
      const params = { name, ...(args !== undefined && { arguments: { ...args } }) };
      return wholePrompt(
        await connection.client.getPrompt(this.#params(connection, params, options), requestOptions),
      );
    };
    return this.#run(info, options, send, checkCall, { name });
  }

  async complete(
    ref: CompletionReference,
    argument: { name: string; value: string },
    context?: { arguments?: Readonly<Record<string, string>> },
    options: CallOptions = {},
  ): Promise<CompleteResult> {
    this.#checkArguments('Completing an argument', { ref, argument, context });
    const info = {
      doing: `Completing argument "${printable(argument.name)}"`,
      method: 'completion/complete',
    };
    const send = (connection: Connection, requestOptions: RequestOptions): Promise<CompleteResult> => {
      const known =
        context?.arguments === undefined ? {} : { context: { arguments: { ...context.arguments } } };
      return connection.client.complete(
        this.#params(connection, { ref, argument, ...known }, options),
        requestOptions,
      );
    };
    return this.#run(info, options, send, checkCall, { ref });
  }

  async setLoggingLevel(level: LoggingLevel, options: CallOptions = {}): Promise<void> {
    this.#checkArguments('Setting the log level', { level });
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

  async sendRootsListChanged(): Promise<void> {
    const method = 'notifications/roots/list_changed';
    const options = { maxTotalTimeoutMs: this.resources.timeoutMs };
    return this.#run({ doing: `Notification "${method}"`, method }, options, async ({ client, era }) => {
      if (era === 'legacy') await client.notification({ method });
    });
  }

  request<S extends StandardSchemaV1>(
    request: RawRequest,
    options: CallOptions & { schema: S },
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  request(request: RawRequest, options?: CallOptions): Promise<Record<string, unknown>>;
  async request(
    request: RawRequest,
    options: CallOptions & { schema?: StandardSchemaV1 } = {},
  ): Promise<unknown> {
    this.#checkArguments('Sending a request', { request });
    const { method, params } = request;
    const tool = method === 'tools/call' ? { tool: String(params?.['name']) } : {};
    const info = { doing: `Request "${printable(method)}"`, method, ...tool };
    return this.#run(
      info,
      options,
      (connection, requestOptions) => {
        connection.markAltered?.(); // Any request may change what the server keeps for this client.
        const read = readerOf(connection, method);
        return connection.client.request(
          { method, params: this.#params(connection, copyOf(params), options) },
          options.schema === undefined ? anyResult(read) : ofWholeResult(options.schema, read),
          requestOptions,
        );
      },
      checkRequest,
      params,
    );
  }

  async notify(notification: RawRequest): Promise<void> {
    this.#checkArguments('Sending a notification', { notification });
    const { method, params } = notification;
    // There is no answer to wait for, but sending waits while the pipe to the server is full.
    const options = { maxTotalTimeoutMs: this.resources.timeoutMs };
    const info = { doing: `Notification "${printable(method)}"`, method };
    return this.#run(info, options, ({ client }) =>
      client.notification({ method, ...(params !== undefined && { params: copyOf(params) }) }),
    );
  }

  /**
   * Lists all pages. Returns `empty` when the server has not declared the capability, without a request unless it is asked
   * for what it does not announce, and when it does not have the method: many that have resources do not have
   * `resources/templates/list`. With strict checks a server that announces a list and does not have it is in error.
   * `learnt` is called with what the server sent, before it is compared with a lock.
   */
  #list<M extends ListMethod>(
    method: M,
    options: CallOptions,
    empty: ListResults[M],
    learnt: (result: ListResults[M]) => ListResults[M] = (result) => result,
    unannounced?: Unannounced<ListResults[M]>,
  ): Promise<ListResults[M]> {
    return this.#run(infoOf(method, 'Listing'), options, async (connection, requestOptions) => {
      const { client, guard } = connection;
      const params = this.#params(connection, {}, options);
      const changes = guard?.changes ?? 0;
      const approved = (result: ListResults[M]): ListResults[M] =>
        guard === undefined ? result : guard.read(result, true, changes);
      if (client.getServerCapabilities()?.[capabilityOf(method)] === undefined) {
        const found = await ask(unannounced, connection, params, requestOptions);
        return approved(found === undefined ? empty : learnt(found));
      }
      try {
        return approved(learnt(await this.resources.lists.all(connection, method, params, requestOptions)));
      } catch (error) {
        const isMissing = error instanceof official.ProtocolError && error.code === METHOD_NOT_FOUND;
        // Templates are announced with the resources, so that a server cannot say that it has none.
        const isStrict = this.resources.oddities === undefined && method !== 'resources/templates/list';
        if (isMissing && !isStrict) return approved(empty);
        throw error;
      }
    });
  }

  /** Lists one page. Returns `empty` without a request when the server has not declared the capability. */
  #page<M extends ListMethod>(
    method: M,
    options: PageOptions,
    empty: ListResults[M],
    unannounced?: Unannounced<ListResults[M]>,
  ): Promise<ListResults[M]> {
    return this.#run(
      infoOf(method, 'Listing a page of'),
      options,
      async (connection, requestOptions) => {
        const { client, guard } = connection;
        const { cursor } = options;
        const params = this.#params(connection, cursor === undefined ? {} : { cursor }, options);
        const changes = guard?.changes ?? 0;
        const page =
          client.getServerCapabilities()?.[capabilityOf(method)] === undefined
            ? ((await ask(unannounced, connection, params, requestOptions)) ?? empty)
            : await this.resources.lists.page(connection, method, params, requestOptions);
        return guard === undefined ? page : guard.read(page, false, changes);
      },
      checkPage,
    );
  }

  #params<T extends object>(connection: Connection, params: T, options: CallOptions): T {
    return withMeta(params, options, connection, this.resources.subscriptions);
  }

  /** `asked` are the params by which a lock knows what is requested. */
  #run<T>(
    info: RequestInfo,
    options: CallOptions,
    send: (connection: Connection, options: RequestOptions) => Promise<T>,
    check = checkCall,
    asked?: object,
  ): Promise<T> {
    const fault = check(options);
    if (fault !== undefined) return this.#refuse(info.doing, fault);
    const { runner } = this.resources;
    if (asked === undefined) return runner.run({ ...info, send }, options);
    const { method } = info;
    const guarded = (connection: Connection, requestOptions: RequestOptions): Promise<T> =>
      admitted(connection.guard?.admit(method, asked), requestOptions, () =>
        send(connection, requestOptions),
      );
    return runner.run({ ...info, send: guarded }, options);
  }

  #checkArguments(doing: string, given: CallArguments): void {
    checkArguments(`${doing} on server "${this.name}"`, given, this.name);
  }

  #uri(doing: string, resource: string | URL | Pick<Resource, 'uri'>): string {
    const uri =
      resource instanceof URL || typeof resource === 'string' ? resource : memberOf(resource, 'uri');
    this.#checkArguments(doing, { uri: uri ?? resource });
    return String(uri);
  }

  #refuse(doing: string, fault: string): Promise<never> {
    return Promise.reject(invalidCall(`${doing} on server "${this.name}"`, fault, this.name));
  }
}

/** JSON-RPC code: an argument that must be sent as a header is missing there or differs (SEP-2243). */
const HEADER_MISMATCH = -32020;

/** JSON-RPC code: the server does not have the method. */
const METHOD_NOT_FOUND = -32_601;

/** One `tools/call`. It is the most frequent request, so it is sent without the official client where possible. */
class ToolCall implements SessionRequest<CallToolResult>, DirectCaller {
  readonly method = 'tools/call';
  readonly tool: string;
  readonly #args: Readonly<Record<string, unknown>> | undefined;
  readonly #options: CallOptions;
  readonly #resources: RequestResources;
  readonly #session: Pick<Session, 'listTools'>;
  /** As the server lists the tool when the call is sent. */
  #listed: ListedTool | undefined;
  /** Undefined when the official client is to send the call. */
  #direct: DirectCalls | undefined;

  constructor(
    tool: string,
    args: Readonly<Record<string, unknown>> | undefined,
    options: CallOptions,
    resources: RequestResources,
    session: Pick<Session, 'listTools'>,
  ) {
    this.tool = tool;
    this.#args = args;
    this.#options = options;
    this.#resources = resources;
    this.#session = session;
  }

  get doing(): string {
    return `Calling tool "${printable(this.tool)}"`;
  }

  /** Arguments that are to be headers, too, are left to the official client, and tools of which that is not known. */
  isDirect(connection: Connection): boolean {
    this.#listed = this.#resources.tools.get(this.tool);
    const { directCalls, era, perRequestStream } = connection;
    const isPlain = era === 'legacy' || !perRequestStream || this.#listed?.mirrorsHeaders === false;
    this.#direct = isPlain && DirectCalls.supports(this.#options) ? directCalls : undefined;
    return this.#direct !== undefined;
  }

  /** Sends the call, and checks structured content if the server listed the tool with an output schema. */
  send(connection: Connection, options: RequestOptions): Promise<DirectResult> {
    const { guard } = connection;
    if (guard === undefined) return this.#send(connection, options);
    return admitted(guard.admitTool(this.tool), options, () => {
      // It may have been listed only now.
      this.#listed = this.#resources.tools.get(this.tool);
      return this.#send(connection, options);
    });
  }

  #send(connection: Connection, options: RequestOptions): Promise<DirectResult> {
    const preparing = this.#listed?.prepare();
    if (preparing === undefined) return this.#sendPrepared(connection, options);
    return preparing.then(() => this.#sendPrepared(connection, options));
  }

  #sendPrepared(connection: Connection, options: RequestOptions): Promise<DirectResult> {
    const call = { name: this.tool, arguments: copyOf(this.#args) };
    const params = withMeta(call, this.#options, connection, this.#resources.subscriptions);
    if (this.#direct !== undefined) return this.#direct.call(params, options, this);
    return this.#callOfficially(params, connection, options).then((result) => this.check(result));
  }

  check(given: CallToolResult): CallToolResult {
    const result = this.#withoutNull(given);
    if (result.resultType === undefined || result.resultType === 'complete') this.#listed?.check(result);
    return result;
  }

  /** From 2026-07-28 on, null is structured content; but what no output schema promises is certainly meant to be absent. */
  #withoutNull(result: { structuredContent?: unknown } & CallToolResult): CallToolResult {
    const { oddities } = this.#resources;
    if (result.structuredContent !== null || oddities === undefined || this.#listed?.accepts(null) === true)
      return result;
    const { structuredContent: _, ...rest } = result;
    const findings = new Findings();
    findings.add('null-member', 'the result: structuredContent');
    oddities.report('its answer to tools/call', findings);
    return rest;
  }

  #callOfficially(
    params: CallToolRequestParams,
    connection: Connection,
    options: RequestOptions,
  ): Promise<CallToolResult> {
    const { client, era, perRequestStream } = connection;
    const listed = this.#listed;
    if (era === 'modern' && perRequestStream && (listed?.mirrorsHeaders ?? true))
      return this.#callWithHeaders(params, connection, options, listed);
    return client.request({ method: 'tools/call', params }, callResultOf(era), options);
  }

  /** Calls through `client.callTool`, which repeats arguments as headers where the input schema says so. */
  async #callWithHeaders(
    params: CallToolRequestParams,
    { client }: Connection,
    options: RequestOptions,
    listed: ListedTool | undefined,
  ): Promise<CallToolResult> {
    const call = (known: ListedTool | undefined): Promise<CallToolResult> => {
      if (known === undefined) return client.callTool(params, options);
      const { name, inputSchema } = known.tool;
      return client.callTool(params, { ...options, toolDefinition: { name, inputSchema } });
    };
    try {
      return wholeToolResult(await call(listed));
    } catch (error) {
      const isStale = error instanceof official.ProtocolError && error.code === HEADER_MISMATCH;
      if (listed === undefined || !isStale) throw error;
      await this.#session.listTools({ timeoutMs: options.timeout, signal: options.signal });
      return wholeToolResult(await call(this.#resources.tools.get(this.tool)));
    }
  }
}

/** Sends a request when it may be sent, unless its caller has given up meanwhile. */
function admitted<T>(
  waiting: Promise<void> | undefined,
  { signal }: RequestOptions,
  send: () => Promise<T>,
): Promise<T> {
  if (waiting === undefined) return send();
  return waiting.then(() => {
    signal?.throwIfAborted();
    return send();
  });
}

/** `params` with what the call options and the session add: `_meta`, and the answers to an `input_required` result. */
function withMeta<T extends object>(
  params: T,
  { meta, inputResponses, requestState }: CallOptions,
  { era }: Connection,
  subscriptions: Subscriptions,
): T {
  // The 2026-07-28 era has no request for the log level: every request repeats it.
  const logLevel = era === 'modern' ? subscriptions.logLevel : undefined;
  const hasMeta = meta !== undefined || logLevel !== undefined;
  if (!hasMeta && inputResponses === undefined && requestState === undefined) return params;
  const levelMeta = logLevel === undefined ? undefined : { [official.LOG_LEVEL_META_KEY]: logLevel };
  return {
    ...params,
    ...(hasMeta && { _meta: { ...levelMeta, ...copyOf(meta) } }),
    ...(inputResponses !== undefined && { inputResponses }),
    ...(requestState !== undefined && { requestState }),
  };
}

/** A copy of what a caller gave. Throws `INVALID_ARGUMENTS` when a getter or a proxy in it throws. */
function copyOf(given: object | undefined): Record<string, unknown> {
  try {
    return { ...given };
  } catch (cause) {
    throw notJson(cause);
  }
}

/** Asks only a server that announces nothing at all: another one is certainly right about what it has. */
async function ask<T>(
  unannounced: Unannounced<T> | undefined,
  connection: Connection,
  params: PageParams,
  options: RequestOptions,
): Promise<T | undefined> {
  return announcesNothing(connection.client) ? unannounced?.(connection, params, options) : undefined;
}

/** The usual case of arguments. A proxy may throw, and is looked at closely then. */
function isPlainObject(value: object): boolean {
  try {
    return Object.getPrototypeOf(value) === Object.prototype;
  } catch {
    return false;
  }
}

/** The name or URI of a listed definition that is given in place of it; undefined for what is none. */
function memberOf(given: unknown, member: 'name' | 'uri'): string | undefined {
  try {
    // The params of a request have arguments by name; without this they would be dropped. A prompt has a list of them.
    if (!isRecord(given) || isRecord(given['arguments'])) return undefined;
    const value = given[member];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined; // A getter or a proxy threw.
  }
}

/** Reads the result of a request of any method: what differs from a lock is taken out of a list. */
function readerOf({ guard }: Connection, method: string): (result: unknown) => unknown {
  if (guard === undefined || !method.endsWith('/list')) return wholeOf;
  const { changes } = guard;
  return (result) => guard.read(wholeOf(result), false, changes);
}

/** Accepts any JSON-RPC result as it is. */
function anyResult(read: (result: unknown) => unknown): StandardSchemaV1<unknown, Record<string, unknown>> {
  return {
    '~standard': {
      version: 1,
      vendor: 'mcp-plenum',
      validate: (value) => ({ value: read(value) as Record<string, unknown> }),
    },
  };
}

/** Gives a schema of the caller's the result as it was read, and not the one that the official client was given. */
function ofWholeResult(schema: StandardSchemaV1, read: (result: unknown) => unknown): StandardSchemaV1 {
  const { '~standard': standard } = schema;
  return {
    '~standard': {
      version: 1,
      vendor: standard.vendor,
      validate: (value) => standard.validate(read(value)),
    },
  };
}

/** What listing is called in errors: templates go by the name of the resources. */
function infoOf(method: ListMethod, doing: string): RequestInfo {
  const kind = capabilityOf(method);
  return { doing: `${doing} ${kind}`, method: `${kind}/list` };
}

/** Asks for what a server does not announce; undefined when it has none. */
type Unannounced<T> = (
  connection: Connection,
  params: PageParams,
  options: RequestOptions,
) => Promise<T | undefined> | undefined;
