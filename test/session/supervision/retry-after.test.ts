import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionManager, type SessionStatus, type UrlServerSpec } from '../../../src/index.ts';
import { answer, endWith, serveStub, text, type RpcMessage } from '../../transport/support/mcp-stub.ts';
import { head, serveRaw } from '../../transport/support/raw-http.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { serve, type Loopback } from '../../support/loopback.ts';
import { local, tools } from '../../support/servers.ts';
import { open, openFailure } from '../support/open.ts';

type Reconnecting = Extract<SessionStatus, { state: 'reconnecting' }>;

interface Busy {
  readonly server: Loopback;
  /** When each attempt to connect began, by `performance.now()`. */
  readonly attempts: number[];
}

/** A server that refuses its first attempts to connect, and then serves. */
async function serveBusy(times: number, headers: () => Record<string, string>, status = 503): Promise<Busy> {
  const attempts: number[] = [];
  const server = await serve((request, response, body) => {
    const message = body === '' ? undefined : (JSON.parse(body) as RpcMessage);
    if (message?.method === 'initialize') attempts.push(performance.now());
    if (attempts.length <= times) return refuse(response, status, headers());
    respond(request, response, message);
  });
  return { server, attempts };
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string>): void {
  response.writeHead(status, headers);
  response.end('Come back later');
}

function respond(request: IncomingMessage, response: ServerResponse, message: RpcMessage | undefined): void {
  if (request.method !== 'POST') return endWith(response, 405);
  if (message?.id === undefined) return endWith(response, 202);
  if (message.method === 'tools/call') return answer(response, message, text('fine'));
  if (message.method === 'tools/list')
    return answer(response, message, { tools: [{ name: 't', inputSchema: { type: 'object' } }] });
  answer(response, message, {
    protocolVersion: '2025-06-18',
    capabilities: { tools: {} },
    serverInfo: { name: 'busy', version: '1.0.0' },
  });
}

const inSeconds = (seconds: string) => () => ({ 'retry-after': seconds });
const asDate = (aheadMs: number) => () => ({ 'retry-after': new Date(Date.now() + aheadMs).toUTCString() });

/** The pauses between attempts, in milliseconds. */
function pauses({ attempts }: Busy): number[] {
  return attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
}

const protocol = 'legacy';
const QUICK = { delayMs: 5, maxDelayMs: 30_000 };

describe('R13 a server that asks to wait while a group connects', () => {
  it.each([
    [503, inSeconds('1')],
    [429, inSeconds('1')],
    [500, inSeconds('1')],
    [503, asDate(2_000)],
  ])('HTTP %i: is tried again after that time, and not before', async (status, headers) => {
    const busy = await serveBusy(2, headers, status);
    const other = local({ tools: tools('echo') });
    const group = await connectGroup({
      servers: { peer: { url: busy.server.url, type: 'http' }, other: { server: other } },
      protocol,
      reconnect: QUICK,
    });
    const log = new EventLog(group);
    await log.until('status', ({ status: { state } }) => state === 'ready');
    for (const pause of pauses(busy)) expect(pause).toBeGreaterThanOrEqual(900);
    expect(busy.attempts).toHaveLength(3);
    expect(other.connections).toBe(1);
  });

  it.each(['0', '-1', 'soon', '', 'Sun, 06 Nov 1994 08:49:37 GMT'])(
    '%j: is tried again with the usual backoff',
    async (value) => {
      const busy = await serveBusy(3, inSeconds(value));
      const group = await connectGroup({
        servers: { peer: { url: busy.server.url, type: 'http' } },
        protocol,
        reconnect: { delayMs: 5, maxDelayMs: 20 },
      });
      const log = new EventLog(group);
      if (group.servers.get('peer')?.state !== 'ready')
        await log.until('status', ({ status: { state } }) => state === 'ready');
      expect(busy.attempts).toHaveLength(4);
    },
  );

  it('for days: no longer than maxDelayMs, and calls wait no longer than their own time', async () => {
    const busy = await serveBusy(Infinity, inSeconds('99999999'));
    const group = await connectGroup({
      servers: { peer: { url: busy.server.url, type: 'http' } },
      protocol,
      reconnect: { delayMs: 5, maxDelayMs: 60_000 },
    });
    const status = group.servers.get('peer');
    expect(status?.error).toMatchObject({ code: 'CONNECT_FAILED', data: { status: 503 } });
    expect(status?.error?.retryAfterMs).toBe(2 ** 31 - 1);
    expect(((status as Reconnecting).nextTryAt ?? 0) - (status?.since ?? 0)).toBe(60_000);
    const error = await failureOf(group.session('peer').callTool('t', {}, { timeoutMs: 100 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', maybeExecuted: false });
    expect(busy.attempts).toHaveLength(1);
  });

  it('is known to whoever opens one session', async () => {
    const busy = await serveBusy(Infinity, inSeconds('7'), 429);
    for (const spec of [{}, { fetch: (url: string | URL, init?: RequestInit) => fetch(url, init) }]) {
      for (const each of ['legacy', 'auto', '2026-07-28'] as const) {
        const error = await openFailure({ url: busy.server.url, type: 'http', ...spec }, { protocol: each });
        expect(error).toMatchObject({ code: 'CONNECT_FAILED', retryAfterMs: 7_000 });
        if (each !== '2026-07-28') expect(error.message).toContain('Come back later');
      }
    }
  });

  it.each(['sse', 'websocket', undefined] as const)(
    'also by a handshake of another kind: %s',
    async (type) => {
      const refusal = head(404, { 'retry-after': '7', 'content-length': '0' });
      const server = await serveRaw((_request, socket) => void socket.write(refusal));
      const url = type === 'websocket' ? server.url.replace('http:', 'ws:') : server.url;
      const spec: UrlServerSpec = type === undefined ? { url } : { url, type };
      const error = await openFailure(spec, { protocol });
      expect(error).toMatchObject({ code: 'CONNECT_FAILED', retryAfterMs: 7_000 });
    },
  );
});

describe('R13 a request that is refused for now', () => {
  it.each([
    [429, '2', 2_000, false],
    [503, '2', 2_000, false],
    [503, undefined, undefined, true],
    [429, undefined, undefined, false],
    [500, '2', 2_000, true],
    [429, 'whenever', undefined, false],
  ])(
    'HTTP %i, Retry-After %s: its error says %s ms, may have run: %s',
    async (status, value, retryAfterMs, ran) => {
      const server = await serveStub({
        onRequest: (_message, response) =>
          refuse(response, status, value === undefined ? {} : { 'retry-after': value }),
      });
      for (const spec of [{}, { fetch: (url: string | URL, init?: RequestInit) => fetch(url, init) }]) {
        const { session } = await open({ url: server.url, ...spec }, { protocol });
        for (const request of [session.callTool('any'), session.listTools()]) {
          const error = await failureOf(request);
          expect(error).toMatchObject({ code: 'PROTOCOL', data: { status }, maybeExecuted: ran });
          expect(error.retryAfterMs).toBe(retryAfterMs);
        }
        expect(session.status.state).toBe('ready');
      }
    },
  );

  it('has the words of its JSON-RPC error, and the wait', async () => {
    const server = await serveStub({
      onRequest: ({ id }, response) => {
        response.writeHead(429, { 'retry-after': '3', 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_003, message: 'Slow down' } }));
      },
    });
    const { session } = await open({ url: server.url }, { protocol });
    expect(await failureOf(session.callTool('any'))).toMatchObject({
      rpcCode: -32_003,
      rpcMessage: 'Slow down',
      retryAfterMs: 3_000,
      maybeExecuted: false,
    });
  });
});

describe('R13 a run', () => {
  /** A server that refuses the first calls, each in another connection or not. */
  async function refusing(times: number, retryAfter: string): Promise<{ url: string; calls: number[] }> {
    const calls: number[] = [];
    const server = await serveStub({
      onRequest: (message, response) => {
        calls.push(performance.now());
        if (calls.length <= times) return refuse(response, 429, { 'retry-after': retryAfter });
        answer(response, message, text('fine'));
      },
    });
    return { url: server.url, calls };
  }

  function manage(url: string, retry = {}): SessionManager {
    const manager = new SessionManager({ servers: { peer: { url } }, protocol, retry });
    onTestFinished(() => manager.destroy());
    return manager;
  }

  it('waits for as long as the server asks, and runs then', async () => {
    const { url, calls } = await refusing(1, '1');
    const manager = manage(url, { delayMs: 1 });
    expect(await manager.run('peer', (session) => session.callTool('any'))).toMatchObject(text('fine'));
    expect(calls).toHaveLength(2);
    expect((calls[1] ?? 0) - (calls[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('waits no longer than maxDelayMs', async () => {
    const { url, calls } = await refusing(1, '86400');
    const manager = manage(url, { delayMs: 1, maxDelayMs: 50 });
    expect(await manager.run('peer', (session) => session.callTool('any'))).toMatchObject(text('fine'));
    expect(calls).toHaveLength(2);
  });

  it('waits no longer than its own time', async () => {
    const { url, calls } = await refusing(Infinity, '86400');
    const manager = manage(url, { maxDelayMs: 86_400_000 });
    const run = manager.run('peer', (session) => session.callTool('any'), { timeoutMs: 200 });
    expect(await failureOf(run)).toMatchObject({ code: 'TIMEOUT' });
    expect(calls).toHaveLength(1);
  });

  it('waits as well for a server that refuses to connect', async () => {
    const busy = await serveBusy(1, inSeconds('1'));
    const manager = manage(busy.server.url, { delayMs: 1 });
    expect(await manager.run('peer', (session) => session.callTool('any'))).toMatchObject(text('fine'));
    expect(pauses(busy)[0]).toBeGreaterThanOrEqual(990);
  });
});

describe('R13 a list that is refused for now', () => {
  it('is fetched again after the time that the server asks for', async () => {
    const lists: number[] = [];
    const server = await serveStub({
      onRequest: (message, response) => {
        lists.push(performance.now());
        if (lists.length === 1) return refuse(response, 503, { 'retry-after': '2' });
        answer(response, message, { tools: [{ name: 't', inputSchema: { type: 'object' } }] });
      },
    });
    const group = await connectGroup({ servers: { peer: { url: server.url } }, protocol });
    await expect.poll(() => group.tools.size, { timeout: 30_000 }).toBe(1);
    expect((lists[1] ?? 0) - (lists[0] ?? 0)).toBeGreaterThanOrEqual(1_900);
  });
});
