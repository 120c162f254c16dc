import { describe, expect, it } from 'vitest';
import { bounded, eventually } from '../../support/eventually.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { newManager, releaseAll, untilWaiting } from '../support/managers.ts';

describe('M4 a shared session that lost its server and came back', () => {
  it('serves whoever came meanwhile: nobody waits beside a session with room', async () => {
    const fleet = new Fleet((nr) => ({ tools: TOOLS, startDelayMs: nr === 1 ? 300 : 0 }));
    const manager = newManager({
      servers: { a: fleet.spec('2026-07-28') },
      pool: { maxPerServer: 1, leasesPerSession: 2 },
    });
    const first = await manager.acquire('a');
    await fleet.members[0]?.close();
    await eventually('it is lost', () => first.session.status.state === 'reconnecting');
    const second = manager.acquire('a');
    await untilWaiting(manager, 'a', 1);
    const lease = await bounded('the second', second);
    expect(await nameOf(lease.session)).toBe('member-1');
    expect(await nameOf(first.session)).toBe('member-1');
    await releaseAll([first, lease]);
  });

  it('is shared no more when what came back speaks the stateful era', async () => {
    const fleet = new Fleet((nr) => ({ tools: TOOLS, era: nr === 0 ? 'modern' : 'legacy' }));
    const manager = newManager({
      servers: { a: { ...fleet.spec(), protocol: 'auto' } },
      pool: { leasesPerSession: 2 },
    });
    const first = await manager.acquire('a');
    expect(first.session.era).toBe('modern');
    await fleet.members[0]?.close();
    await eventually('it came back', () => first.session.era === 'legacy');
    const second = await manager.acquire('a');
    expect(await nameOf(second.session)).not.toBe(await nameOf(first.session));
    await releaseAll([first, second]);
  });
});
