import type { JSONRPCMessage, MessageExtraInfo, RequestId, Transport } from '@modelcontextprotocol/client';
import type { PlenumError } from '../errors/plenum-error.ts';

export type TransportKind = 'stdio' | 'http' | 'sse' | 'websocket' | 'in-process' | 'custom';

/**
 * To which request of ours a message of a server belongs, where a transport can tell: the `relatedRequestId` that was given
 * with the request on whose stream it came. `'none'`: it came on a stream of no such request.
 */
export type Relation = number | 'none';

/** What a transport knows of a message beside what is in it. Without `relation` it cannot tell. */
export interface MessageOrigin extends MessageExtraInfo {
  readonly relation?: Relation;
}

/**
 * An official `Transport` that can also be ended by force, and that knows why it ended.
 *
 * A transport serves one connection, from `start()` to `close()`, and is never reused. Whatever happens,
 * `onclose` fires exactly once after a successful `start()`, and every promise settles.
 */
export interface ManagedTransport extends Transport {
  readonly kind: TransportKind;
  onmessage?: ((message: JSONRPCMessage, origin?: MessageOrigin) => void) | undefined;
  /**
   * Ends the connection gracefully: what was sent is flushed, the peer is told or given its grace periods.
   * Resolves when no process, socket, timer or listener is left. Idempotent; never rejects.
   */
  close(): Promise<void>;
  /** Ends the connection at once and by force. Resolves as `close` does; also while `close` is under way. */
  destroy(): Promise<void>;
  /**
   * Ends the exchange of a request that nobody waits for any more, as an abort of its `requestSignal` does. Only where each
   * request has an exchange of its own.
   */
  abandon?(id: RequestId): void;
  /**
   * Why the peer went away, once it has: a process that exited (with its code and the end of its stderr), a
   * socket that closed (with its code). Undefined while it is there, and after a close of our own.
   */
  readonly end: TransportEnd | undefined;
  /** What a process has written so far besides messages: it may explain why there is no connection. */
  readonly finalOutput?: FinalOutput | undefined;
  /** How long the server asked to wait before the next attempt when it last refused something over HTTP, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The process id of a stdio server, while it runs. */
  readonly pid?: number | undefined;
}

/** Output of a process, for people; empty where there was none. */
export interface FinalOutput {
  /** The end of its stderr. */
  readonly stderr: string;
  /** A line of its stdout that has no end yet. */
  readonly stdout: string;
}

/** Why a peer went away. */
export interface TransportEnd {
  /** In words, ready to follow "the server": `exited with code 1`, `closed the connection (code 1011)`. */
  readonly what: string;
  /** Last output of the process on stderr, when there was any. */
  readonly stderr?: string;
  /** The error behind it, when there was one. */
  readonly error?: Error;
  /** True when the server answered that it does not know this session any more (HTTP 404). */
  readonly sessionExpired?: boolean;
}

/** What is odd about an answer over HTTP, however its message looks. */
export type HttpOddity = 'content-type' | 'end-of-stream';

export type OnHttpOddity = (oddity: HttpOddity, place: string) => void;

/** What the session that opens a transport gives it. */
export interface TransportContext {
  /** The server's name, for messages. */
  readonly server: string;
  /** Something was dropped (a line that is not JSON-RPC, a message too large): the connection goes on. */
  readonly onProblem: (error: PlenumError) => void;
  /** A line of standard error. */
  readonly onStderr?: (line: string) => void;
  /**
   * A request failed in a way that may mean that the server is gone (one of many sockets was reset, a stream broke). The
   * session checks whether it is.
   */
  readonly onSuspect?: (error: Error) => void;
  /** The stream for notifications was interrupted, and the server does not repeat what it sent meanwhile. */
  readonly onStreamReopened?: () => void;
  /** Facts learnt by earlier connections of the same session; the transport reads and writes it. */
  readonly memory: TransportMemory;
  /** Told of each odd answer over HTTP that is read all the same, and where it was found; `false` when none is to be. */
  readonly onOddity?: OnHttpOddity | false;
}

/** What one session remembers about its server from one connection to the next. */
export interface TransportMemory {
  /** What a URL without a type turned out to speak. */
  urlKind?: 'http' | 'sse';
}
