import { describe, expect, it } from 'vitest';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { expectAtRest, expectNothingHeld, newManager, statsOf, warm } from '../support/managers.ts';

describe('M4 prewarm', () => {
  it('sessions are there before anybody asks', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    await manager.prewarm('a', 3);
    expect(statsOf(manager, 'a')).toMatchObject({ open: 3, idle: 3, created: 3, leased: 0 });
    await Promise.all([1, 2, 3].map(() => manager.acquire('a')));
    expect(fleet.made).toBe(3);
  });

  it('those that are at hand already count', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    await warm(manager, 'a', 2);
    await manager.prewarm('a', 3);
    await manager.prewarm('a', 3);
    expect(fleet.made).toBe(3);
  });

  it('no more than there may be', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec(), b: fleet.spec() },
      pool: { max: 6, maxPerServer: 4 },
    });
    await bounded('a', manager.prewarm('a', 100));
    await bounded('b', manager.prewarm('b', 100));
    expect(statsOf(manager, 'a').open).toBeLessThanOrEqual(4);
    expect(fleet.mostOpen).toBeLessThanOrEqual(6);
    await expectAtRest(manager);
  });

  it('for a principal, and for nobody else', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    await manager.prewarm('a', 1, { principal: 'ada' });
    expect(await manager.run('a', nameOf, { principal: 'bob' })).toBe('member-1');
    expect(await manager.run('a', nameOf)).toBe('member-2');
    expect(await manager.run('a', nameOf, { principal: 'ada' })).toBe('member-0');
  });

  it('beside callers: the bound holds, and all of them are served', async () => {
    const fleet = new Fleet({ tools: TOOLS, startDelayMs: 20 });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 3 } });
    const runs = Array.from({ length: 30 }, () => manager.run('a', nameOf));
    await bounded('all', Promise.all([manager.prewarm('a', 3), manager.prewarm('a', 2), ...runs]));
    expect(fleet.mostOpen).toBeLessThanOrEqual(3);
    await expectAtRest(manager);
  });

  it('rejects with the first failure, and leaves nothing half open', async () => {
    const fleet = new Fleet((nr) => (nr === 1 ? { faults: { dieOnInitialize: true } } : { tools: TOOLS }));
    const manager = newManager({ servers: { a: fleet.spec() } });
    const error = await bounded('prewarm', failureOf(manager.prewarm('a', 3)));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'a' });
    await expectAtRest(manager);
    expect(statsOf(manager, 'a').idle).toBe(fleet.open);
  });

  it('can be given up', async () => {
    const fleet = new Fleet({ startDelayMs: 60_000 });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const controller = new AbortController();
    const error = failureOf(manager.prewarm('a', 2, { signal: controller.signal }));
    await eventually('it began', () => fleet.made > 0);
    controller.abort();
    expect((await bounded('prewarm', error)).code).toBe('ABORTED');
  });

  it('has its time', async () => {
    const fleet = new Fleet({ startDelayMs: 60_000 });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const error = await bounded('prewarm', failureOf(manager.prewarm('a', 2, { timeoutMs: 100 })));
    expect(error.code).toBe('TIMEOUT');
    await bounded('close', manager.close());
    await expectNothingHeld(manager);
  });

  it('those that nobody uses are closed when they are idle for too long', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { idleMs: 100 } });
    await manager.prewarm('a', 3);
    await eventually('all are closed', () => statsOf(manager, 'a').closed.idle === 3);
    expect(fleet.open).toBe(0);
  });

  it('0 opens nothing', async () => {
    const fleet = new Fleet();
    const manager = newManager({ servers: { a: fleet.spec() } });
    await manager.prewarm('a', 0);
    expect(fleet.made).toBe(0);
  });

  it.each([-1, 1.5, Number.NaN])('%d is no count: CONFIG_INVALID', async (count) => {
    const fleet = new Fleet();
    const manager = newManager({ servers: { a: fleet.spec() } });
    expect((await bounded('prewarm', failureOf(manager.prewarm('a', count)))).code).toBe('CONFIG_INVALID');
    expect(fleet.made).toBe(0);
  });
});
