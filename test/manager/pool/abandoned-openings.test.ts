import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { startedPids } from '../../support/processes.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { expectAtRest, newManager, statsOf } from '../support/managers.ts';
import { ledgerFile } from '../../support/folders.ts';

/** The first server hangs when it starts, all others are well. */
function firstHangs(): Fleet {
  return new Fleet((nr) => (nr === 0 ? { startDelayMs: 60_000 } : { tools: TOOLS }));
}

describe('M8 an opening whose caller gave up', () => {
  it('does not hold up the next caller of the same server', async () => {
    const fleet = firstHangs();
    const manager = newManager({ servers: { a: fleet.spec() }, connectTimeoutMs: 60_000 });
    expect((await failureOf(manager.acquire('a', { timeoutMs: 100 }))).code).toBe('TIMEOUT');
    expect(await bounded('the next', manager.run('a', nameOf))).toBe('member-1');
  });

  it('does not hold the only place against another principal', async () => {
    const fleet = firstHangs();
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { max: 1 }, connectTimeoutMs: 60_000 });
    const controller = new AbortController();
    const ada = failureOf(manager.acquire('a', { principal: 'ada', signal: controller.signal }));
    await eventually('it began', () => fleet.made === 1);
    controller.abort();
    expect((await ada).code).toBe('ABORTED');
    expect(await bounded('bob', manager.run('a', nameOf, { principal: 'bob' }))).toBe('member-1');
    expect(fleet.mostOpen).toBe(1);
  });

  it('does not hold the only place against another server, nor against one in line already', async () => {
    const fleet = firstHangs();
    const manager = newManager({
      servers: { a: fleet.spec(), b: fleet.spec() },
      pool: { max: 1 },
      connectTimeoutMs: 60_000,
    });
    const controller = new AbortController();
    const first = failureOf(manager.acquire('a', { signal: controller.signal }));
    await eventually('it began', () => fleet.made === 1);
    const inLine = manager.run('b', nameOf);
    controller.abort();
    expect((await first).code).toBe('ABORTED');
    expect(await bounded('b', inLine)).toBe('member-1');
  });

  it('that succeeds in the end is of use to a later caller, or closed: never lost', async () => {
    const ledger = ledgerFile();
    const spec = stdioSpec({ tools: TOOLS, startDelayMs: 300, ledgerFile: ledger });
    const manager = newManager({
      servers: { a: { ...spec, protocol: 'legacy' } },
      pool: { maxPerServer: 1 },
    });
    expect((await failureOf(manager.acquire('a', { timeoutMs: 150 }))).code).toBe('TIMEOUT');
    expect(await bounded('the next', manager.run('a', nameOf))).toBe('scripted');
    await expectAtRest(manager);
    expect(startedPids(ledger).length).toBeLessThanOrEqual(2);
    expect(statsOf(manager, 'a').open).toBe(1);
  });

  it('of several callers one gave up: the others get what was opened', async () => {
    const fleet = new Fleet({ tools: TOOLS, startDelayMs: 200 });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 2 } });
    const controller = new AbortController();
    const given = failureOf(manager.acquire('a', { signal: controller.signal }));
    const patient = [manager.run('a', nameOf), manager.run('a', nameOf)];
    controller.abort();
    expect((await given).code).toBe('ABORTED');
    await bounded('the others', Promise.all(patient));
    expect(fleet.mostOpen).toBeLessThanOrEqual(2);
    await expectAtRest(manager);
  });
});
