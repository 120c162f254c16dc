import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cluster } from '../../../src/gateway/cluster/cluster.ts';
import { resolveCluster } from '../../../src/gateway/cluster/cluster-options.ts';
import type { IncomingCall } from '../../../src/gateway/cluster/node-calls.ts';
import { createDeferred } from '../../../src/internal/deferred.ts';
import { failureOf, rejectionOf } from '../../support/failures.ts';
import { hasRedis, NEW_SECRET, SECRET, TestRedis } from './redis-server.ts';

type Body = Readonly<Record<string, unknown>>;

interface TestNode {
  readonly cluster: Cluster;
  /** What other nodes have called. */
  readonly calls: IncomingCall[];
  readonly told: Body[];
  missed: number;
}

async function node(
  redis: TestRedis,
  nodeId: string,
  answer: (call: IncomingCall) => Promise<Body> = async ({ body }) => ({ echo: body }),
  { secrets = [SECRET], leaseMs = 9_000 }: { secrets?: string[]; leaseMs?: number } = {},
): Promise<TestNode> {
  const options = resolveCluster({ url: redis.url, secrets, nodeId, leaseMs });
  const cluster = await Cluster.join(options, () => {}, undefined);
  onTestFinished(() => cluster.close());
  const made: TestNode = { cluster, calls: [], told: [], missed: 0 };
  cluster.serve({
    onTold: (body) => void made.told.push(body),
    onMissed: () => void made.missed++,
    answer: (call) => {
      made.calls.push(call);
      return answer(call);
    },
  });
  return made;
}

/** What another node answers. */
async function answerOf(caller: TestNode, ...call: Parameters<Cluster['call']>): Promise<Body> {
  return (await caller.cluster.call(...call)).answer;
}

/** Waits until these nodes know of each other. */
async function acquainted(...nodes: TestNode[]): Promise<void> {
  await expect
    .poll(() => nodes.map(({ cluster }) => cluster.nodes.length))
    .toEqual(nodes.map(() => nodes.length));
}

/** A node in a process of its own. */
function startNode(options: object): {
  child: ChildProcess;
  said(): string;
  says(text: string): Promise<void>;
} {
  const program = join(import.meta.dirname, 'answering-node.mjs');
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    child,
    said: () => said,
    says: async (text) => {
      await expect.poll(() => said).toContain(text);
    },
  };
}

/** What a node sends to a channel, as somebody sees it who can read Redis. */
async function overheard(
  redis: TestRedis,
  channel: string,
  during: () => Promise<unknown>,
): Promise<string[]> {
  const { messages, stop } = await redis.listen(channel);
  await during();
  await stop();
  return messages;
}

describe.skipIf(!hasRedis)('a call from node to node', () => {
  it('is answered', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => answerOf(a, 'b', { at })));
    expect(answers).toEqual(Array.from({ length: 100 }, (_, at) => ({ echo: { at } })));
    expect(a.calls).toEqual([]);
    expect(b.calls).toHaveLength(100);
  });

  it('goes on with parts in both directions, in their order', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a');
    await node(redis, 'b', async (call) => {
      const heard = createDeferred<Body>();
      call.onPart = (part) => {
        if (part['n'] === 9) heard.resolve(part);
      };
      for (let n = 0; n < 10; n++) call.send({ n });
      return { heard: await heard.promise };
    });
    const parts: unknown[] = [];
    const call = await a.cluster.call(
      'b',
      {},
      {
        onPart: ({ n }) => {
          parts.push(n);
          call.send({ n });
        },
      },
    );
    expect(await call.answer).toEqual({ heard: { n: 9 } });
    expect(parts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('that is cancelled ends where it runs', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a');
    const b = await node(
      redis,
      'b',
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const controller = new AbortController();
    const { answer } = await a.cluster.call('b', {}, { signal: controller.signal });
    await expect.poll(() => b.calls).toHaveLength(1);
    controller.abort(new Error('enough'));
    expect(await rejectionOf(answer)).toMatchObject({ message: 'enough' });
    await expect.poll(() => b.calls[0]?.signal.aborted).toBe(true);
  });

  it('to a node that nobody knows, or that has left, did not run', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    const gone = { code: 'CONNECTION_LOST', maybeExecuted: false };
    expect(await failureOf(answerOf(a, 'c', {}))).toMatchObject(gone);
    await b.cluster.close();
    expect(await failureOf(answerOf(a, 'b', {}))).toMatchObject(gone);
  });

  it('to a node that is frozen says that it did not run, and does not when the node wakes', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a');
    // Longer than the call waits: nobody takes the frozen node for dead.
    const options = { url: redis.url, secrets: [SECRET], nodeId: 'b', leaseMs: 9_000 };
    const b = startNode(options);
    await b.says('ready');
    expect(await answerOf(a, 'b', { n: 1 })).toEqual({ echo: { n: 1 } });
    b.child.kill('SIGSTOP');
    const error = await failureOf(answerOf(a, 'b', { n: 2 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', maybeExecuted: false });
    b.child.kill('SIGCONT');
    expect(await answerOf(a, 'b', { n: 3 })).toEqual({ echo: { n: 3 } });
    expect(b.said().match(/called .*/g)).toEqual(['called {"n":1}', 'called {"n":3}']);
  });

  it('runs once however often its message comes', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    const [message = ''] = await overheard(redis, 'plenum:to:b', () => answerOf(a, 'b', { n: 1 }));
    for (let n = 0; n < 3; n++) await redis.command('PUBLISH', 'plenum:to:b', message);
    // Another start of the node does not know its nonce.
    await b.cluster.close();
    const again = await node(redis, 'b');
    await redis.command('PUBLISH', 'plenum:to:b', message);
    await answerOf(a, 'b', { n: 2 });
    expect([...b.calls, ...again.calls].map(({ body }) => body)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('does not run under a lease that another has, or has anew', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    const { fence } = await b.cluster.leases.acquire('x', () => {});
    const lease = { name: 'x', fence };
    expect(await answerOf(a, 'b', { n: 1 }, { lease })).toEqual({ echo: { n: 1 } });
    await b.cluster.leases.release('x');
    const next = await b.cluster.leases.acquire('x', () => {});
    for (const wrong of [lease, { name: 'y', fence }, { name: 'x', fence: '1' }]) {
      const error = await failureOf(answerOf(a, 'b', { n: 2 }, { lease: wrong }));
      expect(error).toMatchObject({ code: 'NOT_CONNECTED', maybeExecuted: false });
    }
    await answerOf(a, 'b', { n: 3 }, { lease: { name: 'x', fence: next.fence } });
    expect(b.calls.map(({ body }) => body)).toEqual([{ n: 1 }, { n: 3 }]);
  });

  it('fails when the node dies that works on it, and says that it may have run', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b', () => new Promise(() => {}))];
    const { answer } = await a.cluster.call('b', {});
    await expect.poll(() => b.calls).toHaveLength(1);
    await b.cluster.close();
    expect(await failureOf(answer)).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
  });

  it('ends when the node dies that made it', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b', () => new Promise(() => {}))];
    const { answer } = await a.cluster.call('b', {});
    await expect.poll(() => b.calls).toHaveLength(1);
    await a.cluster.close();
    expect(await failureOf(answer)).toMatchObject({ maybeExecuted: true });
    await expect.poll(() => b.calls[0]?.signal.aborted).toBe(true);
  });

  it('fails when its answer may have been lost with a connection to Redis', async () => {
    const redis = await TestRedis.start();
    const finish = createDeferred<Body>();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b', () => finish.promise)];
    const { answer } = await a.cluster.call('b', {});
    await expect.poll(() => b.calls).toHaveLength(1);
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(await failureOf(answer)).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    finish.resolve({});
    // Both go on.
    await expect.poll(() => answerOf(a, 'b', {}).catch(() => undefined)).toEqual({});
  });

  it('fails at once while Redis is down, and the next ones run when it is back', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    await acquainted(a, b);
    await redis.stop();
    const calls = await Promise.all(Array.from({ length: 5 }, () => failureOf(answerOf(a, 'b', {}))));
    for (const { code } of calls) expect(code).toBe('CONNECTION_LOST');
    expect(b.calls).toEqual([]);
    await redis.start();
    await expect
      .poll(async () => {
        try {
          return await answerOf(a, 'b', { n: 1 });
        } catch {
          return undefined;
        }
      })
      .toEqual({ echo: { n: 1 } });
  });

  it('whose answer fails says that it may have run', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a');
    await node(redis, 'b', () => Promise.reject(new Error('a secret')));
    const error = await failureOf(answerOf(a, 'b', {}));
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(error.message).not.toContain('a secret');
  });

  it('is made by no one without a secret', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    await acquainted(a, b);
    const messages = await overheard(redis, 'plenum:to:b', () => answerOf(a, 'b', { n: 1 }));
    const [call = ''] = messages;
    const forged = [
      call,
      call.replace('"n":1', '"n":2'),
      call.slice(0, -1),
      call.slice(call.indexOf('{')),
      `${call} `,
      'x',
      '',
      '.'.repeat(1_000_000),
    ];
    for (const text of forged) await redis.command('PUBLISH', 'plenum:to:b', text);
    await redis.command('PUBLISH', 'plenum:to:a', call);
    await redis.command('PUBLISH', 'plenum:bus', call);
    expect(await answerOf(a, 'b', { n: 3 })).toEqual({ echo: { n: 3 } });
    expect(b.calls.map(({ body }) => body)).toEqual([{ n: 1 }, { n: 3 }]);
    expect([a.told, b.told, a.calls]).toEqual([[], [], []]);
  });

  it('is answered by none but the node that was called', async () => {
    const redis = await TestRedis.start();
    const finish = createDeferred<Body>();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b', () => finish.promise)];
    const c = await node(redis, 'c');
    await acquainted(a, b, c);
    const messages = await overheard(redis, 'plenum:to:b', async () => {
      void answerOf(a, 'b', {});
      await expect.poll(() => b.calls).toHaveLength(1);
    });
    const id = /"id":"([^"]+)"/.exec(messages[0] ?? '')?.[1];
    expect(id).toBeDefined();
    // A node of the cluster that was not called; it knows the id, as it can read Redis.
    expect(await answerOf(c, 'a', { type: 'answer', id, body: {} })).toEqual({
      echo: { type: 'answer', id, body: {} },
    });
    finish.resolve({ from: 'b' });
    expect(await answerOf(a, 'b', {})).toEqual({ from: 'b' });
  });

  it('runs while a secret is replaced, one node after the other', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a');
    const b = await node(redis, 'b', undefined, { secrets: [NEW_SECRET, SECRET] });
    await acquainted(a, b);
    expect(await answerOf(a, 'b', { n: 1 })).toEqual({ echo: { n: 1 } });
    expect(await answerOf(b, 'a', { n: 2 })).toEqual({ echo: { n: 2 } });
  });

  it('that is long arrives, and one that is too long is not sent', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a');
    await node(redis, 'b', async ({ body }) => ({ length: String(body['text']).length }));
    expect(await answerOf(a, 'b', { text: 'x'.repeat(400_000) })).toEqual({ length: 400_000 });
    const error = await failureOf(answerOf(a, 'b', { text: 'x'.repeat(17_000_000) }));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENTS', maybeExecuted: false });
  });
});

describe.skipIf(!hasRedis)('what a node tells all', () => {
  it('reaches the others, and not itself', async () => {
    const redis = await TestRedis.start();
    const nodes = [await node(redis, 'a'), await node(redis, 'b'), await node(redis, 'c')] as const;
    nodes[0].cluster.tell({ about: 'x', n: 1 });
    await expect
      .poll(() => nodes.map(({ told }) => told))
      .toEqual([[], [{ about: 'x', n: 1 }], [{ about: 'x', n: 1 }]]);
  });

  it('may be missed while a connection is down, which a node learns', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await expect.poll(() => [a.missed, b.missed]).toEqual([1, 1]);
    await expect
      .poll(async () => {
        a.cluster.tell({ about: 'x' });
        await sleep(10);
        return b.told.length;
      })
      .toBeGreaterThan(0);
  });
});
