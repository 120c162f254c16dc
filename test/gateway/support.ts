import { Client, StreamableHTTPClientTransport, type ClientOptions } from '@modelcontextprotocol/client';
import { connect } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway/index.ts';

/** A gateway on a free port of the loopback. */
export async function listening(options: GatewayOptions): Promise<{ gateway: Gateway; url: string }> {
  const gateway = await createGateway(options);
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen({ port: 0 });
  return { gateway, url };
}

/** An official client that is connected to a gateway. */
export async function official(
  url: string,
  era: 'legacy' | 'modern' = 'legacy',
  options: ClientOptions = {},
  prepare: (client: Client) => void = () => {},
  headers: Record<string, string> = {},
): Promise<Client> {
  const mode = era === 'modern' ? ({ pin: '2026-07-28' } as const) : 'legacy';
  const client = new Client({ name: era, version: '1' }, { ...options, versionNegotiation: { mode } });
  prepare(client);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  onTestFinished(() => client.close());
  return client;
}

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};

/** Sends one message with `fetch`. */
export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Opens a session by hand; resolves with its id. */
export async function openSession(
  url: string,
  headers: Record<string, string> = {},
  initialize: object = INITIALIZE,
): Promise<string> {
  const response = await post(url, initialize, headers);
  await response.text();
  const id = response.headers.get('mcp-session-id') ?? '';
  await post(
    url,
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { ...headers, 'mcp-session-id': id },
  );
  return id;
}

/** What a raw connection is answered with, after `text` was sent and the sending end closed. */
export function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.end(text));
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}

/** A raw connection that stays open. */
export function rawConnection(url: string) {
  const { hostname, port } = new URL(url);
  let received = '';
  let isClosed = false;
  const socket = connect(Number(port), hostname.replace(/^\[(.*)\]$/, '$1'));
  socket.on('data', (chunk) => (received += chunk.toString()));
  socket.on('error', () => {}); // It is closed, too.
  socket.on('close', () => (isClosed = true));
  onTestFinished(() => void socket.destroy());
  return {
    socket,
    received: () => received,
    isClosed: () => isClosed,
    /** Waits for the head of the next answer; resolves with its status. */
    status: async (): Promise<number> => {
      await expect.poll(() => received, { timeout: 30_000 }).toMatch(/^HTTP\/1.1 [2-5]\d\d[^]*\r\n\r\n/);
      return Number(/^HTTP\/1.1 (\d+)/.exec(received)?.[1]);
    },
    clear: () => void (received = ''),
  };
}
