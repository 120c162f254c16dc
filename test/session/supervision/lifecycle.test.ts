import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession, type Session } from '../../../src/index.ts';
import {
  inProcess,
  readLedger,
  serveHttp,
  serveSse,
  serveWebSocket,
  stdioSpec,
  type ServerScript,
  type WhoAmI,
} from '../../../src/testing/index.ts';
import { ERAS, open, watch } from '../support/open.ts';
import { WAYS } from '../support/transports.ts';
import { ledgerFile } from '../../support/folders.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf } from '../../support/results.ts';
import { isRunning } from '../../support/processes.ts';

const script: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'slow', does: { type: 'slow', ms: 100 } },
    { name: 'hang', does: { type: 'hang' } },
    { name: 'crash', does: { type: 'crash' } },
    { name: 'whoami', does: { type: 'whoami' } },
  ],
};

async function pidOf(session: Session): Promise<number> {
  return (jsonOf(await session.callTool('whoami')) as WhoAmI).pid;
}

describe.each(WAYS)('S14 close() over $over', ({ start }) => {
  it('lets the calls under way finish, and takes no more', async () => {
    const { session, states } = await open(await start(script));
    const calls = Array.from({ length: 5 }, (_, n) => session.callTool('slow', { n }));
    const closing = session.close();
    expect(session.status.state).toBe('draining');
    expect((await failureOf(session.callTool('echo'))).code).toBe('SESSION_CLOSED');
    expect((await Promise.all(calls)).map(jsonOf)).toEqual(Array.from({ length: 5 }, (_, n) => ({ n })));
    await closing;
    expect(session.status.state).toBe('closed');
    await expect.poll(states).toEqual(['draining', 'closed']);
  });

  it('waits for a call no longer than that call may take', async () => {
    const { session } = await open(await start(script));
    const call = failureOf(session.callTool('hang', {}, { timeoutMs: 100 }));
    await session.close();
    expect((await call).code).toBe('TIMEOUT');
  });

  it('destroy() fails the calls under way at once', async () => {
    const { session } = await open(await start(script));
    const calls = [
      failureOf(session.callTool('hang', {}, { timeoutMs: Infinity })),
      failureOf(session.callTool('hang')),
    ];
    await session.callTool('echo');
    await session.destroy(new Error('shutting down'));
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ code: 'SESSION_CLOSED', server: 'tested' });
    }
    expect(session.status.state).toBe('closed');
  });
});

describe('S14 what a session leaves behind', () => {
  it.each(['close', 'destroy'] as const)('%s: no process', async (exit) => {
    const { session } = await open(stdioSpec(script));
    const pid = await pidOf(session);
    await session[exit]();
    expect(isRunning(pid)).toBe(false);
  });

  it('destroy: no process either, if it ignores every request to leave', async () => {
    const { session } = await open(stdioSpec({ ...script, faults: { ignoreTermination: true } }));
    const pid = await pidOf(session);
    await session.destroy();
    expect(isRunning(pid)).toBe(false);
  });

  it('close: nor one that ignores every request to leave, within the grace periods', async () => {
    const spec = {
      ...stdioSpec({ ...script, faults: { ignoreTermination: true } }),
      closeGraceMs: 100,
      terminateGraceMs: 100,
    };
    const { session } = await open(spec);
    const pid = await pidOf(session);
    await session.close();
    expect(isRunning(pid)).toBe(false);
  });

  it.each(['close', 'destroy'] as const)('%s: no socket', async (exit) => {
    await using http = await serveHttp(script, { answers: 'sse' });
    await using sse = await serveSse(script);
    await using socket = await serveWebSocket(script);
    for (const target of [http.url, { url: sse.url, type: 'sse' as const }, socket.url]) {
      const { session } = await open(target);
      await session.callTool('echo');
      await session[exit]();
      expect(session.status.state).toBe('closed');
    }
    await expect.poll(() => [http.openSockets, sse.openStreams, socket.openSockets]).toEqual([0, 0, 0]);
  });

  it('closing the session of a server in this process closes the server', async () => {
    const server = inProcess(script);
    let closes = 0;
    const close = server.close.bind(server);
    server.close = async () => {
      closes++;
      await close();
    };
    const { session } = await open(server);
    await session.close();
    expect(closes).toBe(1);
  });

  it.each(ERAS)(
    '$era: an attempt to connect that fails leaves no process and no socket',
    async ({ protocol }) => {
      await using http = await serveHttp({ faults: { neverInitialize: true } });
      const options = { protocol, connectTimeoutMs: 1_000 };
      const file = ledgerFile();
      const spec = stdioSpec({ ledgerFile: file, faults: { neverInitialize: true } });
      await failureOf(openSession(http.url, options));
      await failureOf(openSession(spec, options));
      expect(readLedger(file).map(({ pid }) => isRunning(pid))).toEqual([false]);
      await expect.poll(() => http.openSockets).toBe(0);
    },
  );
});

describe('S14 exits are idempotent', () => {
  const exits = {
    close: (session: Session) => session.close(),
    destroy: (session: Session) => session.destroy(),
    dispose: (session: Session) => session[Symbol.asyncDispose](),
  };
  const names = ['close', 'destroy', 'dispose'] as const;
  const orders = names.flatMap((first) => names.map((second) => ({ first, second })));

  it.each(orders)('$first, then $second', async ({ first, second }) => {
    const { session, states } = await open(stdioSpec(script));
    await exits[first](session);
    await exits[second](session);
    await session.closed;
    expect(session.status.state).toBe('closed');
    await expect.poll(() => states().filter((state) => state === 'closed')).toHaveLength(1);
  });

  it.each(orders)('$first and $second at once, with a call under way', async ({ first, second }) => {
    const { session, states } = await open(stdioSpec(script));
    const pid = await pidOf(session);
    const call = session.callTool('slow').catch(() => {});
    await Promise.all([exits[first](session), exits[second](session)]);
    await call;
    expect(isRunning(pid)).toBe(false);
    await expect.poll(() => states().filter((state) => state === 'closed')).toHaveLength(1);
  });

  it('destroy cuts a close short that waits for a call', async () => {
    const { session } = await open(stdioSpec(script));
    const call = failureOf(session.callTool('hang', {}, { timeoutMs: Infinity }));
    const closing = session.close();
    await session.destroy();
    await closing;
    expect((await call).code).toBe('SESSION_CLOSED');
  });
});

describe('S14 exits in any state', () => {
  it.each(['close', 'destroy'] as const)('%s while reconnecting', async (exit) => {
    const server = await serveWebSocket(script);
    const { session } = await open(server.url, { reconnect: { delayMs: 60_000 } });
    await server.close();
    await expect.poll(() => session.status.state).toBe('reconnecting');
    const waiting = failureOf(session.callTool('echo'));
    await session[exit]();
    expect((await waiting).code).toBe('SESSION_CLOSED');
    expect(session.status.state).toBe('closed');
  });

  it.each(['close', 'destroy'] as const)('%s while a new process is being started', async (exit) => {
    const { session } = await open(stdioSpec({ ...script, startDelayMs: 300 }), { protocol: 'legacy' });
    await failureOf(session.callTool('crash'));
    await expect.poll(() => session.status.state).toBe('reconnecting');
    const waiting = failureOf(session.callTool('echo'));
    await session[exit]();
    expect((await waiting).code).toBe('SESSION_CLOSED');
    expect(session.status.state).toBe('closed');
  });

  it.each(['close', 'destroy'] as const)('%s when failed', async (exit) => {
    const { session } = await open(stdioSpec(script), { reconnect: false });
    await failureOf(session.callTool('crash'));
    await expect.poll(() => session.status.state).toBe('failed');
    await session[exit]();
    expect(session.status.state).toBe('closed');
  });

  it('every request and reconnect() of a closed session is SESSION_CLOSED', async () => {
    const { session } = await open(inProcess(script));
    await session.close();
    const calls = [
      session.ping(),
      session.listTools(),
      session.listResources(),
      session.listResourceTemplates(),
      session.listPrompts(),
      session.callTool('echo'),
      session.readResource('memo://one'),
      session.subscribeResource('memo://one'),
      session.unsubscribeResource('memo://one'),
      session.getPrompt('greet'),
      session.complete({ type: 'ref/prompt', name: 'greet' }, { name: 'a', value: '' }),
      session.setLoggingLevel('info'),
      session.sendProgress({ progressToken: 1, progress: 1 }),
      session.sendRootsListChanged(),
      session.request({ method: 'ping' }),
      session.notify({ method: 'notifications/example' }),
      session.reconnect(),
    ];
    for (const error of await Promise.all(calls.map(failureOf))) {
      expect(error).toMatchObject({ code: 'SESSION_CLOSED', server: 'tested' });
    }
  });
});

describe('S14 closed', () => {
  it('resolves without a reason after close', async () => {
    const { session } = await open(inProcess(script));
    let settled = false;
    void session.closed.then(() => (settled = true));
    await session.ping();
    expect(settled).toBe(false);
    await session.close();
    expect(await session.closed).toBeUndefined();
  });

  it('resolves with the reason after destroy, which is the cause of what it failed', async () => {
    const { session } = await open(inProcess(script));
    const reason = new Error('the user logged out');
    const call = failureOf(session.callTool('hang'));
    await session.destroy(reason);
    expect(await session.closed).toBe(reason);
    const error = await call;
    expect(error.code).toBe('SESSION_CLOSED');
    expect(error.cause).toBe(reason);
  });

  it('a session that was given up for lost is not closed', async () => {
    const { session } = await open(stdioSpec(script), { reconnect: false });
    let settled = false;
    void session.closed.then(() => (settled = true));
    await failureOf(session.callTool('crash'));
    await expect.poll(() => session.status.state).toBe('failed');
    expect(settled).toBe(false);
  });
});

describe('S14 await using', () => {
  it('closes at the end of the block, also when that throws', async () => {
    const seen: Session[] = [];
    const block = async (): Promise<void> => {
      await using session = await openSession(stdioSpec(script));
      onTestFinished(() => session.destroy());
      seen.push(session);
      watch(session);
      throw new Error('in the block');
    };
    await expect(block()).rejects.toThrow('in the block');
    expect(seen[0]?.status.state).toBe('closed');
  });
});

it('what console.log shows of a session: its name and its status', async () => {
  await using server = inProcess(script);
  const { session } = await open(server, {});
  const shown = inspect(session);
  expect(shown).toContain("session: 'tested'");
  expect(shown).toContain("state: 'ready'");
  expect(shown).not.toContain('subscriptions');
});
