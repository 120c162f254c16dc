import { describe, expect, it } from 'vitest';
import type { PoolCloseReason } from '../../src/manager/manager-events.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { nameOf, TOOLS } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { EventLog } from '../support/event-log.ts';
import { expectAtRest, newManager, statsOf, untilWaiting, warm } from './support/managers.ts';

const NONE_CLOSED: Record<PoolCloseReason, number> = {
  idle: 0,
  age: 0,
  evicted: 0,
  discarded: 0,
  died: 0,
  unhealthy: 0,
  altered: 0,
  closed: 0,
};

describe('the stats of a manager', () => {
  it('of a server that was never used', () => {
    const manager = newManager({ servers: { a: new Fleet().spec() } });
    expect(statsOf(manager, 'a')).toEqual({
      open: 0,
      opening: 0,
      idle: 0,
      leased: 0,
      closing: 0,
      leases: 0,
      fresh: 0,
      waiting: 0,
      created: 0,
      closed: NONE_CLOSED,
      retries: 0,
      circuit: { state: 'closed', failures: 0 },
      latency: { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 },
    });
  });

  it('at each step of the way', async () => {
    const fleet = new Fleet({ tools: TOOLS, startDelayMs: 100 });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 2 } });
    const opening = [manager.acquire('a'), manager.acquire('a')];
    const waiting = manager.acquire('a');
    await eventually('two come up', () => statsOf(manager, 'a').opening === 2);
    expect(statsOf(manager, 'a')).toMatchObject({ open: 2, opening: 2, idle: 0, leased: 0, created: 0 });
    const [one, two] = await Promise.all(opening);
    await untilWaiting(manager, 'a', 1);
    expect(statsOf(manager, 'a')).toMatchObject({
      open: 2,
      opening: 0,
      leased: 2,
      leases: 2,
      waiting: 1,
      created: 2,
    });
    await one?.release();
    const three = await waiting;
    expect(statsOf(manager, 'a')).toMatchObject({ open: 2, leased: 2, leases: 2, waiting: 0 });
    const fresh = await manager.openSession('a');
    expect(statsOf(manager, 'a')).toMatchObject({ fresh: 1, open: 2, created: 2 });
    await Promise.all([two?.release(), three.discard(), fresh.close()]);
    expect(statsOf(manager, 'a')).toMatchObject({
      fresh: 0,
      open: 1,
      idle: 1,
      leased: 0,
      leases: 0,
      closing: 0,
      closed: { ...NONE_CLOSED, discarded: 1 },
    });
  });

  it('what was handed out does not change', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const before = manager.stats();
    const copy = structuredClone(before);
    await warm(manager, 'a', 2);
    await manager.run('a', nameOf);
    expect(before).toEqual(copy);
    expect(manager.stats().get('a')?.created).toBe(2);
    const mine = manager.stats() as Map<string, unknown>;
    mine.clear();
    expect(manager.stats().size).toBe(1);
  });

  it('latency: of the requests made through leases, from the call to the answer', async () => {
    const fleet = new Fleet({ tools: [...TOOLS, { name: 'slow', does: { type: 'slow', ms: 200 } }] });
    const manager = newManager({ servers: { a: fleet.spec(), b: fleet.spec() } });
    for (let nr = 0; nr < 50; nr++) await manager.run('a', (session) => session.callTool('echo'));
    const fast = statsOf(manager, 'a').latency;
    expect(fast.count).toBe(50);
    expect(fast.p50Ms).toBeGreaterThan(0);
    expect(fast.p50Ms).toBeLessThanOrEqual(fast.p90Ms);
    expect(fast.p90Ms).toBeLessThanOrEqual(fast.p99Ms);
    expect(fast.p99Ms).toBeLessThanOrEqual(fast.maxMs * 1.02);
    await using lease = await manager.acquire('a');
    await lease.session.callTool('slow');
    const slow = statsOf(manager, 'a').latency;
    expect(slow.count).toBe(51);
    expect(slow.maxMs).toBeGreaterThanOrEqual(190);
    expect(slow.p50Ms).toBeLessThan(190);
    expect(statsOf(manager, 'b').latency.count).toBe(0);
  });

  it('retries', async () => {
    const fleet = new Fleet((nr) => (nr < 2 ? { faults: { dieOnInitialize: true } } : { tools: TOOLS }));
    const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1 } });
    await manager.run('a', nameOf);
    await manager.run('a', nameOf);
    expect(statsOf(manager, 'a').retries).toBe(2);
  });

  it('are cheap: a thousand servers a thousand times', async () => {
    const spec = new Fleet().spec();
    const servers = Object.fromEntries(Array.from({ length: 1_000 }, (_, nr) => [`s${nr}`, spec]));
    const manager = newManager({ servers });
    const before = process.cpuUsage();
    for (let nr = 0; nr < 1_000; nr++) manager.stats();
    const { user } = process.cpuUsage(before);
    // Ten microseconds a server would still be ten seconds.
    expect(user / 1_000).toBeLessThan(10_000);
  });

  it('sums are right after a storm: every session that was created is open or was closed for a reason', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 3 }, circuit: false });
    const callers = Array.from({ length: 90 }, async (_, nr) => {
      const lease = await manager.acquire('a', { principal: ['ada', 'bob', undefined][nr % 3] });
      if (nr % 5 === 0) fleet.members.find(({ open }) => open)?.scripted.crash();
      await lease.session.callTool('echo').catch(() => {});
      await (nr % 7 === 0 ? lease.discard() : lease.release());
    });
    await bounded('all', Promise.allSettled(callers));
    await expectAtRest(manager);
    const { created, open, closed } = statsOf(manager, 'a');
    expect(created - open).toBe(Object.values(closed).reduce((sum, count) => sum + count, 0));
    expect(fleet.open).toBe(open);
  });
});

describe('the events of a manager', () => {
  it('of a session: that it came up, how fast, and why it was closed', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const events = new EventLog(manager);
    const lease = await manager.acquire('a', { principal: 'ada' });
    const opened = await events.until('session-opened');
    expect(opened).toMatchObject({ server: 'a', principal: 'ada' });
    expect(opened.connectMs).toBeGreaterThan(0);
    await lease.discard();
    expect(await events.until('session-closed')).toEqual({
      type: 'session-closed',
      reason: 'discarded',
      server: 'a',
      principal: 'ada',
    });
    expect(events.all).toHaveLength(2);
  });

  it('each reason is told once for each session', async () => {
    const fleet = new Fleet({ tools: TOOLS, capabilities: { tools: {}, logging: {} } });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const events = new EventLog(manager);
    const reasons = (): string[] => events.of('session-closed').map(({ reason }) => reason);
    await manager.run('a', (session) => session.setLoggingLevel('error'));
    await eventually('altered', () => reasons().length === 1);
    await (await manager.acquire('a')).discard();
    await manager.run('a', nameOf, { principal: 'ada' });
    await manager.run('a', nameOf, { principal: 'bob' });
    fleet.members.at(-1)?.scripted.crash();
    await eventually('died', () => reasons().length === 4);
    await warm(manager, 'a', 1);
    await manager.close();
    await eventually('the end', () => events.ended);
    expect(reasons()).toEqual(['altered', 'discarded', 'evicted', 'died', 'closed']);
    expect(statsOf(manager, 'a').closed).toEqual({
      ...NONE_CLOSED,
      altered: 1,
      discarded: 1,
      evicted: 1,
      died: 1,
      closed: 1,
    });
  });

  it('fresh sessions are no part of them', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const events = new EventLog(manager);
    await (await manager.openSession('a')).close();
    await (await manager.acquire('a')).release();
    await events.until('session-opened');
    expect(events.all).toHaveLength(1);
  });

  it('several readers see the same; one that stops harms nobody', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const [one, two] = [new EventLog(manager), new EventLog(manager)];
    const third = manager.events();
    await third.return?.();
    await (await manager.acquire('a')).discard();
    await Promise.all([one.until('session-closed'), two.until('session-closed')]);
    expect(one.all).toEqual(two.all);
    expect(await third.next()).toMatchObject({ done: true });
  });

  it('an opening that failed is no session-opened', async () => {
    const fleet = new Fleet({ faults: { dieOnInitialize: true } });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const events = new EventLog(manager);
    await failureOf(manager.acquire('a'));
    await expectAtRest(manager);
    await manager.close();
    await eventually('the end', () => events.ended);
    expect(events.of('session-opened')).toEqual([]);
    expect(events.of('session-closed')).toEqual([]);
  });
});
