import type {
  CreateMessageRequestParams,
  CreateMessageResult,
  CreateMessageResultWithTools,
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
  LoggingLevel,
  Notification,
  RequestId,
  RequestMeta,
  Root,
} from '@modelcontextprotocol/client';
import type { Session } from './session.ts';

/** Says who asks, so that one handler can serve many servers. */
export interface HandlerContext {
  /** The name of the server that asks. */
  readonly server: string;
  /** The session it asks through; a handler may call it. */
  readonly session: Session;
  /** On whose behalf a session manager opened the session, if it was told. */
  readonly principal?: string;
  /** The JSON-RPC id of the request, as the server gave it; the entry's key in an `input_required` round. */
  readonly requestId: RequestId;
  /** The request's `_meta`, without the protocol's own keys. */
  readonly meta: RequestMeta | undefined;
  /** Aborts when the server cancels the request or the connection ends. */
  readonly signal: AbortSignal;
}

export type NotificationContext = Pick<HandlerContext, 'server' | 'session' | 'principal'>;

export interface LogMessage {
  readonly level: LoggingLevel;
  readonly logger?: string | undefined;
  readonly data: unknown;
}

/** @inline */
type Awaitable<T> = T | Promise<T>;

/**
 * Answers to what servers ask of their client. The capabilities declared to a server follow from which of
 * these are given; a request without a handler is answered with an error. Handlers run
 * concurrently, and one that throws is answered with an error and reported as a `problem` event.
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
  /** The server asks which folders or URIs it may work in (`roots/list`). */
  onRoots?: (context: HandlerContext) => Awaitable<readonly Root[] | { roots: readonly Root[] }>;
  /** The server logs (`notifications/message`). */
  onLog?: (context: NotificationContext, message: LogMessage) => Awaitable<void>;
  /** Any notification that Plenum does not handle itself. */
  onNotification?: (context: NotificationContext, notification: Notification) => Awaitable<void>;
}
