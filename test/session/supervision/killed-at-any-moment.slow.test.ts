import { setTimeout as sleep } from 'node:timers/promises';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { GroupServerSpec, SessionGroup } from '../../../src/index.ts';
import {
  httpProcess,
  readLedger,
  serveSse,
  stdioSpec,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { ledgerFile } from '../../support/folders.ts';
import { connectGroup } from '../../support/groups.ts';
import { startedPids } from '../../support/processes.ts';
import { Random } from '../../support/random.ts';
import { local, tools } from '../../support/servers.ts';
import { QUICK, REVENANTS } from './revenants.ts';

/** A server that can be ended at any moment, and comes back. */
interface Mortal {
  readonly spec: GroupServerSpec;
  kill(): void | Promise<void>;
}

function lastProcess(ledger: string): () => void {
  return () => {
    const pid = startedPids(ledger).at(-1);
    try {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
}

const MORTALS: Record<string, (script: ServerScript, ledger: string) => Promise<Mortal>> = {
  'a process that is killed': async (script, ledger) => ({
    spec: stdioSpec(script),
    kill: lastProcess(ledger),
  }),
  "a process behind a transport of the user's": async (script, ledger) => {
    const { command, args } = stdioSpec(script);
    return {
      spec: { transport: () => new StdioClientTransport({ command, args: [...args] }) },
      kill: lastProcess(ledger),
    };
  },
  'an HTTP server that is killed': async (script) => {
    const server = await httpProcess(script);
    onTestFinished(() => server.close());
    return { spec: { url: server.url }, kill: () => server.restart() };
  },
  'an HTTP server with event streams that is killed': async (script) => {
    const server = await httpProcess(script, { answers: 'sse' });
    onTestFinished(() => server.close());
    return { spec: { url: server.url }, kill: () => server.restart() };
  },
  'a server of the old SSE transport': async (script) => {
    let server = await serveSse(script);
    onTestFinished(() => server.close());
    return {
      spec: { url: server.url, type: 'sse' },
      async kill() {
        const { port } = server;
        server.crash();
        await server.close();
        server = await serveSse(script, { port });
      },
    };
  },
  'a WebSocket server': async (script) => {
    const revenant = await (REVENANTS['WebSocket'] ?? expect.fail())(script);
    return { spec: revenant.spec, kill: () => revenant.comeBackAs(script) };
  },
  'a server in this process': async (script) => {
    const server = local(script);
    return { spec: { server }, kill: () => server.crash() };
  },
};

interface Outcomes {
  /** The numbers of calls that had a result. */
  readonly done: number[];
  readonly failed: { readonly n: number; readonly error: unknown }[];
}

/** Calls `peer__echo` from several callers, one call after the other, until told to stop. */
function callAllTheTime(group: SessionGroup, callers: number): { outcomes: Outcomes; stop(): Promise<void> } {
  const outcomes: Outcomes = { done: [], failed: [] };
  const end = new AbortController();
  let last = 0;
  const callOn = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const n = ++last;
      await group.callTool('peer__echo', { n }, { timeoutMs: 60_000 }).then(
        () => outcomes.done.push(n),
        (error: unknown) => outcomes.failed.push({ n, error }),
      );
      // Some calls come in the same turn as what ended the last one, some later.
      if (n % 3 === 0) await sleep(n % 7);
    }
  };
  const all = Array.from({ length: callers }, callOn);
  const stop = async (): Promise<void> => {
    end.abort();
    await Promise.all(all);
  };
  return { outcomes, stop };
}

function ran(ledger: string): number[] {
  return readLedger(ledger)
    .filter(({ event }) => event === 'call')
    .map((entry) => (entry.arguments as { n: number }).n);
}

const SEED = Math.trunc(Math.random() * 2 ** 31);

describe.each(Object.entries(MORTALS))('C13 calls all the time to %s, at any moment', (_name, create) => {
  it(`run once, or fail as ones that may have run (seed ${SEED})`, async () => {
    const ledger = ledgerFile();
    const random = new Random(SEED);
    const mortal = await create({ tools: tools('echo'), ledgerFile: ledger }, ledger);
    const other = local({ tools: tools('echo') });
    const group = await connectGroup({
      servers: { peer: mortal.spec, other: { server: other } },
      protocol: 'legacy',
      reconnect: { ...QUICK, resetAfterMs: 0 },
    });
    const { outcomes, stop } = callAllTheTime(group, 4);
    for (let kills = 0; kills < 8; kills++) {
      const done = outcomes.done.length;
      await eventually('the next results', () => outcomes.done.length > done + 5);
      await sleep(random.below(20));
      await mortal.kill();
    }
    const done = outcomes.done.length;
    await eventually('the last life', () => outcomes.done.length > done + 5);
    await bounded('the last calls', stop());

    for (const { error } of outcomes.failed)
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    const runs = ran(ledger);
    const once = new Set(runs);
    expect(once.size, 'no call ran twice').toBe(runs.length);
    expect(outcomes.done.filter((n) => !once.has(n))).toEqual([]);
    expect(other.connections).toBe(1);
  });
});
