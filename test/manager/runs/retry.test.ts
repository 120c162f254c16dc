import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../../src/index.ts';
import type { RetryContext } from '../../../src/manager/runs/retry-policy.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { startedPids } from '../../support/processes.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { EventLog } from '../../support/event-log.ts';
import { expectAtRest, newManager, statsOf } from '../support/managers.ts';
import { ledgerFile } from '../../support/folders.ts';

const BROKEN = { faults: { dieOnInitialize: true } };

/** The first so many cannot be connected to. */
function brokenUntil(count: number): Fleet {
  return new Fleet((nr) => (nr < count ? BROKEN : { tools: TOOLS }));
}

describe('M5 retry', () => {
  it('a server that comes up at the third attempt is served', async () => {
    const fleet = brokenUntil(2);
    const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1 } });
    const attempts: number[] = [];
    const name = await manager.run('a', (session, { attempt }) => {
      attempts.push(attempt);
      return nameOf(session);
    });
    expect([name, attempts, fleet.made]).toEqual(['member-2', [3], 3]);
    expect(statsOf(manager, 'a').retries).toBe(2);
  });

  it('three attempts by default; the last error is thrown, with their number', async () => {
    const fleet = new Fleet(BROKEN);
    const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1 } });
    const error = await failureOf(manager.run('a', nameOf));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'a', attempts: 3 });
    expect(fleet.made).toBe(3);
    await expectAtRest(manager);
  });

  it.each([1, 2, 5])('attempts: %i', async (attempts) => {
    const fleet = new Fleet(BROKEN);
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: { attempts, delayMs: 1 },
      circuit: false,
    });
    const error = await failureOf(manager.run('a', nameOf));
    expect(fleet.made).toBe(attempts);
    expect(error.attempts).toBe(attempts === 1 ? undefined : attempts);
  });

  it.each<[string, object, object, number]>([
    ["the run's is laid over the manager's", { attempts: 5, delayMs: 1 }, { retry: { attempts: 2 } }, 2],
    ['false turns it off for one run', { attempts: 5, delayMs: 1 }, { retry: false }, 1],
    [
      'what the run leaves out is as the manager says',
      { attempts: 4, delayMs: 1 },
      { retry: { maxDelayMs: 5 } },
      4,
    ],
  ])('%s', async (_what, retry, options, expected) => {
    const fleet = new Fleet(BROKEN);
    const manager = newManager({ servers: { a: fleet.spec() }, retry, circuit: false });
    await failureOf(manager.run('a', nameOf, options));
    expect(fleet.made).toBe(expected);
  });

  it('retry: false of the manager, and a run that wants it', async () => {
    const fleet = new Fleet(BROKEN);
    const manager = newManager({ servers: { a: fleet.spec() }, retry: false });
    await failureOf(manager.run('a', nameOf));
    expect(fleet.made).toBe(1);
    await failureOf(manager.run('a', nameOf, { retry: { attempts: 2, delayMs: 1 } }));
    expect(fleet.made).toBe(3);
  });

  it('a session lost under a harmless call is replaced by another', async () => {
    const tools = [{ name: 'read', annotations: { readOnlyHint: true }, does: { type: 'crash' as const } }];
    const fleet = new Fleet((nr) => ({
      tools: nr === 0 ? tools : [{ name: 'read', annotations: { readOnlyHint: true } }],
    }));
    const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1 } });
    expect(await manager.run('a', (session) => session.callTool('read', { nr: 1 }))).toMatchObject({
      content: [{ text: '{"nr":1}' }],
    });
    expect(fleet.open).toBe(1);
    await expectAtRest(manager);
  });

  it('a process that dies at its first two starts', async () => {
    const ledger = ledgerFile();
    const script = { tools: TOOLS, ledgerFile: ledger, faults: { exitAtStart: { times: 2 } } };
    const manager = newManager({
      servers: { a: { ...stdioSpec(script), protocol: 'legacy' } },
      retry: { delayMs: 1 },
    });
    expect(await manager.run('a', nameOf)).toBe('scripted');
    expect(startedPids(ledger)).toHaveLength(3);
  });

  it('each retry is told, with its pause within the bounds', async () => {
    const fleet = new Fleet(BROKEN);
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: { attempts: 8, delayMs: 4, maxDelayMs: 10 },
      circuit: false,
    });
    const events = new EventLog(manager);
    await failureOf(manager.run('a', nameOf, { principal: 'ada' }));
    await eventually('all events', () => events.of('retry').length === 7);
    const retries = events.of('retry');
    expect(retries.map(({ attempt }) => attempt)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    const bounds = [4, 8, 10, 10, 10, 10, 10];
    for (const [nr, { delayMs, error, server, principal }] of retries.entries()) {
      expect(delayMs).toBeLessThanOrEqual(bounds[nr] ?? 0);
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(error).toMatchObject({ code: 'CONNECT_FAILED' });
      expect([server, principal]).toEqual(['a', 'ada']);
    }
    expect(new Set(retries.map(({ delayMs }) => delayMs)).size, 'jitter').toBeGreaterThan(1);
  });

  it('no session is held during a pause', async () => {
    const tools = [{ name: 'read', annotations: { readOnlyHint: true }, does: { type: 'crash' as const } }];
    const fleet = new Fleet((nr) => ({ tools: nr === 0 ? tools : TOOLS }));
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: { delayMs: 60_000 },
      pool: { maxPerServer: 1 },
    });
    const events = new EventLog(manager);
    const controller = new AbortController();
    const run = failureOf(
      manager.run('a', (session) => session.callTool('read'), { signal: controller.signal }),
    );
    await events.until('retry');
    expect(await bounded('another', manager.run('a', nameOf))).toBe('member-1');
    controller.abort();
    expect((await bounded('run', run)).code).toBe('ABORTED');
  });

  it('deadlineMs: no attempt begins after it', async () => {
    const began: number[] = [];
    const manager = newManager({
      servers: {
        a: () => {
          began.push(performance.now());
          throw new PlenumError('CONNECT_FAILED', 'not now');
        },
      },
      retry: { attempts: 1_000_000, delayMs: 20, maxDelayMs: 20, deadlineMs: 300 },
      circuit: false,
    });
    const error = await bounded('run', failureOf(manager.run('a', nameOf)));
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.attempts).toBe(began.length);
    expect(began.length).toBeGreaterThan(2);
    expect((began.at(-1) ?? 0) - (began[0] ?? 0)).toBeLessThanOrEqual(310);
  });

  it('deadlineMs: a pause that would go past it is not begun', async () => {
    const fleet = new Fleet(BROKEN);
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: { attempts: 1_000, delayMs: 3_600_000, maxDelayMs: 3_600_000, deadlineMs: 200 },
      circuit: false,
    });
    // A pause is random below an hour: it would take minutes.
    expect((await bounded('run', failureOf(manager.run('a', nameOf)))).code).toBe('CONNECT_FAILED');
  });
});

describe('M5 only what may be retried is', () => {
  it.each<[string, object]>([
    ['an error of the work', { error: new TypeError('mine') }],
    ['INVALID_ARGUMENTS', { error: new PlenumError('INVALID_ARGUMENTS', 'no') }],
    ['PROTOCOL', { error: new PlenumError('PROTOCOL', 'no', { rpcCode: -32_602 }) }],
    ['AUTH_REQUIRED', { error: new PlenumError('AUTH_REQUIRED', 'who are you') }],
    ['SESSION_CLOSED', { error: new PlenumError('SESSION_CLOSED', 'over') }],
    ['ABORTED', { error: new PlenumError('ABORTED', 'given up') }],
  ])('%s: once', async (_what, { error }: { error?: unknown }) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1 } });
    let calls = 0;
    const outcome = await manager
      .run('a', () => {
        calls++;
        throw error;
      })
      .catch((reason: unknown) => reason);
    expect([outcome, calls]).toEqual([error, 1]);
  });

  it.each(['CONNECT_FAILED', 'CONNECTION_LOST', 'SESSION_EXPIRED', 'NOT_CONNECTED'] as const)(
    '%s: again',
    async (code) => {
      const fleet = new Fleet({ tools: TOOLS });
      const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1 }, circuit: false });
      let calls = 0;
      const error = await failureOf(
        manager.run('a', () => {
          calls++;
          throw new PlenumError(code, 'down', { server: 'a' });
        }),
      );
      expect([error.code, error.attempts, calls]).toEqual([code, 3, 3]);
    },
  );

  it('POOL_EXHAUSTED and an unknown server are not worth another attempt', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: { delayMs: 1 },
      pool: { maxPerServer: 1 },
    });
    const lease = await manager.acquire('a');
    const error = await bounded('run', failureOf(manager.run('a', nameOf, { acquireTimeoutMs: 50 })));
    expect([error.code, error.attempts]).toEqual(['POOL_EXHAUSTED', undefined]);
    expect((await failureOf(manager.run('b', nameOf))).attempts).toBeUndefined();
    expect(statsOf(manager, 'a').retries).toBe(0);
    await lease.release();
  });

  it('a server that did not come up in time is tried again', async () => {
    const fleet = new Fleet((nr) => (nr === 0 ? { startDelayMs: 60_000 } : { tools: TOOLS }));
    const manager = newManager({
      servers: { a: fleet.spec() },
      retry: { delayMs: 1 },
      connectTimeoutMs: 300,
    });
    expect(await bounded('run', manager.run('a', nameOf))).toBe('member-1');
  });

  it('a call that timed out is not', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1 } });
    const error = await failureOf(
      manager.run('a', (session) => session.callTool('hang', {}, { timeoutMs: 100 })),
    );
    expect([error.code, error.attempts]).toEqual(['TIMEOUT', undefined]);
    expect(fleet.requests('tools/call')).toHaveLength(1);
  });
});

describe('M5 retryIf', () => {
  it('decides in place of the built-in judgement, and is told of what', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1, attempts: 4 } });
    const seen: [unknown, RetryContext][] = [];
    const mine = new Error('flaky');
    const outcome = await manager
      .run(
        'a',
        () => {
          throw mine;
        },
        {
          retry: {
            retryIf: async (error, context) => {
              seen.push([error, context]);
              return context.attempt < 3;
            },
          },
        },
      )
      .catch((error: unknown) => error);
    expect(outcome).toBe(mine);
    expect(seen).toEqual([1, 2, 3].map((attempt) => [mine, { server: 'a', attempt, connected: true }]));
  });

  it('is told when no session was to be had', async () => {
    const fleet = new Fleet(BROKEN);
    const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1 } });
    const seen: boolean[] = [];
    const error = await failureOf(
      manager.run('a', nameOf, {
        retry: {
          retryIf: (_error, { connected }) => {
            seen.push(connected);
            return false;
          },
        },
      }),
    );
    expect([error.code, error.attempts, seen, fleet.made]).toEqual(['CONNECT_FAILED', undefined, [false], 1]);
  });

  it.each<[string, () => boolean | Promise<boolean>]>([
    [
      'throws',
      () => {
        throw new Error('confused');
      },
    ],
    ['rejects', () => Promise.reject(new Error('confused'))],
  ])('one that %s ends the run, and nothing stays leased', async (_what, retryIf) => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() } });
    let calls = 0;
    const work = (): never => {
      calls++;
      throw new Error('first');
    };
    await expect(bounded('run', manager.run('a', work, { retry: { retryIf } }))).rejects.toThrow(
      /first|confused/,
    );
    expect(calls).toBe(1);
    await expectAtRest(manager);
  });

  it('one that never decides ends by signal, by time, and by the end of the manager', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, closeTimeoutMs: 100 });
    const retry = { retryIf: (): Promise<boolean> => new Promise(() => {}) };
    const work = (): never => {
      throw new Error('first');
    };
    const late = await bounded('by time', failureOf(manager.run('a', work, { retry, timeoutMs: 100 })));
    expect(late.code).toBe('TIMEOUT');
    const signal = AbortSignal.timeout(100);
    expect((await bounded('by signal', failureOf(manager.run('a', work, { retry, signal })))).code).toBe(
      'ABORTED',
    );
    const last = failureOf(manager.run('a', work, { retry }));
    await bounded('close', manager.close());
    expect((await bounded('by the end', last)).code).toBe('SESSION_CLOSED');
  });
});
