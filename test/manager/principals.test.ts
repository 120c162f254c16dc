import { describe, expect, it } from 'vitest';
import { bounded } from '../support/eventually.ts';
import { nameOf, TOOLS } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { newManager, warm } from './support/managers.ts';

describe('M4 one principal', () => {
  it('gets its own sessions back, and nobody else does', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const names: string[] = [];
    for (const principal of ['ada', 'bob', undefined, 'ada', 'bob', undefined]) {
      names.push(await manager.run('a', nameOf, { principal }));
    }
    expect(names).toEqual(['member-0', 'member-1', 'member-2', 'member-0', 'member-1', 'member-2']);
  });

  it.each([
    [undefined, 'undefined'],
    [undefined, ''],
    ['ada', 'Ada'],
    ['ada', 'ada '],
    ['null', 'undefined'],
    ['a|b', 'a'],
    ['["ada"]', 'ada'],
    ['__proto__', 'constructor'],
    ['\u00e9', 'e\u0301'],
  ])('%j is not %j', async (one, other) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const first = await manager.run('a', nameOf, { principal: one });
    let second: string | undefined;
    try {
      second = await manager.run('a', nameOf, { principal: other });
    } catch (error) {
      // An empty one may be refused, but not be taken for nobody.
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    }
    expect(second).not.toBe(first);
    expect(await manager.run('a', nameOf, { principal: one })).toBe(first);
  });

  it("does not get another's session when it is the only idle one and the pool is full", async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { max: 1 } });
    expect(await manager.run('a', nameOf, { principal: 'ada' })).toBe('member-0');
    expect(await manager.run('a', nameOf, { principal: 'bob' })).toBe('member-1');
    await warm(manager, 'a', 1);
    expect(await manager.run('a', nameOf, { principal: 'ada' })).toBe('member-3');
  });

  it('a session that comes up for one who gave up is not given to another who waits', async () => {
    const fleet = new Fleet({ tools: TOOLS, startDelayMs: 200 });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const controller = new AbortController();
    const first = manager
      .acquire('a', { principal: 'ada', signal: controller.signal })
      .catch(() => undefined);
    const second = manager.acquire('a', { principal: 'bob' });
    controller.abort();
    expect(await first).toBeUndefined();
    const lease = await bounded('bob', second);
    const bobs = await nameOf(lease.session);
    await lease.release();
    expect(await manager.run('a', nameOf, { principal: 'ada' })).not.toBe(bobs);
  });
});
