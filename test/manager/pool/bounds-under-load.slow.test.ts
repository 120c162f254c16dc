import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../../src/index.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { Random } from '../../support/random.ts';
import { expectGoneForGood, runningPids } from '../../support/processes.ts';
import { TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { expectAtRest, expectNothingHeld, newManager, statsOf } from '../support/managers.ts';
import { ledgerFile } from '../../support/folders.ts';

/** What may go wrong when servers die under their callers. */
const HARMLESS = new Set([
  'CONNECTION_LOST',
  'CONNECT_FAILED',
  'NOT_CONNECTED',
  'SESSION_CLOSED',
  'ABORTED',
  'TIMEOUT',
]);

describe('M4 bounds under load', () => {
  it.each([1, 2, 3])(
    '10 servers, 60 callers, discards, deaths and giving up: never exceeded (seed %i)',
    async (seed) => {
      const random = new Random(seed);
      const fleets = Array.from(
        { length: 10 },
        (_, nr) => new Fleet({ tools: TOOLS, startDelayMs: nr % 3 }, `s${nr}`),
      );
      const servers = Object.fromEntries(fleets.map((fleet, nr) => [`s${nr}`, fleet.spec()]));
      const manager = newManager({
        servers,
        pool: { max: 12, maxPerServer: 3 },
        retry: false,
        circuit: false,
      });
      let most = 0;
      const surprises: unknown[] = [];
      const look = (): void => {
        most = Math.max(
          most,
          fleets.reduce((sum, fleet) => sum + fleet.open, 0),
        );
        const open = [...manager.stats().values()].map((stats) => stats.open);
        most = Math.max(
          most,
          open.reduce((sum, count) => sum + count, 0),
          ...open.map((count) => count * 4),
        );
      };
      const callers = Array.from({ length: 60 }, async () => {
        for (let round = 0; round < 25; round++) {
          const nr = random.below(fleets.length);
          const what = random.below(10);
          const signal = what === 9 ? AbortSignal.timeout(random.below(5)) : undefined;
          const principal = ['ada', 'bob', undefined][random.below(3)];
          try {
            const lease = await manager.acquire(`s${nr}`, { signal, principal });
            look();
            try {
              await lease.session.callTool('echo', { round });
              if (what === 0)
                fleets[nr]?.members
                  .filter(({ open }) => open)
                  .at(0)
                  ?.scripted.crash();
            } finally {
              look();
              if (what === 1) await lease.discard();
              else await lease.release();
            }
          } catch (error) {
            if (!(error instanceof PlenumError) || !HARMLESS.has(error.code)) surprises.push(error);
          }
        }
      });
      await Promise.all(callers);
      expect(surprises).toEqual([]);
      expect(most).toBeLessThanOrEqual(12);
      expect(Math.max(...fleets.map(({ mostOpen }) => mostOpen))).toBeLessThanOrEqual(3);
      await expectAtRest(manager);
      // A death in the last round is noticed a moment later.
      await eventually('both count the same', () => {
        const open = [...manager.stats().values()].reduce((sum, stats) => sum + stats.open, 0);
        return fleets.reduce((sum, fleet) => sum + fleet.open, 0) === open;
      });
      await bounded('close', manager.close());
      expect(fleets.reduce((sum, fleet) => sum + fleet.open, 0)).toBe(0);
      await expectNothingHeld(manager);
    },
  );

  it('of processes: never more than the bound run', async () => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' as const };
    const manager = newManager({
      servers: { a: spec, b: { ...spec, closeGraceMs: 500 } },
      pool: { max: 3, maxPerServer: 2 },
    });
    let most = 0;
    const callers = Array.from({ length: 12 }, async (_, nr) => {
      for (let round = 0; round < 4; round++) {
        await using lease = await manager.acquire(nr % 2 === 0 ? 'a' : 'b');
        await lease.session.callTool('echo');
        most = Math.max(most, runningPids(ledger).length);
        if (round === 1) await lease.discard();
      }
    });
    await bounded('all', Promise.all(callers));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
    expect(statsOf(manager, 'a').closed.discarded + statsOf(manager, 'b').closed.discarded).toBe(12);
    await manager.close();
    await expectGoneForGood(ledger);
  });
});
