import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import type { ManagedServer } from '../../../src/manager/pool/managed-server.ts';
import type { SessionManager } from '../../../src/manager/session-manager.ts';
import { stdioSpec, type WhoAmI } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { http } from '../../support/servers.ts';
import { nameOf, TOOLS, who } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { EventLog } from '../../support/event-log.ts';
import { newManager, statsOf, untilWaiting } from '../support/managers.ts';

/** Who answers a run, and with what. */
function asked(manager: SessionManager, principal?: string): Promise<WhoAmI> {
  return bounded('a run', manager.run('a', who, { principal }));
}

describe('M4 the key: resolved headers', () => {
  const open = async (headers: NonNullable<Extract<ManagedServer, { url: unknown }>['headers']>) => {
    const server = await http({ tools: TOOLS });
    const spec = { url: server.url, headers, protocol: 'legacy' as const };
    return { server, manager: newManager({ servers: { a: spec }, pool: { maxPerServer: 3 } }) };
  };

  it('the same ones share a session', async () => {
    let nr = 0;
    const { server, manager } = await open(() => {
      nr++;
      return nr % 2 === 0 ? { 'x-one': '1', 'x-two': '2' } : { 'x-two': '2', 'x-one': '1' };
    });
    const ids = new Set<string | undefined>();
    for (let round = 0; round < 6; round++) ids.add((await asked(manager)).sessionId);
    expect(ids.size).toBe(1);
    expect(server.sessions).toHaveLength(1);
  });

  it('a function that returns others gets another session: never one that was opened with the old ones', async () => {
    let token = 'one';
    const { manager } = await open(() => ({ 'x-token': token }));
    const first = await asked(manager);
    token = 'two';
    const second = await asked(manager);
    token = 'one';
    const third = await asked(manager);
    expect([first, second, third].map(({ headers }) => headers?.['x-token'])).toEqual(['one', 'two', 'one']);
    expect(second.sessionId).not.toBe(first.sessionId);
    expect(third.sessionId).toBe(first.sessionId);
  });

  it('a function may take its time', async () => {
    const { manager } = await open(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { 'x-token': 'slow' };
    });
    expect((await asked(manager)).headers?.['x-token']).toBe('slow');
    expect((await asked(manager)).headers?.['x-token']).toBe('slow');
    expect(statsOf(manager, 'a').created).toBe(1);
  });

  it('Every header change makes a new stored client that nothing evicts', async () => {
    let token = 0;
    const { server, manager } = await open(() => ({ 'x-token': String(token) }));
    for (token = 0; token < 40; token++) {
      expect((await asked(manager)).headers?.['x-token']).toBe(String(token));
      expect(statsOf(manager, 'a').open).toBeLessThanOrEqual(3);
    }
    await eventually('those of old headers are gone', () => server.sessions.length <= 3);
    expect(statsOf(manager, 'a').closed.evicted).toBeGreaterThanOrEqual(37);
  });

  it('two callers whose headers differ are never given the same session, at the same time either', async () => {
    let nr = 0;
    const { manager } = await open(async () => {
      const mine = String(nr++ % 2);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { 'x-token': mine };
    });
    const answers = await Promise.all(Array.from({ length: 40 }, () => asked(manager)));
    const tokens = new Map<string | undefined, Set<string | undefined>>();
    for (const { sessionId, headers } of answers) {
      tokens.set(sessionId, (tokens.get(sessionId) ?? new Set()).add(headers?.['x-token']));
    }
    expect([...tokens.values()].map(({ size }) => size)).toEqual([...tokens].map(() => 1));
  });

  it('headers of whoever asks, by the context of the call: a session opened in the context of another is not his', async () => {
    const user = new AsyncLocalStorage<string>();
    const server = await http({ tools: TOOLS });
    const headers = (): Record<string, string> => ({ 'x-user': user.getStore() ?? 'nobody' });
    const manager = newManager({
      servers: { a: { url: server.url, headers, protocol: 'legacy' } },
      pool: { maxPerServer: 1 },
    });
    const bob = await user.run('bob', () => manager.acquire('a'));
    const waiting = user.run('ada', () => manager.acquire('a'));
    await untilWaiting(manager, 'a', 1);
    // It is here that a session for Ada is opened.
    await user.run('bob', () => bob.release());
    const ada = await bounded('ada', waiting);
    const asAda = async (): Promise<string | undefined> =>
      (await user.run('ada', () => who(ada.session))).headers?.['x-user'];
    expect(await asAda()).toBe('ada');
    server.expireSessions();
    expect(await bounded('again', asAda())).toBe('ada');
  });

  it('a session that connected again with other headers is not handed to callers with the first ones', async () => {
    let token = 'one';
    const server = await http({ tools: TOOLS });
    const manager = newManager({
      servers: { a: { url: server.url, headers: () => ({ 'x-token': token }), protocol: 'legacy' } },
    });
    const lease = await manager.acquire('a');
    token = 'two';
    server.expireSessions();
    await bounded(
      'the call',
      who(lease.session).catch(() => {}),
    );
    await lease.release();
    const seen: (string | undefined)[] = [];
    for (token of ['one', 'two', 'one']) seen.push((await asked(manager)).headers?.['x-token']);
    expect(seen).toEqual(['one', 'two', 'one']);
  });

  it('values of headers appear nowhere', async () => {
    const secret = 'tOpSeCrEt-4711';
    const { server, manager } = await open(() => ({ authorization: `Bearer ${secret}` }));
    const events = new EventLog(manager);
    await asked(manager);
    server.setFaults({ httpStatus: { status: 500 } });
    server.expireSessions();
    const errors = await Promise.allSettled(
      [1, 2, 3].map(() => manager.run('a', who, { retry: { delayMs: 1 } })),
    );
    await manager.close();
    const told = errors.map((outcome) =>
      outcome.status === 'rejected' ? [String(outcome.reason), JSON.stringify(outcome.reason)] : [],
    );
    const all = JSON.stringify([told, [...manager.stats()], events.all]);
    expect(told.flat().length).toBeGreaterThan(0);
    expect(all).not.toContain(secret);
  });
});

describe('M4 the key: what a factory makes', () => {
  it('equal specs share a session, others do not', async () => {
    let region = 'eu';
    const server = await http({ tools: TOOLS });
    const manager = newManager({
      servers: { a: () => ({ url: server.url, headers: { 'x-region': region }, protocol: 'legacy' }) },
    });
    const eu = await asked(manager);
    expect((await asked(manager)).sessionId).toBe(eu.sessionId);
    region = 'us';
    const us = await asked(manager);
    expect(us.headers?.['x-region']).toBe('us');
    expect(us.sessionId).not.toBe(eu.sessionId);
  });

  it('another environment is another process', async () => {
    const manager = newManager({
      servers: {
        a: ({ principal }) => ({
          ...stdioSpec({ tools: TOOLS }),
          env: { WHO: principal ?? 'nobody' },
          protocol: 'legacy',
        }),
      },
    });
    const answers: WhoAmI[] = [];
    for (const principal of ['ada', 'bob', 'ada', undefined]) answers.push(await asked(manager, principal));
    expect(answers.map(({ env }) => env?.['WHO'])).toEqual(['ada', 'bob', 'ada', 'nobody']);
    expect(answers[0]?.pid).toBe(answers[2]?.pid);
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(3);
  });

  it('another URL is another server', async () => {
    const [one, two] = [await http({ name: 'one', tools: TOOLS }), await http({ name: 'two', tools: TOOLS })];
    let { url } = one;
    const manager = newManager({ servers: { a: () => ({ url }) } });
    expect((await asked(manager)).name).toBe('one');
    ({ url } = two);
    expect((await asked(manager)).name).toBe('two');
  });

  it.each<[string, object, object]>([
    ['protocol', { protocol: 'legacy' }, { protocol: '2026-07-28' }],
    ['timeoutMs', { timeoutMs: 50_000 }, { timeoutMs: 60_000 }],
    ['clientInfo', { clientInfo: { name: 'x', version: '1' } }, { clientInfo: { name: 'y', version: '1' } }],
  ])('other session options are another session: %s', async (_what, before, after) => {
    let options = before;
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: () => ({ ...fleet.spec(), ...options }) } });
    const [first, again] = [await asked(manager), await asked(manager)];
    options = after;
    const other = await asked(manager);
    expect(again.name).toBe(first.name);
    expect(other.name).not.toBe(first.name);
  });

  it('two functions are two, though they look the same', async () => {
    const fleets = [new Fleet({ tools: TOOLS }, 'one'), new Fleet({ tools: TOOLS }, 'two')];
    let nr = 0;
    const manager = newManager({ servers: { a: () => fleets[nr]?.spec() ?? { url: 'http://127.0.0.1:1' } } });
    expect((await asked(manager)).name).toBe('one-0');
    nr = 1;
    expect((await asked(manager)).name).toBe('two-0');
    nr = 0;
    expect((await asked(manager)).name).toBe('one-0');
  });

  it('a factory that never makes two equal specs stays within the bounds', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const make = fleet.spec().server;
    const manager = newManager({
      servers: {
        a: () => ({ server: () => (typeof make === 'function' ? make() : make), protocol: 'legacy' }),
      },
      pool: { maxPerServer: 2 },
    });
    for (let round = 0; round < 20; round++) expect((await asked(manager)).name).toBe(`member-${round}`);
    expect(fleet.mostOpen).toBeLessThanOrEqual(2);
  });

  it('a factory is asked at every acquire', async () => {
    let asks = 0;
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: {
        a: () => {
          asks++;
          return fleet.spec();
        },
      },
    });
    for (let round = 0; round < 5; round++) await manager.run('a', nameOf);
    expect([asks, fleet.made]).toEqual([5, 1]);
  });
});
