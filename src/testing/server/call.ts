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

/** What the client at the other end said about itself and asked to be told, on one channel. */
export interface ClientState {
  /** Through with the `initialize` handshake. */
  initialized: boolean;
  logLevel: LogLevel;
  /** Resources subscribed to, in the legacy era. */
  readonly subscriptions: Set<string>;
  /** Open `subscriptions/listen` streams by request id, in the modern era. */
  readonly listens: Map<RequestId, JsonObject>;
}

export type Reply = { result: JsonObject } | { error: RpcError };

/** What a host knows about where a message came from. */
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

/** What the handler of one request can see and do. */
export interface Call {
  readonly world: World;
  readonly client: ClientState;
  readonly era: Era;
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  /** Aborts when the client cancels the request, and when its channel ends. */
  readonly signal: AbortSignal;
  readonly origin: Origin;
  /** From here on, the answer is sent even to a client that cancelled. */
  ignoreCancel(): void;
  /** Sends a notification that belongs to this request. */
  notify(method: string, params?: JsonObject): void;
  /** Makes a request of the client; settles with an error when the channel ends. */
  ask(method: string, params?: JsonObject): Promise<Reply>;
}

/** The server behind all calls. */
export interface World {
  readonly script: ServerScript;
  readonly faults: Faults;
  /** Aborts when the server ends. */
  readonly life: AbortSignal;
  readonly about: ProcessFacts & { connections: number };
  /** Counts something, and returns how often it has been counted. */
  count(what: string, add?: number): number;
  /** Writes a tool call down in the ledger, if there is one. */
  record(tool: string, params: JsonObject): void;
  /** Tells every client that wants to know that a list has changed. */
  announce(kind: ListKind): void;
  control(command: ControlCommand): void;
  inspect(): JsonObject;
  /** Dies; `afterAnswer` lets what was sent arrive first. */
  die(crash: Crash, afterAnswer?: boolean): void;
}

/** What a request comes to. `afterwards` runs once the answer has left. */
export type Outcome =
  | { kind: 'result'; result: JsonObject; raw?: boolean; afterwards?: () => void }
  | { kind: 'error'; error: RpcError; afterwards?: () => void }
  /** No answer, ever. */
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
