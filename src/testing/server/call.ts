import type { JsonObject, RequestId, RpcError } from './json-rpc.ts';
import type {
  ControlCommand,
  Crash,
  Era,
  Faults,
  ListKind,
  LogLevel,
  ServerScript,
} from '../script/script.ts';

/** The state of the client on one channel: handshake, log level, subscriptions. */
export interface ClientState {
  /** Whether the `initialize` handshake is complete. */
  initialized: boolean;
  logLevel: LogLevel;
  /** Resources subscribed to, in the legacy era. */
  readonly subscriptions: Set<string>;
  /** Open `subscriptions/listen` streams by request id, in the modern era. */
  readonly listens: Map<RequestId, JsonObject>;
}

export type Reply = { result: JsonObject } | { error: RpcError };

/** Where a message came from. */
export interface Origin {
  /** Number of the process, socket or linked pair, from 1. */
  connection: number;
  sessionId?: string;
  headers?: Record<string, string>;
}

/** Facts about the process that a server lives in. */
export interface ProcessFacts {
  pid: number;
  cwd?: string;
  env?: Record<string, string>;
  grandchild?: number;
}

/** One request, with what its handler needs. */
export interface Call {
  readonly context: ServerContext;
  readonly client: ClientState;
  readonly era: Era;
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  /** Aborts when the client cancels the request, and when its channel ends. */
  readonly signal: AbortSignal;
  readonly origin: Origin;
  /** Sends the answer even if the client cancels. */
  ignoreCancel(): void;
  /** Sends a notification that belongs to this request. */
  notify(method: string, params?: JsonObject): void;
  /** Sends a request to the client; resolves with an error when the channel ends. */
  ask(method: string, params?: JsonObject): Promise<Reply>;
}

/** The server behind all calls. */
export interface ServerContext {
  readonly script: ServerScript;
  readonly faults: Faults;
  /** Aborts when the server ends. */
  readonly life: AbortSignal;
  readonly about: ProcessFacts & { connections: number };
  /** Adds to a counter and returns its value. */
  count(what: string, add?: number): number;
  /** Appends a tool call to the ledger, if there is one. */
  record(tool: string, params: JsonObject): void;
  /** Notifies every interested client that a list has changed. */
  announce(kind: ListKind): void;
  control(command: ControlCommand): void;
  inspect(): JsonObject;
  /** Dies; with `afterAnswer`, after sent messages have arrived. */
  die(crash: Crash, afterAnswer?: boolean): void;
}

/** The outcome of a request. `afterwards` runs once the answer was sent. */
export type Outcome =
  | { kind: 'result'; result: JsonObject; raw?: boolean; afterwards?: () => void }
  | { kind: 'error'; error: RpcError; afterwards?: () => void }
  /** The request is never answered. */
  | { kind: 'silence' };

export const silence: Outcome = { kind: 'silence' };

export function success(result: JsonObject): Outcome {
  return { kind: 'result', result };
}

export function failure(code: number, message: string, data?: unknown): Outcome {
  return { kind: 'error', error: { code, message, ...(data !== undefined && { data }) } };
}

export function text(value: string): Outcome {
  return success({ content: [{ type: 'text', text: value }] });
}

/** Data as JSON text, the form that any client can read. */
export function json(value: unknown): Outcome {
  return text(JSON.stringify(value));
}
