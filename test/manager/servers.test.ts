import { describe, expect, it } from 'vitest';
import type { SessionManager } from '../../src/manager/session-manager.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { nameOf, TOOLS } from './support/answers.ts';
import { Fleet } from './support/fleet.ts';
import { expectNothingHeld, newManager } from './support/managers.ts';

const ASKS: [string, (manager: SessionManager, name: string) => Promise<unknown>][] = [
  ['openSession', (manager, name) => manager.openSession(name)],
  ['acquire', (manager, name) => manager.acquire(name)],
  ['acquire by a function', (manager, name) => manager.acquire(() => name)],
  ['run', (manager, name) => manager.run(name, () => 'done')],
  [
    'run by a function',
    (manager, name) =>
      manager.run(
        async () => name,
        () => 'done',
      ),
  ],
  ['checkHealth', (manager, name) => manager.checkHealth(name)],
  ['prewarm', (manager, name) => manager.prewarm(name, 1)],
];

describe('M2 servers by name', () => {
  it('are told in the order in which they were given, and started by nobody', () => {
    const fleet = new Fleet();
    const servers = { zeta: fleet.spec(), alpha: fleet.spec(), Mid: fleet.spec() };
    const manager = newManager({ servers });
    expect([...manager.servers.keys()]).toEqual(['zeta', 'alpha', 'Mid']);
    expect([...manager.stats().keys()]).toEqual(['zeta', 'alpha', 'Mid']);
    expect(fleet.made).toBe(0);
  });

  it('show how they are doing', async () => {
    const fleet = new Fleet();
    const manager = newManager({
      servers: { a: fleet.spec(), broken: () => Promise.reject(new Error('no')) },
      circuit: { failures: 1, openMs: 60_000 },
    });
    const states = (): unknown[] => [...manager.servers.values()].map(({ state }) => state);
    const before = manager.servers;
    expect(states()).toEqual(['idle', 'idle']);
    const acquiring = manager.acquire('a');
    await eventually('it connects', () => manager.servers.get('a')?.state === 'connecting');
    const lease = await acquiring;
    expect(manager.servers.get('a')).toEqual({
      state: 'ready',
      sessions: 1,
      leases: 1,
      circuit: { state: 'closed', failures: 0 },
    });
    await lease.discard();
    expect(states()).toEqual(['idle', 'idle']);
    expect([...before.values()].map(({ state }) => state)).toEqual(['idle', 'idle']);
    await manager.close();
    expect(states()).toEqual(['closed', 'closed']);
  });

  it('show an open circuit as failed', async () => {
    const manager = newManager({
      servers: { a: { command: '/there/is/no/such/program' } },
      circuit: { failures: 1, openMs: 60_000 },
      retry: false,
    });
    await failureOf(manager.run('a', nameOf));
    expect(manager.servers.get('a')).toMatchObject({ state: 'failed', circuit: { state: 'open' } });
  });

  it.each(ASKS)('%s: an unknown one is UNKNOWN_SERVER, with the nearest name', async (_what, ask) => {
    const fleet = new Fleet();
    const manager = newManager({ servers: { github: fleet.spec(), weather: fleet.spec() } });
    const error = await failureOf(ask(manager, 'gitub'));
    expect(error).toMatchObject({ code: 'UNKNOWN_SERVER', server: 'gitub' });
    expect(error.message).toContain('github');
    expect(error.message).not.toContain('weather');
    expect(fleet.made).toBe(0);
    await expectNothingHeld(manager);
  });

  it.each(['GitHub', 'github ', '', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'names are exact: %j is not there',
    async (name) => {
      const manager = newManager({ servers: { github: new Fleet().spec() } });
      for (const [what, ask] of ASKS) {
        expect((await failureOf(ask(manager, name))).code, what).toBe('UNKNOWN_SERVER');
      }
    },
  );

  it('two that differ in case only are two', async () => {
    const [small, big] = [new Fleet({ tools: TOOLS }, 'small'), new Fleet({ tools: TOOLS }, 'big')];
    const manager = newManager({ servers: { api: small.spec(), API: big.spec() } });
    expect(await manager.run('api', nameOf)).toBe('small-0');
    expect(await manager.run('API', nameOf)).toBe('big-0');
  });

  it('a name may be any text, that of a property of all objects too', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const names = ['constructor', 'toString', 'a b', '日本', 'with/slash', '0'];
    const servers = Object.fromEntries(names.map((name) => [name, fleet.spec()]));
    Object.defineProperty(servers, '__proto__', { value: fleet.spec(), enumerable: true });
    const manager = newManager({ servers });
    for (const name of [...names, '__proto__']) {
      await using lease = await manager.acquire(name);
      expect([lease.server, lease.session.name]).toEqual([name, name]);
    }
  });

  it('what is done to the options afterwards changes nothing', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const servers: Record<string, ReturnType<Fleet['spec']>> = { a: fleet.spec() };
    const manager = newManager({ servers });
    servers['b'] = fleet.spec();
    delete servers['a'];
    expect([...manager.servers.keys()]).toEqual(['a']);
    expect(await manager.run('a', nameOf)).toBe('member-0');
    expect((await failureOf(manager.acquire('b'))).code).toBe('UNKNOWN_SERVER');
  });

  it('an unknown name with control characters does not reach the message as it is', async () => {
    const manager = newManager({ servers: { a: new Fleet().spec() } });
    const { message } = await failureOf(manager.acquire('\u001b[31mred\u0007'));
    expect(message).not.toMatch(/[\u0000-\u001f]/);
  });
});
