import type { Client } from '@modelcontextprotocol/client';
import type { TransportEnd, TransportMemory } from '../../transport/managed-transport.ts';
import type { DirectCalls } from './direct-calls.ts';
import type { ProtocolEra } from '../session.ts';

/** One official client on one transport, from a completed handshake to the end; never reused. */
export interface Connection {
  readonly client: Client;
  readonly era: ProtocolEra;
  readonly protocolVersion: string;
  /** How long it took to come up, in milliseconds. */
  readonly connectMs: number;
  /** The process id of a server on stdio. */
  readonly pid: number | undefined;
  readonly ended: boolean;
  /** Aborts when the connection ends. */
  readonly gone: AbortSignal;
  /** Why the server went away, once it has. */
  readonly end: TransportEnd | undefined;
  /** Whether requests travel one by one over HTTP, with headers of their own. */
  readonly perRequestStream: boolean;
  /** Undefined when every call must go through the client. */
  readonly directCalls?: DirectCalls | undefined;
  /** When the server last sent anything, by `performance.now()`. */
  readonly lastHeardAt: number;
  /**
   * Set when the client is not our own and lives on after this connection: one that the caller adopted us for, or that
   * of a leased session, which listens for changes of lists by itself.
   */
  readonly foreign?: 'client' | 'session';
  /** Notes that the server was asked for something that would reach the next user of the client, such as updates. */
  markAltered?(): void;
  /** Ends gracefully. Idempotent; resolves when nothing is left. */
  close(): Promise<void>;
  /** Ends by force. Idempotent; resolves when nothing is left. */
  destroy(): Promise<void>;
  /** Ends what is of no more use; resolves when its successor may come. */
  retire(): Promise<void>;
}

/** What a session remembers about its server from one connection to the next. */
export interface ConnectionMemory extends TransportMemory {
  /** The server did not answer `server/discover`, or died of it: greet it with `initialize` alone. */
  legacyOnly?: boolean;
}
