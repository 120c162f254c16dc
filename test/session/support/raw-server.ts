import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import type { CustomTransportSpec } from '../../../src/index.ts';

export interface RawMessage {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** In place of a result: no answer at all. */
export const SILENCE = Symbol('silence');

/** Answers a request; `undefined` leaves it to the server's own handshake, or unanswered. */
export type Answer = (request: RawMessage, server: RawServer) => object | typeof SILENCE | undefined;

export interface RawServerOptions {
  modern?: boolean;
  version?: string;
}

/**
 * A server written by hand, in this process: it shakes hands as it should, in the era of its choice, and leaves
 * everything else to the test.
 */
export class RawServer {
  /** Every message that came, of all connections. */
  readonly received: RawMessage[] = [];
  connections = 0;
  readonly #answer: Answer;
  readonly #options: RawServerOptions;
  #end: InMemoryTransport | undefined;

  constructor(answer: Answer = () => undefined, options: RawServerOptions = {}) {
    this.#answer = answer;
    this.#options = options;
  }

  get spec(): CustomTransportSpec {
    return { transport: () => this.#connect() };
  }

  requests(method: string): RawMessage[] {
    return this.received.filter((each) => each.method === method && each.id !== undefined);
  }

  notifications(method: string): RawMessage[] {
    return this.received.filter((each) => each.method === method && each.id === undefined);
  }

  /** What the client answered to a request of ours. */
  reply(id: number | string): RawMessage | undefined {
    return this.received.find((each) => each.id === id && each.method === undefined);
  }

  /** Sends a message, right or wrong. */
  send(message: object): void {
    // A closed pair refuses the message, as a pipe would.
    void this.#end?.send(message as JSONRPCMessage).catch(() => {});
  }

  respond(id: RawMessage['id'], result: object): void {
    this.send({ jsonrpc: '2.0', id, result });
  }

  notify(method: string, params: object = {}): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  /** Ends the connection without a word. */
  async drop(): Promise<void> {
    await this.#end?.close();
  }

  async #connect(): Promise<InMemoryTransport> {
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    this.connections++;
    this.#end = ours;
    ours.onmessage = (message) => this.#take(message as RawMessage);
    await ours.start();
    return theirs;
  }

  #take(message: RawMessage): void {
    this.received.push(message);
    if (message.id === undefined || message.method === undefined) return;
    const result = this.#answer(message, this) ?? this.#handshake(message);
    if (result !== undefined && result !== SILENCE) this.respond(message.id, result);
  }

  #handshake({ method, params }: RawMessage): object | undefined {
    const { modern = false, version = '1.0.0' } = this.#options;
    const serverInfo = { name: 'raw', version };
    const capabilities = { tools: { listChanged: true }, logging: {} };
    if (modern && method === 'server/discover') {
      return {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities,
        ttlMs: 0,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
      };
    }
    if (modern || method !== 'initialize') return undefined;
    return { protocolVersion: params?.['protocolVersion'], capabilities, serverInfo };
  }
}
