import type { Socket } from 'node:net';
import { assert, asyncProperty, constantFrom, record } from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession, SessionGroup } from '../../../src/index.ts';
import type { RpcMessage } from '../../transport/support/mcp-stub.ts';
import { unusedOrigin } from '../../support/loopback.ts';
import {
  chunkedStreamHead,
  eventStreamHead,
  head,
  httpChunk,
  json,
  messageIn,
  resultOf,
  serveRaw,
  type RawServer,
} from '../../transport/support/raw-http.ts';
import { rejectionOf } from '../../support/failures.ts';

/** Answers a request, or does not. */
type Respond = (message: RpcMessage, socket: Socket) => void;

const write = (bytes: string | Buffer) => (_message: RpcMessage, socket: Socket) => void socket.write(bytes);
const status = (code: number, body = '', type = 'text/plain') =>
  write(head(code, { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }) + body);
const raw =
  (of: (message: RpcMessage) => unknown): Respond =>
  (message, socket) =>
    void socket.write(json(JSON.stringify(of(message))));
const silence: Respond = () => {};

/** What older servers, and what stands before them, do with a request that they do not know. */
const ODD: Record<string, Respond> = {
  ...Object.fromEntries(
    [400, 404, 405, 406, 415, 500, 501, 502, 503].map((code) => [`HTTP ${code}`, status(code)]),
  ),
  'HTTP 202': write(head(202, { 'content-length': '0' })),
  'HTTP 204': write(head(204)),
  'HTTP 200 without a body': status(200),
  'an empty JSON body': json_(''),
  'a web page': status(200, '<html>Hello</html>', 'text/html'),
  'a web page with HTTP 404': status(404, '<html>Hello</html>', 'text/html'),
  'HTTP 500 with a JSON-RPC error': (message, socket) =>
    status(
      500,
      JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code: -32_603, message: 'x' } }),
      'application/json',
    )(message, socket),
  'an error without an id': raw(() => ({
    jsonrpc: '2.0',
    id: null,
    error: { code: -32_600, message: 'no' },
  })),
  'an error with another id': raw(() => ({
    jsonrpc: '2.0',
    id: 'other',
    error: { code: -32_600, message: 'no' },
  })),
  'an error that is a text': raw(({ id }) => ({ jsonrpc: '2.0', id, error: 'no' })),
  'an error that is null': raw(({ id }) => ({ jsonrpc: '2.0', id, error: null })),
  'a result that is null': raw(({ id }) => ({ jsonrpc: '2.0', id, result: null })),
  'a result that is a list': raw(({ id }) => ({ jsonrpc: '2.0', id, result: [] })),
  'an empty result': raw(({ id }) => ({ jsonrpc: '2.0', id, result: {} })),
  'versions that are none': raw(({ id }) => ({ jsonrpc: '2.0', id, result: { supportedVersions: 'all' } })),
  'no message': raw(() => ({ hello: 'world' })),
  'half a message': json_('{"jsonrpc":"2.0","id'),
  'a method that is not found': raw(({ id }) => ({
    jsonrpc: '2.0',
    id,
    error: { code: -32_601, message: 'no' },
  })),
  'a stream that ends': (_message, socket) => void socket.end(eventStreamHead()),
  'a stream in chunks that ends': write(
    Buffer.concat([Buffer.from(chunkedStreamHead()), httpChunk(': hello\n\n'), httpChunk('')]),
  ),
  'a stream that breaks': (_message, socket) => {
    socket.write(chunkedStreamHead());
    setTimeout(() => socket.resetAndDestroy(), 20);
  },
  'a reset': (_message, socket) => void socket.resetAndDestroy(),
  'an end': (_message, socket) => void socket.end(),
  'something that is no HTTP': (_message, socket) => void socket.end('hello\r\n'),
  'a redirect to another origin': write(
    head(302, { location: 'http://127.0.0.1:1/', 'content-length': '0' }),
  ),
  'a redirect that makes a GET': write(head(303, { location: '/mcp/', 'content-length': '0' })),
  'a redirect to nowhere': write(head(307, { 'content-length': '0' })),
};

function json_(body: string): Respond {
  return write(json(body));
}

const INITIALIZED = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {} },
  serverInfo: { name: 'old', version: '1' },
};
const DISCOVERED = {
  resultType: 'complete',
  ttlMs: 0,
  cacheScope: 'private',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  serverInfo: { name: 'modern', version: '1.0.0' },
};

/** A server that answers the probe and `initialize` so, and all else as it should. */
function serveEra(discover: Respond, initialize: Respond): Promise<RawServer> {
  return serveRaw((request, socket) => {
    if (request.method !== 'POST') return void socket.write(head(405, { 'content-length': '0' }));
    const message = messageIn(request.body);
    if (message.method === 'server/discover') return discover(message, socket);
    if (message.method === 'initialize') return initialize(message, socket);
    if (message.id === undefined) return void socket.write(head(202, { 'content-length': '0' }));
    const tools = [{ name: 'echo', inputSchema: { type: 'object' } }];
    const result =
      message.method === 'tools/list'
        ? { tools, resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
        : { content: [], resultType: 'complete' };
    socket.write(json(resultOf(message, result)));
  });
}

const greet: Respond = (message, socket) => void socket.write(json(resultOf(message, INITIALIZED)));
const discovered: Respond = (message, socket) => void socket.write(json(resultOf(message, DISCOVERED)));
const later =
  (ms: number, respond: Respond): Respond =>
  (message, socket) =>
    void setTimeout(() => respond(message, socket), ms);

async function open(server: { url: string }, options: Parameters<typeof openSession>[1] = {}) {
  const session = await openSession({ url: server.url, type: 'http' }, { reconnect: false, ...options });
  onTestFinished(() => session.close());
  return session;
}

describe('R1 an older server over HTTP is asked which era it is of', () => {
  it.each(Object.entries(ODD))('and answers with %s', async (_what, respond) => {
    const server = await serveEra(respond, greet);
    const session = await open(server);
    expect(session.protocolVersion).toBe('2025-06-18');
    expect((await session.listTools()).tools).toHaveLength(1);
    expect(server.saw('server/discover')).toHaveLength(1);
    expect(server.saw('initialize')).toHaveLength(1);
  });

  it.each(['http', undefined] as const)(
    'and is silent (type %s): it is ready about 2 s later, and is not asked again',
    async (type) => {
      const server = await serveEra(silence, greet);
      const started = performance.now();
      const session = await openSession(
        { url: server.url, ...(type !== undefined && { type }) },
        { reconnect: false },
      );
      onTestFinished(() => session.close());
      expect(session.protocolVersion).toBe('2025-06-18');
      // Not the 10 s and more of a timeout, however busy the machine is.
      expect(performance.now() - started).toBeLessThan(9_000);
      expect(performance.now() - started).toBeGreaterThan(1_900);
      // The socket of the probe is closed, so that it costs the server nothing either.
      await expect.poll(() => server.openSockets()).toBeLessThanOrEqual(2);
    },
  );

  it('any way of not answering, with and without a type', async () => {
    const kind = record({
      what: constantFrom(
        ...Object.keys(ODD).filter(
          (name) => name !== 'HTTP 202' && !name.includes('null') && !name.includes('other id'),
        ),
      ),
      delayMs: constantFrom(0, 5, 30),
      type: constantFrom('http' as const, undefined),
    });
    await assert(
      asyncProperty(kind, async ({ what, delayMs, type }) => {
        const server = await serveEra(later(delayMs, ODD[what] ?? silence), greet);
        const session = await openSession(
          { url: server.url, ...(type !== undefined && { type }) },
          { reconnect: false },
        );
        expect(session.protocolVersion).toBe('2025-06-18');
        await session.close();
        await server.stop();
      }),
      { numRuns: 40 },
    );
  });

  it('with the error of initialize when that fails, too', async () => {
    const server = await serveEra(status(500), status(500, 'broken'));
    const error = await rejectionOf(open(server));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', data: { status: 500 } });
    expect(server.saw('server/discover')).toHaveLength(1);
  });

  it('and one that answers nothing at all times out by the option for that', async () => {
    const error = await rejectionOf(open(await serveEra(silence, silence), { connectTimeoutMs: 1_000 }));
    expect(error).toMatchObject({ code: 'TIMEOUT' });
    expect(String(error)).toContain('connectTimeoutMs');
  });
});

describe('R1 failures that are none of the era', () => {
  it.each([401, 403])('HTTP %i asks for credentials, and initialize is not sent', async (code) => {
    const server = await serveEra(status(code), greet);
    expect(await rejectionOf(open(server))).toMatchObject({ code: 'AUTH_REQUIRED' });
    expect(server.saw('initialize')).toHaveLength(0);
  });

  it('HTTP 429 asks to wait, and initialize is not sent', async () => {
    const server = await serveEra(write(head(429, { 'retry-after': '7', 'content-length': '0' })), greet);
    expect(await rejectionOf(open(server))).toMatchObject({ code: 'CONNECT_FAILED', retryAfterMs: 7_000 });
    expect(server.saw('initialize')).toHaveLength(0);
  });

  it('where nobody listens there is one attempt, and the other servers of the group notice nothing', async () => {
    const origin = await unusedOrigin();
    const fine = await serveEra(silence, greet);
    const group = await SessionGroup.connect({
      servers: { nobody: { url: `${origin}/mcp`, type: 'http' }, fine: { url: fine.url, type: 'http' } },
      reconnect: false,
    });
    onTestFinished(() => group.close());
    expect(group.servers.get('nobody')?.error).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(group.servers.get('fine')?.state).toBe('ready');
  });
});

describe('R1 a server of 2026-07-28 is known, however slow it is', () => {
  const unknown: Respond = (message, socket) =>
    status(
      400,
      JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code: -32_601, message: 'no' } }),
      'application/json',
    )(message, socket);
  it.each<[string, Respond, Respond]>([
    ['at once', discovered, unknown],
    ['after 3 s, and refuses initialize', later(3_000, discovered), unknown],
    ['after 3 s, and answers initialize later still', later(3_000, discovered), later(4_000, unknown)],
    [
      'after 3 s, and would take initialize for an older client, but later',
      later(3_000, discovered),
      later(4_000, greet),
    ],
    [
      'after 3 s, and refuses initialize with an error',
      later(3_000, discovered),
      raw(({ id }) => ({ jsonrpc: '2.0', id, error: { code: -32_601, message: 'no' } })),
    ],
    [
      'after 3 s, and says that the version is not supported',
      later(3_000, discovered),
      raw(({ id }) => ({
        jsonrpc: '2.0',
        id,
        error: { code: -32_022, message: 'no', data: { supported: ['2026-07-28'] } },
      })),
    ],
  ])('when it answers %s', async (_when, discover, initialize) => {
    for (const type of ['http', undefined] as const) {
      const server = await serveEra(discover, initialize);
      const session = await openSession(
        { url: server.url, ...(type !== undefined && { type }) },
        { reconnect: false },
      );
      onTestFinished(() => session.close());
      expect(session.protocolVersion).toBe('2026-07-28');
      expect((await session.listTools()).tools).toHaveLength(1);
    }
  });

  it('when its first answer is lost on the way', async () => {
    let probes = 0;
    const server = await serveEra((message, socket) => {
      if (probes++ === 0) socket.resetAndDestroy();
      else discovered(message, socket);
    }, unknown);
    expect((await open(server)).protocolVersion).toBe('2026-07-28');
  });
});
