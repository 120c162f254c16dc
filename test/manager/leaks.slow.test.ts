import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { http } from '../support/servers.ts';
import { expectGoneForGood, runningPids, startedPids } from '../support/processes.ts';
import { nameOf, TOOLS } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { expectNothingHeld, newManager, statsOf } from './support/managers.ts';
import { fixture } from '../support/fixtures.ts';
import { ledgerFile } from '../support/folders.ts';

/** What keeps this process busy, timers that hold it included: how many of each kind. */
function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== 'Immediate') counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

function listeners(): [string | symbol, number][] {
  return process.eventNames().map((name) => [name, process.listenerCount(name)]);
}

/** Fails when anything more is there than before. */
async function expectAsBefore(before: Record<string, number>): Promise<void> {
  const more = (): string[] => {
    const now = handles();
    // The runner's own timers come and go.
    return Object.keys(now).filter(
      (kind) => (now[kind] ?? 0) > (before[kind] ?? 0) + (kind === 'Timeout' ? 3 : 0),
    );
  };
  await eventually('handles as before', () => more().length === 0).catch(() => {});
  expect(more(), JSON.stringify([before, handles()])).toEqual([]);
}

describe('M1 a thousand fresh sessions opened and closed leave nothing', () => {
  it.each(['legacy', '2026-07-28'] as const)('in this process, ten at a time (%s)', async (protocol) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec(protocol) } });
    await (await manager.openSession('a')).close();
    const before = [handles(), listeners()] as const;
    for (let round = 0; round < 100; round++) {
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          await using session = await manager.openSession('a');
          await session.callTool('echo');
        }),
      );
      expect(fleet.open).toBe(0);
    }
    expect([fleet.made, fleet.mostOpen]).toEqual([1_001, 10]);
    await expectNothingHeld(manager);
    await expectAsBefore(before[0]);
    expect(listeners()).toEqual(before[1]);
  });

  it('all of them at once', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const before = handles();
    const sessions = await Promise.all(Array.from({ length: 1_000 }, () => manager.openSession('a')));
    expect([fleet.open, statsOf(manager, 'a').fresh]).toEqual([1_000, 1_000]);
    await bounded('close', manager.close());
    expect(fleet.open).toBe(0);
    expect(new Set(sessions.map(({ status }) => status.state))).toEqual(new Set(['closed']));
    await expectNothingHeld(manager);
    await expectAsBefore(before);
  });

  it('processes', async () => {
    const ledger = ledgerFile();
    const manager = newManager({
      servers: { a: { ...fixture('group-tiny.mjs', `--ledger=${ledger}`, 'echo'), protocol: 'legacy' } },
    });
    const before = [handles(), listeners()] as const;
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          await using session = await manager.openSession('a');
          await session.callTool('echo');
        }),
      );
      expect(runningPids(ledger)).toEqual([]);
    }
    expect(startedPids(ledger)).toHaveLength(50);
    await expectNothingHeld(manager);
    await expectAsBefore(before[0]);
    expect(listeners()).toEqual(before[1]);
  });

  it.each(['legacy', '2026-07-28'] as const)('behind a URL (%s)', async (protocol) => {
    const server = await http({ tools: TOOLS });
    const manager = newManager({ servers: { a: { url: server.url, protocol } } });
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          await using session = await manager.openSession('a');
          await session.callTool('echo');
        }),
      );
    }
    await manager.close();
    await eventually('no socket is left', () => server.openSockets === 0);
    expect(server.sessions).toEqual([]);
  });
});

describe('M3 pools that come and go leave nothing', () => {
  it('a hundred managers, each with leases, waiters, runs and a discard', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const before = [handles(), listeners()] as const;
    for (let round = 0; round < 100; round++) {
      const manager = newManager({
        servers: { a: fleet.spec() },
        pool: { maxPerServer: 2, reportLeasesAfterMs: 60_000 },
      });
      const forgotten = await manager.acquire('a');
      const runs = Array.from({ length: 5 }, () => manager.run('a', nameOf, { timeoutMs: 60_000 }));
      await Promise.all(runs);
      await (await manager.acquire('a')).discard();
      await bounded('end', round % 2 === 0 ? manager.close() : manager.destroy());
      expect(forgotten.session.status.state).toBe('closed');
    }
    expect(fleet.open).toBe(0);
    await expectAsBefore(before[0]);
    expect(listeners()).toEqual(before[1]);
  });

  it('processes in a pool: ten rounds', async () => {
    const ledger = ledgerFile();
    const before = handles();
    for (let round = 0; round < 10; round++) {
      const manager = newManager({
        servers: { a: { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' } },
      });
      await Promise.all([1, 2, 3].map(() => manager.run('a', nameOf)));
      await manager.acquire('a');
      await bounded('end', round % 2 === 0 ? manager.close() : manager.destroy());
      expect(runningPids(ledger)).toEqual([]);
    }
    await expectGoneForGood(ledger);
    await expectAsBefore(before);
  });

  it('sessions that are not referenced any more are not held by the manager', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    // A principal for each: a map by key that nobody clears would grow with them.
    for (let nr = 0; nr < 2_000; nr++)
      await manager.run('a', (session) => session.ping(), { principal: `user-${nr}` });
    const { open, created, closed } = statsOf(manager, 'a');
    expect([open, created, closed.evicted]).toEqual([1, 2_000, 1_999]);
    expect(fleet.open).toBe(1);
  });

  it('an idle pool does not keep the program running', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const before = handles();
    const manager = newManager({
      servers: { a: fleet.spec() },
      pool: { idleMs: 3_600_000, maxAgeMs: 3_600_000 },
    });
    await Promise.all(Array.from({ length: 8 }, () => manager.run('a', nameOf)));
    expect(statsOf(manager, 'a').idle).toBe(8);
    await expectAsBefore(before);
  });
});
