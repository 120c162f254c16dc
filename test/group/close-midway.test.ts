import { describe, expect, it } from 'vitest';
import type { GroupServerSpec } from '../../src/index.ts';
import { stdioSpec } from '../../src/testing/index.ts';
import { bounded, eventually, settled } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup, newGroup } from '../support/groups.ts';
import { local, tools } from '../support/servers.ts';
import { expectGoneForGood, isRunning, runningPids, startedPids } from '../support/processes.ts';
import { RawServer } from '../support/raw-server.ts';
import { fixture } from '../support/fixtures.ts';
import { ledgerFile } from '../support/folders.ts';

describe('G14 close() in the midst of things', () => {
  it.each(['close', 'destroy'] as const)(
    '%s() during add(): it rejects, and nothing is left',
    async (end) => {
      const group = newGroup();
      const ledger = ledgerFile();
      const stages: GroupServerSpec[] = [
        stdioSpec({ startDelayMs: 60_000, ledgerFile: ledger }),
        stdioSpec({ faults: { neverInitialize: true }, ledgerFile: ledger }),
        { transport: () => new Promise<never>(() => {}) },
      ];
      const adding = stages.map((spec, nr) =>
        failureOf(group.add(`s${nr}`, { ...spec, connectTimeoutMs: 60_000 })),
      );
      await eventually('the processes run', () => startedPids(ledger).length === 2);
      await bounded(end, group[end]());
      for (const error of await bounded('the adds', Promise.all(adding)))
        expect(error.code).toBe('SESSION_CLOSED');
      await expectGoneForGood(ledger);
      expect(group.tools.size).toBe(0);
    },
  );

  it.each(['close', 'destroy', 'remove'] as const)(
    '%s() while the group itself waits for a list that never comes: it does not wait along',
    async (end) => {
      const group = newGroup();
      const silent = (): RawServer =>
        new RawServer({ tools: { listChanged: true } }, { 'tools/list': () => new Promise<never>(() => {}) });
      const joining = silent();
      const adding = failureOf(group.add('joining', { server: joining }));
      let answered = false;
      const joined = new RawServer(
        { tools: { listChanged: true } },
        { 'tools/list': () => (answered ? new Promise<never>(() => {}) : { tools: [] }) },
      );
      await group.add('joined', { server: joined });
      answered = true;
      await joined.notify('notifications/tools/list_changed');
      const lists = (server: RawServer): number =>
        server.requests.filter(({ method }) => method === 'tools/list').length;
      await eventually('both are listed', () => lists(joining) === 1 && lists(joined) === 2);
      // Less than the 30 s that a list may take.
      const ends: Promise<unknown> =
        end === 'remove' ? Promise.all([group.remove('joining'), group.remove('joined')]) : group[end]();
      await bounded(end, ends);
      expect((await bounded('add', adding)).code).toMatch(/^(SESSION_CLOSED|ABORTED)$/);
      expect([joining.open, joined.open]).toEqual([0, 0]);
    },
  );

  it('while servers are lost and being tried again', async () => {
    const ledger = ledgerFile();
    const group = await connectGroup({
      servers: { dud: stdioSpec({ faults: { exitAtStart: {} }, ledgerFile: ledger }) },
    });
    await bounded('close', group.close());
    await expectGoneForGood(ledger);
  });

  it('while a refresh is under way', async () => {
    const server = local({ tools: tools('old') });
    const group = await connectGroup({ servers: { a: { server } } });
    server.hang();
    const refreshed = group.refresh().catch(() => {});
    await bounded('destroy', group.destroy());
    await bounded('refresh', refreshed);
    server.resume();
    expect(await settled(() => group.catalog.version, 100)).toBe(group.catalog.version);
  });

  it('Orphans: children behind npx outlive their client', async () => {
    const group = newGroup();
    const grandchild = { lifeMs: 60_000, holdPipes: true };
    await group.add(
      'direct',
      stdioSpec({ tools: [{ name: 'who', does: { type: 'whoami' } }], faults: { grandchild } }),
    );
    const { content } = await group.callTool('direct__who');
    const [block] = content;
    const who: { pid: number; grandchild: number } = JSON.parse(block?.type === 'text' ? block.text : '{}');
    const ledger = ledgerFile();
    // A shell between us and the server, as npx is.
    const { command, args } = fixture('group-tiny.mjs', `--ledger=${ledger}`, 'echo');
    const line = [command, ...args].map((word) => `'${word}'`).join(' ');
    await group.add('wrapped', { command: 'sh', args: ['-c', `${line}; true`] });
    expect([isRunning(who.pid), isRunning(who.grandchild), runningPids(ledger).length]).toEqual([
      true,
      true,
      1,
    ]);
    await bounded('close', group.close());
    expect([isRunning(who.pid), isRunning(who.grandchild), runningPids(ledger).length]).toEqual([
      false,
      false,
      0,
    ]);
  });
});
