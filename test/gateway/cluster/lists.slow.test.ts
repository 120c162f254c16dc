import type { Client } from '@modelcontextprotocol/client';
import { Server } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../../../src/gateway/index.ts';
import { settled } from '../../support/eventually.ts';
import { listening, official } from '../support.ts';
import { hasRedis, SECRET, TestRedis } from './redis-server.ts';

/** A service of which each node has a session of its own, and which tells of changes on one session only. */
class Service {
  readonly tools = ['first'];
  readonly sessions: Server[] = [];
  /** How often it was asked for its tools. */
  asked = 0;

  open(): Server {
    const server = new Server(
      { name: 's', version: '1' },
      { capabilities: { tools: { listChanged: true } } },
    );
    server.setRequestHandler('tools/list', () => {
      this.asked++;
      return { tools: this.tools.map((name) => ({ name, inputSchema: { type: 'object' as const } })) };
    });
    this.sessions.push(server);
    return server;
  }
}

async function nodes(redis: TestRedis, services: Record<string, Service>, count: number) {
  const made: { gateway: Gateway; url: string }[] = [];
  for (let at = 0; at < count; at++) {
    const servers = Object.fromEntries(
      Object.entries(services).map(([name, service]) => [name, { server: () => service.open() }]),
    );
    made.push(await listening({ servers, cluster: { url: redis.url, secrets: [SECRET], nodeId: `n${at}` } }));
  }
  return made;
}

async function namesOf(client: Client): Promise<string[]> {
  return (await client.listTools()).tools.map(({ name }) => name).toSorted();
}

describe.skipIf(!hasRedis)('C5 a list that changes on one node', () => {
  it('is listed anew on the others, whose clients are told; those of other lists are not', async () => {
    const redis = await TestRedis.start();
    const [service, other] = [new Service(), new Service()];
    const [a, b, c] = await nodes(redis, { s: service, other }, 3);
    const told: string[] = [];
    const clients = await Promise.all(
      [a, b, c].map(async (node, at) => {
        const client = await official(node?.url ?? '', 'legacy', {}, (each) =>
          each.setNotificationHandler('notifications/tools/list_changed', () => void told.push(`n${at}`)),
        );
        expect(await namesOf(client)).toEqual(['other__first', 's__first']);
        return client;
      }),
    );
    const modern = await official(c?.url ?? '', 'modern', {}, (each) =>
      each.setNotificationHandler('notifications/tools/list_changed', () => void told.push('modern')),
    );
    await modern.listen({ toolsListChanged: true });
    const [asked, askedOther] = [service.asked, other.asked];
    service.tools.push('second');
    await service.sessions[0]?.sendToolListChanged();
    await expect.poll(() => told.toSorted()).toEqual(['modern', 'n0', 'n1', 'n2']);
    for (const client of [...clients, modern])
      expect(await namesOf(client)).toEqual(['other__first', 's__first', 's__second']);
    // Nobody tells of it again: each node has listed it once, and one more where it knew already.
    expect((await settled(() => service.asked, 1_000)) - asked).toBeLessThanOrEqual(6);
    expect(other.asked).toBe(askedOther);
    expect(told).toHaveLength(4);
  });

  it('is not news to clients of nodes where it is no change', async () => {
    const redis = await TestRedis.start();
    const [onA, onB] = [new Service(), new Service()];
    const cluster = { url: redis.url, secrets: [SECRET] };
    const a = await listening({ servers: { s: { server: () => onA.open() } }, cluster });
    const b = await listening({ servers: { s: { server: () => onB.open() } }, cluster });
    let told = 0;
    await official(b.url, 'legacy', {}, (each) =>
      each.setNotificationHandler('notifications/tools/list_changed', () => void told++),
    );
    const asked = onB.asked;
    onA.tools.push('second');
    await onA.sessions[0]?.sendToolListChanged();
    await expect.poll(() => onB.asked).toBeGreaterThan(asked);
    await settled(() => told, 300);
    expect(told).toBe(0);
    expect([...a.gateway.group.tools.keys()]).toEqual(['s__first', 's__second']);
  });

  it('is listed by a node that was cut off from Redis, when it is back', async () => {
    const redis = await TestRedis.start();
    const service = new Service();
    const [, b] = await nodes(redis, { s: service }, 2);
    const client = await official(b?.url ?? '');
    expect(await namesOf(client)).toEqual(['s__first']);
    await redis.stop();
    service.tools.push('second');
    await service.sessions[0]?.sendToolListChanged();
    await redis.start();
    await expect.poll(() => namesOf(client)).toEqual(['s__first', 's__second']);
  });

  it('of a server that another node does not have, or that was removed, troubles it not', async () => {
    const redis = await TestRedis.start();
    const service = new Service();
    const cluster = { url: redis.url, secrets: [SECRET] };
    await listening({ servers: { s: { server: () => service.open() } }, cluster });
    const { gateway } = await listening({
      servers: { t: { server: () => new Service().open() }, s: { server: () => service.open() } },
      cluster,
    });
    await gateway.remove('s');
    const problems: unknown[] = [];
    const events = gateway.events();
    void (async () => {
      for await (const event of events) if (event.type === 'problem') problems.push(event);
    })();
    const asked = service.asked;
    service.tools.push('second');
    await service.sessions[0]?.sendToolListChanged();
    await expect.poll(() => service.asked).toBeGreaterThan(asked);
    await gateway.close();
    expect(problems).toEqual([]);
    expect([...gateway.servers.keys()]).not.toContain('s');
  });
});

describe.skipIf(!hasRedis)('a gateway without a cluster', () => {
  it('writes nothing to Redis', async () => {
    const redis = await TestRedis.start();
    const gateway = await createGateway({ servers: { s: { server: () => new Service().open() } } });
    await gateway.close();
    expect(await redis.keys()).toEqual([]);
    expect(gateway.nodes()).toEqual([]);
  });
});
