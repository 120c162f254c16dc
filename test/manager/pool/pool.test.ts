import { setTimeout as sleep } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { http, local } from '../../support/servers.ts';
import { expectGoneForGood, runningPids } from '../../support/processes.ts';
import { nameOf, TOOLS, who } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import {
  expectNothingHeld,
  newManager,
  releaseAll,
  statsOf,
  untilWaiting,
  warm,
  watched,
} from '../support/managers.ts';
import { ledgerFile } from '../../support/folders.ts';

describe('M4 get or create', () => {
  it('an idle session is used again', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    for (let round = 0; round < 20; round++) {
      await using lease = await manager.acquire('a');
      expect(await nameOf(lease.session)).toBe('member-0');
    }
    expect(fleet.made).toBe(1);
    expect(statsOf(manager, 'a')).toMatchObject({ created: 1, open: 1, idle: 1, leased: 0, leases: 0 });
  });

  it('a leased one is not: the next caller gets another', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const [one, two] = [await manager.acquire('a'), await manager.acquire('a')];
    expect(await nameOf(one.session)).not.toBe(await nameOf(two.session));
    await one.release();
    const three = await manager.acquire('a');
    expect(await nameOf(three.session)).toBe('member-0');
    expect(statsOf(manager, 'a')).toMatchObject({ open: 2, leased: 2, idle: 0, created: 2 });
  });

  it('works for a process and for a server behind a URL', async () => {
    const ledger = ledgerFile();
    const process = { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' as const };
    const remote = await http({ tools: TOOLS });
    const manager = newManager({ servers: { process, remote: { url: remote.url, protocol: 'legacy' } } });
    const pids = new Set<number>();
    const ids = new Set<string | undefined>();
    for (let round = 0; round < 5; round++) {
      pids.add(await manager.run('process', async (session) => (await who(session)).pid));
      ids.add(await manager.run('remote', async (session) => (await who(session)).sessionId));
    }
    expect([pids.size, ids.size]).toEqual([1, 1]);
    expect(remote.sessions).toHaveLength(1);
    await manager.close();
    expect(remote.sessions).toEqual([]);
    await expectGoneForGood(ledger);
  });

  it('sessions of two names are never mixed, though the specs are the same', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec(), b: fleet.spec() } });
    await warm(manager, 'a', 1);
    const lease = await manager.acquire('b');
    expect([lease.server, lease.session.name, await nameOf(lease.session)]).toEqual(['b', 'b', 'member-1']);
  });
});

describe('M3 a lease is closed with its scope', () => {
  it('await using gives the session back', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    {
      await using lease = await manager.acquire('a');
      await lease.session.callTool('echo');
      expect(statsOf(manager, 'a').leases).toBe(1);
    }
    expect(statsOf(manager, 'a')).toMatchObject({ leases: 0, leased: 0, idle: 1 });
  });

  it('also when the scope is left by a throw', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    for (let round = 0; round < 3; round++) {
      const use = async (): Promise<void> => {
        await using lease = await manager.acquire('a');
        await lease.session.ping();
        throw new Error('enough');
      };
      await expect(use()).rejects.toThrow('enough');
    }
    expect(statsOf(manager, 'a')).toMatchObject({ leases: 0, idle: 1, created: 1 });
  });

  it('discard really closes: the process is gone and the manager has forgotten it', async () => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' as const };
    const manager = newManager({ servers: { a: spec } });
    const lease = await manager.acquire('a');
    await lease.discard();
    expect(runningPids(ledger)).toEqual([]);
    expect(statsOf(manager, 'a')).toMatchObject({ open: 0, closed: { discarded: 1 } });
    await expectGoneForGood(ledger);
  });
});

describe('M4 bounds', () => {
  it('of one server: no more are opened, the next caller waits', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec(), b: fleet.spec() }, pool: { maxPerServer: 2 } });
    const leases = await Promise.all([manager.acquire('a'), manager.acquire('a')]);
    const third = watched(manager.acquire('a'));
    await untilWaiting(manager, 'a', 1);
    expect(fleet.made).toBe(2);
    // Another server has its own.
    const other = await bounded('b', manager.acquire('b'));
    expect(third.settled).toBe(false);
    await leases[1]?.release();
    expect(await nameOf((await third.promise).session)).toBe('member-1');
    await releaseAll([other]);
  });

  it('in all: a caller of another server waits, too', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec(), b: fleet.spec() }, pool: { max: 2 } });
    const leases = await Promise.all([manager.acquire('a'), manager.acquire('a')]);
    const other = watched(manager.acquire('b'));
    await untilWaiting(manager, 'b', 1);
    expect(fleet.made).toBe(2);
    await leases[0]?.release();
    const lease = await bounded('b', other.promise);
    expect(lease.server).toBe('b');
    expect(fleet.mostOpen).toBe(2);
  });

  it('nobody became free in time: POOL_EXHAUSTED, and the place in line is given up', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    const error = await bounded('acquire', failureOf(manager.acquire('a', { timeoutMs: 100 })));
    expect(error).toMatchObject({ code: 'POOL_EXHAUSTED', server: 'a' });
    expect(statsOf(manager, 'a').waiting).toBe(0);
    await lease.release();
    await (await manager.acquire('a', { timeoutMs: 10_000 })).release();
    expect(statsOf(manager, 'a')).toMatchObject({ idle: 1, created: 1 });
  });

  it('a caller that would not wait at all gets what is idle, or POOL_EXHAUSTED', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    await warm(manager, 'a', 1);
    const lease = await manager.acquire('a', { timeoutMs: 0 });
    const error = await bounded('acquire', failureOf(manager.acquire('a', { timeoutMs: 0 })));
    expect(error.code).toBe('POOL_EXHAUSTED');
    await lease.release();
  });

  it("the pool's acquireTimeoutMs holds for those that say nothing", async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec() },
      pool: { maxPerServer: 1, acquireTimeoutMs: 100 },
    });
    const lease = await manager.acquire('a');
    expect((await bounded('acquire', failureOf(manager.acquire('a')))).code).toBe('POOL_EXHAUSTED');
    const patient = watched(manager.acquire('a', { timeoutMs: 60_000 }));
    expect((await bounded('another', failureOf(manager.acquire('a')))).code).toBe('POOL_EXHAUSTED');
    expect(patient.settled).toBe(false);
    await lease.release();
    await bounded('the patient one', patient.promise);
  });

  it.each([0, 3])('maxWaiting %i: one more is POOL_EXHAUSTED at once', async (maxWaiting) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1, maxWaiting } });
    const lease = await manager.acquire('a');
    const waiting = Array.from({ length: maxWaiting }, () => manager.acquire('a', { timeoutMs: 60_000 }));
    await untilWaiting(manager, 'a', maxWaiting);
    const error = await bounded('one more', failureOf(manager.acquire('a', { timeoutMs: 60_000 })));
    expect(error.code).toBe('POOL_EXHAUSTED');
    expect(statsOf(manager, 'a').waiting).toBe(maxWaiting);
    await lease.release();
    for (const next of waiting) await (await bounded('a waiter', next)).release();
  });

  it('maxWaiting 0 keeps nobody from what is free, or can still be opened', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 2, maxWaiting: 0 } });
    const leases = await Promise.all([manager.acquire('a'), manager.acquire('a')]);
    await leases[0]?.release();
    await manager.acquire('a');
    expect(fleet.made).toBe(2);
  });
});

describe('M4 a server object, which serves one session at a time', () => {
  it('an official McpServer: callers take turns', async () => {
    const server = new McpServer({ name: 'one', version: '1' });
    server.registerTool('hi', {}, async () => ({ content: [{ type: 'text', text: 'hi' }] }));
    const manager = newManager({ servers: { a: { server } } });
    const hi = (principal?: string): Promise<unknown> =>
      manager.run('a', (session) => session.callTool('hi'), { principal });
    const answers = await bounded('all', Promise.allSettled([hi(), hi(), hi('ada'), hi('bob'), hi()]));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 'fulfilled'));
  });

  it("ending one session does not end another's calls", async () => {
    const server = local({ tools: [...TOOLS, { name: 'slow', does: { type: 'slow', ms: 1_000 } }] });
    const manager = newManager({ servers: { a: { server, protocol: 'legacy' } } });
    const one = await manager.acquire('a');
    const call = manager.run('a', (session) => session.callTool('slow', { nr: 1 }), {
      principal: 'ada',
      retry: false,
    });
    // It is under way already, or has to wait for the first one to end.
    const outcome = Promise.allSettled([call]);
    await Promise.race([outcome, sleep(300)]);
    await one.discard();
    expect(await bounded('the call', outcome)).toMatchObject([
      { status: 'fulfilled', value: { content: [{ text: '{"nr":1}' }] } },
    ]);
  });
});

describe('M4 closed all at once', () => {
  it('every pooled session is closed with the manager, side by side', async () => {
    // Each of them closes only when all of them are being closed.
    let closing = 0;
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec(), b: fleet.spec() }, pool: { maxPerServer: 10 } });
    await Promise.all([warm(manager, 'a', 10), warm(manager, 'b', 10)]);
    expect(fleet.open).toBe(20);
    let inTime = 0;
    for (const member of fleet.members) {
      const close = member.close.bind(member);
      member.close = async () => {
        closing++;
        // Less than the 2 s that a server in this process is given.
        await eventually('all are being closed', () => closing === 20);
        inTime++;
        await close();
      };
    }
    await bounded('close', manager.close());
    expect([closing, inTime, fleet.open]).toEqual([20, 20, 0]);
    await expectNothingHeld(manager);
  });
});
