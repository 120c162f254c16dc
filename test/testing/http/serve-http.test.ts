import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  serveHttp,
  type ScriptedHttpServer,
  type ScriptedTool,
  type ServeHttpOptions,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { ERAS, connect, newClient } from '../support/clients.ts';
import { textOf } from '../../support/results.ts';

const tools: ScriptedTool[] = [
  { name: 'echo' },
  { name: 'who', does: { type: 'whoami' } },
  { name: 'slow', does: { type: 'slow', ms: 200 } },
  { name: 'progress', does: { type: 'progress', steps: 2 } },
  { name: 'sleep', does: { type: 'sleepUntilCancelled' } },
  { name: 'leave', does: { type: 'crashAfterAnswer' } },
];

async function serve(script: ServerScript = {}, options: ServeHttpOptions = {}): Promise<ScriptedHttpServer> {
  const server = await serveHttp({ tools, ...script }, options);
  onTestFinished(() => server.close());
  return server;
}

function to(server: ScriptedHttpServer, init: RequestInit = {}): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(new URL(server.url), {
    requestInit: init,
    reconnectionOptions: {
      initialReconnectionDelay: 10,
      maxReconnectionDelay: 50,
      reconnectionDelayGrowFactor: 1,
      maxRetries: 3,
    },
  });
}

/** A bare POST, as no client would make it. */
function post(server: ScriptedHttpServer, message: object | string, headers: Record<string, string> = {}) {
  return fetch(server.url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
    body: typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
  });
}

const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

describe.each(ERAS)('testing kit: Streamable HTTP, $era', ({ era, mode }) => {
  const shapes = [
    { answers: 'json', sessions: true },
    { answers: 'json', sessions: false },
    { answers: 'sse', sessions: true },
    { answers: 'sse', sessions: false },
  ] as const;

  it.each(shapes)('answers with $answers, sessions: $sessions', async (options) => {
    const server = await serve({}, options);
    const client = await connect(to(server), mode);
    expect((await client.listTools()).tools).toHaveLength(tools.length);
    const progress = vi.fn();
    await client.callTool({ name: 'progress' }, { onprogress: progress });
    expect(progress).toHaveBeenCalledTimes(2);
    expect(server.sessions).toHaveLength(era === 'legacy' && options.sessions ? 1 : 0);
  });

  it('a client that may choose speaks the newest era of the server', async () => {
    const server = await serve({ era });
    const client = await connect(to(server), 'auto');
    expect(client.getNegotiatedProtocolVersion()).toBe(era === 'legacy' ? '2025-11-25' : '2026-07-28');
  });

  it('headers reach the whoami tool', async () => {
    const server = await serve();
    const client = await connect(to(server, { headers: { 'x-colour': 'green' } }), mode);
    const who = JSON.parse(textOf(await client.callTool({ name: 'who' })));
    expect(who).toMatchObject({ era, headers: { 'x-colour': 'green' } });
    expect(who.sessionId).toBe(era === 'legacy' ? server.sessions[0] : undefined);
  });

  it('a call that is cancelled ends on the server', async () => {
    const server = await serve({}, { answers: 'sse' });
    const client = await connect(to(server), mode);
    const controller = new AbortController();
    const sleeping = client.callTool({ name: 'sleep' }, { signal: controller.signal });
    await expect.poll(() => server.running).toBe(1);
    controller.abort();
    await expect(sleeping).rejects.toThrow();
    await expect.poll(() => server.cancelled).toHaveLength(1);
  });

  it('a server that leaves after its answer is heard', async () => {
    const server = await serve();
    const client = await connect(to(server), mode);
    expect(textOf(await client.callTool({ name: 'leave' }))).toBe('{}');
    await expect.poll(() => server.sessions).toEqual([]);
  });

  it('without its token there is a 401', async () => {
    const server = await serve({}, { token: 'secret' });
    await expect(connect(to(server), mode)).rejects.toThrow(/401|authori/i);
    const client = await connect(to(server, { headers: { authorization: 'Bearer secret' } }), mode);
    expect((await client.listTools()).tools).toHaveLength(tools.length);
  });

  it('a status is answered so many times, then no more', async () => {
    const server = await serve();
    const client = await connect(to(server), mode);
    server.setFaults({
      httpStatus: { status: 503, times: 2, httpMethod: 'POST', headers: { 'retry-after': '1' } },
    });
    await expect(client.listTools()).rejects.toMatchObject({ data: { status: 503 } });
    await expect(client.listTools()).rejects.toMatchObject({ data: { status: 503 } });
    expect((await client.listTools()).tools).toHaveLength(tools.length);
  });

  it('requests wait for the latency', async () => {
    const server = await serve({}, { latencyMs: 100 });
    const started = performance.now();
    await connect(to(server), mode);
    expect(performance.now() - started).toBeGreaterThanOrEqual(95);
  });

  it('answers that are none of ours travel beside the right one', async () => {
    const server = await serve({ faults: { unknownIdAnswer: true, duplicateAnswers: true } });
    const client = await connect(to(server), mode);
    const stray: string[] = [];
    client.onerror = ({ message }) => stray.push(message);
    expect(textOf(await client.callTool({ name: 'echo', arguments: { a: 1 } }))).toBe('{"a":1}');
    await expect.poll(() => stray).toHaveLength(2);
  });

  it('an answer that is dropped leaves its request open', async () => {
    const server = await serve({ faults: { dropAnswer: 1 } });
    const client = await connect(to(server), mode);
    await expect(client.callTool({ name: 'echo' }, { timeout: 100 })).rejects.toThrow(/timed out/i);
    server.setFaults({ dropAnswer: null });
    expect(textOf(await client.callTool({ name: 'echo' }))).toBe('{}');
  });

  it('after close there is nobody, and no socket', async () => {
    const server = await serve();
    const client = await connect(to(server), mode);
    await Promise.all([server.close(), server.close()]);
    expect(server.openSockets).toBe(0);
    await expect(client.listTools()).rejects.toThrow();
  });
});

describe('testing kit: sessions of Streamable HTTP', () => {
  it('a session ends with a DELETE', async () => {
    const server = await serve();
    const transport = to(server);
    await connect(transport);
    expect(server.sessions).toEqual([transport.sessionId]);
    await transport.terminateSession();
    expect(server.sessions).toEqual([]);
    expect(server.httpRequests.at(-1)?.method).toBe('DELETE');
  });

  it('a session expires, all at once or after so many requests', async () => {
    const server = await serve({ faults: { sessionExpiresAfter: 2 } });
    const client = await connect(to(server));
    await client.listTools();
    await client.listTools();
    await expect(client.listTools()).rejects.toMatchObject({ data: { status: 404 } });
    expect(server.sessions).toEqual([]);

    const other = await connect(to(server));
    server.expireSessions();
    await expect(other.listTools()).rejects.toMatchObject({ data: { status: 404 } });
  });

  it('a stream that breaks before its answer is resumed', async () => {
    const server = await serve({}, { answers: 'sse', retryMs: 10 });
    const client = await connect(to(server));
    const answer = client.callTool({ name: 'slow', arguments: { a: 1 } });
    await expect.poll(() => server.running).toBe(1);
    server.breakStreams();
    expect(textOf(await answer)).toBe('{"a":1}');
    const resumed = server.httpRequests.filter(
      ({ method, headers }) => method === 'GET' && headers['last-event-id'],
    );
    expect(resumed.length).toBeGreaterThan(0);
  });

  it('an answer right after its stream broke is kept for the client that comes back', async () => {
    const server = await serve(
      { tools: [{ name: 'roots', does: { type: 'roots' } }] },
      { answers: 'sse', retryMs: 10 },
    );
    const client = newClient('legacy', { capabilities: { roots: {} } });
    client.setRequestHandler('roots/list', async () => {
      server.breakStreams();
      server.notify('notifications/testing', {});
      return { roots: [] };
    });
    await client.connect(to(server));
    expect(textOf(await client.callTool({ name: 'roots' }))).toBe('{"roots":[]}');
  });

  it('a notification waits for the stream that it belongs to', async () => {
    const server = await serve();
    const transport = to(server);
    const client = newClient();
    const seen = vi.fn();
    client.fallbackNotificationHandler = async ({ method }) => seen(method);
    await client.connect(transport);
    server.notify('notifications/testing', {});
    await expect.poll(() => seen).toHaveBeenCalledWith('notifications/testing');
  });
});

describe('testing kit: HTTP requests that are wrong', () => {
  const list = { method: 'tools/list', params: { _meta: modernMeta } };
  const modernHeaders = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' };

  it('headers that do not match the body are refused', async () => {
    const server = await serve();
    const right = await post(server, list, modernHeaders);
    expect(right.status).toBe(200);
    const wrong = await post(server, list, { ...modernHeaders, 'mcp-method': 'tools/call' });
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ id: 1, error: { code: -32020 } });
  });

  it('a name in Base64 is understood', async () => {
    const server = await serve({ tools: [{ name: 'größe' }] });
    const client = await connect(to(server), { pin: '2026-07-28' });
    expect(textOf(await client.callTool({ name: 'größe', arguments: {} }))).toBe('{}');
  });

  it('an unknown version is a 400, an unknown method a 404', async () => {
    const server = await serve();
    const meta = { ...modernMeta, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' };
    const version = await post(
      server,
      { method: 'tools/list', params: { _meta: meta } },
      { ...modernHeaders, 'mcp-protocol-version': '2099-01-01' },
    );
    expect(version.status).toBe(400);
    expect(await version.json()).toMatchObject({
      error: { code: -32022, data: { requested: '2099-01-01' } },
    });
    const method = await post(
      server,
      { method: 'no/such', params: { _meta: modernMeta } },
      { ...modernHeaders, 'mcp-method': 'no/such' },
    );
    expect(method.status).toBe(404);
    expect(await method.json()).toMatchObject({ error: { code: -32601 } });
  });

  it('what is no message is refused', async () => {
    const server = await serve();
    expect((await post(server, '{')).status).toBe(400);
    expect((await post(server, '[]')).status).toBe(400);
    expect((await post(server, list, { accept: 'application/json' })).status).toBe(406);
    expect((await post(server, list, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(server, { method: 'ping' })).status).toBe(400);
    expect((await post(server, { method: 'ping' }, { 'mcp-session-id': 'gone' })).status).toBe(404);
    expect((await fetch(new URL('/elsewhere', server.url))).status).toBe(404);
  });

  it('a server of the modern era only has neither sessions nor streams', async () => {
    const server = await serve({ era: 'modern' });
    expect((await fetch(server.url)).status).toBe(405);
    expect((await fetch(server.url, { method: 'DELETE' })).status).toBe(405);
    expect((await post(server, { method: 'tools/list' })).status).toBe(400);
    await expect(connect(to(server))).rejects.toThrow();
  });

  it('options that are none are refused', async () => {
    const wrong = { answers: 'xml' } as never;
    await expect(serveHttp({}, wrong)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const server = await serve();
    await expect(serveHttp({}, { port: server.port })).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
  });
});
