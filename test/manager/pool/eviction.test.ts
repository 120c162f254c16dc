import { describe, expect, it } from 'vitest';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { EventLog } from '../../support/event-log.ts';
import { newManager, statsOf, untilWaiting, warm, watched } from '../support/managers.ts';

function abcd(fleet: Fleet): Record<'a' | 'b' | 'c' | 'd', ReturnType<Fleet['spec']>> {
  return { a: fleet.spec(), b: fleet.spec(), c: fleet.spec(), d: fleet.spec() };
}

describe('M4 eviction', () => {
  it('the idle session that was used least recently makes room', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: abcd(fleet), pool: { max: 3 } });
    for (const name of ['a', 'b', 'c', 'a']) await warm(manager, name, 1);
    const events = new EventLog(manager);
    const lease = await bounded('d', manager.acquire('d'));
    expect(await nameOf(lease.session)).toBe('member-3');
    await events.until('session-closed');
    expect(events.of('session-closed')).toMatchObject([{ server: 'b', reason: 'evicted' }]);
    expect(['a', 'b', 'c', 'd'].map((name) => statsOf(manager, name).open)).toEqual([1, 0, 1, 1]);
    // And then c, and not a.
    await lease.release();
    await warm(manager, 'b', 1);
    expect(['a', 'b', 'c', 'd'].map((name) => statsOf(manager, name).open)).toEqual([1, 1, 0, 1]);
    expect(fleet.mostOpen, 'also while one goes and the other comes').toBe(3);
  });

  it('one that is leased is never evicted', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: abcd(fleet), pool: { max: 2 } });
    const [a, b] = [await manager.acquire('a'), await manager.acquire('b')];
    const third = watched(manager.acquire('c'));
    await untilWaiting(manager, 'c', 1);
    expect([await nameOf(a.session), await nameOf(b.session)]).toEqual(['member-0', 'member-1']);
    expect((await failureOf(manager.acquire('d', { timeoutMs: 50 }))).code).toBe('POOL_EXHAUSTED');
    expect(third.settled).toBe(false);
    await b.release();
    expect((await bounded('c', third.promise)).server).toBe('c');
    expect(await nameOf(a.session)).toBe('member-0');
    expect(fleet.mostOpen).toBe(2);
  });

  it("another principal's idle session makes room within a server", async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 2 } });
    const names: string[] = [];
    for (const principal of ['ada', 'bob', 'cyd', 'ada']) {
      names.push(await bounded(principal, manager.run('a', nameOf, { principal })));
    }
    expect(names).toEqual(['member-0', 'member-1', 'member-2', 'member-3']);
    expect(fleet.mostOpen).toBe(2);
    expect(statsOf(manager, 'a').closed.evicted).toBe(2);
  });

  it("not a session of another server when it is the server's own bound that is reached", async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: abcd(fleet), pool: { max: 10, maxPerServer: 1 } });
    await warm(manager, 'b', 1);
    const lease = await manager.acquire('a');
    expect((await failureOf(manager.acquire('a', { timeoutMs: 100 }))).code).toBe('POOL_EXHAUSTED');
    expect(statsOf(manager, 'b')).toMatchObject({ idle: 1, closed: { evicted: 0 } });
    await lease.release();
  });

  it('the place of one that closes slowly is not given away before it is gone', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: abcd(fleet), pool: { max: 1 } });
    await warm(manager, 'a', 1);
    const [member] = fleet.members;
    let letGo = (): void => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    if (member === undefined) throw new Error('there is one');
    const close = member.close.bind(member);
    member.close = async () => {
      await gate;
      await close();
    };
    const next = watched(manager.acquire('b'));
    await eventually('it is being closed', () => statsOf(manager, 'a').closing === 1);
    expect([fleet.made, next.settled]).toEqual([1, false]);
    letGo();
    await bounded('b', next.promise);
    expect(fleet.mostOpen).toBe(1);
  });
});
