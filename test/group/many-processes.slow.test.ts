import { describe, expect, it } from 'vitest';
import { ledgerFile } from '../support/folders.ts';
import { connectGroup } from '../support/groups.ts';
import { mostAtOnce } from '../support/processes.ts';
import { starting } from './support/starting.ts';

describe('G13 bounded concurrency, measured at the servers', () => {
  it('99 stdio servers started at once, unbounded: most time out', async () => {
    const ledger = ledgerFile();
    // All of them together take far longer than one of them may: the wait for one's turn does not count.
    const group = await connectGroup({
      servers: starting(99, ledger, 1),
      connectTimeoutMs: 4_000,
      concurrency: { processes: 4 },
    });
    const states = [...group.servers.values()].map(({ state }) => state);
    expect(states.filter((state) => state === 'ready')).toHaveLength(99);
    expect(group.tools.size).toBe(99);
    expect(mostAtOnce(ledger)).toBeLessThanOrEqual(4);
    await group.close();
  });
});
