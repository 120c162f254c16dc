import { describe, expect, it, onTestFinished } from 'vitest';
import type { ManagedServerSpec } from '../../../src/manager/pool/managed-server.ts';
import { httpProcess, stdioSpec } from '../../../src/testing/index.ts';
import { bounded, eventually, settled } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { http } from '../../support/servers.ts';
import { expectGoneForGood, runningPids, startedPids } from '../../support/processes.ts';
import { nameOf, TOOLS, who } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { EventLog } from '../../support/event-log.ts';
import {
  expectAtRest,
  expectNothingHeld,
  newManager,
  statsOf,
  untilWaiting,
  warm,
} from '../support/managers.ts';
import { ledgerFile } from '../../support/folders.ts';

function processes(script: Parameters<typeof stdioSpec>[0] = {}): {
  ledger: string;
  spec: ManagedServerSpec;
} {
  const ledger = ledgerFile();
  return {
    ledger,
    spec: { ...stdioSpec({ tools: TOOLS, ...script, ledgerFile: ledger }), protocol: 'legacy' },
  };
}

describe('M4 a server that dies while its session is idle', () => {
  it('a process: it is forgotten, not started again, and the next caller gets another', async () => {
    const { ledger, spec } = processes();
    const manager = newManager({ servers: { a: spec } });
    const events = new EventLog(manager);
    await warm(manager, 'a', 2);
    const [first, second] = startedPids(ledger);
    process.kill(first ?? 0, 'SIGKILL');
    await eventually('it is forgotten', () => statsOf(manager, 'a').open === 1);
    expect(statsOf(manager, 'a').closed.died).toBe(1);
    expect(events.of('session-closed')).toMatchObject([{ server: 'a', reason: 'died' }]);
    // An intentional close triggers the restart hook: nothing starts by itself.
    expect(await settled(() => startedPids(ledger).length, 400)).toBe(2);
    expect(await manager.run('a', async (session) => (await who(session)).pid)).toBe(second);
    process.kill(second ?? 0, 'SIGKILL');
    expect(
      await bounded(
        'the next',
        manager.run('a', async (session) => (await who(session)).pid),
      ),
    ).not.toBe(second);
    expect(startedPids(ledger)).toHaveLength(3);
  });

  it('asked for at the very moment: the caller gets one that lives', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    for (let round = 0; round < 10; round++) {
      expect(await bounded('a run', manager.run('a', nameOf, { retry: { delayMs: 1 } }))).toBe(
        `member-${round}`,
      );
      // Nobody can know of it yet.
      fleet.members[round]?.scripted.crash();
    }
    expect(fleet.mostOpen).toBe(1);
  });

  it('a server behind a URL that was restarted: the next caller is served', async () => {
    const server = await httpProcess({ tools: TOOLS });
    onTestFinished(() => server.close());
    const manager = newManager({
      servers: { a: { url: server.url, protocol: 'legacy' } },
      retry: { delayMs: 1 },
    });
    await warm(manager, 'a', 3);
    await server.kill();
    await server.restart();
    for (let round = 0; round < 4; round++) {
      expect((await bounded('a run', manager.run('a', who))).name).toBe('scripted');
    }
    await expectAtRest(manager);
  });

  it('all of them at once, with callers in line', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec() },
      pool: { maxPerServer: 4 },
      retry: { delayMs: 1 },
    });
    await warm(manager, 'a', 4);
    for (const member of fleet.members) member.scripted.crash();
    const runs = Array.from({ length: 50 }, () => manager.run('a', nameOf));
    await bounded('all', Promise.all(runs));
    expect(fleet.mostOpen).toBeLessThanOrEqual(4);
    await expectAtRest(manager);
  });
});

describe('M4 a server that dies while it is leased', () => {
  it('the call under way fails at once; the session is not lent again', async () => {
    const { ledger, spec } = processes({
      tools: [...TOOLS, { name: 'die', does: { type: 'crash', signal: 'SIGKILL' } }],
    });
    const manager = newManager({ servers: { a: spec }, pool: { maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    const before = (await who(lease.session)).pid;
    const next = manager.acquire('a');
    expect(await bounded('the call', failureOf(lease.session.callTool('die')))).toMatchObject({
      code: 'CONNECTION_LOST',
      maybeExecuted: true,
      server: 'a',
    });
    await bounded('release', lease.release());
    const after = await bounded('the next', next);
    expect((await who(after.session)).pid).not.toBe(before);
    await after.release();
    await expectAtRest(manager);
    expect(runningPids(ledger)).toHaveLength(1);
    await manager.close();
    await expectGoneForGood(ledger);
  });

  it.each([{}, false] as const)(
    'calls after that either work or fail at once, and nothing hangs (reconnect: %j)',
    async (reconnect) => {
      const fleet = new Fleet({ tools: TOOLS });
      const manager = newManager({
        servers: { a: { ...fleet.spec(), reconnect } },
        pool: { maxPerServer: 1 },
      });
      const lease = await manager.acquire('a');
      fleet.members[0]?.scripted.crash();
      await bounded(
        'the call',
        lease.session.callTool('echo').catch((error: unknown) => {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^(CONNECTION_LOST|NOT_CONNECTED|SESSION_CLOSED)$/),
          });
        }),
      );
      await bounded('release', lease.release());
      await expectAtRest(manager);
      expect(fleet.open).toBeLessThanOrEqual(1);
      expect(await bounded('the next', manager.run('a', nameOf))).toMatch(/^member-/);
      expect(fleet.mostOpen).toBe(1);
    },
  );

  it('its place is free as soon as the lease is given back, not before', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    fleet.members[0]?.scripted.crash();
    const next = manager.acquire('a');
    await untilWaiting(manager, 'a', 1);
    // Lost for good, or being replaced: either way it is this lease's until it is given back.
    await eventually('it is lost', () => lease.session.status.state !== 'ready' || fleet.made === 2);
    await lease.release();
    expect(await nameOf((await bounded('the next', next)).session)).toMatch(/^member-/);
    expect(fleet.mostOpen).toBe(1);
  });

  it('a stateful session that its server forgot goes on, or is replaced', async () => {
    const server = await http({ tools: TOOLS });
    const manager = newManager({ servers: { a: { url: server.url, protocol: 'legacy' } } });
    const lease = await manager.acquire('a');
    server.expireSessions();
    expect((await bounded('the call', who(lease.session))).name).toBe('scripted');
    await lease.release();
    await bounded('a run', manager.run('a', who));
    await manager.close();
    await eventually('no session is left at the server', () => server.sessions.length === 0);
  });
});

describe('M4 a server that dies while it is being opened', () => {
  it.each<[string, object]>([
    ['at its start', { exitAtStart: { code: 7, stderr: 'cannot bind' } }],
    ['in the handshake', { dieOnInitialize: true }],
  ])('a process, %s: every caller hears of it, and nothing is left', async (_what, faults) => {
    const { ledger, spec } = processes({ faults });
    const manager = newManager({ servers: { a: spec }, pool: { maxPerServer: 2 } });
    const errors = await bounded(
      'all',
      Promise.all([1, 2, 3, 4, 5].map(() => failureOf(manager.acquire('a')))),
    );
    expect(errors.map(({ code, server }) => [code, server])).toEqual(
      errors.map(() => ['CONNECT_FAILED', 'a']),
    );
    await expectNothingHeld(manager);
    expect(statsOf(manager, 'a').created).toBe(0);
    await expectGoneForGood(ledger);
  });

  it('the place is free again: a later caller is served', async () => {
    const fleet = new Fleet((nr) => (nr === 0 ? { faults: { dieOnInitialize: true } } : { tools: TOOLS }));
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { max: 1 } });
    expect((await failureOf(manager.acquire('a'))).code).toBe('CONNECT_FAILED');
    expect(await manager.run('a', nameOf)).toBe('member-1');
  });

  it('killed from outside while it starts', async () => {
    const { ledger, spec } = processes({ startDelayMs: 60_000 });
    const manager = newManager({ servers: { a: spec } });
    const error = failureOf(manager.acquire('a'));
    const pid = await eventually('it starts', () => startedPids(ledger)[0]);
    process.kill(pid, 'SIGKILL');
    expect((await bounded('acquire', error)).code).toBe('CONNECT_FAILED');
    await expectNothingHeld(manager);
  });

  it('one that answers the handshake and is gone: nobody is handed a dead session for good', async () => {
    const fleet = new Fleet((nr) => ({
      tools: TOOLS,
      ...(nr === 0 && { faults: { flap: { afterMs: 0 } } }),
    }));
    const manager = newManager({
      servers: { a: fleet.spec() },
      pool: { maxPerServer: 1 },
      retry: { delayMs: 1 },
    });
    expect(await bounded('a run', manager.run('a', nameOf))).toMatch(/^member-/);
    await expectAtRest(manager);
  });
});

describe('M4 a server that dies while it is being closed', () => {
  it.each(['release', 'discard'] as const)('by %s of an altered session', async (end) => {
    const fleet = new Fleet({ tools: TOOLS, capabilities: { tools: {}, logging: {} } });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    await lease.session.setLoggingLevel('debug');
    const ending = lease[end]();
    fleet.members[0]?.scripted.crash();
    await bounded(end, ending);
    await expectAtRest(manager);
    expect(await manager.run('a', nameOf)).toBe('member-1');
  });

  it.each(['close', 'destroy'] as const)('by %s of the manager', async (end) => {
    const { ledger, spec } = processes({ faults: { ignoreTermination: true } });
    const manager = newManager({ servers: { a: { ...spec, closeGraceMs: 5_000, terminateGraceMs: 5_000 } } });
    await warm(manager, 'a', 2);
    const ending = manager[end]();
    for (const pid of startedPids(ledger)) process.kill(pid, 'SIGKILL');
    await bounded(end, ending);
    await expectNothingHeld(manager);
    await expectGoneForGood(ledger);
  });

  it('by the idle close', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { idleMs: 50 } });
    await warm(manager, 'a', 1);
    const [member] = fleet.members;
    if (member === undefined) throw new Error('there is one');
    const close = member.close.bind(member);
    member.close = () => {
      member.scripted.crash();
      return close();
    };
    await eventually('it is closed', () => statsOf(manager, 'a').open === 0);
    const { closed } = statsOf(manager, 'a');
    expect(Object.values(closed).reduce((sum, count) => sum + count, 0)).toBe(1);
  });
});

describe('M4 a server that keeps dying', () => {
  it('under load, flapping: every run is answered or fails, the count is right, nothing is left', async () => {
    const fleet = new Fleet({ tools: TOOLS, faults: { flap: { afterMs: 15 } } });
    const manager = newManager({
      servers: { a: fleet.spec() },
      pool: { maxPerServer: 4 },
      retry: { attempts: 50, delayMs: 1, maxDelayMs: 5 },
      circuit: false,
    });
    const runs = Array.from({ length: 200 }, (_, nr) =>
      manager.run('a', (session) => session.callTool('echo', { nr })),
    );
    const outcomes = await bounded('all', Promise.all(runs));
    expect(outcomes.map(({ content }) => content[0])).toMatchObject(
      outcomes.map((_, nr) => ({ text: JSON.stringify({ nr }) })),
    );
    expect(fleet.mostOpen).toBeLessThanOrEqual(4);
    await bounded('close', manager.close());
    const { created, closed } = statsOf(manager, 'a');
    expect(Object.values(closed).reduce((sum, count) => sum + count, 0)).toBe(created);
    expect(fleet.open).toBe(0);
  });
});
