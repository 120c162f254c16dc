import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { StdioServerSpec } from '../../../src/index.ts';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { ledgerFile } from '../../support/folders.ts';
import { connectBeside } from '../../support/neighbour.ts';
import { open } from '../support/open.ts';

/** A process that reads nothing for so long after its start, and one more line in `ledger` for each start. */
function slowToStart(
  script: ServerScript,
  seconds: number,
): { spec: StdioServerSpec; starts: () => Promise<number> } {
  const ledger = ledgerFile();
  const { command, args } = stdioSpec({ tools: [{ name: 'echo' }], ...script });
  const wait = `echo started >> "$LEDGER"; sleep ${seconds}; exec "$0" "$@"`;
  return {
    spec: { command: 'sh', args: ['-c', wait, command, ...args], env: { LEDGER: ledger } },
    starts: async () => (await readFile(ledger, 'utf8')).split('\n').length - 1,
  };
}

describe('R1 a process is asked which era it is of', () => {
  it.each([0, 1, 3])(
    'and ignores it (it takes %d s to start): it waits for no more than 2 s',
    async (startS) => {
      const server = slowToStart({ era: 'legacy', faults: { ignoreDiscover: true } }, startS);
      const { session } = await open(server.spec);
      expect(session.era).toBe('legacy');
      // Not the 10 s of older versions, however busy the machine is.
      expect(session.status.state === 'ready' && session.status.connectMs).toBeLessThan(9_000);
      // It is not asked again, and so is ready at once.
      await session.reconnect();
      expect(session.era).toBe('legacy');
      expect((await session.listTools()).tools).toHaveLength(1);
      expect(await server.starts()).toBe(2);
    },
  );

  it('and answers after 3 s that it knows both: it is started once, and greeted as an older one', async () => {
    const server = slowToStart({ era: 'both' }, 3);
    const { session } = await open(server.spec);
    expect(session.era).toBe('legacy');
    expect((await session.listTools()).tools).toHaveLength(1);
    expect(await server.starts()).toBe(1);
  });

  it('and answers after 3 s that it knows 2026-07-28 only: it is started again once, and remembered', async () => {
    const server = slowToStart({ era: 'modern' }, 3);
    const { session } = await open(server.spec);
    expect(session.era).toBe('modern');
    expect((await session.listTools()).tools).toHaveLength(1);
    expect(await server.starts()).toBe(2);
    await session.reconnect();
    expect(session.era).toBe('modern');
    expect(await server.starts()).toBe(3);
  });

  it('and dies of it after 3 s: it is started again once', async () => {
    const server = slowToStart({ era: 'legacy', faults: { dieOnDiscover: true } }, 3);
    const { session } = await open(server.spec);
    expect(session.era).toBe('legacy');
    expect(await server.starts()).toBe(2);
  });

  it('and is silent: the other servers of its group are ready meanwhile', async () => {
    const silent = slowToStart({ era: 'legacy', faults: { ignoreDiscover: true } }, 3);
    const servers = { silent: silent.spec };
    const { group, expectUntouched } = await connectBeside({ servers }, 'a process');
    expect(group.servers.get('silent')).toMatchObject({ state: 'ready' });
    await group.session('silent').reconnect();
    await expectUntouched();
  });
});
