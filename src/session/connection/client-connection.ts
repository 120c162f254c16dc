import type { Client } from '@modelcontextprotocol/client';
import type { ManagedTransport, TransportEnd } from '../../transport/managed-transport.ts';
import type { Connection } from './connection.ts';
import type { ConnectionTap } from './connection-tap.ts';
import type { DirectCalls } from './direct-calls.ts';

/** A connection that Plenum made: a client, its transport and the tap between them. */
export class ClientConnection implements Connection {
  readonly client: Client;
  connectMs = 0;
  readonly #gone = new AbortController();
  readonly #transport: ManagedTransport;
  readonly #tap: ConnectionTap;
  #era: Connection['era'] = 'legacy';
  #protocolVersion = '';
  #onEnd: ((connection: Connection) => void) | undefined;
  #ending: Promise<void> | undefined;

  constructor(client: Client, transport: ManagedTransport, tap: ConnectionTap) {
    this.client = client;
    this.#transport = transport;
    this.#tap = tap;
  }

  /** Ends the time in which a failure is the opener's to report. Throws when the end came first. */
  establish(connectMs: number, onEnd: (connection: Connection) => void): void {
    if (this.ended) throw new Error('The connection ended right after the handshake.');
    this.connectMs = Math.round(connectMs);
    // Kept here because the client forgets them when its transport closes.
    this.#era = this.client.getProtocolEra() ?? 'legacy';
    this.#protocolVersion = this.client.getNegotiatedProtocolVersion() ?? '';
    this.#onEnd = onEnd;
  }

  get ended(): boolean {
    return this.#gone.signal.aborted;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get era(): Connection['era'] {
    return this.#era;
  }

  get protocolVersion(): string {
    return this.#protocolVersion;
  }

  get pid(): number | undefined {
    return this.#transport.pid;
  }

  get end(): TransportEnd | undefined {
    return this.#transport.end;
  }

  get perRequestStream(): boolean {
    return this.#tap.hasPerRequestStream;
  }

  get directCalls(): DirectCalls | undefined {
    return this.#era === 'legacy' ? this.#tap.directCalls : undefined;
  }

  get lastHeardAt(): number {
    return this.#tap.lastHeardAt;
  }

  onClientClosed(): void {
    this.#gone.abort();
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.(this);
  }

  close(): Promise<void> {
    this.#onEnd = undefined;
    // The client forgets a transport that ended by itself; what is left of that one must go all the same.
    this.#ending ??= this.client.close().then(
      () => this.#transport.close(),
      () => this.#transport.close(),
    );
    return this.#ending;
  }

  async retire(): Promise<void> {
    // Over HTTP nothing stands in a successor's way; and a transport that lost its server ends by itself, once every
    // request under way has learnt its own fate.
    if (!this.perRequestStream) await this.destroy();
    else if (this.end === undefined) void this.destroy();
  }

  async destroy(): Promise<void> {
    this.#onEnd = undefined;
    this.#tap.finish();
    await this.#transport.destroy();
  }
}
