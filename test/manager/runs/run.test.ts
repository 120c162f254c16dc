import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/index.ts';
import type { RunContext } from '../../../src/manager/runs/run-options.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { expectAtRest, newManager, statsOf } from '../support/managers.ts';
import { textOf } from '../../support/results.ts';

function one(options: Partial<Parameters<typeof newManager>[0]> = {}) {
  const fleet = new Fleet({ tools: TOOLS });
  return {
    fleet,
    manager: newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 }, ...options }),
  };
}

describe('M5 run', () => {
  it('acquires, does, releases, and gives back what the work returned', async () => {
    const { fleet, manager } = one();
    const results = [];
    for (let nr = 0; nr < 5; nr++) {
      results.push(await manager.run('a', async (session) => textOf(await session.callTool('echo', { nr }))));
    }
    expect(results).toEqual([0, 1, 2, 3, 4].map((nr) => JSON.stringify({ nr })));
    expect(fleet.made).toBe(1);
    expect(statsOf(manager, 'a')).toMatchObject({ leases: 0, idle: 1 });
  });

  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['a value', () => 42],
    ['null', () => null],
    ['a promise', () => Promise.resolve('later')],
  ])('the work may return %s', async (_what, work) => {
    const { manager } = one();
    expect(await manager.run('a', work)).toBe(await work());
    await expectAtRest(manager);
  });

  it('the work is told which server, which attempt, and when nobody waits any more', async () => {
    const { manager } = one();
    const contexts: RunContext[] = [];
    const controller = new AbortController();
    const run = failureOf(
      manager.run(
        'a',
        async (session, context) => {
          contexts.push(context);
          await session.callTool('hang');
        },
        { signal: controller.signal },
      ),
    );
    await eventually('it runs', () => contexts.length === 1);
    expect(contexts[0]).toMatchObject({ server: 'a', attempt: 1 });
    expect(contexts[0]?.signal.aborted).toBe(false);
    controller.abort();
    await bounded('run', run);
    expect(contexts[0]?.signal.aborted).toBe(true);
  });

  it.each<[string, unknown]>([
    ['an error of its own', new TypeError('not a number')],
    ['a frozen error', Object.freeze(new Error('cold'))],
    ['a text', 'no'],
    ['undefined', undefined],
  ])('%s that the work throws is thrown as it is, once', async (_what, thrown) => {
    const { manager } = one();
    let calls = 0;
    const outcome = await manager
      .run('a', () => {
        calls++;
        throw thrown;
      })
      .then(
        () => 'no rejection',
        (error: unknown) => error,
      );
    expect(outcome).toBe(thrown);
    expect(calls).toBe(1);
    expect(statsOf(manager, 'a')).toMatchObject({ leases: 0, idle: 1, created: 1 });
  });

  it('a tool that failed is a result', async () => {
    const fleet = new Fleet({ tools: [{ name: 'fails', does: { type: 'error', message: 'no' } }] });
    const manager = newManager({ servers: { a: fleet.spec() } });
    expect(await manager.run('a', (session) => session.callTool('fails'))).toMatchObject({ isError: true });
    expect(fleet.requests('tools/call')).toHaveLength(1);
  });

  it('the session is over when the work is, though it was carried off', async () => {
    const { fleet, manager } = one();
    const stolen = await manager.run('a', (session) => [session] as const);
    expect((await failureOf(stolen[0].callTool('echo'))).code).toBe('SESSION_CLOSED');
    expect(fleet.requests('tools/call')).toEqual([]);
  });

  it('a call that nobody awaited is finished before the session is lent again', async () => {
    const fleet = new Fleet({ tools: [{ name: 'slow', does: { type: 'slow', ms: 200 } }, ...TOOLS] });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    let finished = false;
    await manager.run('a', (session) => {
      void session.callTool('slow').then(() => (finished = true));
    });
    await manager.run('a', () => expect(finished).toBe(true));
    expect(fleet.made).toBe(1);
  });

  it('one run within another, with the only session taken: it ends by its time', async () => {
    const { manager } = one();
    const inner = (): Promise<string> => manager.run('a', nameOf, { acquireTimeoutMs: 100, retry: false });
    const error = await bounded('run', failureOf(manager.run('a', inner, { retry: false })));
    expect(error.code).toBe('POOL_EXHAUSTED');
    await expectAtRest(manager);
  });

  it('for a principal', async () => {
    const { manager } = one({ pool: { maxPerServer: 2 } });
    expect(await manager.run('a', nameOf, { principal: 'ada' })).toBe('member-0');
    expect(await manager.run('a', nameOf, { principal: 'bob' })).toBe('member-1');
    expect(await manager.run('a', nameOf, { principal: 'ada' })).toBe('member-0');
  });

  it('a session that the work closed itself: close releases, destroy discards', async () => {
    const { fleet, manager } = one();
    await manager.run('a', (session) => session.close());
    await manager.run('a', (session) => session.destroy());
    expect(await manager.run('a', nameOf)).toBe('member-1');
    expect(fleet.open).toBe(1);
  });
});

describe('M7 routing', () => {
  const two = () => {
    const fleets = { one: new Fleet({ tools: TOOLS }, 'one'), two: new Fleet({ tools: TOOLS }, 'two') };
    const servers = { one: fleets.one.spec(), two: fleets.two.spec() };
    return { fleets, servers, manager: newManager({ servers, retry: { delayMs: 1 } }) };
  };

  it('by a function that sees how every server is doing', async () => {
    const { manager } = two();
    const busy = await manager.acquire('one');
    const leastBusy = (servers: ReturnType<typeof manager.stats>): string =>
      [...servers].toSorted(([, a], [, b]) => a.leased - b.leased)[0]?.[0] ?? 'one';
    expect(await manager.run(leastBusy, nameOf)).toBe('two-0');
    const other = await manager.acquire(async (servers) => leastBusy(servers));
    expect(other.server).toBe('two');
    await busy.release();
    expect((await manager.acquire(leastBusy)).server).toBe('one');
  });

  it('a run asks it before every attempt, so that it can turn to another server', async () => {
    const broken = new Fleet({ faults: { dieOnInitialize: true } });
    const well = new Fleet({ tools: TOOLS }, 'well');
    const manager = newManager({
      servers: { broken: broken.spec(), well: well.spec() },
      retry: { delayMs: 1 },
    });
    let asks = 0;
    const name = await manager.run(() => (asks++ === 0 ? 'broken' : 'well'), nameOf);
    expect([name, asks, broken.made]).toEqual(['well-0', 2, 1]);
  });

  it.each<[string, () => string | Promise<string>]>([
    [
      'throws',
      () => {
        throw new Error('lost my way');
      },
    ],
    ['rejects', () => Promise.reject(new Error('lost my way'))],
  ])('one that %s rejects what asked it', async (_what, route) => {
    const { manager, fleets } = two();
    await expect(manager.run(route, nameOf)).rejects.toThrow('lost my way');
    await expect(manager.acquire(route)).rejects.toThrow('lost my way');
    expect(fleets.one.made + fleets.two.made).toBe(0);
    await expectAtRest(manager);
  });

  it('one that never decides ends by signal and by time', async () => {
    const { manager } = two();
    const never = (): Promise<string> => new Promise(() => {});
    const run = await bounded('run', failureOf(manager.run(never, nameOf, { timeoutMs: 100 })));
    expect(run.code).toBe('TIMEOUT');
    const signal = AbortSignal.timeout(100);
    expect((await bounded('acquire', failureOf(manager.acquire(never, { signal })))).code).toBe('ABORTED');
    const late = await bounded('acquire', failureOf(manager.acquire(never, { timeoutMs: 100 })));
    expect(late.code).toBe('TIMEOUT');
  });

  it.each([undefined, 7, null, {}])('one that returns %j names no server', async (nonsense) => {
    const { manager } = two();
    const route = (): string => nonsense as never;
    expect((await failureOf(manager.acquire(route))).code).toMatch(
      /^(UNKNOWN_SERVER|CONFIG_INVALID|INVALID_ARGUMENTS)$/,
    );
    expect((await failureOf(manager.run(route, nameOf))).code).toMatch(
      /^(UNKNOWN_SERVER|CONFIG_INVALID|INVALID_ARGUMENTS)$/,
    );
  });
});

describe('bad input: run', () => {
  const nonsense: [string, (manager: ReturnType<typeof newManager>) => Promise<unknown>][] = [
    ['no work', (manager) => manager.run('a', undefined as never)],
    ['attempts 0', (manager) => manager.run('a', nameOf, { retry: { attempts: 0 } })],
    ['attempts 1.5', (manager) => manager.run('a', nameOf, { retry: { attempts: 1.5 } })],
    ['a negative pause', (manager) => manager.run('a', nameOf, { retry: { delayMs: -1 } })],
    ['retry "on"', (manager) => manager.run('a', nameOf, { retry: 'on' as never })],
    ['retryIf no function', (manager) => manager.run('a', nameOf, { retry: { retryIf: 'yes' as never } })],
    ['timeoutMs NaN', (manager) => manager.run('a', nameOf, { timeoutMs: Number.NaN })],
    ['attemptTimeoutMs negative', (manager) => manager.run('a', nameOf, { attemptTimeoutMs: -1 })],
    ['acquireTimeoutMs as text', (manager) => manager.run('a', nameOf, { acquireTimeoutMs: '5' as never })],
    ['a principal that is no text', (manager) => manager.run('a', nameOf, { principal: 5 as never })],
    ['a signal that is none', (manager) => manager.run('a', nameOf, { signal: {} as never })],
    ['acquire: timeoutMs NaN', (manager) => manager.acquire('a', { timeoutMs: Number.NaN })],
    ['acquire: timeoutMs negative', (manager) => manager.acquire('a', { timeoutMs: -5 })],
    ['acquire: timeoutMs as text', (manager) => manager.acquire('a', { timeoutMs: 'soon' as never })],
    ['acquire: a principal that is no text', (manager) => manager.acquire('a', { principal: {} as never })],
    ['acquire: a signal that is none', (manager) => manager.acquire('a', { signal: 'stop' as never })],
    ['acquire: no server', (manager) => manager.acquire(undefined as never)],
    ['openSession: nothing', (manager) => manager.openSession(undefined as never)],
    ['openSession: an empty spec', (manager) => manager.openSession({} as never)],
    ['openSession: timeoutMs NaN', (manager) => manager.openSession('a', { timeoutMs: Number.NaN })],
    ['checkHealth: timeoutMs NaN', (manager) => manager.checkHealth('a', { timeoutMs: Number.NaN })],
  ];

  it.each(nonsense)('%s is refused before anything is opened', async (_what, ask) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    const error = await bounded('the refusal', failureOf(ask(manager)));
    expect(error.code).toMatch(/^(CONFIG_INVALID|INVALID_ARGUMENTS|UNKNOWN_SERVER)$/);
    expect(fleet.made).toBe(0);
    await expectAtRest(manager);
    // And the manager is as good as before.
    expect(await manager.run('a', (session: Session) => nameOf(session))).toBe('member-0');
  });
});
