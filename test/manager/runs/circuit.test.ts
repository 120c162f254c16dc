import { describe, expect, it } from 'vitest';
import { PlenumError, type Session } from '../../../src/index.ts';
import type { SessionManager } from '../../../src/manager/session-manager.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { http } from '../../support/servers.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { EventLog } from '../../support/event-log.ts';
import { expectAtRest, newManager, statsOf } from '../support/managers.ts';

const BROKEN = { faults: { dieOnInitialize: true } };

/** Servers that cannot be connected to until `mend()`. */
function mendable(after: object = { tools: TOOLS }) {
  let broken = true;
  const fleet = new Fleet(() => (broken ? BROKEN : after));
  return { fleet, mend: () => void (broken = false), breakAgain: () => void (broken = true) };
}

/** So many runs that fail to connect. */
async function fail(manager: SessionManager, times: number): Promise<void> {
  for (let nr = 0; nr < times; nr++) {
    expect((await failureOf(manager.run('a', nameOf))).code).toBe('CONNECT_FAILED');
  }
}

function untilNextTry(manager: SessionManager): Promise<boolean> {
  return eventually('the next try is due', () => {
    const { circuit } = statsOf(manager, 'a');
    return circuit.state === 'open' && Date.now() >= circuit.nextTryAt;
  });
}

describe('M5 the circuit breaker', () => {
  it('opens after so many failures in a row: CIRCUIT_OPEN at once, with the time of the next try', async () => {
    const { fleet } = mendable();
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: false,
      circuit: { failures: 3, openMs: 60_000 },
    });
    const events = new EventLog(manager);
    await fail(manager, 2);
    expect(statsOf(manager, 'a').circuit).toEqual({ state: 'closed', failures: 2 });
    const before = Date.now();
    await fail(manager, 1);
    const error = await failureOf(manager.run('a', nameOf));
    expect(error).toMatchObject({ code: 'CIRCUIT_OPEN', server: 'a', maybeExecuted: false });
    expect(error.nextTryAt).toBeGreaterThanOrEqual(before + 60_000);
    expect(error.nextTryAt).toBeLessThanOrEqual(Date.now() + 60_000);
    expect(statsOf(manager, 'a').circuit).toEqual({ state: 'open', nextTryAt: error.nextTryAt });
    expect(fleet.made, 'the server was not asked').toBe(3);
    const told = await events.until('circuit');
    expect(told).toEqual({
      type: 'circuit',
      server: 'a',
      circuit: { state: 'open', nextTryAt: error.nextTryAt },
    });
  });

  it('five failures by default', async () => {
    const { fleet } = mendable();
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false });
    await fail(manager, 5);
    expect((await failureOf(manager.run('a', nameOf))).code).toBe('CIRCUIT_OPEN');
    expect(fleet.made).toBe(5);
  });

  it('each attempt of a run counts; once it is open nothing is asked any more', async () => {
    const { fleet } = mendable();
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: { attempts: 10, delayMs: 1 },
      circuit: { failures: 2, openMs: 60_000 },
    });
    const error = await bounded('run', failureOf(manager.run('a', nameOf)));
    expect(error.code).toMatch(/^(CIRCUIT_OPEN|CONNECT_FAILED)$/);
    expect(fleet.made).toBe(2);
  });

  it('a success starts the count over', async () => {
    const { fleet, mend, breakAgain } = mendable();
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: false,
      circuit: { failures: 3 },
    });
    await fail(manager, 2);
    mend();
    await manager.run('a', async (session) => {
      await session.callTool('who');
      await session.destroy();
    });
    await expectAtRest(manager);
    breakAgain();
    await fail(manager, 2);
    expect(statsOf(manager, 'a').circuit).toEqual({ state: 'closed', failures: 2 });
  });

  it('one server has nothing to do with another', async () => {
    const { fleet } = mendable();
    const well = new Fleet({ tools: TOOLS }, 'well');
    const manager = newManager({
      servers: { a: fleet.spec(), b: well.spec() },
      retry: false,
      circuit: { failures: 1 },
    });
    await fail(manager, 1);
    expect((await failureOf(manager.run('a', nameOf))).code).toBe('CIRCUIT_OPEN');
    expect(await manager.run('b', nameOf)).toBe('well-0');
    expect(statsOf(manager, 'b').circuit).toEqual({ state: 'closed', failures: 0 });
  });

  it('circuit: false never opens', async () => {
    const { fleet } = mendable();
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false, circuit: false });
    await fail(manager, 20);
    expect(fleet.made).toBe(20);
  });
});

describe('M5 half-open', () => {
  const circuit = { failures: 1, openMs: 100 };

  it('one probe is let through, the others are refused, and its success closes the circuit', async () => {
    const { fleet, mend } = mendable({ tools: TOOLS, startDelayMs: 300 });
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false, circuit });
    const events = new EventLog(manager);
    await fail(manager, 1);
    mend();
    await untilNextTry(manager);
    const probe = manager.run('a', nameOf);
    await eventually('the probe is under way', () => fleet.made === 2);
    expect(statsOf(manager, 'a').circuit).toEqual({ state: 'half-open' });
    const others = await Promise.all([1, 2, 3, 4].map(() => failureOf(manager.run('a', nameOf))));
    expect(others.map(({ code, nextTryAt }) => [code, nextTryAt])).toEqual(
      others.map(() => ['CIRCUIT_OPEN', undefined]),
    );
    expect(fleet.made).toBe(2);
    expect(await bounded('the probe', probe)).toBe('member-1');
    await Promise.all([1, 2, 3].map(() => manager.run('a', nameOf)));
    await eventually('all is told', () => events.of('circuit').length === 3);
    expect(events.of('circuit').map((event) => event.circuit.state)).toEqual(['open', 'half-open', 'closed']);
  });

  it('of many that come at the same moment, one is the probe', async () => {
    const { fleet, mend } = mendable({ tools: TOOLS, startDelayMs: 100 });
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false, circuit });
    await fail(manager, 1);
    mend();
    await untilNextTry(manager);
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => manager.run('a', nameOf)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(fleet.made).toBe(2);
  });

  it('a probe that fails opens it again, for as long', async () => {
    const { fleet } = mendable();
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false, circuit });
    await fail(manager, 1);
    const first = statsOf(manager, 'a').circuit;
    await untilNextTry(manager);
    await fail(manager, 1);
    const second = statsOf(manager, 'a').circuit;
    expect([first.state, second.state]).toEqual(['open', 'open']);
    if (first.state === 'open' && second.state === 'open') {
      expect(second.nextTryAt).toBeGreaterThanOrEqual(first.nextTryAt + 100);
    }
    expect((await failureOf(manager.run('a', nameOf))).code).toBe('CIRCUIT_OPEN');
    expect(fleet.made).toBe(2);
  });

  it.each<[string, (manager: SessionManager) => Promise<unknown>]>([
    ['was given up', (manager) => manager.run('a', nameOf, { signal: AbortSignal.timeout(100) })],
    ['ran out of time', (manager) => manager.run('a', nameOf, { timeoutMs: 100 })],
  ])('a probe that %s does not leave it half-open for ever', async (_what, probe) => {
    let script: object = BROKEN;
    const fleet = new Fleet(() => script);
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: false,
      circuit,
      connectTimeoutMs: 500,
    });
    await fail(manager, 1);
    await untilNextTry(manager);
    script = { startDelayMs: 60_000 };
    await bounded('the probe', failureOf(probe(manager)));
    script = { tools: TOOLS };
    const letThrough = await eventually('the next one is let through', () =>
      manager.run('a', nameOf).then(
        (name) => name.startsWith('member'),
        () => false,
      ),
    );
    expect(letThrough).toBe(true);
  });

  it('a probe whose work threw an error of its own shows that the server is there', async () => {
    const { fleet, mend } = mendable();
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false, circuit });
    await fail(manager, 1);
    mend();
    await untilNextTry(manager);
    const work = async (session: Session): Promise<never> => {
      await session.callTool('echo');
      throw new Error('mine');
    };
    await expect(manager.run('a', work)).rejects.toThrow('mine');
    await Promise.all([1, 2].map(() => manager.run('a', nameOf)));
    expect(statsOf(manager, 'a').circuit.state).toBe('closed');
  });

  it('a probe that waits in line for a session does not fail it for want of one', async () => {
    const { fleet, mend } = mendable();
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: false,
      circuit,
      pool: { maxPerServer: 1 },
    });
    await fail(manager, 1);
    mend();
    const held = await manager.acquire('a');
    await untilNextTry(manager);
    const probe = failureOf(manager.run('a', nameOf, { acquireTimeoutMs: 50 }));
    expect((await bounded('the probe', probe)).code).toBe('POOL_EXHAUSTED');
    await held.release();
    expect(await bounded('the next', manager.run('a', nameOf))).toBe('member-1');
  });
});

describe('M5 what counts is the connection, not the tool', () => {
  const tools = [
    { name: 'fails', does: { type: 'error' as const, message: 'no' } },
    { name: 'refuses', does: { type: 'rpcError' as const, code: -32_000, message: 'no' } },
    ...TOOLS,
  ];

  it.each<[string, (manager: SessionManager) => Promise<unknown>]>([
    ['a tool that fails', (manager) => manager.run('a', (session) => session.callTool('fails'))],
    ['a tool that is refused', (manager) => manager.run('a', (session) => session.callTool('refuses'))],
    ['an error of the work', (manager) => manager.run('a', () => Promise.reject(new Error('mine')))],
    ['a tool that nobody has', (manager) => manager.run('a', (session) => session.callTool('none'))],
    ['giving up', (manager) => manager.run('a', nameOf, { signal: AbortSignal.abort() })],
    [
      'an error of the work about another server',
      (manager) =>
        manager.run('a', () => Promise.reject(new PlenumError('INVALID_ARGUMENTS', 'no', { server: 'b' }))),
    ],
  ])('%s does not', async (_what, act) => {
    const fleet = new Fleet({ tools });
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false, circuit: { failures: 1 } });
    for (let nr = 0; nr < 3; nr++) await act(manager).catch(() => {});
    expect(statsOf(manager, 'a').circuit).toEqual({ state: 'closed', failures: 0 });
    expect(await manager.run('a', nameOf)).toMatch(/^member/);
  });

  it('a factory that throws for one principal does not close the door to the others', async () => {
    const fleet = new Fleet({ tools });
    const manager = newManager({
      servers: {
        a: ({ principal }) => {
          if (principal === 'mallory') throw new Error('banned');
          return fleet.spec();
        },
      },
      retry: false,
      circuit: { failures: 2 },
    });
    for (let nr = 0; nr < 5; nr++) await manager.run('a', nameOf, { principal: 'mallory' }).catch(() => {});
    expect(await manager.run('a', nameOf, { principal: 'ada' })).toBe('member-0');
  });

  it("one principal's refused credentials do not", async () => {
    const server = await http({ tools }, { token: 'right' });
    const manager = newManager({
      servers: {
        a: ({ principal }) => ({ url: server.url, headers: { authorization: `Bearer ${principal ?? ''}` } }),
      },
      retry: false,
      circuit: { failures: 2 },
    });
    for (let nr = 0; nr < 5; nr++) {
      const error = await failureOf(manager.run('a', nameOf, { principal: 'wrong' }));
      expect(error.code).toBe('AUTH_REQUIRED');
    }
    expect(await manager.run('a', nameOf, { principal: 'right' })).toBe('scripted');
  });

  it('want of a free session does not', async () => {
    const fleet = new Fleet({ tools });
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: false,
      circuit: { failures: 1 },
      pool: { maxPerServer: 1 },
    });
    const lease = await manager.acquire('a');
    expect((await failureOf(manager.run('a', nameOf, { acquireTimeoutMs: 20 }))).code).toBe('POOL_EXHAUSTED');
    await lease.release();
    expect(await manager.run('a', nameOf)).toBe('member-0');
  });

  it('a connection that is lost under the call does', async () => {
    const fleet = new Fleet({ tools: [{ name: 'die', does: { type: 'crash' } }] });
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false, circuit: { failures: 2 } });
    for (let nr = 0; nr < 2; nr++) {
      const error = await failureOf(manager.run('a', (session) => session.callTool('die')));
      expect(error.code).toBe('CONNECTION_LOST');
    }
    expect((await failureOf(manager.run('a', (session) => session.callTool('die')))).code).toBe(
      'CIRCUIT_OPEN',
    );
  });

  it('a server that does not come up in time does', async () => {
    const fleet = new Fleet({ startDelayMs: 60_000 });
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: false,
      circuit: { failures: 2 },
      connectTimeoutMs: 100,
    });
    for (let nr = 0; nr < 2; nr++) expect((await failureOf(manager.run('a', nameOf))).code).toBe('TIMEOUT');
    expect((await failureOf(manager.run('a', nameOf))).code).toBe('CIRCUIT_OPEN');
  });
});
