import { describe, expect, it } from 'vitest';
import type { SessionManager } from '../../src/manager/session-manager.ts';
import { stdioSpec } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { expectGoneForGood, runningPids, startedPids } from '../support/processes.ts';
import { nameOf, TOOLS } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { EventLog } from '../support/event-log.ts';
import { expectNothingHeld, newManager, statsOf, untilWaiting, warm, watched } from './support/managers.ts';
import { ledgerFile } from '../support/folders.ts';

const ENDS = ['close', 'destroy'] as const;

describe('M3 the end of a manager with leases out', () => {
  it.each(ENDS)(
    '%s: the sessions are closed, the leases are over, and giving them back is harmless',
    async (end) => {
      const ledger = ledgerFile();
      const spec = { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' as const };
      const fleet = new Fleet({ tools: TOOLS });
      const manager = newManager({ servers: { process: spec, a: fleet.spec() } });
      const leases = [await manager.acquire('process'), await manager.acquire('a')];
      await bounded(end, manager[end]());
      expect(runningPids(ledger)).toEqual([]);
      expect(fleet.open).toBe(0);
      for (const lease of leases) {
        expect((await failureOf(lease.session.callTool('echo'))).code).toBe('SESSION_CLOSED');
        await bounded('release', lease.release());
        await bounded('discard', lease.discard());
      }
      await expectNothingHeld(manager);
      await expectGoneForGood(ledger);
    },
  );

  it('close lets the calls under way through them finish', async () => {
    const fleet = new Fleet({ tools: [{ name: 'slow', does: { type: 'slow', ms: 300 } }] });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const [lease, fresh] = [await manager.acquire('a'), await manager.openSession('a')];
    const calls = [lease.session.callTool('slow', { nr: 1 }), fresh.callTool('slow', { nr: 2 })];
    await eventually('they arrived', () => fleet.requests('tools/call').length === 2);
    await bounded('close', manager.close());
    expect(await Promise.all(calls)).toMatchObject([
      { content: [{ text: '{"nr":1}' }] },
      { content: [{ text: '{"nr":2}' }] },
    ]);
  });

  it('close ends by force after closeTimeoutMs', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, closeTimeoutMs: 200, timeoutMs: Infinity });
    const [lease, fresh] = [await manager.acquire('a'), await manager.openSession('a')];
    const calls = [lease.session.callTool('hang'), fresh.callTool('hang')].map((call) => failureOf(call));
    await eventually('they arrived', () => fleet.requests('tools/call').length === 2);
    await bounded('close', manager.close());
    const errors = await bounded('the calls', Promise.all(calls));
    expect(errors.map(({ code }) => code)).toEqual(['SESSION_CLOSED', 'SESSION_CLOSED']);
    expect(fleet.open).toBe(0);
    await expectNothingHeld(manager);
  });

  it('closeTimeoutMs 0 waits for nothing', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, closeTimeoutMs: 0, timeoutMs: Infinity });
    const lease = await manager.acquire('a');
    const call = failureOf(lease.session.callTool('hang'));
    await eventually('it arrived', () => fleet.requests('tools/call').length === 1);
    await bounded('close', manager.close());
    expect((await bounded('the call', call)).code).toBe('SESSION_CLOSED');
  });

  it('destroy fails them at once', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, timeoutMs: Infinity });
    const [lease, fresh] = [await manager.acquire('a'), await manager.openSession('a')];
    const calls = [lease.session.callTool('hang'), fresh.callTool('hang')].map((call) => failureOf(call));
    await eventually('they arrived', () => fleet.requests('tools/call').length === 2);
    await bounded('destroy', manager.destroy('enough'));
    const errors = await bounded('the calls', Promise.all(calls));
    expect(errors.map(({ code }) => code)).toEqual(['SESSION_CLOSED', 'SESSION_CLOSED']);
  });

  it('destroy overtakes a close that waits', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec() },
      timeoutMs: Infinity,
      closeTimeoutMs: 3_600_000,
    });
    const lease = await manager.acquire('a');
    const call = failureOf(lease.session.callTool('hang'));
    await eventually('it arrived', () => fleet.requests('tools/call').length === 1);
    const closing = watched(manager.close());
    expect(closing.settled).toBe(false);
    await bounded('destroy', manager.destroy());
    await bounded('close', closing.promise);
    expect((await call).code).toBe('SESSION_CLOSED');
  });
});

describe('M3 the end of a manager whose sessions are lost', () => {
  it.each(ENDS)(
    '%s while a fresh one and a leased one are being replaced: nothing comes back',
    async (end) => {
      const ledger = ledgerFile();
      const script = { tools: TOOLS, ledgerFile: ledger };
      const manager = newManager({ servers: { a: { ...stdioSpec(script), protocol: 'legacy' } } });
      const [lease, fresh] = await Promise.all([manager.acquire('a'), manager.openSession('a')]);
      const sessions = [fresh, lease.session].map((session) => ({ session, since: session.status.since }));
      for (const pid of startedPids(ledger)) process.kill(pid, 'SIGKILL');
      // By when their state began: a replacement may be there between two looks.
      await eventually('they are lost', () =>
        sessions.every(({ session, since }) => session.status.since !== since),
      );
      await bounded(end, manager[end]());
      expect(fresh.status.state).toBe('closed');
      await expectNothingHeld(manager);
      await expectGoneForGood(ledger);
    },
  );
});

describe('M3 the end of a manager with callers in line', () => {
  it.each(ENDS)('%s: they are all rejected with SESSION_CLOSED', async (end) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec(), b: fleet.spec() }, pool: { max: 1 } });
    await manager.acquire('a');
    const waiting = Array.from({ length: 50 }, (_, nr) =>
      failureOf(manager.acquire(nr % 2 === 0 ? 'a' : 'b')),
    );
    const runs = Array.from({ length: 10 }, () => failureOf(manager.run('b', nameOf)));
    await untilWaiting(manager, 'b', 35);
    await bounded(end, manager[end]());
    const errors = await bounded('all', Promise.all([...waiting, ...runs]));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['SESSION_CLOSED']));
    expect(fleet.made).toBe(1);
    await expectNothingHeld(manager);
  });
});

describe('M3 the end of a manager with runs under way', () => {
  it('close lets them finish, and nothing new begins', async () => {
    const fleet = new Fleet({ tools: [{ name: 'slow', does: { type: 'slow', ms: 150 } }, ...TOOLS] });
    const manager = newManager({ servers: { a: fleet.spec() } });
    let steps = 0;
    const run = manager.run('a', async (session) => {
      for (; steps < 3; steps++) await session.callTool('slow');
      return 'done';
    });
    await eventually('it runs', () => fleet.requests('tools/call').length === 1);
    const closing = manager.close();
    expect((await failureOf(manager.run('a', nameOf))).code).toBe('SESSION_CLOSED');
    expect([await bounded('run', run), steps]).toEqual(['done', 3]);
    await bounded('close', closing);
    expect(fleet.open).toBe(0);
  });

  it('close ends those that do not end, after closeTimeoutMs, the deaf ones too', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, closeTimeoutMs: 200, timeoutMs: Infinity });
    let signal: AbortSignal | undefined;
    const runs = [
      manager.run('a', (session, context) => {
        ({ signal } = context);
        return session.callTool('hang');
      }),
      manager.run('a', () => new Promise<never>(() => {})),
    ].map((run) => failureOf(run));
    await eventually('they run', () => statsOf(manager, 'a').leases === 2);
    await bounded('close', manager.close());
    const errors = await bounded('the runs', Promise.all(runs));
    expect(errors.map(({ code }) => code)).toEqual(['SESSION_CLOSED', 'SESSION_CLOSED']);
    expect(signal?.aborted).toBe(true);
    await expectNothingHeld(manager);
  });

  it('destroy ends them at once, in whatever they are', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const slow = new Fleet({ startDelayMs: 60_000 });
    const broken = new Fleet({ faults: { dieOnInitialize: true } });
    const manager = newManager({
      servers: { a: fleet.spec(), slow: slow.spec(), broken: broken.spec() },
      retry: { delayMs: 3_600_000, maxDelayMs: 3_600_000 },
    });
    const events = new EventLog(manager);
    const runs = [
      manager.run('a', (session) => session.callTool('hang')),
      manager.run('a', () => new Promise<never>(() => {})),
      manager.run('slow', nameOf),
      manager.run('broken', nameOf),
    ].map((run) => failureOf(run));
    await events.until('retry');
    await eventually('the others run', () => statsOf(manager, 'a').leases === 2 && slow.made === 1);
    await bounded('destroy', manager.destroy());
    const errors = await bounded('the runs', Promise.all(runs));
    expect(errors.map(({ code }) => code)).toEqual(errors.map(() => 'SESSION_CLOSED'));
    await expectNothingHeld(manager);
  });

  it('close does not wait out the pause before another attempt that nobody could make', async () => {
    const broken = new Fleet({ faults: { dieOnInitialize: true } });
    const retry = { delayMs: 3_600_000, maxDelayMs: 3_600_000 };
    const manager = newManager({ servers: { a: broken.spec() }, retry, closeTimeoutMs: 3_600_000 });
    const events = new EventLog(manager);
    const run = failureOf(manager.run('a', nameOf));
    await events.until('retry');
    await bounded('close', manager.close());
    expect((await bounded('run', run)).code).toMatch(/^(SESSION_CLOSED|CONNECT_FAILED)$/);
  });

  it.each(ENDS)('%s within the work of a run does not wait for itself for ever', async (end) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, closeTimeoutMs: 200 });
    const run = manager.run('a', () => manager[end]()).catch(() => {});
    await bounded('the run', run);
    await bounded(end, manager[end]());
    expect(fleet.open).toBe(0);
  });
});

describe('M3 the end of a manager with openings under way', () => {
  const waysIn: [string, (manager: SessionManager) => Promise<unknown>][] = [
    ['acquire', (manager) => manager.acquire('a')],
    ['openSession', (manager) => manager.openSession('a')],
    ['run', (manager) => manager.run('a', nameOf)],
    ['prewarm', (manager) => manager.prewarm('a', 2)],
  ];
  const cases = waysIn.flatMap(([what, open]) => ENDS.map((end) => [end, what, open] as const));

  it.each(cases)('%s during %s: it is rejected, and no process is left', async (end, _what, open) => {
    const ledger = ledgerFile();
    const spec = stdioSpec({ startDelayMs: 60_000, ledgerFile: ledger });
    const manager = newManager({
      servers: { a: { ...spec, protocol: 'legacy' } },
      connectTimeoutMs: 60_000,
      closeTimeoutMs: 500,
    });
    const error = failureOf(open(manager));
    await eventually('it starts', () => startedPids(ledger).length > 0);
    await bounded(end, manager[end]());
    expect((await bounded('the opening', error)).code).toBe('SESSION_CLOSED');
    await expectNothingHeld(manager);
    await expectGoneForGood(ledger);
  });

  it.each(cases)('%s during %s, while a factory never makes its spec', async (end, _what, open) => {
    let asked: AbortSignal | undefined;
    const manager = newManager({
      servers: {
        a: ({ signal }) => {
          asked = signal;
          return new Promise(() => {});
        },
      },
      closeTimeoutMs: 500,
    });
    const error = failureOf(open(manager));
    await eventually('it is asked', () => asked !== undefined);
    await bounded(end, manager[end]());
    expect((await bounded('the opening', error)).code).toBe('SESSION_CLOSED');
    expect(asked?.aborted).toBe(true);
    await expectNothingHeld(manager);
  });

  it.each(cases)('%s during %s, while a function never makes the server', async (end, _what, open) => {
    let asked = false;
    const server = (): Promise<never> => {
      asked = true;
      return new Promise(() => {});
    };
    const manager = newManager({ servers: { a: { server } }, closeTimeoutMs: 500 });
    const error = failureOf(open(manager));
    await eventually('it is asked', () => asked);
    await bounded(end, manager[end]());
    expect((await bounded('the opening', error)).code).toBe('SESSION_CLOSED');
    await expectNothingHeld(manager);
  });
});

describe('M3 a manager that is closed', () => {
  const asks: [string, (manager: SessionManager) => Promise<unknown>][] = [
    ['openSession', (manager) => manager.openSession('a')],
    ['openSession of a spec', (manager) => manager.openSession(new Fleet().spec())],
    ['acquire', (manager) => manager.acquire('a')],
    ['run', (manager) => manager.run('a', nameOf)],
    ['checkHealth', (manager) => manager.checkHealth('a')],
    ['checkHealth of all', (manager) => manager.checkHealth()],
    ['prewarm', (manager) => manager.prewarm('a', 1)],
    ['prewarm of none', (manager) => manager.prewarm('a', 0)],
  ];

  it.each(asks)('%s is SESSION_CLOSED, and opens nothing', async (_what, ask) => {
    for (const end of ENDS) {
      const fleet = new Fleet({ tools: TOOLS });
      const manager = newManager({ servers: { a: fleet.spec() } });
      await warm(manager, 'a', 1);
      await manager[end]();
      expect((await bounded('the refusal', failureOf(ask(manager)))).code, end).toBe('SESSION_CLOSED');
      expect([fleet.made, fleet.open]).toEqual([1, 0]);
    }
  });

  it('may be closed from several places, in any order, any number of times', async () => {
    for (const order of [
      ['close', 'close', 'destroy'],
      ['destroy', 'close', 'destroy'],
      ['close', 'destroy', 'close'],
    ] as const) {
      const fleet = new Fleet({ tools: TOOLS });
      const manager = newManager({ servers: { a: fleet.spec() } });
      await manager.acquire('a');
      await bounded(order.join(), Promise.all(order.map((end) => manager[end]())));
      for (const end of order) await bounded(end, manager[end]());
      await manager[Symbol.asyncDispose]();
      expect(fleet.open).toBe(0);
    }
  });

  it('tells when it is closed, and why', async () => {
    const [closed, destroyed] = [1, 2].map(() => newManager({ servers: {} }));
    const reason = new Error('power cut');
    const told = watched(Promise.all([closed?.closed, destroyed?.closed]));
    expect(told.settled).toBe(false);
    await Promise.all([closed?.close(), destroyed?.destroy(reason)]);
    expect(await bounded('closed', told.promise)).toEqual([undefined, reason]);
  });

  it('closed resolves only when nothing is left', async () => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ tools: TOOLS, ledgerFile: ledger }), protocol: 'legacy' as const };
    const manager = newManager({ servers: { a: spec } });
    await manager.acquire('a');
    const left = manager.closed.then(() => runningPids(ledger));
    void manager.close();
    expect(await bounded('closed', left)).toEqual([]);
  });

  it('its events end, after the last of them', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const events = new EventLog(manager);
    await warm(manager, 'a', 2);
    await manager.close();
    await eventually('they end', () => events.ended);
    expect(events.of('session-closed').map(({ reason }) => reason)).toEqual(['closed', 'closed']);
    const late = new EventLog(manager);
    await eventually('new ones, too', () => late.ended);
  });

  it('one that was never used is closed at once', async () => {
    await using manager = newManager({ servers: { a: { command: '/nowhere' } } });
    expect(manager.stats().size).toBe(1);
    await bounded('close', manager.close());
  });

  it('can still be asked how its servers are', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    await warm(manager, 'a', 1);
    await manager.close();
    expect(statsOf(manager, 'a')).toMatchObject({ open: 0, idle: 0, created: 1, closed: { closed: 1 } });
  });
});
