import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../src/manager/leases/lease.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import {
  expectAtRest,
  newManager,
  releaseAll,
  statsOf,
  untilWaiting,
  warm,
  watched,
} from '../support/managers.ts';

describe('M4 fair waiting', () => {
  it.each(['legacy', '2026-07-28'] as const)(
    '200 waiters on 4 sessions are served in the order they came (%s)',
    async (protocol) => {
      const fleet = new Fleet({ tools: TOOLS });
      const manager = newManager({ servers: { a: fleet.spec(protocol) }, pool: { maxPerServer: 4 } });
      const held = await Promise.all([1, 2, 3, 4].map(() => manager.acquire('a')));
      const served: number[] = [];
      let atOnce = 0;
      const waiters = Array.from({ length: 200 }, async (_, nr) => {
        const lease = await manager.acquire('a');
        served.push(nr);
        expect(++atOnce).toBeLessThanOrEqual(4);
        await lease.session.callTool('echo', { nr });
        atOnce--;
        await lease.release();
      });
      await untilWaiting(manager, 'a', 200);
      await releaseAll(held);
      await bounded('all', Promise.all(waiters));
      expect(served).toEqual(Array.from({ length: 200 }, (_, nr) => nr));
      expect(fleet.made).toBe(4);
      await expectAtRest(manager);
    },
  );

  it('by run, too', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 4 } });
    await warm(manager, 'a', 4);
    const served: number[] = [];
    const runs = Array.from({ length: 200 }, (_, nr) =>
      manager.run('a', async (session) => {
        served.push(nr);
        await session.callTool('echo', { nr });
      }),
    );
    await bounded('all', Promise.all(runs));
    expect(served).toEqual(Array.from({ length: 200 }, (_, nr) => nr));
  });

  it('nobody who comes later takes a session that was just released past those in line', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const first = await manager.acquire('a');
    const served: string[] = [];
    const note = async (name: string, acquiring: Promise<Lease>): Promise<void> => {
      const lease = await acquiring;
      served.push(name);
      await lease.release();
    };
    const inLine = note('in line', manager.acquire('a'));
    await untilWaiting(manager, 'a', 1);
    const releasing = first.release();
    const late = note('late', manager.acquire('a'));
    await bounded('both', Promise.all([releasing, inLine, late]));
    expect(served).toEqual(['in line', 'late']);
  });

  it('those that gave up are passed over', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const held = await manager.acquire('a');
    const controller = new AbortController();
    const served: number[] = [];
    const waiters = Array.from({ length: 60 }, async (_, nr) => {
      const how = [{}, { signal: controller.signal }, { timeoutMs: 100 }][nr % 3];
      const lease = await manager.acquire('a', how);
      served.push(nr);
      await lease.release();
    });
    const outcomes = Promise.allSettled(waiters);
    await untilWaiting(manager, 'a', 60);
    controller.abort();
    await untilWaiting(manager, 'a', 20);
    await held.release();
    const settled = await bounded('all', outcomes);
    expect(served).toEqual(Array.from({ length: 20 }, (_, nr) => nr * 3));
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(40);
    expect(fleet.made).toBe(1);
    await expectAtRest(manager);
  });

  it('a principal that waits is not passed over by callers whose sessions come free', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const held = await manager.acquire('a', { principal: 'ada' });
    const served: string[] = [];
    const waiters = ['bob', 'ada', 'ada', 'cyd', 'ada', 'bob'].map(async (principal) => {
      const lease = await manager.acquire('a', { principal });
      served.push(principal);
      await lease.session.callTool('echo');
      await lease.release();
    });
    await untilWaiting(manager, 'a', 6);
    await held.release();
    await bounded('all', Promise.all(waiters));
    expect(served).toEqual(['bob', 'ada', 'ada', 'cyd', 'ada', 'bob']);
    expect(fleet.mostOpen).toBe(1);
  });

  it('a server that waits for room is not passed over by callers of another', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec(), b: fleet.spec() }, pool: { max: 1 } });
    const held = await manager.acquire('a');
    const served: string[] = [];
    const waiters = ['b', 'a', 'a', 'b', 'a'].map(async (server) => {
      const lease = await manager.acquire(server);
      served.push(server);
      await lease.release();
    });
    await untilWaiting(manager, 'a', 3);
    await held.release();
    await bounded('all', Promise.all(waiters));
    expect(served).toEqual(['b', 'a', 'a', 'b', 'a']);
    expect(fleet.mostOpen).toBe(1);
  });

  it('one that waits does not starve while others come and go for ever', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 2 } });
    const stop = new AbortController();
    const busy = Array.from({ length: 8 }, async () => {
      while (!stop.signal.aborted)
        await manager.run('a', (session) => session.callTool('echo'), { principal: 'ada' });
    });
    for (let round = 0; round < 10; round++) {
      await bounded(
        'bob',
        manager.run('a', (session) => session.callTool('echo'), { principal: 'bob' }),
      );
    }
    stop.abort();
    await bounded('the others', Promise.all(busy));
    expect(fleet.mostOpen).toBeLessThanOrEqual(2);
  });

  it("one server whose line is full does not hold up another's", async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec(), b: fleet.spec() }, pool: { maxPerServer: 1 } });
    const held = await manager.acquire('a');
    const waiting = watched(manager.acquire('a'));
    for (let round = 0; round < 20; round++) {
      await bounded(
        'b',
        manager.run('b', (session) => session.callTool('echo')),
      );
    }
    expect(waiting.settled).toBe(false);
    await held.release();
    await (await waiting.promise).release();
  });

  it('an opening that fails costs its caller, and the next in line tries again', async () => {
    const fleet = new Fleet((nr) => (nr < 3 ? { faults: { dieOnInitialize: true } } : { tools: TOOLS }));
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const outcomes = Promise.allSettled(
      Array.from({ length: 6 }, async () => (await manager.acquire('a', { timeoutMs: 60_000 })).release()),
    );
    const settled = await bounded('all', outcomes);
    const failed = settled.filter(({ status }) => status === 'rejected').length;
    // At the most one for each opening that failed; never one for nothing.
    expect(failed).toBeGreaterThanOrEqual(1);
    expect(failed).toBeLessThanOrEqual(3);
    expect(settled.at(-1)?.status).toBe('fulfilled');
    await expectAtRest(manager);
  });

  it('a slow opening does not keep its caller waiting when a session comes free first', async () => {
    const fleet = new Fleet((nr) => ({ tools: TOOLS, ...(nr === 1 && { startDelayMs: 60_000 }) }));
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 2 } });
    const first = await manager.acquire('a');
    const second = manager.acquire('a');
    await eventually('the second is coming up', () => fleet.made === 2);
    await first.release();
    const lease = await bounded('the second', second);
    expect(lease.session.serverInfo?.name).toBe('member-0');
    expect(statsOf(manager, 'a').leased).toBe(1);
    void failureOf(manager.destroy().then(() => Promise.reject(new Error('over')))).catch(() => {});
  });
});
