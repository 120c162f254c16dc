import { UnauthorizedError } from '@modelcontextprotocol/client';
import { describe, expect, it, vi } from 'vitest';
import type { UrlServerSpec } from '../../../src/server-spec.ts';
import { SseTransport } from '../../../src/transport/http/sse-transport.ts';
import { recordingContext } from '../support/context.ts';
import { serve, unusedOrigin, type Handler, type Loopback } from '../../support/loopback.ts';
import { endWith, openEventStream } from '../support/mcp-stub.ts';
import { connectClient, failureOf } from '../support/official-client.ts';
import { serveSse } from '../support/official-servers.ts';

const call = { name: 'echo', arguments: { word: 'hello' } };
const echoed = { content: [{ type: 'text', text: '{"word":"hello"}' }] };

function open(server: Pick<Loopback, 'url'>, spec: Partial<UrlServerSpec> = {}) {
  const context = recordingContext();
  const transport = new SseTransport({ url: server.url, ...spec }, context);
  return { transport, context };
}

/** Answers every GET in the given way. */
function serveStream(onGet: Handler): Promise<Loopback> {
  return serve((request, response, body) => {
    if (request.method === 'GET') return onGet(request, response, body);
    return endWith(response, 202);
  });
}

describe('T6 SSE', () => {
  it.each(['auto', 'legacy'] as const)('a call to a server of 2024, %s', async (mode) => {
    const { transport } = open(await serveSse());
    const { client } = await connectClient(transport, mode);
    expect(await client.callTool(call)).toMatchObject(echoed);
  });

  it('headers go with the stream and with every message', async () => {
    const server = await serveSse();
    const { client } = await connectClient(open(server, { headers: { 'x-team': 'blue' } }).transport);
    await client.ping();
    expect(server.seen.map((each) => each.headers['x-team'])).toEqual(server.seen.map(() => 'blue'));
  });

  it('close leaves no socket', async () => {
    const server = await serveSse();
    const { transport } = open(server);
    const { client, closes } = await connectClient(transport);
    await client.close();
    await Promise.all([transport.close(), transport.destroy()]);
    expect(closes()).toBe(1);
    expect(transport.end).toBeUndefined();
    await expect.poll(() => server.openSockets()).toBe(0);
    await expect.poll(() => server.sessions.size).toBe(0);
  });

  it('a message for a session that the server forgot ends the connection, and was not handled', async () => {
    const server = await serveSse();
    const { transport } = open(server);
    const { client } = await connectClient(transport);
    server.sessions.clear();
    const failure = await failureOf(client.ping());
    expect(failure).toMatchObject({ code: 'SESSION_EXPIRED', server: 'tested', maybeExecuted: false });
    expect(transport.end).toMatchObject({ sessionExpired: true });
  });
});

describe('T6 an event stream that does not open', () => {
  it('because its endpoint is on another origin', async () => {
    const stranger = await serve((_request, response) => endWith(response, 202));
    const server = await serveStream((_request, response) => {
      openEventStream(response);
      response.write(`event: endpoint\ndata: ${stranger.origin}/messages\n\n`);
    });
    const { transport } = open(server, { headers: { authorization: 'Bearer secret' } });
    const failure = await failureOf(connectClient(transport));
    expect(failure).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    expect(failure.message).toContain(stranger.origin);
    expect(stranger.seen).toEqual([]);
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('because no endpoint is named in time', async () => {
    const server = await serveStream((_request, response) => openEventStream(response));
    const { transport } = open(server, { openTimeoutMs: 100 });
    const failure = await failureOf(connectClient(transport));
    expect(failure).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('within 100 ms'),
    });
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it.each([
    { status: 401, code: 'AUTH_REQUIRED' },
    { status: 403, code: 'AUTH_REQUIRED' },
    { status: 404, code: 'CONNECT_FAILED' },
    { status: 500, code: 'CONNECT_FAILED' },
  ])('because the answer is HTTP $status', async ({ status, code }) => {
    const server = await serveStream((_request, response) => endWith(response, status));
    const failure = await failureOf(connectClient(open(server).transport));
    expect(failure).toMatchObject({ code, message: expect.stringContaining(`HTTP ${status}`) });
  });

  it('because the credentials of the auth provider are refused', async () => {
    const server = await serveStream((_request, response) => endWith(response, 401));
    const { transport } = open(server, { auth: { token: async () => 'stale' } });
    expect(await failureOf(connectClient(transport))).toBeInstanceOf(UnauthorizedError);
  });

  it('because the answer is a page', async () => {
    const server = await serveStream((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<p>Hello</p>');
    });
    expect(await failureOf(connectClient(open(server).transport))).toMatchObject({ code: 'CONNECT_FAILED' });
  });

  it('because it ends at once', async () => {
    const headers = { 'content-type': 'text/event-stream' };
    const own = vi.fn(async () => new Response('event: endpoint\ndata: /messages\n\n', { headers }));
    const { transport } = open({ url: 'http://localhost/sse' }, { fetch: own });
    expect(await failureOf(transport.start())).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(own).toHaveBeenCalledTimes(1);
  });

  it('because nobody listens', async () => {
    const origin = await unusedOrigin();
    const failure = await failureOf(connectClient(open({ url: `${origin}/sse` }).transport));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(failure.message).toContain(`${origin} for server "tested": nothing listens there`);
  });

  it('because it is closed meanwhile', async () => {
    const server = await serveStream((_request, response) => openEventStream(response));
    const { transport } = open(server);
    const starting = failureOf(transport.start());
    await expect.poll(() => server.saw('GET')).toHaveLength(1);
    await transport.close();
    expect(await starting).toMatchObject({ code: 'CONNECT_FAILED' });
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('and no timer is left to try it again', async () => {
    const before = timers();
    const origin = await unusedOrigin();
    await failureOf(connectClient(open({ url: `${origin}/sse` }).transport));
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('S17 an event stream that ends', () => {
  it.each([
    ['by a crash', (server: Loopback) => server.dropSockets()],
    ['and nobody listens any more', (server: Loopback) => void server.stop()],
  ])('%s fails what is in flight and is not opened again', async (_title, break_) => {
    const server = await serveSse();
    const { transport } = open(server);
    const { client, closed, closes } = await connectClient(transport);
    const before = timers();
    const hanging = failureOf(client.callTool({ name: 'hang' }));
    await expect.poll(() => server.saw('POST').some(({ body }) => body.includes('hang'))).toBe(true);
    break_(server);
    await hanging;
    await closed;
    expect(closes()).toBe(1);
    expect(transport.end?.what).toBe('ended its event stream');
    expect(server.saw('GET')).toHaveLength(1);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('by the server, in order', async () => {
    const server = await serveSse();
    const { transport } = open(server);
    const { closed } = await connectClient(transport);
    for (const session of server.sessions.values()) await session.close();
    await closed;
    expect(transport.end?.what).toBe('ended its event stream');
  });

  it('by staying silent too long', async () => {
    const server = await serveSse();
    const { transport } = open(server, { readTimeoutMs: 150 });
    const { closed } = await connectClient(transport);
    await closed;
    expect(transport.end?.error).toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('150 ms'),
    });
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('by an event that is too large', async () => {
    const server = await serveSse();
    const { transport } = open(server, { maxMessageBytes: 2_000 });
    const { client, closed } = await connectClient(transport);
    const failing = failureOf(client.callTool({ name: 'echo', arguments: { word: 'x'.repeat(5_000) } }));
    await closed;
    await failing;
    expect(transport.end?.error).toMatchObject({
      code: 'INVALID_RESULT',
      message: expect.stringContaining('2000 bytes'),
    });
  });

  it('a message that cannot be delivered, for nobody listens, did not run', async () => {
    const server = await serveStream((_request, response) => {
      openEventStream(response);
      response.write('event: endpoint\ndata: /messages\n\n');
    });
    const origin = await unusedOrigin();
    const { transport } = open(server, {
      fetch: (url, init) => fetch(init?.method === 'POST' ? `${origin}/messages` : url, init),
    });
    const failure = await failureOf(connectClient(transport));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(transport.end?.what).toContain('cannot be reached');
  });
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
