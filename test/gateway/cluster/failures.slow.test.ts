import type { Client } from '@modelcontextprotocol/client';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { rejectionOf } from '../../support/failures.ts';
import { newFolder } from '../../support/folders.ts';
import { isRunning, runningPids } from '../../support/processes.ts';
import { official } from '../support.ts';
import { hasRedis, SECRET, TestRedis } from './redis-server.ts';
import { serveNode, type ServingNode } from './serving-node.ts';

/** So long that a busy machine is not taken for a dead one. */
const LEASE_MS = 6_000;

interface TestCluster {
  readonly nodes: readonly ServingNode[];
  readonly clients: readonly Client[];
  readonly ledger: string;
}

/** Three nodes, each with a client; the first has the server, which has been called once. */
async function threeNodes(): Promise<TestCluster> {
  const redis = await TestRedis.start();
  const ledger = join(newFolder(), 'ledger');
  const tools = [
    { name: 'count', does: { type: 'count' as const } },
    { name: 'hang', does: { type: 'hang' as const } },
    {
      name: 'safe',
      annotations: { readOnlyHint: true },
      does: { type: 'slow' as const, ms: 2_000 },
    },
    { name: 'slow', does: { type: 'slow' as const, ms: 300 } },
  ];
  const servers = { s: { ...stdioSpec({ tools, ledgerFile: ledger }), isolation: 'principal' } };
  const nodes = [0, 1, 2].map((at) =>
    serveNode(servers, { url: redis.url, secrets: [SECRET], nodeId: `n${at}`, leaseMs: LEASE_MS }),
  );
  const clients: Client[] = [];
  for (const node of nodes) clients.push(await official(await node.url()));
  expect(await call(clients[0], 'count')).toBe('1');
  expect(await call(clients[1], 'count')).toBe('2');
  return { nodes, clients, ledger };
}

async function call(client: Client | undefined, name: string): Promise<string> {
  const result = await client?.callTool({ name: `s__${name}`, arguments: {} });
  const [block] = result?.content ?? [];
  return block?.type === 'text' ? block.text : '';
}

/** Calls until it succeeds; what fails must not have run. */
async function counted(client: Client | undefined): Promise<number> {
  let count = 0;
  await expect
    .poll(async () => {
      try {
        count = Number(await call(client, 'count'));
        return true;
      } catch (error) {
        expect(JSON.stringify(error)).toMatch(/maybeExecuted\W*false/);
        return false;
      }
    })
    .toBe(true);
  return count;
}

describe.skipIf(!hasRedis)('C1 a node that dies', () => {
  it('costs the calls that ran on it, which say so; the next ones run on another node, once', async () => {
    const { nodes, clients, ledger } = await threeNodes();
    const hanging = [1, 2].map((at) => rejectionOf(call(clients[at], 'hang')));
    const repeated = call(clients[1], 'safe');
    // They are where the server is before the node dies.
    await call(clients[1], 'slow');
    await nodes[0]?.end('SIGKILL');
    for (const error of await Promise.all(hanging))
      expect(JSON.stringify(error)).toMatch(/maybeExecuted\W*true/);
    // What may run twice is repeated.
    expect(await repeated).toBe('{}');
    expect(await counted(clients[2])).toBe(1);
    expect(await counted(clients[1])).toBe(2);
    await nodes[1]?.end('SIGTERM');
    await nodes[2]?.end('SIGTERM');
    await expect.poll(() => runningPids(ledger)).toEqual([]);
  });

  it('C2 by freezing: a call is not accepted, and when it wakes it ends what another node has', async () => {
    const { nodes, clients, ledger } = await threeNodes();
    // Of the processes over which servers are listed none is left.
    await expect.poll(() => runningPids(ledger)).toHaveLength(1);
    const [child] = runningPids(ledger);
    nodes[0]?.child.kill('SIGSTOP');
    expect(await counted(clients[1])).toBe(1);
    expect(isRunning(child)).toBe(true);
    nodes[0]?.child.kill('SIGCONT');
    await expect.poll(() => isRunning(child)).toBe(false);
    expect(await counted(clients[0])).toBe(2);
    expect(await counted(clients[2])).toBe(3);
  });
});

describe.skipIf(!hasRedis)('a node that is stopped by SIGTERM', () => {
  it('loses no call of the others, and hands its servers over', async () => {
    const { nodes, clients } = await threeNodes();
    const first = { isEnded: false };
    const calling = [1, 2].map(async (at) => {
      let calls = 0;
      while (!first.isEnded || calls < 5) {
        await call(clients[at], calls % 2 === 0 ? 'slow' : 'count');
        calls++;
      }
      return calls;
    });
    await nodes[0]?.end('SIGTERM');
    first.isEnded = true;
    for (const calls of await Promise.all(calling)) expect(calls).toBeGreaterThanOrEqual(5);
  });
});
