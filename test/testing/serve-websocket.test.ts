import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { serveWebSocket, type ScriptedWebSocketServer, type ServerScript } from '../../src/testing/index.ts';
import { ERAS, WebSocketTransport, connect } from './support/clients.ts';
import { textOf } from '../support/results.ts';

const tools: ServerScript['tools'] = [
  { name: 'echo' },
  { name: 'who', does: { type: 'whoami' } },
  { name: 'crash', does: { type: 'crash' } },
  { name: 'leave', does: { type: 'crashAfterAnswer' } },
];

async function serve(script: ServerScript = {}): Promise<ScriptedWebSocketServer> {
  const server = await serveWebSocket({ ...(tools && { tools }), ...script });
  onTestFinished(() => server.close());
  return server;
}

describe.each(ERAS)('testing kit: WebSocket, $era', ({ mode, era }) => {
  it('serves, and numbers its sockets', async () => {
    const server = await serve();
    await connect(new WebSocketTransport(server.url), mode);
    const client = await connect(new WebSocketTransport(server.url), mode);
    const who = JSON.parse(textOf(await client.callTool({ name: 'who' })));
    const headers = expect.objectContaining({ 'sec-websocket-protocol': 'mcp' });
    expect(who).toMatchObject({ era, connection: 2, connections: 2, headers });
    expect(server.openSockets).toBe(2);
  });

  it('a crash closes without a word, but not before an answer', async () => {
    const server = await serve();
    const transport = new WebSocketTransport(server.url);
    const client = await connect(transport, mode);
    await expect(client.callTool({ name: 'crash' })).rejects.toThrow(/closed/i);
    expect(transport.closeCode).toBe(1006);
    const other = await connect(new WebSocketTransport(server.url), mode);
    expect(textOf(await other.callTool({ name: 'leave' }))).toBe('{}');
  });
});

describe('testing kit: the ends of a WebSocket', () => {
  it('sockets are closed with the code that was asked for', async () => {
    const server = await serve();
    const transport = new WebSocketTransport(server.url);
    await connect(transport);
    server.closeSockets(1011, 'sorry');
    await expect.poll(() => transport.closeCode).toBe(1011);
  });

  it('closing the server says goodbye', async () => {
    const server = await serve();
    const transport = new WebSocketTransport(server.url);
    await connect(transport);
    await Promise.all([server.close(), server.close()]);
    expect(server.openSockets).toBe(0);
    await expect.poll(() => transport.closeCode).toBe(1001);
  });

  it('an upgrade is refused', async () => {
    const server = await serve({ faults: { httpStatus: { status: 503 } } });
    await expect(connect(new WebSocketTransport(server.url))).rejects.toThrow(/503/);
  });

  it('without the subprotocol none is agreed on', async () => {
    const server = await serve();
    const socket = new WebSocket(server.url);
    await new Promise((resolve) => socket.once('open', resolve));
    expect(socket.protocol).toBe('');
    socket.terminate();
  });

  it('garbage reaches the client', async () => {
    const server = await serve({ faults: { garbage: { at: 'answers', lines: ['noise'] } } });
    const client = await connect(new WebSocketTransport(server.url));
    const stray = vi.fn();
    client.onerror = stray;
    await client.callTool({ name: 'echo' });
    expect(stray).toHaveBeenCalledTimes(1);
  });

  it('options that are none are refused', async () => {
    const wrong = { prot: 1 } as never;
    await expect(serveWebSocket({}, wrong)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
