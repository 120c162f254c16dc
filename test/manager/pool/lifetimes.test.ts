import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { expectGoneForGood, runningPids } from '../../support/processes.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { EventLog } from '../../support/event-log.ts';
import { expectNothingHeld, newManager, statsOf, warm } from '../support/managers.ts';
import { ledgerFile } from '../../support/folders.ts';

describe('M4 idle close', () => {
  it('a session that nobody uses is closed after idleMs, process and all', async () => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' as const };
    const manager = newManager({ servers: { a: spec }, pool: { idleMs: 100 } });
    const events = new EventLog(manager);
    await warm(manager, 'a', 2);
    await eventually('all are closed', () => statsOf(manager, 'a').open === 0);
    await expectNothingHeld(manager);
    expect(runningPids(ledger)).toEqual([]);
    expect(statsOf(manager, 'a').closed).toMatchObject({ idle: 2 });
    expect(events.of('session-closed').map(({ reason }) => reason)).toEqual(['idle', 'idle']);
    await expectGoneForGood(ledger);
  });

  it('a leased one is not, however long', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { idleMs: 50 } });
    const lease = await manager.acquire('a');
    await sleep(300);
    expect(await nameOf(lease.session)).toBe('member-0');
    expect(fleet.open).toBe(1);
    await lease.release();
    await eventually('it is closed', () => fleet.open === 0);
  });

  it('each use starts the time over', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { idleMs: 2_000 } });
    // Four seconds altogether, with never two between two uses.
    for (let round = 0; round < 10; round++) {
      await manager.run('a', nameOf);
      await sleep(400);
    }
    expect(fleet.made).toBe(1);
  });

  it('Infinity keeps it', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { idleMs: Infinity } });
    await warm(manager, 'a', 1);
    await sleep(200);
    expect([fleet.open, statsOf(manager, 'a').idle]).toEqual([1, 1]);
  });

  it('0 keeps nothing, and every caller is served', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { idleMs: 0, maxPerServer: 2 } });
    await bounded(
      'all runs',
      Promise.all(Array.from({ length: 20 }, () => manager.run('a', (session) => session.callTool('echo')))),
    );
    await expectNothingHeld(manager);
    expect(fleet.open).toBe(0);
    expect(fleet.mostOpen).toBeLessThanOrEqual(2);
  });

  it('after an idle close the next caller gets a new one', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { idleMs: 50 } });
    await warm(manager, 'a', 1);
    await eventually('it is closed', () => statsOf(manager, 'a').open === 0);
    expect(await manager.run('a', nameOf)).toBe('member-1');
  });
});

describe('M4 maximum age', () => {
  it('an old session is not handed out', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxAgeMs: 150 } });
    const lease = await manager.acquire('a');
    await sleep(200);
    // It is not taken from the one that has it.
    expect(await nameOf(lease.session)).toBe('member-0');
    await lease.release();
    expect(await manager.run('a', nameOf)).toBe('member-1');
    await eventually('it is closed', () => statsOf(manager, 'a').closed.age >= 1);
    expect(fleet.members[0]?.open).toBe(false);
  });

  it('nor kept, nor handed to one that waits', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxAgeMs: 100, maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    const next = manager.acquire('a');
    await sleep(150);
    await lease.release();
    expect(await nameOf((await bounded('the next', next)).session)).toBe('member-1');
    expect(fleet.mostOpen).toBe(1);
  });

  it('one that grew old while it was idle is closed by itself, or at the next acquire at the latest', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxAgeMs: 100, maxPerServer: 1 } });
    await warm(manager, 'a', 1);
    await sleep(200);
    expect(await manager.run('a', nameOf)).toBe('member-1');
    expect(statsOf(manager, 'a').closed.age).toBe(1);
  });
});

describe('M4 a health check before reuse', () => {
  const pool = { checkAfterMs: 10, maxPerServer: 1 };

  it('is asked for of one that was idle for longer than checkAfterMs', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool });
    await warm(manager, 'a', 1);
    await sleep(50);
    await (await manager.acquire('a')).release();
    expect(fleet.requests('ping')).toHaveLength(1);
    expect(fleet.made).toBe(1);
  });

  it('checkAfterMs 0 asks every idle one, and no caller waits for ever', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { checkAfterMs: 0, maxPerServer: 1 } });
    for (let round = 0; round < 3; round++) {
      const lease = await bounded('acquire', manager.acquire('a'));
      await lease.release();
    }
    expect(fleet.made).toBe(1);
  });

  it('is not asked for of one that was in use just now', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { checkAfterMs: 60_000 } });
    for (let round = 0; round < 10; round++) await (await manager.acquire('a')).release();
    expect(fleet.requests('ping')).toEqual([]);
  });

  it('one that gives none is closed, and the caller gets a new one', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool, health: { timeoutMs: 200 } });
    await warm(manager, 'a', 1);
    fleet.members[0]?.scripted.hang();
    await sleep(50);
    const lease = await bounded('acquire', manager.acquire('a'));
    expect(await nameOf(lease.session)).toBe('member-1');
    expect(statsOf(manager, 'a').closed.unhealthy).toBe(1);
    expect(fleet.members[0]?.open).toBe(false);
    expect(fleet.mostOpen, 'the bound holds meanwhile').toBe(1);
  });

  it('one that answers with an error is not taken for dead, or is replaced: the caller gets one that works', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool });
    await warm(manager, 'a', 1);
    fleet.members[0]?.scripted.setFaults({ refuse: { ping: { code: -32_603, message: 'confused' } } });
    await sleep(50);
    const lease = await bounded('acquire', manager.acquire('a'));
    expect(await nameOf(lease.session)).toMatch(/^member-/);
  });

  it('the caller that gives up meanwhile is let go, and the next one is served', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool, health: { timeoutMs: 1_000 } });
    await warm(manager, 'a', 1);
    fleet.members[0]?.scripted.hang();
    await sleep(50);
    const controller = new AbortController();
    const given = failureOf(manager.acquire('a', { signal: controller.signal }));
    await eventually('the check is under way', () => statsOf(manager, 'a').opening === 1);
    controller.abort();
    expect((await bounded('the first', given)).code).toBe('ABORTED');
    const lease = await bounded('the second', manager.acquire('a'));
    expect(await nameOf(lease.session)).toBe('member-1');
  });
});
