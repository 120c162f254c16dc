import { describe, expect, it } from 'vitest';
import type { ManagedServerSpec } from '../../../src/manager/pool/managed-server.ts';
import { readLedger, type ScriptedTool } from '../../../src/testing/index.ts';
import { failureOf } from '../../support/failures.ts';
import { Fleet } from '../support/fleet.ts';
import { expectAtRest, newManager } from '../support/managers.ts';
import { ledgerFile } from '../../support/folders.ts';

const HARMLESS: ScriptedTool = { name: 'pay', annotations: { idempotentHint: true } };
const PAY: ScriptedTool = { name: 'pay' };

/** A fleet of which the first member dies under `pay`, and how often it was paid in all. */
function dying(tools: ScriptedTool[]): { spec: ManagedServerSpec; paid: () => number } {
  const ledger = ledgerFile();
  const script = { tools, ledgerFile: ledger };
  const fleet = new Fleet((nr) =>
    nr > 0
      ? script
      : { ...script, tools: tools.map((tool) => ({ ...tool, does: { type: 'crash' } as const })) },
  );
  const paid = (): number => readLedger(ledger).filter(({ event }) => event === 'call').length;
  return { spec: fleet.spec(), paid };
}

describe('M5 what a server says of its tools holds for itself only', () => {
  it("one principal's server does not decide what is run again on another's", async () => {
    const theirs = new Fleet({ tools: [HARMLESS] }).spec();
    const ours = dying([PAY]);
    const manager = newManager({
      servers: { a: ({ principal }) => (principal === 'mallory' ? theirs : ours.spec) },
      retry: { delayMs: 1 },
    });
    await manager.run('a', (session) => session.listTools(), { principal: 'mallory' });
    const error = await failureOf(
      manager.run('a', (session) => session.callTool('pay'), { principal: 'ada' }),
    );
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(ours.paid()).toBe(1);
    await expectAtRest(manager);
  });

  it('and what was learned while the call was under way does not, either', async () => {
    const theirs = new Fleet({ tools: [HARMLESS] }).spec();
    const ours = dying([PAY]);
    const manager = newManager({
      servers: { a: ({ principal }) => (principal === 'mallory' ? theirs : ours.spec) },
      retry: { delayMs: 1 },
    });
    const run = manager.run(
      'a',
      async (session) => {
        await session.listTools();
        await manager.run('a', (other) => other.listTools(), { principal: 'mallory' });
        return session.callTool('pay');
      },
      { principal: 'ada' },
    );
    expect((await failureOf(run)).attempts).toBeUndefined();
    expect(ours.paid()).toBe(1);
  });

  it('a principal whose own server says that it is harmless is served again', async () => {
    const ours = dying([HARMLESS]);
    const manager = newManager({ servers: { a: () => ours.spec }, retry: { delayMs: 1 } });
    await manager.run('a', (session) => session.callTool('pay'), { principal: 'ada' });
    expect(ours.paid()).toBe(2);
  });
});

describe('M5 a tool that a server lists twice', () => {
  it.each([
    ['first harmless, then not', [HARMLESS, PAY]],
    ['first not, then harmless', [PAY, HARMLESS]],
  ])('is not run again: %s', async (_what, tools) => {
    const { spec, paid } = dying(tools);
    const manager = newManager({ servers: { a: spec }, retry: { delayMs: 1 } });
    await failureOf(manager.run('a', (session) => session.callTool('pay')));
    expect(paid()).toBe(1);
  });
});
