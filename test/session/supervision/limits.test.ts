import { describe, expect, it, onTestFinished } from 'vitest';
import type { SessionStatus } from '../../../src/index.ts';
import { httpProcess, serveHttp, stdioSpec, type HttpProcess } from '../../../src/testing/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newSession } from '../../support/groups.ts';
import { expectGoneForGood } from '../../support/processes.ts';
import { http, local, requestsOf, tools } from '../../support/servers.ts';
import { QUICK } from './revenants.ts';
import { ledgerFile } from '../../support/folders.ts';

type Reconnecting = Extract<SessionStatus, { state: 'reconnecting' }>;

async function remote(): Promise<HttpProcess> {
  const server = await httpProcess({ tools: tools('echo') });
  onTestFinished(() => server.close());
  return server;
}

describe('S8 how long a lost server is tried', () => {
  it('each attempt and the time of the next one show, in events and status, up to attempts', async () => {
    const server = await remote();
    const group = await connectGroup({
      servers: { peer: { url: server.url, type: 'http' } },
      protocol: 'legacy',
      reconnect: { delayMs: 30, maxDelayMs: 60, attempts: 4 },
    });
    const events = new EventLog(group);
    await server.kill();
    await failureOf(group.callTool('peer__echo'));
    const { status } = await events.until('status', (event) => event.status.state === 'failed');
    expect(group.servers.get('peer')).toMatchObject({ state: 'failed', error: { server: 'peer' } });
    expect(status).toMatchObject({ error: { code: 'CONNECT_FAILED' } });
    const tries = events
      .of('status')
      .map((event) => event.status)
      .filter((each): each is Reconnecting => each.state === 'reconnecting');
    const waits = tries.filter(({ nextTryAt }) => nextTryAt !== undefined);
    expect(waits.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    // The first try comes at once; later ones within a bound that doubles up to the cap.
    const bounds = [0, 30, 60, 60];
    for (const [index, { nextTryAt = 0, since }] of waits.entries())
      expect(nextTryAt - since).toBeLessThanOrEqual(bounds[index] ?? 0);
    expect(tries.every(({ error }) => error.server === 'peer')).toBe(true);
    expect((await failureOf(group.callTool('peer__echo'))).code).toBe('NOT_CONNECTED');
  });

  it('with reconnect: false, not at all, until somebody says so', async () => {
    const server = local({ tools: tools('echo') });
    const group = await connectGroup({ servers: { peer: { server, reconnect: false } } });
    const events = new EventLog(group);
    server.crash();
    await events.until('status', ({ status }) => status.state === 'failed');
    expect((await failureOf(group.callTool('peer__echo'))).code).toBe('NOT_CONNECTED');
    expect(server.connections).toBe(1);
    await group.session('peer').reconnect();
    await group.callTool('peer__echo');
    expect(server.connections).toBe(2);
  });

  it('a server that never stays up long gets ever longer pauses', async () => {
    const server = local({ tools: tools('echo') });
    const group = await connectGroup({
      servers: { peer: { server } },
      reconnect: { delayMs: 1, maxDelayMs: 1, resetAfterMs: 60_000 },
    });
    const events = new EventLog(group);
    for (let life = 1; life <= 3; life++) {
      server.crash();
      await eventually('the next life', () => server.connections === life + 1);
      await eventually('readiness', () => group.servers.get('peer')?.state === 'ready');
    }
    const waits = events
      .of('status')
      .map(({ status }) => status)
      .filter((status) => status.state === 'reconnecting' && status.nextTryAt !== undefined);
    expect(waits.map((status) => 'attempt' in status && status.attempt)).toEqual([1, 2, 3]);
  });

  it('one that stayed up long enough starts over', async () => {
    const server = local({ tools: tools('echo') });
    const group = await connectGroup({
      servers: { peer: { server } },
      reconnect: { ...QUICK, resetAfterMs: 0 },
    });
    const events = new EventLog(group);
    for (let life = 1; life <= 3; life++) {
      server.crash();
      await eventually('the next life', () => server.connections === life + 1);
      await eventually('readiness', () => group.servers.get('peer')?.state === 'ready');
    }
    const attempts = events
      .of('status')
      .map(({ status }) => status.attempt ?? 0)
      .filter((attempt) => attempt > 0);
    expect(new Set(attempts)).toEqual(new Set([1]));
  });
});

describe('S8 reconnecting by hand', () => {
  it('skips the wait for the next try', async () => {
    const server = await remote();
    const group = await connectGroup({
      servers: { peer: { url: server.url } },
      reconnect: { delayMs: 3_600_000, maxDelayMs: 3_600_000 },
    });
    await server.kill();
    const session = group.session('peer');
    await failureOf(group.callTool('peer__echo', {}, { timeoutMs: 2_000 }));
    await eventually('a long wait', () => {
      const { status } = session;
      return status.state === 'reconnecting' && status.attempt > 1 && status.nextTryAt !== undefined;
    });
    await server.restart();
    await session.reconnect();
    expect(session.status.state).toBe('ready');
    await group.callTool('peer__echo');
  });

  it('of those that are not ready only, leaves the others alone', async () => {
    const [good, bad] = [local({ tools: tools('echo') }), local({ tools: tools('echo') })];
    const group = await connectGroup({
      servers: { good: { server: good }, bad: { server: bad, reconnect: false } },
    });
    bad.crash();
    await eventually('the failure', () => group.servers.get('bad')?.state === 'failed');
    await group.reconnect({ failedOnly: true });
    expect([good.connections, bad.connections]).toEqual([1, 2]);
    expect([...group.servers.values()].map(({ state }) => state)).toEqual(['ready', 'ready']);
    await group.reconnect();
    expect([good.connections, bad.connections]).toEqual([2, 3]);
  });

  it('of a server that stays down is over when the attempt under way is', async () => {
    const server = await remote();
    const group = await connectGroup({
      servers: { peer: { url: server.url, type: 'http' } },
      protocol: 'legacy',
      reconnect: { delayMs: 3_600_000, maxDelayMs: 3_600_000 },
    });
    await server.kill();
    const session = group.session('peer');
    const attempt = failureOf(session.reconnect());
    expect(session.status).toMatchObject({ state: 'reconnecting', attempt: 1 });
    const joined = failureOf(session.reconnect());
    expect((await bounded('the attempt', attempt)).code).toBe('CONNECT_FAILED');
    expect((await bounded('the one that joined it', joined)).code).toBe('CONNECT_FAILED');
    await bounded('a reconnect of the group', Promise.all([group.reconnect(), group.reconnect()]));
    expect(session.status.state).toBe('reconnecting');
  });

  it('of a session on what was connected already is refused', async () => {
    const server = await http({ tools: tools('echo') });
    const owner = await newSession({ url: server.url });
    const client = owner.client;
    if (client === undefined) throw new Error('There is no client');
    const session = await newSession(client);
    expect((await failureOf(session.reconnect())).code).toBe('CONFIG_INVALID');
    await session.callTool('echo');
  });
});

describe('S8 a deliberate end is final', () => {
  it.each([
    ['close()', 'ready'],
    ['destroy()', 'ready'],
    ['close()', 'reconnecting'],
    ['destroy()', 'reconnecting'],
  ] as const)('%s of a session that is %s: no process comes back', async (how, state) => {
    const ledger = ledgerFile();
    const deadly = { name: 'die', does: { type: 'crash', code: 1 } } as const;
    const session = await newSession(
      stdioSpec({ tools: [deadly], ledgerFile: ledger, startDelayMs: state === 'ready' ? 0 : 200 }),
      { reconnect: QUICK },
    );
    if (state === 'reconnecting') {
      await failureOf(session.callTool('die'));
      expect(session.status.state).toBe('reconnecting');
    }
    await bounded('the end', how === 'close()' ? session.close() : session.destroy());
    expect(session.status.state).toBe('closed');
    expect((await failureOf(session.callTool('die'))).code).toBe('SESSION_CLOSED');
    expect((await failureOf(session.reconnect())).code).toBe('SESSION_CLOSED');
    await expectGoneForGood(ledger);
  });

  it('a server that is removed while it reconnects does not come back', async () => {
    const ledger = ledgerFile();
    const group = await connectGroup({
      servers: {
        peer: stdioSpec({
          tools: [{ name: 'die', does: { type: 'crash' } }],
          ledgerFile: ledger,
          startDelayMs: 200,
        }),
      },
      reconnect: QUICK,
    });
    await failureOf(group.callTool('peer__die'));
    await group.remove('peer');
    expect(group.servers.size).toBe(0);
    await expectGoneForGood(ledger);
  });

  it('is not kept waiting by a server that hangs while its state is restored', async () => {
    const server = local({ resources: [{ uri: 'memo://one' }] });
    const session = await newSession(server, { protocol: 'legacy', reconnect: QUICK });
    await session.subscribeResource('memo://one');
    server.setFaults({ ignore: ['resources/subscribe'] });
    server.crash();
    await eventually('the restoring', () => requestsOf(server, 'resources/subscribe').length === 2);
    const startedAt = performance.now();
    await session.destroy();
    // Restoring may take 10 s; an end by force does not wait for it.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('S8 calls made while there is no connection', () => {
  it('wait, no more of them than maxWaitingCalls, and each within its own limits', async () => {
    const server = local({ tools: tools('echo') });
    const session = await newSession(server, {
      protocol: 'legacy',
      connectTimeoutMs: 500,
      maxWaitingCalls: 3,
      reconnect: QUICK,
    });
    server.setFaults({ neverInitialize: true });
    server.crash();
    await eventually('the loss', () => session.status.state === 'reconnecting');
    const caller = new AbortController();
    const short = failureOf(session.callTool('echo', {}, { timeoutMs: 50 }));
    const aborted = failureOf(session.callTool('echo', {}, { signal: caller.signal }));
    const patient = session.callTool('echo', { patient: true });
    expect((await failureOf(session.callTool('echo'))).code).toBe('NOT_CONNECTED');
    caller.abort();
    expect((await short).code).toBe('TIMEOUT');
    expect((await aborted).code).toBe('ABORTED');
    // Two of them gave their places back.
    const next = session.callTool('echo', { next: true });
    server.setFaults({ neverInitialize: false });
    const answers = await bounded('those that waited', Promise.all([patient, next]));
    expect(answers.map(({ content }) => content)).toEqual([
      [{ type: 'text', text: '{"patient":true}' }],
      [{ type: 'text', text: '{"next":true}' }],
    ]);
  });

  it('fifty on an expired HTTP session: one handshake, and every one succeeds, once', async () => {
    const ledger = ledgerFile();
    const server = await serveHttp({ tools: tools('echo'), ledgerFile: ledger });
    onTestFinished(() => server.close());
    const group = await connectGroup({
      servers: { peer: { url: server.url } },
      protocol: 'legacy',
      reconnect: QUICK,
    });
    server.expireSessions();
    const calls = Array.from({ length: 50 }, (_, n) => group.callTool('peer__echo', { n }));
    const answers = await Promise.all(calls);
    expect(answers.map(({ content }) => content)).toEqual(
      Array.from({ length: 50 }, (_, n) => [{ type: 'text', text: JSON.stringify({ n }) }]),
    );
    expect(requestsOf(server, 'initialize')).toHaveLength(2);
    expect(requestsOf(server, 'tools/call')).toHaveLength(50);
  });
});
