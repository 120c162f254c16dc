import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { SessionManager } from '../../src/manager/session-manager.ts';
import { stdioSpec } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { expectGoneForGood, startedPids } from '../support/processes.ts';
import { nameOf, TOOLS } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { EventLog } from '../support/event-log.ts';
import {
  expectAtRest,
  expectNothingHeld,
  newManager,
  statsOf,
  untilWaiting,
  warm,
} from './support/managers.ts';
import { ledgerFile } from '../support/folders.ts';

const WAYS: [string, (manager: SessionManager, signal: AbortSignal) => Promise<unknown>][] = [
  ['acquire', (manager, signal) => manager.acquire('a', { signal })],
  ['run', (manager, signal) => manager.run('a', nameOf, { signal })],
  ['openSession', (manager, signal) => manager.openSession('a', { signal })],
  ['prewarm', (manager, signal) => manager.prewarm('a', 1, { signal })],
];

describe('M8 giving up by a signal', () => {
  it.each(WAYS)('%s with one that has aborted opens nothing', async (_what, ask) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const error = await bounded('the refusal', failureOf(ask(manager, AbortSignal.abort(new Error('why')))));
    expect(error).toMatchObject({ code: 'ABORTED', server: 'a' });
    expect(fleet.made).toBe(0);
    await expectNothingHeld(manager);
  });

  it('acquire with one that has aborted does not take an idle session either', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    await warm(manager, 'a', 1);
    expect((await failureOf(manager.acquire('a', { signal: AbortSignal.abort() }))).code).toBe('ABORTED');
    expect((await failureOf(manager.run('a', nameOf, { signal: AbortSignal.abort() }))).code).toBe('ABORTED');
    expect(statsOf(manager, 'a')).toMatchObject({ idle: 1, leases: 0 });
  });

  it.each(WAYS)(
    '%s while the process starts: nothing is left once the manager is closed',
    async (_what, ask) => {
      const ledger = ledgerFile();
      const spec = stdioSpec({ startDelayMs: 60_000, ledgerFile: ledger });
      const manager = newManager({ servers: { a: { ...spec, protocol: 'legacy' } } });
      const controller = new AbortController();
      const error = failureOf(ask(manager, controller.signal));
      await eventually('it starts', () => startedPids(ledger).length === 1);
      controller.abort(new Error('why'));
      expect(await bounded('the ask', error)).toMatchObject({ code: 'ABORTED', server: 'a' });
      expect(statsOf(manager, 'a')).toMatchObject({ waiting: 0, leases: 0 });
      await bounded('close', manager.close());
      await expectGoneForGood(ledger);
    },
  );

  it('openSession that is given up ends its process at once', async () => {
    const ledger = ledgerFile();
    const spec = stdioSpec({ startDelayMs: 60_000, ledgerFile: ledger });
    const manager = newManager({ servers: { a: { ...spec, protocol: 'legacy' } } });
    const controller = new AbortController();
    const error = failureOf(manager.openSession('a', { signal: controller.signal }));
    await eventually('it starts', () => startedPids(ledger).length === 1);
    controller.abort();
    expect((await bounded('the opening', error)).code).toBe('ABORTED');
    await expectNothingHeld(manager);
    await expectGoneForGood(ledger);
  });

  it('in line: the place is given up, and the signal is let go', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    const controller = new AbortController();
    const { signal } = controller;
    const given = Array.from({ length: 20 }, (_, nr) =>
      failureOf(nr % 2 === 0 ? manager.acquire('a', { signal }) : manager.run('a', nameOf, { signal })),
    );
    await untilWaiting(manager, 'a', 20);
    controller.abort();
    const errors = await bounded('all', Promise.all(given));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['ABORTED']));
    expect(statsOf(manager, 'a').waiting).toBe(0);
    await lease.release();
    expect(statsOf(manager, 'a')).toMatchObject({ idle: 1, leases: 0 });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('after a lease was handed out it changes nothing', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const controller = new AbortController();
    const { signal } = controller;
    const lease = await manager.acquire('a', { signal });
    const fresh = await manager.openSession('a', { signal });
    controller.abort();
    expect([await nameOf(lease.session), await nameOf(fresh)]).toEqual(['member-0', 'member-1']);
  });

  it('during the work: the call is cancelled at the server, and run rejects', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const controller = new AbortController();
    const run = failureOf(
      manager.run('a', (session) => session.callTool('sleep'), { signal: controller.signal }),
    );
    await eventually('it arrived', () => fleet.requests('tools/call').length === 1);
    controller.abort();
    expect(await bounded('run', run)).toMatchObject({ code: 'ABORTED', server: 'a' });
    await eventually('the server was told, or cut off', () => {
      const [member] = fleet.members;
      return member !== undefined && (member.scripted.cancelled.length === 1 || !member.open);
    });
    await expectAtRest(manager);
  });

  it('work that does not listen is left behind, and its session is taken from it', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const controller = new AbortController();
    let later: Promise<unknown> = Promise.resolve();
    let goOn = (): void => {};
    const run = failureOf(
      manager.run(
        'a',
        async (session) => {
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
          later = failureOf(session.callTool('echo', { too: 'late' }));
          await later;
        },
        { signal: controller.signal },
      ),
    );
    await eventually('it works', () => statsOf(manager, 'a').leases === 1);
    controller.abort();
    expect((await bounded('run', run)).code).toBe('ABORTED');
    expect(await bounded('the next', manager.run('a', nameOf))).toMatch(/^member-/);
    goOn();
    await eventually('it went on', () => later);
    expect(await later).toMatchObject({ code: 'SESSION_CLOSED' });
    expect(fleet.requests('tools/call').filter(({ params }) => params['name'] === 'echo')).toEqual([]);
  });

  it('during the pause before another attempt', async () => {
    const fleet = new Fleet({ faults: { dieOnInitialize: true } });
    const retry = { delayMs: 3_600_000, maxDelayMs: 3_600_000 };
    const manager = newManager({ servers: { a: fleet.spec() }, retry });
    const events = new EventLog(manager);
    const controller = new AbortController();
    const run = failureOf(manager.run('a', nameOf, { signal: controller.signal }));
    await events.until('retry');
    controller.abort();
    expect((await bounded('run', run)).code).toBe('ABORTED');
    expect(fleet.made).toBe(1);
  });

  it('work that returned before it was given up has its result', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const controller = new AbortController();
    const result = await manager.run('a', nameOf, { signal: controller.signal });
    controller.abort();
    expect(result).toBe('member-0');
  });

  it('one signal for a thousand of each keeps no listeners', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const broken = new Fleet({ faults: { dieOnInitialize: true } });
    const manager = newManager({
      servers: { a: fleet.spec(), broken: broken.spec() },
      retry: { attempts: 2, delayMs: 1 },
      circuit: false,
    });
    const { signal } = new AbortController();
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', onWarning);
    for (let round = 0; round < 100; round++) {
      await Promise.all([
        ...Array.from({ length: 10 }, async () => (await manager.acquire('a', { signal })).release()),
        ...Array.from({ length: 10 }, () =>
          manager.run('a', (session) => session.ping({ signal }), { signal }),
        ),
      ]);
    }
    for (let round = 0; round < 50; round++) {
      await manager.run('broken', nameOf, { signal }).catch(() => {});
      await (await manager.openSession('a', { signal })).close();
      await manager.checkHealth('a', { signal });
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});
