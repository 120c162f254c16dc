import { Client } from '@modelcontextprotocol/client';
import type { ClientOptions, JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { InProcessServer, StdioServerSpec } from '../../../src/server-spec.ts';

/** The two ways in which a client may begin. */
export const ERAS = [
  { era: 'legacy', mode: 'legacy' },
  { era: 'modern', mode: { pin: '2026-07-28' } },
] as const;

export type Mode = 'auto' | (typeof ERAS)[number]['mode'];

/** An official client, connected; closed when the test is over. */
export async function connect(
  transport: Transport,
  mode: Mode = 'legacy',
  options: ClientOptions = {},
): Promise<Client> {
  const client = newClient(mode, options);
  await client.connect(transport, { timeout: 100_000 });
  return client;
}

export function newClient(mode: Mode = 'legacy', options: ClientOptions = {}): Client {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode }, ...options });
  onTestFinished(() => client.close());
  return client;
}

export function stdio(spec: StdioServerSpec & { args: string[] }): StdioClientTransport {
  const { command, args } = spec;
  return new StdioClientTransport({ command, args, stderr: 'pipe' });
}

/** The client's end of a pair whose other end the server serves. */
export async function linked(server: InProcessServer): Promise<Transport> {
  const [near, far] = InMemoryTransport.createLinkedPair();
  await server.connect(far);
  return near;
}

/** As little of a WebSocket transport as a client needs. */
export class WebSocketTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** The code that the server closed with. */
  closeCode: number | undefined;
  readonly #url: string;
  #socket: WebSocket | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async start(): Promise<void> {
    const socket = new WebSocket(this.#url, 'mcp');
    this.#socket = socket;
    socket.on('close', (code) => {
      this.closeCode = code;
      this.onclose?.();
    });
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('error', (error) => this.onerror?.(error));
    socket.on('message', (data: Buffer) => this.#take(data.toString()));
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#socket?.send(JSON.stringify(message));
  }

  async close(): Promise<void> {
    this.#socket?.close();
  }

  #take(text: string): void {
    try {
      this.onmessage?.(JSON.parse(text));
    } catch (error) {
      this.onerror?.(error as Error);
    }
  }
}
