import { describe, expect, it, onTestFinished } from 'vitest';
import { McpServer } from '@modelcontextprotocol/server';
import { createGateway, type Gateway, type GatewayCluster } from '../../../src/gateway/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { hasRedis, NEW_SECRET, SECRET, TestRedis } from './redis-server.ts';

const servers = { a: { server: () => new McpServer({ name: 'a', version: '1' }) } };

/** A gateway that is a node; of short leases, so that a test need not wait long for one to expire. */
async function node(
  redis: TestRedis,
  cluster: Partial<GatewayCluster> = {},
): Promise<{ gateway: Gateway; problems: string[] }> {
  const gateway = await createGateway({
    servers,
    cluster: { url: redis.url, secrets: [SECRET], leaseMs: 1_500, ...cluster },
  });
  onTestFinished(() => gateway.destroy());
  const problems: string[] = [];
  const events = gateway.events();
  void (async () => {
    for await (const event of events) if (event.type === 'problem') problems.push(event.error.code);
  })();
  return { gateway, problems };
}

function idsOf(gateway: Gateway): string[] {
  return gateway
    .nodes()
    .map(({ id }) => id)
    .toSorted();
}

describe.skipIf(!hasRedis)('the nodes of a cluster', () => {
  it('know of each other, and which is themselves', async () => {
    const redis = await TestRedis.start();
    const { gateway: a } = await node(redis, { nodeId: 'a', advertise: 'http://a.example/mcp' });
    expect(a.nodes()).toEqual([
      {
        id: 'a',
        isSelf: true,
        advertise: 'http://a.example/mcp',
        state: 'serving',
        since: expect.any(Number),
      },
    ]);
    const { gateway: b } = await node(redis, { nodeId: 'b' });
    expect(b.nodes().map(({ id, isSelf }) => [id, isSelf])).toEqual([
      ['a', false],
      ['b', true],
    ]);
    await expect.poll(() => idsOf(a)).toEqual(['a', 'b']);
    await b.close();
    await expect.poll(() => idsOf(a)).toEqual(['a']);
  });

  it('have ids of their own when none are given', async () => {
    const redis = await TestRedis.start();
    await node(redis);
    const { gateway } = await node(redis);
    expect(new Set(idsOf(gateway)).size).toBe(2);
  });

  it('say when they are about to end', async () => {
    const redis = await TestRedis.start();
    const { gateway: a } = await node(redis, { nodeId: 'a' });
    const { gateway: b } = await node(redis, { nodeId: 'b' });
    await b.drain();
    await expect.poll(() => a.nodes().map(({ id, state }) => `${id} ${state}`)).toContain('b draining');
    expect(idsOf(a)).toEqual(['a', 'b']);
  });

  it('leave nothing in Redis that does not expire', async () => {
    const redis = await TestRedis.start();
    await node(redis, { nodeId: 'a' });
    const keys = await redis.keys();
    expect(keys).toEqual(['plenum:cluster', 'plenum:node:a', 'plenum:nodes']);
    for (const key of keys) expect(await redis.command('PTTL', key), key).toBeGreaterThan(0);
  });

  it('have no secret in Redis', async () => {
    const redis = await TestRedis.start();
    await node(redis, { nodeId: 'a', secrets: [NEW_SECRET, SECRET] });
    const texts = [
      await redis.command('GET', 'plenum:cluster'),
      await redis.command('HGETALL', 'plenum:node:a'),
    ];
    for (const secret of [SECRET, NEW_SECRET]) expect(JSON.stringify(texts)).not.toContain(secret);
  });

  it('refuse the id of one that is alive, which notices nothing', async () => {
    const redis = await TestRedis.start();
    const { gateway, problems } = await node(redis, { nodeId: 'a' });
    const error = await failureOf(node(redis, { nodeId: 'a' }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', data: { option: 'cluster.nodeId' } });
    expect(error.message).toContain('"a"');
    expect(idsOf(gateway)).toEqual(['a']);
    expect(problems).toEqual([]);
  });

  it('take the id of one that left at once', async () => {
    const redis = await TestRedis.start();
    const { gateway } = await node(redis, { nodeId: 'a' });
    await gateway.close();
    expect(idsOf((await node(redis, { nodeId: 'a' })).gateway)).toEqual(['a']);
  });

  it('take no part while another has their id', async () => {
    const redis = await TestRedis.start();
    const { gateway, problems } = await node(redis, { nodeId: 'a' });
    // As after a freeze: its record has expired, and another has taken the id.
    await redis.command('HSET', 'plenum:node:a', 'instance', 'somebody else');
    await expect.poll(() => gateway.nodes()).toEqual([]);
    await expect.poll(() => problems).toEqual(['CONFIG_INVALID']);
    await redis.command('DEL', 'plenum:node:a');
    await expect.poll(() => idsOf(gateway)).toEqual(['a']);
  });

  it('are not taken for nodes without a secret of theirs', async () => {
    const redis = await TestRedis.start();
    const { gateway } = await node(redis, { nodeId: 'a' });
    const record = String(await redis.command('HGET', 'plenum:node:a', 'record'));
    const forged = [
      record,
      record.replaceAll('serving', 'draining'),
      record.slice(0, 40),
      '[]',
      '["{}",{}]',
      'x',
    ];
    for (const [index, text] of forged.entries()) {
      await redis.command('HSET', `plenum:node:forged${index}`, 'instance', 'x', 'record', text);
      await redis.command('ZADD', 'plenum:nodes', String(Date.now() + 60_000), `forged${index}`);
    }
    // It has read them when it knows of one that came after them.
    await node(redis, { nodeId: 'b' });
    await expect.poll(() => idsOf(gateway)).toEqual(['a', 'b']);
  });

  it('are apart by prefix on one Redis', async () => {
    const redis = await TestRedis.start();
    const { gateway: a } = await node(redis, { nodeId: 'a', prefix: 'one' });
    const { gateway: b } = await node(redis, { nodeId: 'a', prefix: 'two', secrets: [NEW_SECRET] });
    expect(idsOf(a)).toEqual(['a']);
    expect(idsOf(b)).toEqual(['a']);
  });

  it('refuse a prefix that is in use by nodes with other secrets', async () => {
    const redis = await TestRedis.start();
    const { gateway, problems } = await node(redis, { nodeId: 'a' });
    const error = await failureOf(node(redis, { nodeId: 'b', secrets: [NEW_SECRET] }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', data: { option: 'cluster.prefix' } });
    expect(idsOf(gateway)).toEqual(['a']);
    expect(problems).toEqual([]);
  });

  it('are one cluster while a secret is replaced, one node after the other', async () => {
    const redis = await TestRedis.start();
    const { gateway: a } = await node(redis, { nodeId: 'a', secrets: [SECRET] });
    const { gateway: b } = await node(redis, { nodeId: 'b', secrets: [NEW_SECRET, SECRET] });
    await expect.poll(() => idsOf(a)).toEqual(['a', 'b']);
    expect(idsOf(b)).toEqual(['a', 'b']);
    await a.close();
    // Until b knows that nobody needs the old one any more.
    const c = await eventually('the old secret is no longer needed', async () => {
      try {
        return (await node(redis, { nodeId: 'c', secrets: [NEW_SECRET] })).gateway;
      } catch {
        return undefined;
      }
    });
    await expect.poll(() => idsOf(b)).toEqual(['b', 'c']);
    expect(idsOf(c)).toEqual(['b', 'c']);
    expect(await failureOf(node(redis, { nodeId: 'd', secrets: [SECRET] }))).toMatchObject({
      data: { option: 'cluster.prefix' },
    });
  });
});

describe.skipIf(!hasRedis)('a cluster whose Redis', () => {
  it('is not there says so, without the password', async () => {
    const redis = await TestRedis.start();
    await redis.stop();
    const url = redis.url.replace('//', '//user:hunter2@');
    const error = await failureOf(createGateway({ servers, cluster: { url, secrets: [SECRET] } }));
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain(`127.0.0.1:${redis.port}`);
    expect(`${JSON.stringify(error)}${error.stack}${String(error.cause)}`).not.toContain('hunter2');
  });

  it('wants a password gets it, and a wrong one is not shown', async () => {
    const redis = await TestRedis.start('--requirepass', 'hunter2');
    const withPassword = (password: string): string => redis.url.replace('//', `//:${password}@`);
    const url = withPassword('hunter2');
    const { gateway } = await node(redis, { nodeId: 'a', url });
    expect(idsOf(gateway)).toEqual(['a']);
    for (const [wrong, why] of [
      [redis.url, 'password'],
      [withPassword('hunter3'), 'wrong'],
    ] as const) {
      const error = await failureOf(node(redis, { nodeId: 'b', url: wrong }));
      expect(error.code).toBe('CONNECT_FAILED');
      expect(error.message).toContain(why);
      expect(`${JSON.stringify(error)}${error.stack}${String(error.cause)}`).not.toMatch(/hunter/);
    }
  });

  it.each(['stops', 'freezes', 'is emptied'])('%s is joined again when it is back', async (what) => {
    const redis = await TestRedis.start();
    const { gateway: a, problems } = await node(redis, { nodeId: 'a' });
    const { gateway: b } = await node(redis, { nodeId: 'b' });
    await expect.poll(() => idsOf(a)).toEqual(['a', 'b']);
    if (what === 'is emptied') await redis.command('FLUSHALL');
    else {
      if (what === 'stops') await redis.stop();
      else redis.freeze();
      await expect.poll(() => problems).toEqual(['CONNECTION_LOST']);
      if (what === 'stops') await redis.start();
      else redis.wake();
    }
    await expect
      .poll(() => redis.keys())
      .toEqual(['plenum:cluster', 'plenum:node:a', 'plenum:node:b', 'plenum:nodes']);
    await expect
      .poll(() => [idsOf(a), idsOf(b)])
      .toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]);
  });

  it('is down does not keep a gateway from closing', async () => {
    const redis = await TestRedis.start();
    const { gateway } = await node(redis);
    redis.freeze();
    await gateway.close();
    redis.wake();
    expect(await gateway.closed).toBeUndefined();
  });
});
