import { describe, expect, it, onTestFinished } from 'vitest';
import type { ManagedServer, ManagedServerSpec } from '../../src/manager/pool/managed-server.ts';
import { stdioSpec, TcpProxy } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { http } from '../support/servers.ts';
import { expectGoneForGood, runningPids, startedPids } from '../support/processes.ts';
import { nameOf, TOOLS } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { expectAtRest, expectNothingHeld, newManager, statsOf } from './support/managers.ts';
import { ledgerFile } from '../support/folders.ts';

/** Servers that never come up, each in its way; with the ledger of those that are processes. */
const HUNG: [string, (ledger: string) => Promise<ManagedServer>][] = [
  ['says nothing in the handshake', async () => new Fleet({ faults: { neverInitialize: true } }).spec()],
  ['takes a minute to start', async () => new Fleet({ startDelayMs: 60_000 }).spec()],
  [
    'is a silent process',
    async (ledgerFile) => ({
      ...stdioSpec({ faults: { neverInitialize: true }, ledgerFile }),
      protocol: 'legacy',
    }),
  ],
  [
    'is behind a network that lets nothing through',
    async () => {
      const proxy = await TcpProxy.listen({ target: (await http()).url });
      onTestFinished(() => proxy.close());
      proxy.stall();
      return { url: proxy.url };
    },
  ],
  ['has a transport that never is made', async () => ({ transport: () => new Promise<never>(() => {}) })],
  ['has a server that never is made', async () => ({ server: () => new Promise<never>(() => {}) })],
  [
    'has headers that never are told',
    async () => ({ url: (await http()).url, headers: () => new Promise<never>(() => {}) }),
  ],
  ['has a factory that never settles', async () => () => new Promise<never>(() => {})],
];

describe('M8 a server that never comes up', () => {
  it.each(HUNG)(
    'connectTimeoutMs ends it for openSession, acquire, run and checkHealth: it %s',
    async (_what, make) => {
      const ledger = ledgerFile();
      const spec = await make(ledger);
      const manager = newManager({
        servers: { a: spec },
        connectTimeoutMs: 700,
        // The wait for what the key is made of is part of acquiring.
        pool: { acquireTimeoutMs: 2_000 },
        retry: false,
      });
      const [fresh, lease, run, report] = await bounded(
        'all',
        Promise.all([
          failureOf(manager.openSession('a')),
          failureOf(manager.acquire('a')),
          failureOf(manager.run('a', nameOf)),
          manager.checkHealth('a'),
        ]),
      );
      expect([fresh.code, lease.code, run.code, report.healthy]).toEqual([
        'TIMEOUT',
        'TIMEOUT',
        'TIMEOUT',
        false,
      ]);
      expect([fresh, lease, run].map(({ server }) => server)).toEqual(['a', 'a', 'a']);
      expect(report.error?.code).toBe('TIMEOUT');
      await expectNothingHeld(manager);
      await expectGoneForGood(ledger);
    },
  );

  it.each(HUNG)("acquire's own time ends the wait: it %s", async (_what, make) => {
    const ledger = ledgerFile();
    const spec = await make(ledger);
    const manager = newManager({ servers: { a: spec }, connectTimeoutMs: 60_000 });
    const error = await bounded('acquire', failureOf(manager.acquire('a', { timeoutMs: 200 })));
    expect(error).toMatchObject({ code: 'TIMEOUT', server: 'a' });
    expect(statsOf(manager, 'a').waiting).toBe(0);
    // After a connect timeout the connect goes on and is never closed.
    await bounded('close', manager.close());
    await expectNothingHeld(manager);
    await expectGoneForGood(ledger);
  });

  it('its place is free for the next', async () => {
    const fleet = new Fleet((nr) => (nr < 2 ? { startDelayMs: 60_000 } : { tools: TOOLS }));
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { max: 1 }, connectTimeoutMs: 300 });
    for (let nr = 0; nr < 2; nr++) expect((await failureOf(manager.acquire('a'))).code).toBe('TIMEOUT');
    expect(await bounded('the next', manager.run('a', nameOf))).toBe('member-2');
    expect(fleet.mostOpen).toBe(1);
  });

  it("a server's own connectTimeoutMs wins over the manager's", async () => {
    const fleet = new Fleet({ startDelayMs: 60_000 });
    const servers = { a: { ...fleet.spec(), connectTimeoutMs: 200 } };
    const manager = newManager({ servers, connectTimeoutMs: 60_000, retry: false });
    expect((await bounded('acquire', failureOf(manager.acquire('a')))).code).toBe('TIMEOUT');
  });
});

describe('M8 a call that hangs', () => {
  it.each<[string, object, object]>([
    ["the manager's timeoutMs", { timeoutMs: 150 }, {}],
    ["the server's timeoutMs", { timeoutMs: 60_000 }, { timeoutMs: 150 }],
  ])('%s ends it, and the session goes back', async (_what, ofManager, ofServer) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: { ...fleet.spec(), ...ofServer } },
      retry: false,
      ...ofManager,
    });
    const lease = await manager.acquire('a');
    expect((await bounded('the call', failureOf(lease.session.callTool('hang')))).code).toBe('TIMEOUT');
    await bounded('release', lease.release());
    const run = manager.run('a', (session) => session.callTool('hang'));
    expect((await bounded('run', failureOf(run))).code).toBe('TIMEOUT');
    await expectAtRest(manager);
  });

  it('attemptTimeoutMs ends work that never ends; its session is taken from it', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 }, retry: false });
    const never = (): Promise<never> => new Promise(() => {});
    const error = await bounded('run', failureOf(manager.run('a', never, { attemptTimeoutMs: 100 })));
    expect(error).toMatchObject({ code: 'TIMEOUT', server: 'a' });
    expect(await bounded('the next', manager.run('a', nameOf))).toMatch(/^member-/);
    await expectAtRest(manager);
  });

  it('attemptTimeoutMs: the call under way is cancelled at the server', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false });
    const run = manager.run('a', (session) => session.callTool('sleep'), { attemptTimeoutMs: 200 });
    expect((await bounded('run', failureOf(run))).code).toBe('TIMEOUT');
    await eventually('it is cancelled or cut off', () => {
      const [member] = fleet.members;
      return member !== undefined && (member.scripted.cancelled.length > 0 || !member.open);
    });
    await expectAtRest(manager);
  });

  it('attemptTimeoutMs does not count the wait for a session', async () => {
    const fleet = new Fleet({ tools: TOOLS, startDelayMs: 600 });
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false });
    expect(await manager.run('a', nameOf, { attemptTimeoutMs: 500 })).toBe('member-0');
  });

  it('timeoutMs ends the whole, in whatever it is: opening, working, pausing, waiting in line', async () => {
    const fleet = new Fleet((nr) => [{ startDelayMs: 60_000 }, { tools: TOOLS }][nr] ?? { tools: TOOLS });
    const broken = new Fleet({ faults: { dieOnInitialize: true } });
    const busy = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: {
        slow: new Fleet({ startDelayMs: 60_000 }).spec(),
        a: fleet.spec(),
        broken: broken.spec(),
        busy: busy.spec(),
      },
      pool: { maxPerServer: 1 },
      retry: { delayMs: 3_600_000, maxDelayMs: 3_600_000 },
    });
    const lease = await manager.acquire('busy');
    const options = { timeoutMs: 200 };
    const errors = await bounded(
      'all',
      Promise.all([
        failureOf(manager.run('slow', nameOf, options)),
        failureOf(manager.run('broken', nameOf, options)),
        failureOf(manager.run('busy', nameOf, options)),
      ]),
    );
    expect(errors.map(({ code }) => code)).toEqual(['TIMEOUT', 'TIMEOUT', 'TIMEOUT']);
    const working = failureOf(manager.run('busy', nameOf, { timeoutMs: 10_000 }));
    await lease.discard();
    await working.catch(() => {});
    const hung = manager.run('busy', (session) => session.callTool('hang'), options);
    expect((await bounded('working', failureOf(hung))).code).toBe('TIMEOUT');
  });

  it('acquireTimeoutMs bounds the wait of each attempt', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    const run = failureOf(manager.run('a', nameOf, { acquireTimeoutMs: 100 }));
    expect((await bounded('run', run)).code).toBe('POOL_EXHAUSTED');
    await lease.release();
  });

  it('release of a lease whose call hangs waits for the time of that call, and no longer', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const lease = await manager.acquire('a');
    const call = failureOf(lease.session.callTool('hang', {}, { timeoutMs: 300 }));
    await bounded('release', lease.release());
    expect((await call).code).toBe('TIMEOUT');
  });
});

describe('M8 a server that will not go', () => {
  const stubborn = (ledger: string, graceMs: number): ManagedServerSpec => ({
    ...stdioSpec({ tools: TOOLS, faults: { ignoreTermination: true }, ledgerFile: ledger }),
    protocol: 'legacy',
    closeGraceMs: graceMs,
    terminateGraceMs: graceMs,
  });

  it.each(['close', 'destroy'] as const)(
    'a process that ignores every sign: %s ends it all the same',
    async (end) => {
      const ledger = ledgerFile();
      const manager = newManager({ servers: { a: stubborn(ledger, 200) } });
      const [lease, fresh] = await Promise.all([manager.acquire('a'), manager.openSession('a')]);
      expect([lease.session.status.state, fresh.status.state]).toEqual(['ready', 'ready']);
      await bounded(end, manager[end]());
      expect(runningPids(ledger)).toEqual([]);
      await expectNothingHeld(manager);
    },
  );

  it('one whose input is stuck is discarded in time, and its place counts until it is gone', async () => {
    const ledger = ledgerFile();
    const manager = newManager({ servers: { a: stubborn(ledger, 300) }, pool: { maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    await lease.session.request({ method: 'testing/control', params: { command: 'hang' } });
    const discarded = lease.discard();
    const next = manager.acquire('a');
    await eventually('the second starts', () => startedPids(ledger).length === 2);
    expect(runningPids(ledger).length, 'never two at once').toBeLessThanOrEqual(1);
    await bounded('both', Promise.all([discarded, next]));
    await manager.destroy();
    await expectGoneForGood(ledger);
  });

  it('a server in this process whose close() never settles', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 2 } });
    const leases = [await manager.acquire('a'), await manager.acquire('a')];
    for (const member of fleet.members) member.close = () => new Promise<never>(() => {});
    await bounded('discard', leases[0]?.discard() ?? Promise.resolve());
    await bounded('close', manager.close());
    await expectNothingHeld(manager);
  });

  it('a server in this process whose close() throws', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const lease = await manager.acquire('a');
    for (const member of fleet.members) {
      member.close = () => {
        throw new Error('stuck');
      };
    }
    await bounded('discard', lease.discard());
    await bounded('close', manager.close());
    await expectNothingHeld(manager);
  });

  it('a server behind a URL that hangs when it is told goodbye', async () => {
    const server = await http({ tools: TOOLS });
    const manager = newManager({
      servers: { a: { url: server.url, protocol: 'legacy' } },
      closeTimeoutMs: 500,
    });
    const lease = await manager.acquire('a');
    await lease.session.ping();
    server.hang();
    await bounded('close', manager.close());
    await expectNothingHeld(manager);
  });
});
