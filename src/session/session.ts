import type {
  CallToolResult,
  Client,
  CompleteRequestParams,
  CompleteResult,
  GetPromptResult,
  Implementation,
  InputRequiredResult,
  ListPromptsResult,
  ListResourcesResult,
  ListResourceTemplatesResult,
  ListToolsResult,
  LoggingLevel,
  ProgressNotificationParams,
  ReadResourceResult,
  ServerCapabilities,
  StandardSchemaV1,
} from '@modelcontextprotocol/client';
import type { PlenumError } from '../errors/plenum-error.ts';
import type { OverflowEvent } from '../internal/event-hub.ts';
import type { CallOptions, ReadOptions } from './call-options.ts';

/** Which of the two protocols a connection speaks: the stateful handshake, or 2026-07-28 and later. */
export type ProtocolEra = 'legacy' | 'modern';

/** What a status may say beside its state; a state that does not say it has it undefined. */
export interface SessionStatusFacts {
  readonly attempt: number;
  readonly nextTryAt: number;
  readonly connectMs: number;
  readonly pid: number;
  readonly error: PlenumError;
}

/** The status of one state: what it says, and nothing of what only other states say. */
export type SessionStatusOf<State extends string, Facts = unknown> = {
  readonly state: State;
  /** Since when, in epoch milliseconds. */
  readonly since: number;
} & Facts & { readonly [K in Exclude<keyof SessionStatusFacts, keyof Facts>]?: undefined };

/** Where a session stands. */
export type SessionStatus =
  /** Not started, or ended until somebody needs it. */
  | SessionStatusOf<'idle'>
  /** The first connection is coming up. */
  | SessionStatusOf<'connecting', { readonly attempt: number }>
  | SessionStatusOf<
      'ready',
      {
        readonly era: ProtocolEra;
        readonly protocolVersion: string;
        /** How long the connection took to come up, handshake included, in milliseconds. */
        readonly connectMs: number;
        /** The process id of a server on stdio. */
        readonly pid?: number;
      }
    >
  /** Lost; an attempt is under way or to come. */
  | SessionStatusOf<
      'reconnecting',
      {
        /** Which attempt; it counts on from earlier losses until a connection has lived `resetAfterMs`. */
        readonly attempt: number;
        /** When the next attempt starts, in epoch milliseconds; absent while one is under way. */
        readonly nextTryAt?: number;
        /** What happened last. */
        readonly error: PlenumError;
      }
    >
  /**
   * Gave up, or was told not to reconnect; `reconnect()` tries again. One that failed with `AUTH_REQUIRED` comes back
   * by itself when somebody has signed in.
   */
  | SessionStatusOf<'failed', { readonly error: PlenumError }>
  /** Closing; calls in flight finish. */
  | SessionStatusOf<'draining'>
  /** Over; with an error when it was destroyed for a reason. */
  | SessionStatusOf<'closed', { readonly error?: PlenumError }>;

export type ListKind = 'tools' | 'resources' | 'prompts';

/** What happens to a session. */
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
  /** A notification that Plenum does not handle itself. */
  | { readonly type: 'notification'; readonly method: string; readonly params?: unknown }
  /** Something went wrong and was contained: garbage dropped, a handler that threw. The session goes on. */
  | { readonly type: 'problem'; readonly error: PlenumError };

/** What `completion/complete` completes an argument of. */
export type CompletionReference = CompleteRequestParams['ref'];

/** A JSON-RPC request as a caller gives it. */
export interface RawRequest {
  method: string;
  params?: Readonly<Record<string, unknown>>;
}

/**
 * A stable handle on one server. It outlives its connections: a lost one is replaced underneath it, and calls
 * made meanwhile wait, within their own timeout.
 *
 * Every request may reject with `NOT_CONNECTED`, `CONNECTION_LOST`, `SESSION_CLOSED`, `TIMEOUT`, `ABORTED`,
 * `AUTH_REQUIRED`, `INVALID_RESULT` or `PROTOCOL`, and with `INVALID_ARGUMENTS` when an argument or an option is of the
 * wrong type.
 */
export interface Session extends AsyncDisposable {
  readonly name: string;
  readonly status: SessionStatus;
  /** What the server said about itself on the latest connection. */
  readonly serverInfo: Implementation | undefined;
  readonly capabilities: ServerCapabilities | undefined;
  readonly instructions: string | undefined;
  readonly protocolVersion: string | undefined;
  readonly era: ProtocolEra | undefined;
  /** The official client of the present connection; a new one after each reconnect. */
  readonly client: Client | undefined;

  /** Sends a `ping`, or `server/discover` in the 2026-07-28 era, which has no ping. */
  ping(options?: CallOptions): Promise<void>;
  /** Lists every tool, all pages. Empty when the server does not offer tools. */
  listTools(options?: CallOptions): Promise<ListToolsResult>;
  listResources(options?: CallOptions): Promise<ListResourcesResult>;
  listResourceTemplates(options?: CallOptions): Promise<ListResourceTemplatesResult>;
  listPrompts(options?: CallOptions): Promise<ListPromptsResult>;

  /**
   * Calls a tool. A tool that ran and failed is a result with `isError`, not a throw. Structured content is
   * checked against the output schema if the tool was listed with one: `INVALID_RESULT`.
   */
  callTool(
    name: string,
    args: Readonly<Record<string, unknown>> | undefined,
    options: CallOptions & { allowInputRequired: true },
  ): Promise<CallToolResult | InputRequiredResult>;
  callTool(
    name: string,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<CallToolResult>;
  readResource(uri: string | URL, options?: ReadOptions): Promise<ReadResourceResult>;
  /** Asks for `resource-updated` events; restored after every reconnect. */
  subscribeResource(uri: string | URL, options?: CallOptions): Promise<void>;
  unsubscribeResource(uri: string | URL, options?: CallOptions): Promise<void>;
  getPrompt(
    name: string,
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
  /** Sets the least severe level that the server logs; restored after every reconnect. */
  setLoggingLevel(level: LoggingLevel, options?: CallOptions): Promise<void>;
  sendProgress(progress: ProgressNotificationParams): Promise<void>;
  sendRootsListChanged(): Promise<void>;
  /** Sends any request. The result is checked by `schema`, or only for being a JSON-RPC result. */
  request<S extends StandardSchemaV1>(
    request: RawRequest,
    options: CallOptions & { schema: S },
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  request(request: RawRequest, options?: CallOptions): Promise<Record<string, unknown>>;
  notify(notification: RawRequest): Promise<void>;

  /** All that happens from now on. Ends when the session is closed. */
  events(): AsyncIterableIterator<SessionEvent | OverflowEvent>;
  /**
   * Replaces the connection now, skipping any wait; also brings a `failed` session back. Resolves when ready,
   * rejects when this attempt fails.
   */
  reconnect(): Promise<void>;
  /**
   * Has somebody sign in by the `auth` of its spec, and brings a session back that failed for want of it. Does nothing
   * when there is a token that the server did not refuse; calls at the same time share one login. Resolves when the
   * session is back; one that is ready keeps its connection, one that is asleep stays so.
   *
   * Rejects with `CONFIG_INVALID` when there is nothing that can sign in, `AUTH_REQUIRED`, `CONNECT_FAILED`, `TIMEOUT`,
   * `ABORTED` or `SESSION_CLOSED`.
   */
  authorize(options?: { signal?: AbortSignal }): Promise<void>;
  /** Lets calls in flight finish or reach their timeout, then ends the connection. Idempotent; never rejects. */
  close(): Promise<void>;
  /** Fails calls in flight at once with `SESSION_CLOSED` and ends the connection by force. Idempotent. */
  destroy(reason?: unknown): Promise<void>;
  /** Resolves when the session is closed and nothing of it is left, with the reason if it was destroyed. */
  readonly closed: Promise<unknown>;
}
