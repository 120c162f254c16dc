import type {
  CreateMessageRequestParams,
  CreateMessageResult,
  CreateMessageResultWithTools,
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
  LoggingLevel,
  JSONRPCNotification,
  JSONRPCRequest,
  Notification,
  RequestId,
  RequestMeta,
  Root,
} from '@modelcontextprotocol/client';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { Relation } from '../../transport/managed-transport.ts';
import type { Session } from '../session.ts';

/** Which server sent the request, so that one handler can serve many servers. */
export interface HandlerContext {
  /** The name of the server that sent the request. */
  readonly server: string;
  /** The session on which the request came; a handler may call its methods. */
  readonly session: Session;
  /** The `principal` that the session was acquired or opened for, in a session manager. */
  readonly principal?: string;
  /** The JSON-RPC id that the server gave the request. Of a request in an `input_required` result: its key there. */
  readonly requestId: RequestId;
  /** The request's `_meta`, without the protocol's own keys. */
  readonly meta: RequestMeta | undefined;
  /** Aborts when the server cancels the request or the connection ends. */
  readonly signal: AbortSignal;
}

/** Which server sent the notification. */
export type NotificationContext = Pick<HandlerContext, 'server' | 'session' | 'principal'>;

/** What the contexts of handlers have, too, for Plenum's own rooms. */
export interface Related {
  /** To which request the message belongs, by the number that was given with that as `relatedNumber`. */
  readonly relation?: Relation | undefined;
}

/** The params of `notifications/message`. */
export interface LogMessage {
  readonly level: LoggingLevel;
  /** The name of the logger, if the server gives one. */
  readonly logger?: string | undefined;
  /** What is logged: any JSON value. */
  readonly data: unknown;
}

/**
 * What `onMessage` is called with: a notification or a request as the server sent it, or an error that says what is wrong
 * with the connection.
 */
export type ServerMessage = JSONRPCNotification | JSONRPCRequest | PlenumError;

/** @inline */
type Awaitable<T> = T | Promise<T>;

/**
 * Functions that answer the requests of servers and receive their notifications. They decide which client capabilities
 * are declared to a server. A request without a handler is answered with an error. Handlers run concurrently, up to
 * `serverRequests.concurrency` for each kind of request.
 *
 * When a handler throws, or returns no valid answer, a `problem` event has the error. The server gets a fixed text, and
 * nothing of what was thrown: only an error of `PlenumError.fromJsonRpc`, or a `ProtocolError` of the official client, is
 * sent as it is.
 */
export interface Handlers {
  /** The server asks for a completion by the client's model (`sampling/createMessage`). */
  onSampling?: (
    context: HandlerContext,
    params: CreateMessageRequestParams,
  ) => Awaitable<CreateMessageResult | CreateMessageResultWithTools>;
  /** The server asks the user, by form or by URL (`elicitation/create`). */
  onElicitation?: (
    context: HandlerContext,
    params: ElicitRequestFormParams | ElicitRequestURLParams,
  ) => Awaitable<ElicitResult>;
  /** The server asks for the roots, the files and folders that it may work in (`roots/list`): `file://` URIs. */
  onRoots?: (context: HandlerContext) => Awaitable<readonly Root[] | { roots: readonly Root[] }>;
  /** The server sends a log message (`notifications/message`). */
  onLog?: (context: NotificationContext, message: LogMessage) => Awaitable<void>;
  /** Any notification that Plenum does not handle itself. */
  onNotification?: (context: NotificationContext, notification: Notification) => Awaitable<void>;
  /**
   * Sees every notification and every request of a server, whoever handles it, and every fault of the connection. It is
   * called before the message is handled, and nobody waits for it.
   */
  onMessage?: (context: NotificationContext, message: ServerMessage) => Awaitable<void>;
}
