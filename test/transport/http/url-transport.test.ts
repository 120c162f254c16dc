import { describe, expect, it } from 'vitest';
import type { UrlServerSpec } from '../../../src/server-spec.ts';
import { UrlTransport } from '../../../src/transport/http/url-transport.ts';
import type { TransportMemory } from '../../../src/transport/managed-transport.ts';
import { recordingContext } from '../support/context.ts';
import { serve, unusedOrigin, type Loopback } from '../../support/loopback.ts';
import { endWith, openEventStream, serveStub } from '../support/mcp-stub.ts';
import { connectClient, failureOf } from '../support/official-client.ts';
import { serveSse, serveStateful, serveStateless } from '../support/official-servers.ts';

const call = { name: 'echo', arguments: { word: 'hello' } };
const echoed = { content: [{ type: 'text', text: '{"word":"hello"}' }] };

function open(
  server: Pick<Loopback, 'url'>,
  memory: TransportMemory = {},
  spec: Partial<UrlServerSpec> = {},
) {
  const context = recordingContext(memory);
  return { transport: new UrlTransport({ url: server.url, ...spec }, context), memory };
}

describe('T9 a URL without a type', () => {
  it.each(['auto', 'legacy'] as const)('is Streamable HTTP to the server of today, %s', async (mode) => {
    const { transport, memory } = open(await serveStateless());
    const { client } = await connectClient(transport, mode);
    expect(await client.callTool(call)).toMatchObject(echoed);
    expect(transport.kind).toBe('http');
    expect(memory).toEqual({ urlKind: 'http' });
  });

  it.each(['auto', 'legacy'] as const)('is Streamable HTTP to a server with sessions, %s', async (mode) => {
    const server = await serveStateful();
    const { transport, memory } = open(server);
    const { client } = await connectClient(transport, mode);
    expect(await client.callTool(call)).toMatchObject(echoed);
    expect(memory).toEqual({ urlKind: 'http' });
    expect(server.sessions.has(transport.sessionId ?? '')).toBe(true);
    await transport.close();
    expect(server.saw('DELETE')).toHaveLength(1);
  });

  it.each(['auto', 'legacy'] as const)('is SSE to a server of 2024, %s', async (mode) => {
    const server = await serveSse();
    const { transport, memory } = open(server, {}, { headers: { 'x-team': 'blue' } });
    const { client, closes } = await connectClient(transport, mode);
    expect(await client.callTool(call)).toMatchObject(echoed);
    expect(transport.kind).toBe('sse');
    expect(transport.hasPerRequestStream).toBe(false);
    expect(memory).toEqual({ urlKind: 'sse' });
    expect(server.seen.map((each) => each.headers['x-team'])).toEqual(server.seen.map(() => 'blue'));
    await client.close();
    expect(closes()).toBe(1);
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it.each([400, 404, 405])('is SSE when initialize is answered with HTTP %i', async (status) => {
    const server = await serve((request, response) => {
      if (request.url === '/messages') return endWith(response, 202);
      if (request.method === 'POST') return endWith(response, status);
      openEventStream(response);
      response.write('event: endpoint\ndata: /messages\n\n');
    });
    const { transport } = open(server);
    const connecting = connectClient(transport).catch(() => {});
    await expect.poll(() => transport.kind).toBe('sse');
    await expect.poll(() => server.seen.some(({ url }) => url === '/messages')).toBe(true);
    await transport.close();
    await connecting;
  });

  it.each([401, 403, 500, 503])(
    'stays Streamable HTTP when initialize is answered with HTTP %i',
    async (status) => {
      const server = await serve((_request, response) => endWith(response, status));
      const { transport, memory } = open(server);
      expect(await failureOf(connectClient(transport))).toMatchObject({ data: { status } });
      expect(server.saw('GET')).toEqual([]);
      expect(memory).toEqual({});
    },
  );

  it('names both findings when the server speaks neither', async () => {
    const server = await serve((_request, response) => endWith(response, 404));
    const { transport, memory } = open(server);
    const failure = await failureOf(connectClient(transport));
    expect(failure).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    expect(failure.message).toMatch(
      /neither Streamable HTTP \("initialize" was answered with HTTP 404\) nor SSE \(.*HTTP 404/,
    );
    expect(memory).toEqual({});
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('asks for credentials when only the event stream does', async () => {
    const server = await serve((request, response) =>
      endWith(response, request.method === 'GET' ? 401 : 404),
    );
    expect(await failureOf(connectClient(open(server).transport))).toMatchObject({ code: 'AUTH_REQUIRED' });
  });

  it('can be closed in the midst of the change', async () => {
    const server = await serve((request, response) => {
      if (request.method === 'POST') endWith(response, 404);
      else openEventStream(response);
    });
    const { transport } = open(server);
    const connecting = failureOf(connectClient(transport));
    await expect.poll(() => server.saw('GET')).toHaveLength(1);
    await transport.close();
    await connecting;
    await expect.poll(() => server.openSockets()).toBe(0);
  });

  it('is not changed for SSE when it is closed meanwhile', async () => {
    const methods: (string | undefined)[] = [];
    const own = async (_url: string | URL, init?: RequestInit): Promise<Response> => {
      methods.push(init?.method);
      queueMicrotask(() => void transport.close());
      return new Response(null, { status: 404 });
    };
    const { transport } = open({ url: 'http://localhost/mcp' }, {}, { fetch: own });
    await failureOf(connectClient(transport));
    await transport.close();
    expect(methods).toEqual(['POST']);
    expect(transport.kind).toBe('http');
  });

  it('passes the end of the server on, once', async () => {
    const server = await serveSse();
    const { transport } = open(server);
    const { closed, closes } = await connectClient(transport);
    await server.stop();
    await closed;
    expect(closes()).toBe(1);
    expect(transport.end?.what).toBe('ended its event stream');
  });

  it('passes an expired session on', async () => {
    const server = await serveStateful();
    const { transport } = open(server);
    const { client, closed } = await connectClient(transport);
    server.sessions.clear();
    expect(await failureOf(client.ping())).toMatchObject({ code: 'SESSION_EXPIRED' });
    await closed;
    expect(transport.end).toMatchObject({ sessionExpired: true });
  });
});

describe('T9 what was learnt about a URL', () => {
  it('a server of 2024 is spoken to as one from the start', async () => {
    const server = await serveSse();
    const { transport } = open(server, { urlKind: 'sse' });
    const { client } = await connectClient(transport);
    expect(await client.callTool(call)).toMatchObject(echoed);
    expect(server.seen[0]?.method).toBe('GET');
  });

  it('is forgotten when an event stream is not there any more', async () => {
    const server = await serveStub({ onGet: (response) => endWith(response, 405) });
    const memory: TransportMemory = { urlKind: 'sse' };
    expect(await failureOf(connectClient(open(server, memory).transport))).toMatchObject({
      code: 'CONNECT_FAILED',
    });
    expect(memory).toEqual({});
    await connectClient(open(server, memory).transport);
    expect(memory).toEqual({ urlKind: 'http' });
  });

  it('is kept when nobody listens', async () => {
    const memory: TransportMemory = { urlKind: 'sse' };
    await failureOf(connectClient(open({ url: `${await unusedOrigin()}/sse` }, memory).transport));
    expect(memory).toEqual({ urlKind: 'sse' });
  });

  it('is forgotten when a server does not speak Streamable HTTP any more', async () => {
    const server = await serveSse();
    const memory: TransportMemory = { urlKind: 'http' };
    expect(await failureOf(connectClient(open(server, memory).transport))).toMatchObject({
      data: { status: 404 },
    });
    expect(memory).toEqual({});
    await connectClient(open(server, memory).transport);
    expect(memory).toEqual({ urlKind: 'sse' });
  });
});
