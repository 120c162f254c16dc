import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { UrlServerSpec } from '../../../src/server-spec.ts';
import { WebSocketTransport } from '../../../src/transport/websocket/websocket-transport.ts';
import { recordingContext } from '../support/context.ts';
import { serve, unusedOrigin } from '../../support/loopback.ts';
import { endWith, text } from '../support/mcp-stub.ts';
import { connectClient, failureOf } from '../support/official-client.ts';
import { reply, serveWebSocket } from '../support/websocket-server.ts';

const call = { name: 'echo' };

function open(server: { url: string }, spec: Partial<UrlServerSpec> = {}, pingIntervalMs?: number) {
  const context = recordingContext();
  const options = pingIntervalMs === undefined ? {} : { pingIntervalMs };
  return { transport: new WebSocketTransport({ url: server.url, ...spec }, context, options), context };
}

const asWs = (origin: string) => ({ url: origin.replace('http:', 'ws:') });

describe('T7 WebSocket', () => {
  it.each(['auto', 'legacy'] as const)('a call, %s', async (mode) => {
    const server = await serveWebSocket((message, socket) => {
      if (message.method === 'server/discover') {
        socket.send(
          JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code: -32_601, message: 'unknown' } }),
        );
      } else reply(socket, message, text('fine'));
    });
    const { client } = await connectClient(open(server).transport, mode);
    expect(await client.callTool(call)).toMatchObject(text('fine'));
  });

  it('offers the subprotocol and sends the headers', async () => {
    const server = await serveWebSocket();
    await connectClient(open(server, { headers: async () => ({ 'x-team': 'blue' }) }).transport);
    expect(server.handshakes[0]?.headers).toMatchObject({
      'sec-websocket-protocol': 'mcp',
      'x-team': 'blue',
    });
  });

  it('thousands of frames at once come in their order, in many turns of the event loop, and before the end', async () => {
    const COUNT = 5_000;
    const server = await serveWebSocket((_, socket) => {
      for (let step = 0; step < COUNT; step++) {
        socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/x', params: { step } }));
        if (step % 10 === 0) socket.send('x');
      }
      socket.close(1_000, 'enough');
    });
    const { transport, context } = open(server);
    const steps: unknown[] = [];
    const turns = new Set<number>();
    let turn = 0;
    let isOn = true;
    const count = (): void => {
      turn++;
      if (isOn) setImmediate(count);
    };
    count();
    transport.onmessage = (message) => {
      turns.add(turn);
      if ('params' in message) steps.push(message.params?.['step']);
    };
    const closed = new Promise<number>((resolve) => (transport.onclose = () => resolve(steps.length)));
    await transport.start();
    await transport.send({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect(await closed).toBe(COUNT);
    isOn = false;
    expect(steps).toEqual(Array.from({ length: COUNT }, (_, step) => step));
    expect(turns.size).toBeGreaterThan(10);
    expect(context.problems).toHaveLength(COUNT / 10);
    expect(transport.end?.what).toContain('enough');
  });

  it('what is not a JSON-RPC message is reported and dropped', async () => {
    const server = await serveWebSocket((message, socket) => {
      socket.send('not JSON');
      socket.send('{"no":"message"}');
      socket.send(Buffer.from('{"jsonrpc":"2.0","method":"notifications/x"}'), { binary: true });
      reply(socket, message, text('fine'));
    });
    const { transport, context } = open(server);
    const { client, errors } = await connectClient(transport);
    expect(await client.callTool(call)).toMatchObject(text('fine'));
    expect(context.problems.map(({ code }) => code)).toEqual([
      'INVALID_RESULT',
      'INVALID_RESULT',
      'INVALID_RESULT',
    ]);
    expect(errors).toEqual([]);
  });

  it('close says goodbye and waits for the answer', async () => {
    const server = await serveWebSocket();
    const codes: number[] = [];
    const { transport } = open(server);
    const { client, closes } = await connectClient(transport);
    for (const socket of server.sockets) socket.on('close', (code) => codes.push(code));
    await client.close();
    await Promise.all([transport.close(), transport.destroy(), transport.destroy()]);
    expect(closes()).toBe(1);
    expect(transport.end).toBeUndefined();
    await expect.poll(() => codes).toEqual([1000]);
  });

  it('close does not wait for a server that never answers it', async () => {
    const server = await serveWebSocket();
    const { transport } = open(server);
    const { closes } = await connectClient(transport);
    for (const socket of server.sockets) socket.pause();
    await transport.close();
    expect(closes()).toBe(1);
  });

  it('destroy cuts such a close short', async () => {
    const server = await serveWebSocket();
    const { transport } = open(server);
    const { closes } = await connectClient(transport);
    for (const socket of server.sockets) socket.pause();
    const closing = transport.close();
    await transport.destroy();
    await closing;
    expect(closes()).toBe(1);
  });

  it('nothing is left of it', async () => {
    const server = await serveWebSocket();
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const { transport } = open(server);
    await connectClient(transport);
    await transport.destroy();
    await expect.poll(() => server.sockets.size).toBe(0);
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBeLessThanOrEqual(
      before,
    );
  });
});

describe('T7 a handshake that fails', () => {
  it.each([
    { status: 401, code: 'AUTH_REQUIRED', advice: 'headers' },
    { status: 403, code: 'AUTH_REQUIRED', advice: 'headers' },
    { status: 404, code: 'CONNECT_FAILED', advice: 'path' },
    { status: 302, code: 'CONNECT_FAILED', advice: 'Redirects are not followed' },
  ])('with HTTP $status', async ({ status, code, advice }) => {
    const stranger = await serve((_request, response) => endWith(response, 200));
    const server = await serve((_request, response) => {
      response.writeHead(status, { location: stranger.url });
      response.end();
    });
    const { transport } = open(asWs(server.url), { headers: { authorization: 'Bearer secret' } });
    const failure = await failureOf(connectClient(transport));
    expect(failure).toMatchObject({ code, server: 'tested' });
    expect(failure.message).toContain(`HTTP ${status}`);
    expect(failure.message).toContain(advice);
    expect(stranger.seen).toEqual([]);
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('for the subprotocol is not spoken', async () => {
    const server = await serveWebSocket(undefined, { handleProtocols: () => false });
    const failure = await failureOf(connectClient(open(server).transport));
    expect(failure).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('subprotocol'),
    });
  });

  it('for nobody listens', async () => {
    const failure = await failureOf(
      connectClient(open(asWs(`${await unusedOrigin()}/mcp?token=secret`)).transport),
    );
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(failure.message).toContain('nothing listens there');
    expect(failure.message).not.toContain('secret');
  });

  it('for it is never answered', async () => {
    const server = createServer((socket) => void socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { transport } = open({ url: `ws://127.0.0.1:${port}` }, { openTimeoutMs: 100 });
    const failure = await failureOf(connectClient(transport));
    expect(failure).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('within 100 ms'),
    });
    const connections = () =>
      new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
    await expect.poll(() => connections()).toBe(0);
  });

  it('for it is closed meanwhile', async () => {
    const server = await serve(() => {});
    const { transport } = open(asWs(server.url));
    const starting = failureOf(transport.start());
    await expect.poll(() => server.seen).toHaveLength(1);
    await transport.close();
    expect(await starting).toMatchObject({ code: 'CONNECT_FAILED' });
    await expect.poll(() => server.openSockets()).toBe(0);
  });
});

describe('T7 the end of a WebSocket', () => {
  it('carries the close code and the reason, made harmless', async () => {
    const server = await serveWebSocket((_message, socket) => socket.close(1011, 'out of \u001b[31mmemory'));
    const { transport } = open(server);
    const { client, closed, closes } = await connectClient(transport);
    await failureOf(client.callTool(call));
    await closed;
    expect(closes()).toBe(1);
    expect(transport.end?.what).toBe('closed the connection (code 1011, "out of \\u{1b}[31mmemory")');
  });

  it('a message that is too large ends it', async () => {
    const server = await serveWebSocket((message, socket) => reply(socket, message, text('x'.repeat(5_000))));
    const { transport } = open(server, { maxMessageBytes: 4_000 });
    const { client, closed } = await connectClient(transport);
    await failureOf(client.callTool(call));
    await closed;
    expect(transport.end?.error).toMatchObject({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
  });

  it('a send on a closing socket surely did not leave', async () => {
    const server = await serveWebSocket();
    const { transport } = open(server);
    const { closed } = await connectClient(transport);
    await server.stop();
    await closed;
    const sending = transport.send({ jsonrpc: '2.0', id: 7, method: 'ping' });
    await expect(sending).rejects.toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
  });
});

describe('S17 a WebSocket server that dies', () => {
  it('by a crash', async () => {
    const server = await serveWebSocket((_message, socket) => socket.terminate());
    const { transport } = open(server);
    const { client, closed } = await connectClient(transport);
    await failureOf(client.callTool(call));
    await closed;
    expect(transport.end?.what).toContain('code 1006');
  });

  it('by answering no pings', async () => {
    const server = await serveWebSocket(() => {}, { autoPong: false });
    const { transport } = open(server, {}, 30);
    const { client, closed } = await connectClient(transport);
    await failureOf(client.callTool(call));
    await closed;
    expect(transport.end?.what).toBe('answers no pings any more');
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  it('but not while it answers them', async () => {
    let pings = 0;
    const server = await serveWebSocket((message, socket) => {
      socket.on('ping', () => {
        if (++pings === 6) reply(socket, message, text('fine'));
      });
    });
    const { client } = await connectClient(open(server, {}, 30).transport);
    expect(await client.callTool(call)).toMatchObject(text('fine'));
  });
});
