import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bounded, eventually } from '../support/eventually.ts';
import { nameOf, TOOLS } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { EventLog } from '../support/event-log.ts';
import { newManager, statsOf, untilWaiting, watched } from './support/managers.ts';

/** Longer than a timer of the platform can be: one that is set to it as it is fires at once. */
const CENTURY_MS = 100 * 365 * 86_400_000;

describe('M8 times that are longer than a timer can be', () => {
  it.each([CENTURY_MS, Infinity])('%d: everybody waits, and nothing is closed or reported', async (ms) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec() },
      pool: {
        maxPerServer: 1,
        idleMs: ms,
        maxAgeMs: ms,
        checkAfterMs: ms,
        acquireTimeoutMs: ms,
        reportLeasesAfterMs: ms,
      },
      retry: { deadlineMs: ms },
      timeoutMs: ms,
      connectTimeoutMs: ms,
      closeTimeoutMs: ms,
    });
    const events = new EventLog(manager);
    const lease = await manager.acquire('a');
    const waiting = [
      watched(manager.acquire('a').then((next) => next.release())),
      watched(manager.acquire('a', { timeoutMs: ms }).then((next) => next.release())),
      watched(manager.run('a', nameOf, { timeoutMs: ms, attemptTimeoutMs: ms, acquireTimeoutMs: ms })),
    ];
    await untilWaiting(manager, 'a', 3);
    await sleep(100);
    expect(waiting.map(({ settled }) => settled)).toEqual([false, false, false]);
    await lease.release();
    await bounded('all', Promise.all(waiting.map(({ promise }) => promise)));
    await sleep(100);
    expect(statsOf(manager, 'a')).toMatchObject({ idle: 1, created: 1 });
    expect((await manager.checkHealth('a', { timeoutMs: ms })).healthy).toBe(true);
    expect(fleet.made).toBe(1);
    expect(events.all.map(({ type }) => type)).toEqual(['session-opened']);
    const busy = await manager.acquire('a');
    const call = busy.session.callTool('hang').catch(() => {});
    await eventually('it arrived', () =>
      fleet.requests('tools/call').some(({ params }) => params['name'] === 'hang'),
    );
    const closing = watched(manager.close());
    await sleep(100);
    expect(closing.settled).toBe(false);
    await bounded('destroy', manager.destroy());
    await bounded('close', Promise.all([closing.promise, call]));
  });

  it('a circuit that stays open for a century', async () => {
    const fleet = new Fleet({ faults: { dieOnInitialize: true } });
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: false,
      circuit: { failures: 1, openMs: CENTURY_MS },
    });
    await manager.run('a', nameOf).catch(() => {});
    await sleep(50);
    await expect(manager.run('a', nameOf)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(fleet.made).toBe(1);
  });
});
