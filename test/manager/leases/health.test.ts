import { describe, expect, it } from 'vitest';
import type { ManagedServer } from '../../../src/index.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { http } from '../../support/servers.ts';
import { expectGoneForGood } from '../../support/processes.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { expectAtRest, expectNothingHeld, newManager, statsOf, warm } from '../support/managers.ts';
import { ledgerFile } from '../../support/folders.ts';

describe('M6 the health of one server', () => {
  it.each<['legacy' | '2026-07-28', string]>([
    ['legacy', 'legacy'],
    ['2026-07-28', 'modern'],
  ])('a healthy one (%s): how long it took, and what it is', async (protocol, era) => {
    const fleet = new Fleet({ name: 'doc', version: '4.5.6' });
    const manager = newManager({ servers: { a: fleet.spec(protocol) } });
    const report = await manager.checkHealth('a');
    expect(report).toMatchObject({ healthy: true, era, serverInfo: { name: 'doc', version: '4.5.6' } });
    expect(report.protocolVersion).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(report.latencyMs).toBeGreaterThanOrEqual(0);
    expect([report.reason, report.error]).toEqual([undefined, undefined]);
    await expectAtRest(manager);
  });

  it('the latency is that of the answer, without the time to connect', async () => {
    const fleet = new Fleet({ startDelayMs: 1_000 });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const startedAt = performance.now();
    const { healthy, latencyMs } = await manager.checkHealth('a');
    expect(healthy).toBe(true);
    expect(latencyMs).toBeLessThan(performance.now() - startedAt - 900);
  });

  it('an idle session is leased, pinged, and released', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    await warm(manager, 'a', 1);
    for (let round = 0; round < 3; round++) expect((await manager.checkHealth('a')).healthy).toBe(true);
    expect(fleet.made).toBe(1);
    expect(fleet.requests('ping')).toHaveLength(3);
    expect(statsOf(manager, 'a')).toMatchObject({ idle: 1, leases: 0 });
  });

  it('without one, a process is started for it, and none is left when the manager is closed', async () => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' as const };
    const manager = newManager({ servers: { a: spec } });
    expect((await manager.checkHealth('a')).healthy).toBe(true);
    await manager.close();
    await expectGoneForGood(ledger);
  });

  it.each<[string, () => Promise<ManagedServer>, RegExp]>([
    ['cannot be started', async () => ({ command: '/nowhere/at/all' }), /nowhere|start|found|ENOENT/i],
    [
      'dies at its start',
      async () => ({
        ...stdioSpec({ faults: { exitAtStart: { stderr: 'no licence' } } }),
        protocol: 'legacy',
      }),
      /no licence/,
    ],
    ['nobody listens', async () => ({ url: 'http://127.0.0.1:9/mcp' }), /./],
    ['wants credentials', async () => ({ url: (await http({}, { token: 'secret' })).url }), /./],
    [
      'has a factory that throws',
      async () => () => {
        throw new Error('no such tenant');
      },
      /no such tenant/,
    ],
    ['has a factory that makes nonsense', async () => () => ({ nonsense: true }) as never, /./],
    ['has a factory that makes nothing', async () => () => undefined as never, /./],
    [
      'refuses to answer',
      async () => new Fleet({ faults: { refuse: { ping: { code: -32_603, message: 'too tired' } } } }).spec(),
      /too tired/,
    ],
  ])('one that %s is not healthy: why, in words and as it happened', async (_what, server, reason) => {
    const manager = newManager({ servers: { a: await server() }, connectTimeoutMs: 5_000 });
    const report = await bounded('the check', manager.checkHealth('a'));
    expect(report.healthy).toBe(false);
    expect(report.reason).toMatch(reason);
    expect(report.error).toMatchObject({ name: 'PlenumError', server: 'a' });
    await expectAtRest(manager);
  });

  it('one that does not answer is not, within health.timeoutMs; its session is not lent again', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, health: { timeoutMs: 200 } });
    await warm(manager, 'a', 1);
    fleet.members[0]?.scripted.hang();
    const report = await bounded('the check', manager.checkHealth('a'));
    expect(report).toMatchObject({ healthy: false, error: { code: 'TIMEOUT' } });
    expect(await bounded('the next', manager.run('a', nameOf))).toBe('member-1');
    expect(statsOf(manager, 'a').closed.unhealthy).toBe(1);
  });

  it('timeoutMs bounds the check in all, while it connects too', async () => {
    const fleet = new Fleet({ startDelayMs: 60_000 });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const report = await bounded('the check', manager.checkHealth('a', { timeoutMs: 200 }));
    expect(report).toMatchObject({ healthy: false, error: { code: 'TIMEOUT' } });
    await bounded('close', manager.close());
    await expectNothingHeld(manager);
  });

  it('a pool that is all lent out does not keep it waiting for ever, and loses nothing', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { max: 1 } });
    const lease = await manager.acquire('a');
    await bounded('the check', manager.checkHealth('a', { timeoutMs: 500 }));
    await eventually('what it opened beside the pool is gone', () => fleet.open === 1);
    expect(await nameOf(lease.session)).toBe('member-0');
    await lease.release();
    expect((await manager.checkHealth('a')).healthy).toBe(true);
  });

  it("for a principal: over that principal's sessions", async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const asked: (string | undefined)[] = [];
    const manager = newManager({
      servers: {
        a: ({ principal }) => {
          asked.push(principal);
          return fleet.spec();
        },
      },
    });
    await warm(manager, 'a', 1);
    expect((await manager.checkHealth('a', { principal: 'ada' })).healthy).toBe(true);
    expect(new Set(asked.slice(1))).toEqual(new Set(['ada']));
    expect(fleet.made).toBe(2);
  });
});

describe('M6 the health of all', () => {
  it('every server is in the map, in order, the sick ones too', async () => {
    const [well, sick] = [new Fleet({ tools: TOOLS }), new Fleet({ faults: { dieOnInitialize: true } })];
    const hung = new Fleet({ faults: { neverInitialize: true } });
    const servers = {
      well: well.spec(),
      sick: sick.spec(),
      hung: hung.spec(),
      none: () => Promise.reject(new Error('no')),
      modern: well.spec('2026-07-28'),
    };
    const manager = newManager({ servers, connectTimeoutMs: 500 });
    const reports = await bounded('the checks', manager.checkHealth());
    expect([...reports].map(([name, { healthy }]) => [name, healthy])).toEqual([
      ['well', true],
      ['sick', false],
      ['hung', false],
      ['none', false],
      ['modern', true],
    ]);
    await expectAtRest(manager);
  });

  it('they are asked side by side', async () => {
    // Each answers only when all of them have been asked.
    let asked = 0;
    const servers = Object.fromEntries(
      Array.from({ length: 8 }, (_, nr) => [
        `s${nr}`,
        async () => {
          asked++;
          await eventually('all are asked', () => asked >= 8);
          return fleet.spec();
        },
      ]),
    );
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers });
    const reports = await bounded('the checks', manager.checkHealth());
    expect([...reports.values()].map(({ healthy }) => healthy)).toEqual(
      Array.from({ length: 8 }, () => true),
    );
  });

  it('a hundred servers, half of them hung: in time, and nothing is left', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const hung = new Fleet({ faults: { neverInitialize: true } });
    const servers = Object.fromEntries(
      Array.from({ length: 100 }, (_, nr) => [`s${nr}`, nr % 2 === 0 ? fleet.spec() : hung.spec()]),
    );
    const manager = newManager({ servers });
    const reports = await bounded('the checks', manager.checkHealth({ timeoutMs: 2_000 }));
    const healthy = [...reports.values()].filter((report) => report.healthy);
    expect([reports.size, healthy.length]).toEqual([100, 50]);
    await bounded('close', manager.close());
    await expectNothingHeld(manager);
    expect([fleet.open, hung.open]).toEqual([0, 0]);
  });

  it('no servers, an empty map', async () => {
    expect(await newManager({ servers: {} }).checkHealth()).toEqual(new Map());
  });
});

describe('M6 a check that is given up', () => {
  it.each(['one', 'all'] as const)('by its signal: %s', async (which) => {
    const fleet = new Fleet({ startDelayMs: 60_000 });
    const manager = newManager({ servers: { a: fleet.spec(), b: fleet.spec() } });
    const options = { signal: AbortSignal.timeout(100) };
    const check: Promise<unknown> =
      which === 'one' ? manager.checkHealth('a', options) : manager.checkHealth(options);
    // Either says so; what matters is that it ends.
    const outcome = await bounded(
      'the check',
      check.then(
        (report) => (report instanceof Map ? [...report.values()] : [report]),
        (error: unknown) => [{ healthy: false, error }],
      ),
    );
    for (const report of outcome)
      expect(report).toMatchObject({ healthy: false, error: { code: 'ABORTED' } });
    await bounded('close', manager.close());
    await expectNothingHeld(manager);
  });

  it('by the end of the manager', async () => {
    const fleet = new Fleet({ startDelayMs: 60_000 });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const check = manager.checkHealth('a').then(
      ({ healthy }) => healthy,
      () => false,
    );
    await eventually('it began', () => fleet.made === 1);
    await bounded('destroy', manager.destroy());
    expect(await bounded('the check', check)).toBe(false);
    expect((await failureOf(manager.checkHealth('a'))).code).toBe('SESSION_CLOSED');
    expect((await failureOf(manager.checkHealth())).code).toBe('SESSION_CLOSED');
  });
});
