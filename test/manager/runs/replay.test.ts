import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/index.ts';
import { readLedger, stdioSpec, type ScriptedTool, type ToolBehaviour } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { Fleet } from '../support/fleet.ts';
import { expectAtRest, newManager } from '../support/managers.ts';
import { ledgerFile } from '../../support/folders.ts';

const CRASH: ToolBehaviour = { type: 'crash' };
const READ = { readOnlyHint: true };
const IDEMPOTENT = { idempotentHint: true };

/** What the servers wrote down: how often each tool ran. */
function runs(ledger: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { event, tool } of readLedger(ledger)) {
    if (event === 'call' && tool !== undefined) counts[tool] = (counts[tool] ?? 0) + 1;
  }
  return counts;
}

/** Servers of which the first dies under the tools named; all of them write down what runs. */
function dying(tools: ScriptedTool[], crashing: readonly string[], script = {}) {
  const ledger = ledgerFile();
  const fleet = new Fleet((nr) => ({
    tools: tools.map((tool) => (nr === 0 && crashing.includes(tool.name) ? { ...tool, does: CRASH } : tool)),
    ledgerFile: ledger,
    ...script,
  }));
  const manager = newManager({ servers: { a: fleet.spec() }, retry: { delayMs: 1 } });
  return { ledger, fleet, manager };
}

describe('M5 a tool that may have run is not run again, unless it is annotated so', () => {
  it.each<[string, object | undefined, number]>([
    ['read-only: again', READ, 2],
    ['idempotent: again', IDEMPOTENT, 2],
    ['destructive and idempotent: again', { destructiveHint: true, idempotentHint: true }, 2],
    ['not annotated: once', undefined, 1],
    ['annotated as neither: once', { readOnlyHint: false, idempotentHint: false }, 1],
    ['destructive: once', { destructiveHint: true }, 1],
    ['only not destructive: once', { destructiveHint: false }, 1],
    ['a truthy value that is not true: once', { readOnlyHint: 'yes' }, 1],
  ])('%s', async (_what, annotations, expected) => {
    const tool = { name: 'tool', annotations: { ...annotations } };
    const { ledger, manager } = dying([tool], ['tool']);
    const run = manager.run('a', async (session) => {
      // One that is refused as malformed is not known either.
      await session.listTools().catch(() => {});
      return session.callTool('tool', { nr: 1 });
    });
    if (expected === 2) await run;
    else {
      const error = await failureOf(run);
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
      expect(error.attempts).toBeUndefined();
    }
    expect(runs(ledger)).toEqual({ tool: expected });
    await expectAtRest(manager);
  });

  it.each<[string, object | undefined, number]>([
    ['read-only', READ, 2],
    ['idempotent', IDEMPOTENT, 2],
    ['neither', undefined, 1],
  ])('a tool that nobody has listed yet is looked up: %s', async (_what, annotations, expected) => {
    const tool = { name: 'tool', annotations: { ...annotations } };
    const { ledger, manager } = dying([tool], ['tool']);
    await manager.run('a', (session) => session.callTool('tool')).catch(() => {});
    expect(runs(ledger)).toEqual({ tool: expected });
  });

  it.each<[string, object]>([
    [
      'the server does not list it',
      { faults: { refuse: { 'tools/list': { code: -32_603, message: 'no' } } } },
    ],
    ['the list never comes', { faults: { ignore: ['tools/list'] } }],
  ])('a tool that nobody can look up is not run again: %s', async (_what, script) => {
    const { ledger, manager } = dying([{ name: 'tool', annotations: READ }], ['tool'], script);
    const run = failureOf(manager.run('a', (session) => session.callTool('tool'), { timeoutMs: 5_000 }));
    expect((await bounded('run', run)).code).toMatch(/^(CONNECTION_LOST|TIMEOUT)$/);
    expect(runs(ledger)).toEqual({ tool: 1 });
  });

  it('an unknown tool beside listed ones is not run again', async () => {
    const { ledger, manager } = dying([{ name: 'other', annotations: READ }, { name: 'hidden' }], ['hidden']);
    await failureOf(manager.run('a', (session) => session.callTool('hidden')));
    expect(runs(ledger)).toEqual({ hidden: 1 });
  });

  it('whatever retryIf says', async () => {
    const { ledger, manager } = dying([{ name: 'pay' }], ['pay']);
    const run = manager.run('a', (session) => session.callTool('pay'), { retry: { retryIf: () => true } });
    expect((await failureOf(run)).maybeExecuted).toBe(true);
    expect(runs(ledger)).toEqual({ pay: 1 });
  });

  it('a process, too: nothing unsafe ran twice, and what is safe was served', async () => {
    const ledger = ledgerFile();
    const tools: ScriptedTool[] = [
      { name: 'pay', does: { type: 'crash', signal: 'SIGKILL' } },
      { name: 'read', annotations: READ, does: { type: 'crash', signal: 'SIGKILL' } },
    ];
    const spec = { ...stdioSpec({ tools, ledgerFile: ledger }), protocol: 'legacy' as const };
    const manager = newManager({ servers: { a: spec }, retry: { delayMs: 1 } });
    await failureOf(manager.run('a', (session) => session.callTool('pay')));
    expect(runs(ledger)).toEqual({ pay: 1 });
    const error = await failureOf(manager.run('a', (session) => session.callTool('read')));
    expect(error.attempts).toBe(3);
    expect(runs(ledger)).toEqual({ pay: 1, read: 3 });
  });
});

describe('M5 what else ran in the same work counts', () => {
  const TOOLS: ScriptedTool[] = [{ name: 'pay' }, { name: 'read', annotations: READ }];

  it('a payment that succeeded is not made again because the reading after it failed', async () => {
    const { ledger, manager } = dying(TOOLS, ['read']);
    const run = manager.run('a', async (session) => {
      await session.callTool('pay');
      await session.callTool('read');
    });
    expect((await failureOf(run)).code).toBe('CONNECTION_LOST');
    expect(runs(ledger)).toEqual({ pay: 1, read: 1 });
  });

  it('two readings of which the second failed are both read again', async () => {
    const { ledger, manager } = dying(
      [
        { name: 'one', annotations: READ },
        { name: 'two', annotations: READ },
      ],
      ['two'],
    );
    await manager.run('a', async (session) => {
      await session.callTool('one');
      await session.callTool('two');
    });
    expect(runs(ledger)).toEqual({ one: 2, two: 2 });
  });

  it('a payment that failed as a tool ran all the same', async () => {
    const tools: ScriptedTool[] = [
      { name: 'pay', does: { type: 'error', message: 'declined' } },
      { name: 'read', annotations: READ },
    ];
    const { ledger, manager } = dying(tools, ['read']);
    await failureOf(
      manager.run('a', async (session) => {
        await session.callTool('pay');
        await session.callTool('read');
      }),
    );
    expect(runs(ledger)).toEqual({ pay: 1, read: 1 });
  });

  it.each<[string, ToolBehaviour, () => object]>([
    ['that the work swallowed', CRASH, () => ({})],
    ['that timed out', { type: 'hang' }, () => ({ timeoutMs: 100 })],
    [
      'that the server refused with an error',
      { type: 'rpcError', code: -32_603, message: 'half done' },
      () => ({}),
    ],
    [
      'that the work cancelled',
      { type: 'sleepUntilCancelled' },
      () => ({ signal: AbortSignal.timeout(100) }),
    ],
  ])('a payment %s may have been made', async (_what, does, options) => {
    const { ledger, manager } = dying([{ name: 'pay', does }], []);
    const work = async (session: Session): Promise<void> => {
      await session.callTool('pay', {}, options()).catch(() => {});
      throw new Error('try again');
    };
    await expect(manager.run('a', work, { retry: { retryIf: () => true } })).rejects.toThrow('try again');
    expect(runs(ledger)).toEqual({ pay: 1 });
  });

  it('a payment that nobody waited for may have been made', async () => {
    const { ledger, manager, fleet } = dying([{ name: 'pay', does: { type: 'slow', ms: 200 } }], []);
    const work = async (session: Session): Promise<void> => {
      void session.callTool('pay').catch(() => {});
      await eventually('it arrived', () => fleet.requests('tools/call').length > 0);
      throw new Error('try again');
    };
    await expect(manager.run('a', work, { retry: { retryIf: () => true } })).rejects.toThrow('try again');
    expect(runs(ledger)).toEqual({ pay: 1 });
  });

  it('a payment by a raw request counts as well', async () => {
    const { ledger, manager } = dying([{ name: 'pay' }], ['pay']);
    const run = manager.run('a', (session) =>
      session.request({ method: 'tools/call', params: { name: 'pay', arguments: {} } }),
    );
    await failureOf(run);
    expect(runs(ledger)).toEqual({ pay: 1 });
  });

  it('a payment by the official client counts, or is not to be had there', async () => {
    const { ledger, manager } = dying([{ name: 'pay' }], ['pay']);
    const work = async (session: Session): Promise<unknown> => {
      try {
        return await session.client?.callTool({ name: 'pay', arguments: {} });
      } catch (cause) {
        throw new Error('lost', { cause });
      }
    };
    await manager.run('a', work, { retry: { retryIf: () => true } }).catch(() => {});
    expect(runs(ledger)['pay'] ?? 0).toBeLessThanOrEqual(1);
  });

  it('a call that never left is no reason against another attempt', async () => {
    const { ledger, manager, fleet } = dying([{ name: 'pay' }], []);
    let attempts = 0;
    await manager.run('a', async (session) => {
      attempts++;
      if (attempts === 1) {
        fleet.members[0]?.scripted.crash();
        await eventually('it is lost', () => session.status.state !== 'ready' || fleet.made > 1);
      }
      await session.callTool('pay');
    });
    expect(runs(ledger)).toEqual({ pay: 1 });
  });

  it('work that called nothing is done again', async () => {
    const { manager } = dying([], []);
    let attempts = 0;
    const work = async (session: Session): Promise<number> => {
      await session.listTools();
      await session.ping();
      attempts++;
      if (attempts < 3) throw new Error('not yet');
      return attempts;
    };
    expect(await manager.run('a', work, { retry: { retryIf: () => true } })).toBe(3);
  });

  it('a payment that may have been made at one server is not made at another that calls it harmless', async () => {
    const ledger = ledgerFile();
    const one = new Fleet({ name: 'one', tools: [{ name: 'pay', does: CRASH }], ledgerFile: ledger });
    const two = new Fleet({ name: 'two', tools: [{ name: 'pay', annotations: READ }], ledgerFile: ledger });
    const manager = newManager({ servers: { one: one.spec(), two: two.spec() }, retry: { delayMs: 1 } });
    let asks = 0;
    const route = (): string => (asks++ === 0 ? 'one' : 'two');
    const error = await failureOf(manager.run(route, (session) => session.callTool('pay')));
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true, server: 'one' });
    expect(runs(ledger)).toEqual({ pay: 1 });
  });

  it('a reading that one server lost is read at another', async () => {
    const ledger = ledgerFile();
    const tool: ScriptedTool = { name: 'read', annotations: READ };
    const one = new Fleet((nr) => ({
      tools: [nr === 0 ? { ...tool, does: CRASH } : tool],
      ledgerFile: ledger,
    }));
    const two = new Fleet({ tools: [tool], ledgerFile: ledger });
    const manager = newManager({ servers: { one: one.spec(), two: two.spec() }, retry: { delayMs: 1 } });
    let asks = 0;
    await manager.run(
      () => (asks++ === 0 ? 'one' : 'two'),
      async (session) => {
        // What the first one says of its tool cannot be looked up at the second.
        await session.listTools();
        await session.callTool('read');
      },
    );
    expect(runs(ledger)).toEqual({ read: 2 });
    expect(two.requests('tools/call')).toHaveLength(1);
  });

  it("one run's payment says nothing about another's reading", async () => {
    const { ledger, manager } = dying(TOOLS, ['read']);
    await manager.run('a', (session) => session.callTool('pay'));
    await manager.run('a', (session) => session.callTool('read'));
    expect(runs(ledger)).toEqual({ pay: 1, read: 2 });
  });
});

describe('M5 under load, with servers that die all the time', () => {
  it('nothing unsafe runs twice, and what is safe is served', async () => {
    const ledger = ledgerFile();
    const tools: ScriptedTool[] = [
      // Every third call of either, of each server, is its last.
      { name: 'pay', does: [{ type: 'echo' }, { type: 'echo' }, CRASH] },
      { name: 'read', annotations: READ, does: [{ type: 'echo' }, { type: 'echo' }, CRASH] },
    ];
    const fleet = new Fleet({ tools, ledgerFile: ledger });
    const manager = newManager({
      servers: { a: fleet.spec() },
      pool: { maxPerServer: 4 },
      retry: { attempts: 20, delayMs: 1, maxDelayMs: 5 },
      circuit: false,
    });
    const calls = Array.from({ length: 200 }, (_, nr) => {
      const tool = nr % 2 === 0 ? 'pay' : 'read';
      return manager.run('a', (session) => session.callTool(tool, { nr }));
    });
    const outcomes = await bounded('all', Promise.allSettled(calls));
    const paid = new Map<unknown, number>();
    for (const entry of readLedger(ledger)) {
      if (entry.tool === 'pay')
        paid.set(JSON.stringify(entry.arguments), (paid.get(JSON.stringify(entry.arguments)) ?? 0) + 1);
    }
    expect([...paid.values()].filter((count) => count !== 1)).toEqual([]);
    const readings = outcomes.filter((_, nr) => nr % 2 === 1);
    expect(readings.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(
      outcomes.some(({ status }) => status === 'rejected'),
      'some payments were lost',
    ).toBe(true);
    await expectAtRest(manager);
  });
});
