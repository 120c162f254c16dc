import type {
  CallToolResult,
  Client,
  CompleteRequestParams,
  CompleteResult,
  GetPromptResult,
  Implementation,
  InitializeResult,
  InputRequiredResult,
  ListPromptsResult,
  ListResourcesResult,
  ListResourceTemplatesResult,
  ListToolsResult,
  LoggingLevel,
  ProgressNotificationParams,
  Prompt,
  ReadResourceResult,
  Resource,
  ServerCapabilities,
  StandardSchemaV1,
  Tool,
} from '@modelcontextprotocol/client';
import type { PlenumError } from '../errors/plenum-error.ts';
import type { OverflowEvent } from '../internal/event-hub.ts';
import type { CallOptions, PageOptions, ReadOptions } from './call-options.ts';
import type { DefinitionDrift } from './lock/definition-lock.ts';

/** Which protocol a connection speaks: `legacy` has the `initialize` handshake, `modern` is 2026-07-28 and later. */
export type ProtocolEra = 'legacy' | 'modern';

/** Fields that only some states have. In the types of the other states they are undefined. */
export interface SessionStatusFacts {
  readonly attempt: number;
  readonly nextTryAt: number;
  readonly connectMs: number;
  readonly pid: number;
  readonly error: PlenumError;
}

/** The status in one state, with the fields that this state has. */
export type SessionStatusOf<State extends string, Facts = unknown> = {
  readonly state: State;
  /** Since when, in epoch milliseconds. */
  readonly since: number;
} & Facts & { readonly [K in Exclude<keyof SessionStatusFacts, keyof Facts>]?: undefined };

/** The state of a session, and what is known in that state. */
export type SessionStatus =
  /** Not started, or without a connection because it was not used; the next request connects again. */
  | SessionStatusOf<'idle'>
  /** The first connection is being made: an attempt is under way, or the next one starts at `nextTryAt`. */
  | SessionStatusOf<
      'connecting',
      {
        /** Counts from 1. */
        readonly attempt: number;
        /** When the next attempt starts, in epoch milliseconds; absent while one is under way. */
        readonly nextTryAt?: number;
        /** Why the latest attempt failed; absent in the first. */
        readonly error?: PlenumError;
      }
    >
  | SessionStatusOf<
      'ready',
      {
        readonly era: ProtocolEra;
        readonly protocolVersion: string;
        /** How long connecting took, handshake included, in milliseconds. */
        readonly connectMs: number;
        /** The process id of a server on stdio. */
        readonly pid?: number;
      }
    >
  /** The connection was lost. The next attempt is under way, or starts at `nextTryAt`. */
  | SessionStatusOf<
      'reconnecting',
      {
        /** The number of the attempt. It starts over at 1 when a connection has lasted `resetAfterMs`. */
        readonly attempt: number;
        /** When the next attempt starts, in epoch milliseconds; absent while one is under way. */
        readonly nextTryAt?: number;
        /** Why the connection was lost, or why the latest attempt failed. */
        readonly error: PlenumError;
      }
    >
  /**
   * No further attempt is made, after `reconnect.attempts` of them, with `reconnect: false`, or because trying again
   * cannot help: the credentials are refused, or the server was never connected and its command does not exist.
   * `reconnect()` tries again. After `AUTH_REQUIRED` the session reconnects when somebody has signed in.
   */
  | SessionStatusOf<'failed', { readonly error: PlenumError }>
  /** Closing: calls in flight may finish, and new ones are refused. */
  | SessionStatusOf<'draining'>
  /** Closed for good; `error` is there when `destroy()` was given a reason. */
  | SessionStatusOf<'closed', { readonly error?: PlenumError }>;

export type ListKind = 'tools' | 'resources' | 'prompts';

/** An event of a session. */
export type SessionEvent =
  | { readonly type: 'status'; readonly status: SessionStatus }
  /** The server says that a list changed; `resources` covers the templates. */
  | { readonly type: 'list-changed'; readonly kind: ListKind }
  | { readonly type: 'resource-updated'; readonly uri: string }
  | {
      readonly type: 'log';
      readonly level: LoggingLevel;
      readonly logger?: string | undefined;
      readonly data: unknown;
    }
  /** A line that the server's process wrote to standard error. */
  | { readonly type: 'stderr'; readonly line: string }
  /** With a lock: something of the server is not what was approved. Once for each difference. */
  | ({ readonly type: 'drift' } & DefinitionDrift)
  /** A notification that Plenum does not handle itself. */
  | { readonly type: 'notification'; readonly method: string; readonly params?: unknown }
  /** An error that failed no call, such as output that is not JSON, or a handler that threw. The session goes on. */
  | { readonly type: 'problem'; readonly error: PlenumError };

/** The prompt or resource template whose argument `completion/complete` completes. */
export type CompletionReference = CompleteRequestParams['ref'];

/** The method and params of a JSON-RPC request or notification. */
export interface RawRequest {
  method: string;
  params?: Readonly<Record<string, unknown>>;
}

/**
 * A session with one server. It replaces a lost connection by itself; calls made meanwhile wait for the new one, within
 * their own timeout.
 *
 * Every request may reject with `INVALID_ARGUMENTS`, `NOT_CONNECTED`, `CONNECTION_LOST`, `SESSION_EXPIRED`,
 * `SESSION_CLOSED`, `TIMEOUT`, `ABORTED`, `AUTH_REQUIRED`, `INVALID_RESULT`, `URL_ELICITATION_REQUIRED` or `PROTOCOL`.
 */
export interface Session extends AsyncDisposable {
  /** The server's name in errors and events. */
  readonly name: string;
  readonly status: SessionStatus;
  /** The server's name and version, from the latest handshake; undefined before the first. So are the next four. */
  readonly serverInfo: Implementation | undefined;
  readonly capabilities: ServerCapabilities | undefined;
  readonly instructions: string | undefined;
  readonly protocolVersion: string | undefined;
  readonly era: ProtocolEra | undefined;
  /**
   * What the server answered to `initialize` in the latest handshake, without `_meta`; for 2026-07-28 what it answered to
   * `server/discover`, in the same form. Undefined before the first handshake.
   */
  readonly initializeResult: InitializeResult | undefined;
  /**
   * The official client of the present connection, undefined while there is none; a new one after each reconnect. With a
   * lock it neither lists what differs nor can request it; and it is undefined where that could not be checked: for a
   * client of the caller's, and for a session that was leased from elsewhere.
   */
  readonly client: Client | undefined;

  /**
   * Checks that the server answers: with `ping`, or with `server/discover` in the 2026-07-28 era, which has no ping.
   */
  ping(options?: CallOptions): Promise<void>;
  /** Lists all tools, of all pages; empty when the server has no capability `tools`. */
  listTools(options?: CallOptions): Promise<ListToolsResult>;
  /** Lists all resources, of all pages; empty when the server has no capability `resources`. */
  listResources(options?: CallOptions): Promise<ListResourcesResult>;
  /** Lists all resource templates, of all pages; empty when the server has no capability `resources`. */
  listResourceTemplates(options?: CallOptions): Promise<ListResourceTemplatesResult>;
  /** Lists all prompts, of all pages; empty when the server has no capability `prompts`. */
  listPrompts(options?: CallOptions): Promise<ListPromptsResult>;
  /**
   * Lists one page of tools: the first, or the one of `cursor`. Without `nextCursor` in the answer it is the last. Results
   * of these tools are checked against their output schemas, as after `listTools`.
   */
  listToolsPage(options?: PageOptions): Promise<ListToolsResult>;
  /** Lists one page of resources, as `listToolsPage` does. */
  listResourcesPage(options?: PageOptions): Promise<ListResourcesResult>;
  /** Lists one page of resource templates, as `listToolsPage` does. */
  listResourceTemplatesPage(options?: PageOptions): Promise<ListResourceTemplatesResult>;
  /** Lists one page of prompts, as `listToolsPage` does. */
  listPromptsPage(options?: PageOptions): Promise<ListPromptsResult>;

  /**
   * Calls a tool. When the tool ran and failed, this resolves with a result that has `isError`. When `listTools` gave the
   * tool an output schema and the structured content does not fit it, this rejects with `INVALID_RESULT`. The tool is given
   * by its own name, or as `listTools` or a group's catalog has it.
   */
  callTool(
    tool: string | Pick<Tool, 'name'>,
    args: Readonly<Record<string, unknown>> | undefined,
    options: CallOptions & { allowInputRequired: true },
  ): Promise<CallToolResult | InputRequiredResult>;
  callTool(
    tool: string | Pick<Tool, 'name'>,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<CallToolResult>;
  /** Reads a resource; in the 2026-07-28 era a cached answer may be used, see `options.cache`. */
  readResource(
    resource: string | URL | Pick<Resource, 'uri'>,
    options?: ReadOptions,
  ): Promise<ReadResourceResult>;
  /**
   * Subscribes to a resource, which gives `resource-updated` events; the session subscribes again after each reconnect.
   */
  subscribeResource(resource: string | URL | Pick<Resource, 'uri'>, options?: CallOptions): Promise<void>;
  /** Ends a subscription of `subscribeResource`. */
  unsubscribeResource(resource: string | URL | Pick<Resource, 'uri'>, options?: CallOptions): Promise<void>;
  /** Gets a prompt with its arguments filled in. */
  getPrompt(
    prompt: string | Pick<Prompt, 'name'>,
    args?: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<GetPromptResult>;
  /** Completes an argument; `context` holds the values of the arguments already known. */
  complete(
    ref: CompletionReference,
    argument: { name: string; value: string },
    context?: { arguments?: Readonly<Record<string, string>> },
    options?: CallOptions,
  ): Promise<CompleteResult>;
  /** Sets the least severe level that the server logs; the session sets it again after each reconnect. */
  setLoggingLevel(level: LoggingLevel, options?: CallOptions): Promise<void>;
  /** Tells the server how far the work on one of its requests is (`notifications/progress`). */
  sendProgress(progress: ProgressNotificationParams): Promise<void>;
  /**
   * Tells the server that the roots have changed (`notifications/roots/list_changed`). Does nothing in the 2026-07-28 era,
   * which has no such notification: there the server asks for the roots whenever it needs them.
   */
  sendRootsListChanged(): Promise<void>;
  /** Sends any request. The result is validated with `schema`; without one, any result is accepted. */
  request<S extends StandardSchemaV1>(
    request: RawRequest,
    options: CallOptions & { schema: S },
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  request(request: RawRequest, options?: CallOptions): Promise<Record<string, unknown>>;
  /** Sends any notification. Resolves when it is sent. */
  notify(notification: RawRequest): Promise<void>;

  /**
   * The events from now on; it ends when the session is closed. A reader that falls behind by more than
   * `eventBacklog` allows (10000 events or 64 MiB) loses the oldest ones, and gets an `overflow` event with their number in
   * their place.
   */
  events(): AsyncIterableIterator<SessionEvent | OverflowEvent>;
  /**
   * Replaces the connection now, without waiting for `nextTryAt`; also in the state `failed`. Resolves when the session
   * is ready, and rejects when this attempt fails: with `CONNECT_FAILED`, `AUTH_REQUIRED`, `TIMEOUT` or
   * `SESSION_CLOSED`. `CONFIG_INVALID` when the session was opened on a client or a transport.
   */
  reconnect(): Promise<void>;
  /**
   * Signs in with the `auth` of the spec, which may ask a person; then reconnects, unless the session is `ready` or
   * `idle`. Does not sign in when there is a token that the server has not refused. Calls at the same time share one
   * login. Resolves when the session is connected again.
   *
   * Rejects with `CONFIG_INVALID` when `auth` is missing or cannot sign in, `AUTH_REQUIRED`, `CONNECT_FAILED`, `TIMEOUT`,
   * `ABORTED` or `SESSION_CLOSED`.
   */
  authorize(options?: { signal?: AbortSignal }): Promise<void>;
  /** Lets calls in flight finish or reach their timeout, then ends the connection. Idempotent; never rejects. */
  close(): Promise<void>;
  /** Fails calls in flight with `SESSION_CLOSED` and ends the connection, both at once. Idempotent; never rejects. */
  destroy(reason?: unknown): Promise<void>;
  /** Resolves when the session is closed and has released all its resources, with the reason given to `destroy()`. */
  readonly closed: Promise<unknown>;
}
