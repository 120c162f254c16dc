import { describe, expect, it } from 'vitest';
import { serveHttp, type ScriptedHttpServer, type ServerScript } from '../../../src/testing/index.ts';
import { endWith, serveStub } from '../../transport/support/mcp-stub.ts';
import { open } from '../support/open.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf, textOf } from '../../support/results.ts';

const script: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'count', does: { type: 'count' } },
    { name: 'hang', does: { type: 'hang' } },
    { name: 'log', does: { type: 'log', level: 'info', data: 'hi' } },
  ],
  resources: [{ uri: 'memo://one' }],
  prompts: [{ name: 'greet' }],
};

const protocol = 'legacy';
const reconnect = { delayMs: 10, maxDelayMs: 20 };

function handshakes(server: ScriptedHttpServer): number {
  return server.requests.filter(({ method }) => method === 'initialize').length;
}

describe.each([{ answers: 'json' }, { answers: 'sse' }] as const)(
  'S16 an expired HTTP session, $answers',
  ({ answers }) => {
    it('is opened anew, and the call is sent again, once', async () => {
      await using server = await serveHttp(script, { answers });
      const { session, states } = await open(server.url, { protocol, reconnect });
      const [before] = server.sessions;
      expect(textOf(await session.callTool('count'))).toBe('1');
      server.expireSessions();
      expect(textOf(await session.callTool('count'))).toBe('2');
      expect(handshakes(server)).toBe(2);
      expect(server.sessions).not.toContain(before);
      expect(session.status.state).toBe('ready');
      expect(states().at(-1)).toBe('ready');
    });

    it('is opened anew once for many calls', async () => {
      await using server = await serveHttp(script, { answers });
      const { session } = await open(server.url, { protocol, reconnect });
      server.expireSessions();
      const calls = Array.from({ length: 30 }, (_, n) => session.callTool('echo', { n }));
      expect((await Promise.all(calls)).map(jsonOf)).toEqual(Array.from({ length: 30 }, (_, n) => ({ n })));
      expect(handshakes(server)).toBe(2);
      expect(server.sessions).toHaveLength(1);
      const echoes = server.requests.filter(({ params }) => params['name'] === 'echo');
      expect(echoes).toHaveLength(30);
    });

    it('is opened anew for every kind of request', async () => {
      await using server = await serveHttp(script, { answers });
      const { session } = await open(server.url, { protocol, reconnect });
      const requests = [
        () => session.ping(),
        () => session.listTools(),
        () => session.readResource('memo://one'),
        () => session.getPrompt('greet'),
        () => session.request({ method: 'ping' }),
        () => session.subscribeResource('memo://one'),
      ];
      for (const request of requests) {
        server.expireSessions();
        await request();
      }
      expect(handshakes(server)).toBe(1 + requests.length);
    });

    it('subscriptions and the log level are restored', async () => {
      await using server = await serveHttp(script, { answers });
      const { session, seen } = await open(server.url, { protocol, reconnect });
      await session.subscribeResource('memo://one');
      await session.setLoggingLevel('error');
      server.expireSessions();
      await session.callTool('log');
      await expect
        .poll(() => {
          server.resourceUpdated('memo://one');
          return seen('resource-updated').length;
        })
        .toBeGreaterThan(0);
      expect(seen('log')).toEqual([]);
    });

    it('that expires again and again is opened as often', async () => {
      await using server = await serveHttp({ ...script, faults: { sessionExpiresAfter: 2 } }, { answers });
      const { session } = await open(server.url, { protocol, reconnect });
      for (let n = 1; n <= 9; n++) expect(textOf(await session.callTool('count'))).toBe(String(n));
      expect(handshakes(server)).toBe(5);
    });

    it('fails the calls under way, which may have run', async () => {
      await using server = await serveHttp(script, { answers });
      const { session } = await open(server.url, { protocol, reconnect });
      const hanging = failureOf(session.callTool('hang'));
      await expect.poll(() => server.running).toBeGreaterThan(0);
      server.expireSessions();
      expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
      expect(await hanging).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
      expect(server.requests.filter(({ params }) => params['name'] === 'hang')).toHaveLength(1);
    });

    it('keeps to the timeout and the signal of the call', async () => {
      await using server = await serveHttp(script, { answers });
      const { session } = await open(server.url, { protocol, reconnect });
      server.expireSessions();
      server.setFaults({ ignore: ['initialize'] });
      expect((await failureOf(session.callTool('echo', {}, { timeoutMs: 300 }))).code).toBe('TIMEOUT');
      expect(session.status.state).toBe('reconnecting');
      const controller = new AbortController();
      const aborted = failureOf(session.callTool('echo', {}, { signal: controller.signal }));
      controller.abort();
      expect((await aborted).code).toBe('ABORTED');
    });

    it('is failed, not opened anew, when the session is not to reconnect', async () => {
      await using server = await serveHttp(script, { answers });
      const { session } = await open(server.url, { protocol, reconnect: false });
      server.expireSessions();
      const error = await failureOf(session.callTool('count'));
      expect(['SESSION_EXPIRED', 'NOT_CONNECTED']).toContain(error.code);
      expect(handshakes(server)).toBe(1);
      await expect.poll(() => session.status.state).toBe('failed');
      await session.reconnect();
      expect(textOf(await session.callTool('count'))).toBe('1');
    });
  },
);

describe('S16 a session that never lives', () => {
  it('is an error in the end, not a loop', async () => {
    const server = await serveStub({
      sessionId: 'short',
      onRequest: (_message, response) => endWith(response, 404),
    });
    const { session } = await open(server.url, { protocol, reconnect });
    const error = await failureOf(session.callTool('count'));
    expect(error).toMatchObject({ code: 'SESSION_EXPIRED', server: 'tested' });
    const posts = server.saw('POST').map(({ body }) => (JSON.parse(body) as { method: string }).method);
    expect(posts.filter((method) => method === 'tools/call')).toHaveLength(2);
    expect(posts.filter((method) => method === 'initialize').length).toBeLessThanOrEqual(3);
  });
});

describe('S16 the end of an HTTP session', () => {
  it('a session that is closed is ended on the server too', async () => {
    await using server = await serveHttp(script);
    const { session } = await open(server.url, { protocol, reconnect });
    expect(server.sessions).toHaveLength(1);
    await session.close();
    expect(server.sessions).toEqual([]);
    expect(server.httpRequests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
    await expect.poll(() => server.openSockets).toBe(0);
  });

  it('unless the spec says otherwise', async () => {
    await using server = await serveHttp(script);
    const { session } = await open({ url: server.url, terminateSession: false }, { protocol });
    await session.close();
    expect(server.sessions).toHaveLength(1);
    expect(server.httpRequests.filter(({ method }) => method === 'DELETE')).toEqual([]);
  });

  it('an expired one is not ended again', async () => {
    await using server = await serveHttp(script);
    const { session } = await open(server.url, { protocol, reconnect });
    server.expireSessions();
    await session.callTool('echo');
    expect(server.httpRequests.filter(({ method }) => method === 'DELETE')).toEqual([]);
  });
});
