import { describe, expect, it } from 'vitest';
import { SessionGroup } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { runningPids, startedPids } from '../support/processes.ts';
import { fixture } from '../support/fixtures.ts';
import { ledgerFile } from '../support/folders.ts';

const SERVERS = 50;

/** What keeps this process busy: how many of each kind. Timers of the test runner come and go. */
function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== 'Timeout' && kind !== 'Immediate') counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

describe('G14 a group of 50 stdio servers, opened and closed', () => {
  it('leaves no process, handle or listener, three times over', async () => {
    const ledger = ledgerFile();
    const servers = Object.fromEntries(
      Array.from({ length: SERVERS }, (_, nr) => [
        `s${nr}`,
        fixture('group-tiny.mjs', `--ledger=${ledger}`, 'echo', 'other'),
      ]),
    );
    const before = handles();
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]);
    for (let round = 1; round <= 3; round++) {
      const group = await SessionGroup.connect({ servers, strict: true });
      expect(group.tools.size).toBe(2 * SERVERS);
      await Promise.all([...group.tools.keys()].map((name) => group.callTool(name, { round })));
      expect(runningPids(ledger)).toHaveLength(SERVERS);
      await group.close();
      expect(runningPids(ledger)).toEqual([]);
      expect(startedPids(ledger)).toHaveLength(round * SERVERS);
      await eventually(`handles as before: ${JSON.stringify([before, handles()])}`, () => {
        const now = handles();
        return Object.keys(now).every((kind) => (now[kind] ?? 0) <= (before[kind] ?? 0));
      });
    }
    expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(listeners);
  });
});
