import { describe, expect, it } from 'vitest';
import {
  inProcess,
  serveHttp,
  serveSse,
  serveWebSocket,
  stdioSpec,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { ERAS, open, openFailure } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';
import { fixture } from '../../support/fixtures.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf } from '../../support/results.ts';

const script: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'hang', does: { type: 'hang' } },
    { name: 'crash', does: { type: 'crash', code: 7 } },
    { name: 'killed', does: { type: 'crash', signal: 'SIGKILL' } },
    { name: 'whoami', does: { type: 'whoami' } },
  ],
  resources: [{ uri: 'memo://one' }],
  prompts: [{ name: 'greet' }],
};

describe('S8 a server that dies', () => {
  it.each(ERAS)(
    '$era: every kind of waiter fails at once, whatever its own timeout',
    async ({ protocol }) => {
      const ignore = ['resources/read', 'prompts/get', 'tools/list', 'no/such'];
      const { session } = await open(stdioSpec({ ...script, faults: { ignore } }), {
        protocol,
        reconnect: false,
      });
      const waiters = [
        session.callTool('hang', {}, { timeoutMs: Infinity }),
        session.callTool('hang', {}, { maxTotalTimeoutMs: 600_000 }),
        session.callTool('hang', {}, { onProgress: () => {}, resetTimeoutOnProgress: true }),
        session.readResource('memo://one'),
        session.getPrompt('greet'),
        session.listTools(),
        session.request({ method: 'no/such' }),
        session.callTool('crash'),
      ];
      for (const error of await Promise.all(waiters.map(failureOf))) {
        expect(error).toMatchObject({ code: 'CONNECTION_LOST', server: 'tested', maybeExecuted: true });
      }
    },
  );

  it('the error says how the process ended', async () => {
    const { session } = await open(stdioSpec(script), { protocol: 'legacy', reconnect: false });
    expect((await failureOf(session.callTool('crash'))).message).toMatch(/code 7|exit.*7/);
    const { session: other } = await open(stdioSpec(script), { protocol: 'legacy', reconnect: false });
    expect((await failureOf(other.callTool('killed'))).message).toContain('SIGKILL');
  });

  it('an answer that was sent before is not lost', async () => {
    const tools = [{ name: 'last', does: { type: 'crashAfterAnswer' } }] as const;
    const { session } = await open(stdioSpec({ tools: [...tools] }), { reconnect: false });
    expect(jsonOf(await session.callTool('last', { a: 1 }))).toEqual({ a: 1 });
    await expect.poll(() => session.status.state).toBe('failed');
  });

  it('hundreds of waiters', async () => {
    const { session } = await open(stdioSpec(script), { reconnect: false });
    const waiters = Array.from({ length: 500 }, () => failureOf(session.callTool('hang')));
    const crash = failureOf(session.callTool('crash'));
    const codes = new Set((await Promise.all([...waiters, crash])).map(({ code }) => code));
    expect(codes).toEqual(new Set(['CONNECTION_LOST']));
  });

  it('in the middle of a message', async () => {
    const { session } = await open(fixture('session-raw.mjs'), { protocol: 'legacy', reconnect: false });
    const last = Buffer.from('{"jsonrpc":"2.0","id":2,"resu').toString('base64');
    const error = await failureOf(session.request({ method: 'exit', params: { code: 3, last } }));
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
  });
});

describe('S8 without reconnecting', () => {
  it('the session is failed, calls are refused at once, and nothing is left', async () => {
    const { session, states } = await open(stdioSpec(script), { reconnect: false });
    const error = await failureOf(session.callTool('crash'));
    await expect.poll(() => session.status.state).toBe('failed');
    expect(states()).toEqual(['failed']);
    if (session.status.state === 'failed') expect(session.status.error.code).toBe(error.code);

    const refused = await failureOf(session.callTool('echo'));
    expect(refused).toMatchObject({ code: 'NOT_CONNECTED', server: 'tested' });
    expect(refused.message).toContain('reconnect');
  });

  it('reconnect() brings the session back', async () => {
    const { session, states } = await open(stdioSpec(script), { reconnect: false });
    await failureOf(session.callTool('crash'));
    await expect.poll(() => session.status.state).toBe('failed');
    await session.reconnect();
    expect(session.status.state).toBe('ready');
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
    expect(states().at(-1)).toBe('ready');
  });

  it('reconnect() that fails rejects with the cause and leaves the session failed', async () => {
    const server = await serveWebSocket(script);
    const { session } = await open(server.url, { reconnect: false });
    await server.close();
    await expect.poll(() => session.status.state).toBe('failed');
    const error = await failureOf(session.reconnect());
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    expect(session.status.state).toBe('failed');
  });
});

describe('S8 a server that dies before it is ready fails the open', () => {
  it.each(['legacy', '2026-07-28', 'auto'] as const)(
    '%s: at its start, with exit code and stderr',
    async (protocol) => {
      const stderr = `${'noise\n'.repeat(100)}Error: API_KEY is not set\n    at main.js:1\n`;
      const spec = stdioSpec({ faults: { exitAtStart: { code: 42, stderr } } });
      const error = await openFailure(spec, { protocol });
      expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
      expect(error.message).toContain('42');
      expect(error.message).toContain('API_KEY is not set');
      expect(error.message).toContain('tested');
    },
  );

  it.each(['legacy', 'auto'] as const)(
    '%s: a program that exits before it reads, every time',
    async (protocol) => {
      const spec = { command: '/bin/sh', args: ['-c', 'echo "no such module" >&2; exit 3'] };
      const errors = await Promise.all(Array.from({ length: 10 }, () => openFailure(spec, { protocol })));
      for (const { code, message } of errors) {
        expect(code).toBe('CONNECT_FAILED');
        expect(message).toContain('code 3');
        expect(message).toContain('no such module');
      }
    },
  );

  it('while it answers initialize', async () => {
    const spec = stdioSpec({ era: 'legacy', faults: { dieOnInitialize: true, stderr: 'cannot bind\n' } });
    const error = await openFailure(spec, { protocol: 'legacy' });
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain('code 1');
    expect(error.message).toContain('cannot bind');
  });

  it('in process, over HTTP, SSE and WebSocket', async () => {
    const dying = { ...script, era: 'legacy', faults: { dieOnInitialize: true } } as const;
    await using here = inProcess(dying);
    await using http = await serveHttp(dying);
    await using sse = await serveSse(dying);
    await using socket = await serveWebSocket(dying);
    const targets = [here, http.url, { url: sse.url, type: 'sse' as const }, socket.url];
    for (const error of await Promise.all(
      targets.map((target) => openFailure(target, { protocol: 'legacy' })),
    )) {
      expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'tested' });
    }
    await expect.poll(() => [http.openSockets, socket.openSockets, sse.openStreams]).toEqual([0, 0, 0]);
  });

  it('a stderr that never ends is cut to its end', async () => {
    const stderr = `BEGIN${'x'.repeat(10_000)}\nthe last words\n`;
    const error = await openFailure(stdioSpec({ faults: { exitAtStart: { code: 1, stderr } } }));
    expect(error.message).toContain('the last words');
    expect(error.message.length).toBeLessThan(20_000);
  });

  it('control characters of a server do not reach the terminal through the message', async () => {
    const stderr = 'fatal: \u001b[2J\u001b]0;owned\u0007 bad\n';
    const error = await openFailure(stdioSpec({ faults: { exitAtStart: { code: 1, stderr } } }));
    expect(error.message).toContain('bad');
    expect(error.message).not.toContain('\u001b');
    expect(error.message).not.toContain('\u0007');
  });
});

describe('S8 maybeExecuted tells the truth', () => {
  it('false for a call that waited for a connection and never left', async () => {
    const server = new RawServer();
    let broken = false;
    const { session } = await open(
      {
        transport: async () => {
          if (broken) throw new Error('no way');
          return server.spec.transport();
        },
      },
      { protocol: 'legacy', reconnect: { attempts: 2, delayMs: 20 } },
    );
    broken = true;
    await server.drop();
    const error = await failureOf(session.callTool('any'));
    expect(['NOT_CONNECTED', 'CONNECTION_LOST']).toContain(error.code);
    if (error.code === 'CONNECTION_LOST') expect(error.maybeExecuted).toBe(false);
    expect(server.requests('tools/call')).toEqual([]);
  });

  it('true for a call that a server took in', async () => {
    const server = new RawServer();
    const { session } = await open(server.spec, { protocol: 'legacy', reconnect: false });
    const call = failureOf(session.callTool('any'));
    await expect.poll(() => server.requests('tools/call')).toHaveLength(1);
    await server.drop();
    expect(await call).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
  });

  it('false for a call to an HTTP server that is not there any more', async () => {
    const server = await serveHttp(script, { sessions: false });
    const { session } = await open(server.url, { protocol: 'legacy', reconnect: false });
    await server.close();
    const errors = [await failureOf(session.callTool('echo')), await failureOf(session.callTool('echo'))];
    for (const { code, maybeExecuted, message } of errors) {
      expect(['CONNECTION_LOST', 'NOT_CONNECTED']).toContain(code);
      // A pooled connection may have been thought alive; a refused one took nothing.
      if (message.includes('ECONNREFUSED')) expect(maybeExecuted ?? false).toBe(false);
    }
    await expect.poll(() => session.status.state).toBe('failed');
  });
});
