import type { Client } from '@modelcontextprotocol/client';
import type { TransportEnd, TransportMemory } from '../../transport/managed-transport.ts';
import type { DirectCalls } from './direct-calls.ts';
import type { RequestGuard } from '../lock/definition-lock.ts';
import type { ProtocolEra } from '../session.ts';

/** One official client on one transport, from the completed handshake to the end. A new connection has a new client. */
export interface Connection {
  readonly client: Client;
  readonly era: ProtocolEra;
  readonly protocolVersion: string;
  /** How long connecting took, handshake included, in milliseconds. */
  readonly connectMs: number;
  /** The process id of a server on stdio. */
  readonly pid: number | undefined;
  readonly ended: boolean;
  /** Aborts when the connection ends. */
  readonly gone: AbortSignal;
  /** Why the connection to the server was lost; undefined while it has not been, and after a close of ours. */
  readonly end: TransportEnd | undefined;
  /** Whether each request is an HTTP request of its own. */
  readonly perRequestStream: boolean;
  /** Undefined when every tool call must go through the client. */
  readonly directCalls?: DirectCalls | undefined;
  /** Compares what the server offers with a lock; undefined without one. */
  readonly guard?: RequestGuard | undefined;
  /** Whether what is sent with the client itself is checked by the guard, too. */
  readonly guardsClient?: boolean;
  /** How the server of a leased session is reached. */
  readonly spec?: object | undefined;
  /** Called once, before the first request. */
  guardBy?(guard: RequestGuard): void;
  /** When the server last sent anything, by `performance.now()`. */
  readonly lastHeardAt: number;
  /**
   * Set when the client is not ours and stays open after this connection: a client that the caller gave, or the client of
   * a leased session.
   */
  readonly foreign?: 'client' | 'session';
  /**
   * Called before a request that changes what the server keeps for this client, such as a subscription. A leased session
   * is then not leased to others.
   */
  markAltered?(): void;
  /** Ends gracefully. Idempotent; resolves when it has ended completely. */
  close(): Promise<void>;
  /** Ends at once. Idempotent; resolves when it has ended completely. */
  destroy(): Promise<void>;
  /** Ends a connection that is lost or to be replaced. Resolves when the next connection may be made. */
  retire(): Promise<void>;
}

/** What a session remembers about its server from one connection to the next. */
export interface ConnectionMemory extends TransportMemory {
  /** The era of a server that did not answer `server/discover` in time, or exited because of it: it is not asked again. */
  era?: ProtocolEra;
}
