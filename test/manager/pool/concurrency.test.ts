import { describe, expect, it } from 'vitest';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { http } from '../../support/servers.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { newManager } from '../support/managers.ts';
import { fixture } from '../../support/fixtures.ts';
import { ledgerFile } from '../../support/folders.ts';
import { mostAtOnce } from '../../support/processes.ts';

describe('how many servers of a manager come up at a time', () => {
  it.each([1, 3])('processes: %i, for pooled and fresh sessions together', async (processes) => {
    const ledger = ledgerFile();
    const spec = fixture('group-starting.mjs', ledger, String(processes), '50', 'echo');
    const manager = newManager({
      servers: { a: { ...spec, protocol: 'legacy' }, b: { ...spec, protocol: 'legacy' } },
      concurrency: { processes },
    });
    await Promise.all([
      ...[1, 2, 3].flatMap(() => [manager.acquire('a'), manager.acquire('b')]),
      ...[1, 2].map(() => manager.openSession('a')),
    ]);
    expect(mostAtOnce(ledger)).toBe(processes);
  });

  it('one that hangs does not keep the others for long; the wait for its turn is not its time to connect', async () => {
    const [hung, well] = [await http({ faults: { neverInitialize: true } }), await http({ tools: TOOLS })];
    const manager = newManager({
      servers: { hung: { url: hung.url }, well: { url: well.url, connectTimeoutMs: 1_500 } },
      concurrency: { remote: 1 },
    });
    const stuck = failureOf(manager.acquire('hung'));
    await eventually('it is greeted', () => hung.requests.length > 0);
    expect(await bounded('the other', manager.run('well', nameOf, { retry: false }))).toBe('scripted');
    await manager.destroy();
    expect((await stuck).code).toBe('SESSION_CLOSED');
  });

  it('one that waits for its turn can be given up', async () => {
    const [hung, well] = [await http({ faults: { neverInitialize: true } }), await http({ tools: TOOLS })];
    const manager = newManager({
      servers: { hung: { url: hung.url }, well: { url: well.url } },
      concurrency: { remote: 1 },
    });
    const stuck = failureOf(manager.acquire('hung'));
    await eventually('it is greeted', () => hung.requests.length > 0);
    const [late, given, fresh] = await bounded(
      'all',
      Promise.all([
        failureOf(manager.acquire('well', { timeoutMs: 100 })),
        failureOf(manager.acquire('well', { signal: AbortSignal.timeout(100) })),
        failureOf(manager.openSession('well', { signal: AbortSignal.timeout(100) })),
      ]),
    );
    expect([late.code, given.code, fresh.code]).toEqual(['TIMEOUT', 'ABORTED', 'ABORTED']);
    await manager.destroy();
    expect((await stuck).code).toBe('SESSION_CLOSED');
  });

  it('servers in this process wait for nobody', async () => {
    const hung = await http({ faults: { neverInitialize: true } });
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { hung: { url: hung.url }, here: fleet.spec() },
      concurrency: { remote: 1, processes: 1 },
    });
    const stuck = failureOf(manager.acquire('hung'));
    await eventually('it is greeted', () => hung.requests.length > 0);
    expect(await bounded('the one here', manager.run('here', nameOf))).toBe('member-0');
    await manager.destroy();
    await stuck;
  });
});
