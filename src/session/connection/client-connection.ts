import type { Client, ClientCapabilities, Implementation } from '@modelcontextprotocol/client';
import type { ManagedTransport, TransportEnd } from '../../transport/managed-transport.ts';
import { official } from '../../transport/official.ts';
import type { RequestGuard } from '../lock/definition-lock.ts';
import type { Connection } from './connection.ts';
import type { ConnectionTap } from './connection-tap.ts';
import type { DirectCalls } from './direct-calls.ts';

/** What the official client was made with. */
export interface ClientIdentity {
  readonly clientInfo: Implementation;
  readonly capabilities: ClientCapabilities;
}

/** What the official client adds to `_meta` of each request of 2026-07-28. */
function envelopeOf(version: string, { clientInfo, capabilities }: ClientIdentity): Record<string, unknown> {
  return {
    [official.PROTOCOL_VERSION_META_KEY]: version,
    [official.CLIENT_INFO_META_KEY]: clientInfo,
    [official.CLIENT_CAPABILITIES_META_KEY]: capabilities,
  };
}

/** A connection that Plenum made: a client, a transport, and the {@link ConnectionTap} between them. */
export class ClientConnection implements Connection {
  readonly client: Client;
  readonly guardsClient = true;
  connectMs = 0;
  readonly #gone = new AbortController();
  readonly #transport: ManagedTransport;
  readonly #tap: ConnectionTap;
  #era: Connection['era'] = 'legacy';
  #protocolVersion = '';
  #directCalls: DirectCalls | undefined;
  #onEnd: ((connection: Connection) => void) | undefined;
  #ending: Promise<void> | undefined;

  constructor(client: Client, transport: ManagedTransport, tap: ConnectionTap) {
    this.client = client;
    this.#transport = transport;
    this.#tap = tap;
  }

  /**
   * Called after the handshake. From now on an end is reported to `onEnd`. Throws when the connection has ended
   * already.
   */
  establish(connectMs: number, identity: ClientIdentity, onEnd: (connection: Connection) => void): void {
    if (this.ended) throw new Error('The connection ended right after the handshake.');
    this.connectMs = Math.round(connectMs);
    // Kept here because the client clears them when its transport closes.
    this.#era = this.client.getProtocolEra() ?? 'legacy';
    this.#protocolVersion = this.client.getNegotiatedProtocolVersion() ?? '';
    this.#directCalls =
      this.#era === 'legacy'
        ? this.#tap.directCalls
        : this.#tap.useModernCalls(this.client, envelopeOf(this.#protocolVersion, identity));
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
    return this.#directCalls;
  }

  get guard(): RequestGuard | undefined {
    return this.#tap.guard;
  }

  guardBy(guard: RequestGuard): void {
    this.#tap.guard = guard;
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
    // The client does not close a transport that ended by itself, which may still hold resources.
    this.#ending ??= this.client.close().then(
      () => this.#transport.close(),
      () => this.#transport.close(),
    );
    return this.#ending;
  }

  async retire(): Promise<void> {
    // Over HTTP the next connection need not wait for this one. And a transport that lost its server ends by itself when
    // each request in flight has failed with its own error, which `destroy` would replace.
    if (!this.perRequestStream) await this.destroy();
    else if (this.end === undefined) void this.destroy();
  }

  async destroy(): Promise<void> {
    this.#onEnd = undefined;
    this.#tap.finish();
    await this.#transport.destroy();
  }
}
