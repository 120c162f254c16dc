import type { ManagedServer } from '../../../src/index.ts';
import { describe, expect, it } from 'vitest';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { http } from '../../support/servers.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { expectAtRest, newManager, releaseAll, statsOf, untilWaiting, watched } from '../support/managers.ts';

const pool = { leasesPerSession: 3 };

describe('M4 sharing a session of the 2026-07-28 era', () => {
  it('so many leases share one, and the next opens another', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec('2026-07-28') }, pool });
    const leases = [await manager.acquire('a')];
    for (let nr = 1; nr < 4; nr++) leases.push(await manager.acquire('a'));
    const names = await Promise.all(leases.map(({ session }) => nameOf(session)));
    expect(names).toEqual(['member-0', 'member-0', 'member-0', 'member-1']);
    expect(statsOf(manager, 'a')).toMatchObject({ open: 2, leased: 2, leases: 4 });
    await releaseAll(leases);
    expect(statsOf(manager, 'a')).toMatchObject({ open: 2, idle: 2, leased: 0, leases: 0 });
  });

  it('those who come at the same moment, to a server that nobody has met, are within the bounds', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec('2026-07-28') },
      pool: { ...pool, maxPerServer: 2 },
    });
    const leases = await bounded('all', Promise.all(Array.from({ length: 6 }, () => manager.acquire('a'))));
    expect(fleet.mostOpen).toBeLessThanOrEqual(2);
    const byName = new Map<string, number>();
    for (const { session } of leases) {
      const name = await nameOf(session);
      byName.set(name, (byName.get(name) ?? 0) + 1);
    }
    expect(Math.max(...byName.values())).toBeLessThanOrEqual(3);
    expect((await failureOf(manager.acquire('a', { timeoutMs: 50 }))).code).toBe('POOL_EXHAUSTED');
  });

  it('each lease ends by itself: the others go on', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec('2026-07-28') }, pool });
    const [one, two, three] = [
      await manager.acquire('a'),
      await manager.acquire('a'),
      await manager.acquire('a'),
    ];
    await one.release();
    expect((await failureOf(one.session.callTool('echo'))).code).toBe('SESSION_CLOSED');
    expect(await nameOf(two.session)).toBe('member-0');
    await two.session.close();
    expect(await nameOf(three.session)).toBe('member-0');
    expect(statsOf(manager, 'a')).toMatchObject({ leased: 1, leases: 1, open: 1 });
    await three.release();
    await expectAtRest(manager);
    expect(fleet.made).toBe(1);
  });

  it('releasing waits for the calls of this lease, not for those of the others', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec('2026-07-28') }, pool });
    const [busy, done] = [await manager.acquire('a'), await manager.acquire('a')];
    const hung = failureOf(busy.session.callTool('hang'));
    await done.session.callTool('echo');
    await bounded('release', done.release());
    await busy.discard();
    expect((await hung).code).toBe('SESSION_CLOSED');
  });

  it('a discarded session is handed to nobody again, though others still hold it', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec('2026-07-28') }, pool });
    const [one, two] = [await manager.acquire('a'), await manager.acquire('a')];
    await bounded('discard', one.discard());
    const three = await bounded('the next', manager.acquire('a'));
    expect(await nameOf(three.session)).toBe('member-1');
    await bounded('release', releaseAll([two, three]));
    await expectAtRest(manager);
  });

  it('a server that dies under three leases: each hears of it, and nothing is left', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const servers = { a: { ...fleet.spec('2026-07-28'), reconnect: false } } as const;
    const manager = newManager({ servers, pool });
    const leases = [await manager.acquire('a'), await manager.acquire('a'), await manager.acquire('a')];
    const calls = leases.map(({ session }) => failureOf(session.callTool('hang')));
    await eventually('they arrived', () => fleet.requests('tools/call').length === 3);
    fleet.members[0]?.scripted.crash();
    const errors = await bounded('the calls', Promise.all(calls));
    expect(errors.map(({ code }) => code)).toEqual(errors.map(() => 'CONNECTION_LOST'));
    await bounded('release', releaseAll(leases));
    await expectAtRest(manager);
    expect(statsOf(manager, 'a')).toMatchObject({ open: 0, closed: { died: 1 } });
    expect(await manager.run('a', nameOf)).toBe('member-1');
  });

  it('one holder altered it: the others go on, and then it is closed', async () => {
    const fleet = new Fleet({
      tools: TOOLS,
      resources: [{ uri: 'file:///a' }],
      capabilities: { tools: {}, resources: { subscribe: true } },
    });
    const manager = newManager({ servers: { a: fleet.spec('2026-07-28') }, pool });
    const [one, two] = [await manager.acquire('a'), await manager.acquire('a')];
    await one.session.subscribeResource('file:///a');
    await bounded('release', one.release());
    expect(await nameOf(two.session)).toBe('member-0');
    const three = await manager.acquire('a');
    expect(await nameOf(three.session), 'it is not lent again').toBe('member-1');
    await releaseAll([two, three]);
    await expectAtRest(manager);
    expect(statsOf(manager, 'a').closed.altered).toBe(1);
    expect(fleet.open).toBe(1);
  });

  it('a slot that comes free goes to who waits, in order', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec('2026-07-28') },
      pool: { ...pool, maxPerServer: 1 },
    });
    const held = [await manager.acquire('a'), await manager.acquire('a'), await manager.acquire('a')];
    const served: number[] = [];
    const waiters = Array.from({ length: 30 }, async (_, nr) => {
      const lease = await manager.acquire('a');
      served.push(nr);
      await lease.session.callTool('echo');
      await lease.release();
    });
    await untilWaiting(manager, 'a', 30);
    await held[1]?.release();
    await bounded('all', Promise.all(waiters));
    expect(served).toEqual(Array.from({ length: 30 }, (_, nr) => nr));
    expect(fleet.made).toBe(1);
    await releaseAll(held);
  });

  it.each<[string, () => Promise<ManagedServer>]>([
    ['pinned', async () => new Fleet({ tools: TOOLS }).spec('legacy')],
    [
      'what the server speaks',
      async () => ({ ...new Fleet({ tools: TOOLS, era: 'legacy' }).spec(), protocol: 'auto' }),
    ],
    ['behind a URL', async () => ({ url: (await http({ tools: TOOLS, era: 'legacy' })).url })],
  ])('never in the stateful era (%s)', async (_what, spec) => {
    const manager = newManager({ servers: { a: await spec() }, pool: { ...pool, maxPerServer: 2 } });
    const leases = [await manager.acquire('a'), await manager.acquire('a')];
    expect(leases.map(({ session }) => session.era)).toEqual(['legacy', 'legacy']);
    expect(statsOf(manager, 'a')).toMatchObject({ open: 2, leased: 2, leases: 2 });
    const third = watched(manager.acquire('a'));
    await untilWaiting(manager, 'a', 1);
    await leases[0]?.release();
    await bounded('the third', third.promise);
    expect(statsOf(manager, 'a')).toMatchObject({ leased: 2, leases: 2 });
  });

  it('never between two principals', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec('2026-07-28') }, pool });
    const leases = [];
    for (const principal of ['ada', 'bob', undefined, 'ada'])
      leases.push(await manager.acquire('a', { principal }));
    const names = await Promise.all(leases.map(({ session }) => nameOf(session)));
    expect(names).toEqual(['member-0', 'member-1', 'member-2', 'member-0']);
  });

  it('without it, a session of the 2026-07-28 era has one lease at a time', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec('2026-07-28') } });
    const names = await Promise.all([1, 2].map(async () => nameOf((await manager.acquire('a')).session)));
    expect(new Set(names).size).toBe(2);
  });
});

describe('M4 fairness between those who share and those who wait for a place', () => {
  it('leases that overlap without end do not keep another server out', async () => {
    const a = new Fleet({ tools: TOOLS });
    const b = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: a.spec('2026-07-28'), b: b.spec('2026-07-28') },
      pool: { max: 1, leasesPerSession: 2 },
    });
    let lease = await manager.acquire('a');
    const other = manager.acquire('b');
    await untilWaiting(manager, 'b', 1);
    // Each takes its lease before the one before gives its own back.
    const next = manager.acquire('a');
    await lease.release();
    const served = await bounded('the other server', other);
    expect(await nameOf(served.session)).toBe('member-0');
    await served.release();
    lease = await bounded('the one that came later', next);
    await lease.release();
    expect(b.made).toBe(1);
  });

  it('when the one that waits gives up, those behind it share again', async () => {
    const a = new Fleet({ tools: TOOLS });
    const b = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: a.spec('2026-07-28'), b: b.spec('2026-07-28') },
      pool: { max: 1, leasesPerSession: 2 },
    });
    const first = await manager.acquire('a');
    const controller = new AbortController();
    const other = failureOf(manager.acquire('b', { signal: controller.signal }));
    await untilWaiting(manager, 'b', 1);
    const behind = manager.acquire('a');
    await untilWaiting(manager, 'a', 1);
    controller.abort();
    expect((await other).code).toBe('ABORTED');
    const second = await bounded('the one behind', behind);
    expect(await nameOf(second.session)).toBe('member-0');
    await releaseAll([first, second]);
  });
});
