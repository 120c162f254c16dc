import { describe, expect, it, onTestFinished } from 'vitest';
import { Leases } from '../../../src/gateway/cluster/leases.ts';
import { RedisConnection } from '../../../src/gateway/cluster/redis-connection.ts';
import { failureOf } from '../../support/failures.ts';
import { hasRedis, TestRedis } from './redis-server.ts';

/** Longer than a test; and so short that a test can wait until it has run out. */
const LONG_MS = 600_000;
const SHORT_MS = 300;

interface TestNode {
  readonly leases: Leases;
  readonly connection: RedisConnection;
  readonly lost: string[];
  take(name: string): ReturnType<Leases['acquire']>;
}

async function node(redis: TestRedis, nodeId: string, leaseMs = LONG_MS): Promise<TestNode> {
  const connection = await RedisConnection.open(
    { url: redis.url, channels: [], answerMs: 3_000 },
    { onMessage: () => {}, onUp: () => {}, onDown: () => {} },
  );
  onTestFinished(() => connection.close());
  const lost: string[] = [];
  const leases = new Leases({ nodeId, prefix: 'test', leaseMs }, `${nodeId} now`, connection);
  return { leases, connection, lost, take: (name) => leases.acquire(name, () => void lost.push(name)) };
}

/** Waits until a lease that nobody renews has run out. */
async function expired(redis: TestRedis, name: string): Promise<void> {
  await expect
    .poll(async () => {
      const [seconds, micros] = [await redis.command('TIME')].flat().map(Number);
      const until = Number(await redis.command('HGET', `test:lease:${name}`, 'until'));
      return until < (seconds ?? 0) * 1_000 + (micros ?? 0) / 1_000;
    })
    .toBe(true);
}

describe.skipIf(!hasRedis)('a lease', () => {
  it('has one owner, of whom the others learn', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    const mine = await a.take('x');
    expect(mine).toEqual({ node: 'a', isSelf: true, fence: expect.stringMatching(/^\d{16}$/) });
    expect(await b.take('x')).toEqual({ ...mine, isSelf: false });
    expect(await a.take('x')).toEqual(mine);
    expect(await b.take('y')).toMatchObject({ node: 'b', isSelf: true });
  });

  it('has one owner of many that want it at once', async () => {
    const redis = await TestRedis.start();
    const nodes = await Promise.all(['a', 'b', 'c', 'd'].map((id) => node(redis, id)));
    const names = Array.from({ length: 50 }, (_, at) => `lease ${at}`);
    const taken = await Promise.all(nodes.flatMap((each) => names.map((name) => each.take(name))));
    expect(taken.filter(({ isSelf }) => isSelf)).toHaveLength(names.length);
  });

  it('is free at once when it was given back, with a larger number', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    const { fence } = await a.take('x');
    await a.leases.release('x');
    const next = await b.take('x');
    expect(next).toMatchObject({ node: 'b', isSelf: true });
    expect(Number(next.fence)).toBeGreaterThan(Number(fence));
    expect(a.lost).toEqual([]);
  });

  it('stays with an owner that renews it', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    const { fence } = await a.take('x');
    const before = Number(await redis.command('HGET', 'test:lease:x', 'until'));
    await a.leases.renew();
    expect(Number(await redis.command('HGET', 'test:lease:x', 'until'))).toBeGreaterThanOrEqual(before);
    expect(await b.take('x')).toMatchObject({ node: 'a', fence });
  });

  it('goes to another when its owner is silent; the owner learns of it when it wakes', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a', SHORT_MS), await node(redis, 'b')];
    const { fence } = await a.take('x');
    await a.take('kept');
    await expired(redis, 'x');
    expect(a.leases.fenceOf('x')).toBeUndefined();
    const next = await b.take('x');
    expect(Number(next.fence)).toBeGreaterThan(Number(fence));
    await a.leases.renew();
    expect(a.lost).toEqual(['x']);
    expect(a.leases.fenceOf('x')).toBeUndefined();
    expect(await a.take('kept')).toMatchObject({ isSelf: true });
    await b.leases.renew();
    expect(b.lost).toEqual([]);
  });

  it('is lost, too, when the other owner is gone again before the first wakes', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a', SHORT_MS), await node(redis, 'b')];
    await a.take('x');
    await expired(redis, 'x');
    await b.take('x');
    await b.leases.release('x');
    await a.leases.renew();
    expect(a.lost).toEqual(['x']);
  });

  it('is not lost by a silence in which nobody wanted it', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a', SHORT_MS);
    const { fence } = await a.take('x');
    await expired(redis, 'x');
    expect(await a.take('x')).toMatchObject({ isSelf: true, fence });
    expect(a.lost).toEqual([]);
  });

  it('that was lost meanwhile is found out by whoever asks for it, before anything runs under it', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a', SHORT_MS), await node(redis, 'b')];
    await a.take('x');
    await expired(redis, 'x');
    await b.take('x');
    expect(await a.take('x')).toMatchObject({ node: 'b', isSelf: false });
    expect(a.lost).toEqual(['x']);
  });

  it.each(['emptied', 'restored from an earlier state'])(
    'has a larger number after Redis was %s',
    async (what) => {
      const redis = await TestRedis.start();
      const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
      const { fence } = await a.take('x');
      await a.take('y');
      await redis.command('FLUSHALL');
      if (what !== 'emptied') await redis.command('SET', 'test:fence', '7');
      const next = await b.take('x');
      expect(next).toMatchObject({ node: 'b', isSelf: true });
      expect(Number(next.fence)).toBeGreaterThan(Number(fence));
      await a.leases.renew();
      // Nobody wanted the other one: it is written again.
      expect(a.lost).toEqual(['x']);
      expect(Number(a.leases.fenceOf('y'))).toBeGreaterThan(Number(next.fence));
      expect(await b.take('y')).toMatchObject({ node: 'a' });
    },
  );

  it('has a larger number, too, when the clock of Redis was set back', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a');
    const future = String((Date.now() + 3_600_000) * 1_000);
    await redis.command('SET', 'test:fence', future);
    expect(Number((await a.take('x')).fence)).toBe(Number(future) + 1);
  });

  it('is its owner’s while Redis is down, and nobody else can have it', async () => {
    const redis = await TestRedis.start();
    const [a, b] = [await node(redis, 'a'), await node(redis, 'b')];
    const { fence } = await a.take('x');
    await redis.stop();
    await expect.poll(() => a.connection.isUp || b.connection.isUp).toBe(false);
    expect(a.leases.fenceOf('x')).toBe(fence);
    expect(await failureOf(b.take('x'))).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    await redis.start();
    await expect.poll(() => a.connection.isUp && b.connection.isUp).toBe(true);
    await a.leases.renew();
    expect(a.lost).toEqual([]);
    expect(await b.take('x')).toMatchObject({ node: 'a' });
  });

  it('is lost, as all are, when another instance has the id of its node', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a');
    for (const name of ['x', 'y']) await a.take(name);
    a.leases.loseAll();
    expect(a.lost).toEqual(['x', 'y']);
    expect(a.leases.size).toBe(0);
  });

  it('is renewed among thousands, each with an end in Redis', async () => {
    const redis = await TestRedis.start();
    const a = await node(redis, 'a');
    await Promise.all(Array.from({ length: 1_200 }, (_, at) => a.take(`lease ${at}`)));
    await a.leases.renew();
    expect(a.lost).toEqual([]);
    expect(a.leases.size).toBe(1_200);
    for (const key of await redis.keys()) expect(await redis.command('PTTL', key), key).toBeGreaterThan(0);
  });
});
