import { describe, expect, it } from 'vitest';
import type { ManagedServer, ServerSpecFactory } from '../../../src/manager/pool/managed-server.ts';
import type { SessionManager } from '../../../src/manager/session-manager.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { http } from '../../support/servers.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { expectAtRest, expectNothingHeld, newManager } from '../support/managers.ts';

const ASKS: [string, (manager: SessionManager) => Promise<unknown>][] = [
  ['acquire', (manager) => manager.acquire('a')],
  ['run', (manager) => manager.run('a', nameOf, { retry: false })],
  ['openSession', (manager) => manager.openSession('a')],
  ['prewarm', (manager) => manager.prewarm('a', 1)],
];

describe('bad input: a factory that fails', () => {
  const failing: [string, ManagedServer, RegExp][] = [
    [
      'a spec factory that throws',
      () => {
        throw new Error('no such tenant');
      },
      /no such tenant/,
    ],
    ['a spec factory that rejects', () => Promise.reject(new Error('no such tenant')), /no such tenant/],
    ['a spec factory that throws no error', () => Promise.reject(JSON.parse('"a text"')), /a text/],
    ['a spec factory that makes nothing', () => JSON.parse('null'), /./],
    ['a spec factory that makes a text', () => JSON.parse('"http://x"'), /./],
    ['a spec factory that makes two things at once', () => ({ command: 'x', url: 'http://x' }), /./],
    [
      'a function "server" that throws',
      {
        server: () => {
          throw new Error('out of stock');
        },
      },
      /out of stock/,
    ],
    [
      'a function "transport" that throws',
      {
        transport: () => {
          throw new Error('no line');
        },
      },
      /no line/,
    ],
    [
      'headers that reject',
      { url: 'http://127.0.0.1:9/mcp', headers: () => Promise.reject(new Error('no token')) },
      /no token/,
    ],
    ['headers that are none', { url: 'http://127.0.0.1:9/mcp', headers: (() => 7) as never }, /./],
    [
      'headers with a value that is no text',
      { url: 'http://127.0.0.1:9/mcp', headers: (() => ({ a: 1 })) as never },
      /./,
    ],
  ];
  const cases = failing.flatMap(([what, server, message]) =>
    ASKS.map(([how, ask]) => [what, how, server, ask, message] as const),
  );

  it.each(cases)(
    '%s: %s rejects with what happened, and holds no place',
    async (_what, _how, server, ask, message) => {
      const manager = newManager({ servers: { a: server }, pool: { max: 1 } });
      for (let round = 0; round < 3; round++) {
        const error = await bounded('the refusal', failureOf(ask(manager)));
        expect(error).toMatchObject({ server: 'a' });
        expect(error.code).toMatch(/^(CONNECT_FAILED|CONFIG_INVALID)$/);
        expect(error.message).toMatch(message);
      }
      await expectNothingHeld(manager);
    },
  );

  it('another server is not harmed, nor this one when it is well again', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    let well = false;
    const manager = newManager({
      servers: {
        a: () => {
          if (!well) throw new Error('not yet');
          return fleet.spec();
        },
        b: fleet.spec(),
      },
      pool: { maxPerServer: 1 },
      retry: false,
      circuit: false,
    });
    for (let round = 0; round < 10; round++) await failureOf(manager.acquire('a'));
    expect(await manager.run('b', nameOf)).toBe('member-0');
    well = true;
    expect(await manager.run('a', nameOf)).toBe('member-1');
  });

  it("one principal's failing factory does not harm another's", async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: {
        a: ({ principal }) => {
          if (principal === 'mallory') throw new Error('banned');
          return fleet.spec();
        },
      },
    });
    const both = await Promise.allSettled([
      manager.run('a', nameOf, { principal: 'mallory', retry: false }),
      manager.run('a', nameOf, { principal: 'ada' }),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});

describe('bad input: a factory that never settles', () => {
  it("acquire's time and signal end the wait; the factory is told", async () => {
    const signals: AbortSignal[] = [];
    const manager = newManager({
      servers: {
        a: ({ signal }) => {
          signals.push(signal);
          return new Promise(() => {});
        },
      },
    });
    const late = failureOf(manager.acquire('a', { timeoutMs: 100 }));
    const given = failureOf(manager.acquire('a', { signal: AbortSignal.timeout(100) }));
    expect((await bounded('by time', late)).code).toBe('TIMEOUT');
    expect((await bounded('by signal', given)).code).toBe('ABORTED');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await expectAtRest(manager);
  });

  it('one does not hold up anybody else, of the same server either', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: ({ principal }) => (principal === 'slow' ? new Promise(() => {}) : fleet.spec()) },
      pool: { maxPerServer: 1 },
    });
    const stuck = failureOf(manager.acquire('a', { principal: 'slow', timeoutMs: 60_000 }));
    for (let round = 0; round < 5; round++) await bounded('a run', manager.run('a', nameOf));
    await manager.destroy();
    expect((await bounded('the stuck one', stuck)).code).toBe('SESSION_CLOSED');
  });

  it('a spec that comes after everybody has given up opens nothing', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    let make = (): void => {};
    const manager = newManager({
      servers: {
        a: () =>
          new Promise((resolve) => {
            make = () => resolve(fleet.spec());
          }),
      },
    });
    expect((await failureOf(manager.acquire('a', { timeoutMs: 50 }))).code).toBe('TIMEOUT');
    expect((await failureOf(manager.openSession('a', { signal: AbortSignal.timeout(50) }))).code).toBe(
      'ABORTED',
    );
    make();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(fleet.made).toBe(0);
    await expectNothingHeld(manager);
  });

  it('a transport that comes too late is closed', async () => {
    const { InMemoryTransport } = await import('@modelcontextprotocol/client');
    const [late] = InMemoryTransport.createLinkedPair();
    let closed = false;
    late.onclose = () => {
      closed = true;
    };
    let give = (): void => {};
    const manager = newManager({
      servers: {
        a: {
          transport: () =>
            new Promise((resolve) => {
              give = () => resolve(late);
            }),
          connectTimeoutMs: 100,
        },
      },
    });
    expect((await bounded('acquire', failureOf(manager.acquire('a')))).code).toBe('TIMEOUT');
    give();
    await eventually('it is closed', () => closed);
    await expectNothingHeld(manager);
  });
});

describe('what a factory sees', () => {
  it('each caller is asked for by itself: server, principal, and a signal that has not aborted', async () => {
    const seen: [string, string | undefined, boolean][] = [];
    const fleet = new Fleet({ tools: TOOLS });
    const make: ServerSpecFactory = ({ server, principal, signal }) => {
      seen.push([server, principal, signal.aborted]);
      return fleet.spec();
    };
    const manager = newManager({ servers: { a: make, b: make } });
    await manager.run('a', nameOf, { principal: 'ada' });
    await manager.run('b', nameOf);
    expect(seen).toEqual([
      ['a', 'ada', false],
      ['b', undefined, false],
    ]);
  });

  it('its signal does not abort once the spec is there, nor does it end the session', async () => {
    let asked: AbortSignal | undefined;
    const server = await http({ tools: TOOLS });
    const controller = new AbortController();
    const manager = newManager({
      servers: {
        a: ({ signal }) => {
          asked = signal;
          return { url: server.url };
        },
      },
    });
    const lease = await manager.acquire('a', { signal: controller.signal });
    controller.abort();
    expect(await nameOf(lease.session)).toBe('scripted');
    await lease.release();
    expect(asked).toBeInstanceOf(AbortSignal);
  });
});
