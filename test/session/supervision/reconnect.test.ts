import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  httpProcess,
  inProcess,
  readLedger,
  serveWebSocket,
  stdioSpec,
  type ServerScript,
  type WhoAmI,
} from '../../../src/testing/index.ts';
import { ERAS, open, openFailure } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';
import { ledgerFile } from '../../support/folders.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf } from '../../support/results.ts';
import { isRunning } from '../../support/processes.ts';

const script: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'hang', does: { type: 'hang' } },
    { name: 'count', does: { type: 'count' } },
    { name: 'crash', does: { type: 'crash' } },
    { name: 'whoami', does: { type: 'whoami' } },
    { name: 'log', does: { type: 'log', level: 'info', data: 'hi' } },
  ],
  resources: [{ uri: 'memo://one' }],
};

const quick = { delayMs: 20, maxDelayMs: 50 };

describe.each(ERAS)(
  'S8 a session that was ready comes back by itself, in the $era era',
  ({ protocol, era }) => {
    it('over stdio, with a new process and a new client', async () => {
      const { session, states } = await open(stdioSpec(script), { protocol, reconnect: quick });
      const before = session.client;
      const { pid } = jsonOf(await session.callTool('whoami')) as WhoAmI;
      const error = await failureOf(session.callTool('crash'));
      const after = jsonOf(await session.callTool('whoami')) as WhoAmI;
      expect(after.pid).not.toBe(pid);
      expect(session.client).not.toBe(before);
      expect(session.status).toMatchObject({ state: 'ready', era });
      expect(states().filter((state, n, all) => state !== all[n - 1])).toEqual(['reconnecting', 'ready']);
      expect(error.code).toBe('CONNECTION_LOST');
    });

    it('calls made meanwhile wait for it, and run once', async () => {
      const file = ledgerFile();
      const spec = stdioSpec({ ...script, startDelayMs: 100, ledgerFile: file });
      const { session } = await open(spec, { protocol, reconnect: quick });
      await failureOf(session.callTool('crash'));
      const calls = Array.from({ length: 20 }, (_, n) => session.callTool('echo', { n }));
      expect(session.status.state).toBe('reconnecting');
      expect((await Promise.all(calls)).map(jsonOf)).toEqual(Array.from({ length: 20 }, (_, n) => ({ n })));
      expect(readLedger(file).filter(({ tool }) => tool === 'echo')).toHaveLength(20);
      expect(readLedger(file).filter(({ event }) => event === 'start')).toHaveLength(2);
    });

    it('a call that was lost is not sent again', async () => {
      const file = ledgerFile();
      const { session } = await open(stdioSpec({ ...script, ledgerFile: file }), {
        protocol,
        reconnect: quick,
      });
      await failureOf(session.callTool('crash'));
      await session.callTool('echo');
      expect(readLedger(file).filter(({ tool }) => tool === 'crash')).toHaveLength(1);
    });

    it('subscriptions and the log level are restored', async () => {
      await using server = inProcess(script);
      const { session, seen } = await open(server, { protocol, reconnect: quick });
      await session.subscribeResource('memo://one');
      await session.setLoggingLevel('error');
      server.crash();
      await expect.poll(() => server.connections).toBe(2);
      await expect
        .poll(() => {
          server.resourceUpdated('memo://one');
          return seen('resource-updated').length;
        })
        .toBeGreaterThan(0);
      await session.callTool('log');
      await session.ping();
      expect(seen('log')).toEqual([]);
    });

    it('the events say so, with attempt, time and cause', async () => {
      const server = await serveWebSocket(script);
      onTestFinished(() => server.close());
      const { session, seen } = await open(server.url, {
        protocol,
        reconnect: { delayMs: 40, maxDelayMs: 40 },
      });
      await server.close();
      await expect
        .poll(() =>
          seen('status').some(({ status }) => status.state === 'reconnecting' && status.attempt >= 3),
        )
        .toBe(true);
      const reconnecting = seen('status').flatMap(({ status }) =>
        status.state === 'reconnecting' ? [status] : [],
      );
      expect(reconnecting[0]).toMatchObject({ attempt: 1, error: { code: 'CONNECTION_LOST' } });
      expect(reconnecting.at(-1)?.error.code).toBe('CONNECT_FAILED');
      const waits = reconnecting.filter(({ nextTryAt }) => nextTryAt !== undefined);
      expect(waits.length).toBeGreaterThan(0);
      for (const { since, nextTryAt = 0 } of waits) {
        expect(nextTryAt).toBeGreaterThan(since - 100);
        expect(nextTryAt).toBeLessThan(since + 1_000);
      }
      expect(session.status.state).toBe('reconnecting');
    });
  },
);

describe('S8 while there is no connection', () => {
  /** A session whose server is gone for good. */
  async function orphaned(options: Parameters<typeof open>[1] = {}) {
    const server = await serveWebSocket(script);
    const opened = await open(server.url, { reconnect: quick, ...options });
    await server.close();
    await expect.poll(() => opened.session.status.state, { interval: 5 }).not.toBe('ready');
    return opened;
  }

  it('a call waits within its own timeout', async () => {
    const { session } = await orphaned();
    const errors = await Promise.all([
      failureOf(session.callTool('echo', {}, { timeoutMs: 150 })),
      failureOf(session.callTool('echo', {}, { timeoutMs: Infinity, maxTotalTimeoutMs: 150 })),
      failureOf(session.listTools({ timeoutMs: 150 })),
    ]);
    for (const error of errors) expect(error).toMatchObject({ code: 'TIMEOUT', server: 'tested' });
    expect(errors[0]?.message).toContain('echo');
    expect(errors[0]?.message).toContain('150');
  });

  it('a call that waits can be aborted', async () => {
    const { session } = await orphaned();
    const controller = new AbortController();
    const call = failureOf(session.callTool('echo', {}, { signal: controller.signal }));
    controller.abort();
    expect((await call).code).toBe('ABORTED');
  });

  it('only so many calls may wait', async () => {
    const { session } = await orphaned({ maxWaitingCalls: 2 });
    const waiting = [session.callTool('echo'), session.callTool('echo')].map(failureOf);
    const error = await failureOf(session.callTool('echo'));
    expect(error).toMatchObject({ code: 'NOT_CONNECTED', server: 'tested' });
    expect(error.message).toContain('2');
    await session.destroy();
    expect((await Promise.all(waiting)).map(({ code }) => code)).toEqual([
      'SESSION_CLOSED',
      'SESSION_CLOSED',
    ]);
  });

  it('reconnect() skips the wait', async () => {
    const server = await httpProcess(script);
    onTestFinished(() => server.close());
    const slow = { delayMs: 60_000, maxDelayMs: 60_000 };
    const { session } = await open(server.url, { protocol: 'legacy', reconnect: slow });
    await server.kill();
    await failureOf(session.callTool('echo', {}, { timeoutMs: 300 }));
    await expect.poll(() => session.status.state).toBe('reconnecting');
    await server.restart();
    await session.reconnect();
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });

  it('after attempts the session has failed, and so have the calls that waited', async () => {
    const { session, states } = await orphaned({ reconnect: { delayMs: 200, attempts: 3 } });
    const error = await failureOf(session.callTool('echo'));
    expect(error).toMatchObject({ code: 'NOT_CONNECTED', server: 'tested' });
    expect(session.status).toMatchObject({ state: 'failed', error: { code: 'CONNECT_FAILED' } });
    expect(states().at(-1)).toBe('failed');
  });

  it('facts of the latest connection stay readable', async () => {
    const { session } = await orphaned();
    expect(session.serverInfo?.name).toBe('scripted');
    expect(session.capabilities?.tools).toBeDefined();
  });
});

describe('S8 reconnect() of a session that is ready', () => {
  it('replaces the connection', async () => {
    const { session } = await open(stdioSpec(script));
    const { pid } = jsonOf(await session.callTool('whoami')) as WhoAmI;
    await session.reconnect();
    expect((jsonOf(await session.callTool('whoami')) as WhoAmI).pid).not.toBe(pid);
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  it('several at once make one', async () => {
    const { session, states } = await open(stdioSpec(script));
    await Promise.all([session.reconnect(), session.reconnect(), session.reconnect()]);
    expect(session.status.state).toBe('ready');
    await expect.poll(() => states().filter((state) => state === 'ready')).toHaveLength(1);
  });

  it('works with a server in this process, one by one and several at once', async () => {
    const server = new McpServer({ name: 'official', version: '1.0.0' });
    server.registerTool('hello', {}, () => ({ content: [{ type: 'text', text: 'hello' }] }));
    await using scripted = inProcess({ tools: [{ name: 'hello' }] });
    for (const target of [server, scripted]) {
      const { session } = await open(target);
      await session.reconnect();
      await expect(session.callTool('hello')).resolves.toBeDefined();
      await Promise.all([session.reconnect(), session.reconnect()]);
      await expect(session.callTool('hello')).resolves.toBeDefined();
    }
  });
});

describe('S8 a first connection that fails is not tried again', () => {
  it('whatever "reconnect" says', async () => {
    const file = ledgerFile();
    const spec = stdioSpec({ ledgerFile: file, faults: { exitAtStart: { code: 1 } } });
    expect((await openFailure(spec, { protocol: 'legacy', reconnect: quick })).code).toBe('CONNECT_FAILED');
    expect(readLedger(file)).toHaveLength(1);
  });
});

describe('S8 a server that flaps', () => {
  it('is brought back as often as it takes, and calls get through between', async () => {
    const spec = stdioSpec({ ...script, faults: { flap: { afterMs: 150 } } });
    const { session, states } = await open(spec, { protocol: 'legacy', reconnect: quick });
    await expect
      .poll(async () => {
        await session.callTool('echo', {}, { timeoutMs: 5_000 }).catch(() => {});
        return states().filter((state) => state === 'ready').length;
      })
      .toBeGreaterThanOrEqual(3);
    await session.close();
    expect(session.status.state).toBe('closed');
  });

  it('a server that comes back in another version is known by that', async () => {
    let version = 0;
    const transport = () => new RawServer(() => undefined, { version: `${++version}.0.0` }).spec.transport();
    const { session } = await open({ transport }, { protocol: 'legacy', reconnect: quick });
    expect(session.serverInfo?.version).toBe('1.0.0');
    await session.reconnect();
    expect(session.serverInfo?.version).toBe('2.0.0');
  });
});
