import { Server } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import type { GatewayServer } from '../../../src/gateway/index.ts';
import { createDeferred } from '../../../src/internal/deferred.ts';
import { rejectionOf } from '../../support/failures.ts';
import { settled } from '../../support/eventually.ts';
import { listening, official, post } from '../support.ts';
import { hasRedis, SECRET, TestRedis } from './redis-server.ts';

const ERAS = ['legacy', 'modern'] as const;
const COUNT = 'state://count';

/** Sessions that each keep a count of their own, as processes do. */
class Counters {
  /** How many have ended. */
  ended = 0;
  /** What became of calls that wait. */
  readonly waiting: string[] = [];
  finish = createDeferred<void>();

  open(): Server {
    const capabilities = { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} };
    const server = new Server({ name: 's', version: '1' }, { capabilities });
    server.onclose = () => void this.ended++;
    let count = 0;
    let isSubscribed = false;
    server.setRequestHandler('tools/list', () => ({
      tools: ['count', 'ask', 'wait', 'fail'].map((name) => ({
        name,
        inputSchema: { type: 'object' as const },
      })),
    }));
    server.setRequestHandler('resources/list', () => ({ resources: [{ uri: COUNT, name: 'count' }] }));
    server.setRequestHandler('resources/read', () => ({ contents: [{ uri: COUNT, text: String(count) }] }));
    server.setRequestHandler('resources/subscribe', () => {
      isSubscribed = true;
      return {};
    });
    server.setRequestHandler('resources/unsubscribe', () => {
      isSubscribed = false;
      return {};
    });
    server.setRequestHandler('prompts/list', () => ({
      prompts: [{ name: 'p', arguments: [{ name: 'a' }] }],
    }));
    server.setRequestHandler('completion/complete', () => ({ completion: { values: [String(count)] } }));
    server.setRequestHandler('tools/call', async ({ params }, ctx) => {
      const text = async (): Promise<string> => {
        switch (params.name) {
          case 'ask': {
            const requestedSchema = { type: 'object' as const, properties: {} };
            const asked = {
              method: 'elicitation/create',
              params: { mode: 'form', message: 'Really?', requestedSchema },
            };
            return JSON.stringify(await ctx.mcpReq.send(asked as never));
          }
          case 'wait': {
            const progressToken = ctx.mcpReq._meta?.progressToken;
            if (progressToken !== undefined)
              await ctx.mcpReq.notify({
                method: 'notifications/progress',
                params: { progress: 1, progressToken },
              });
            this.waiting.push('begun');
            ctx.mcpReq.signal.addEventListener('abort', () => this.waiting.push('cancelled'));
            await this.finish.promise;
            return 'done';
          }
          case 'fail':
            throw Object.assign(new Error('no luck'), { code: -32099, data: { why: 'x' } });
          default:
            count++;
            if (isSubscribed) await server.sendResourceUpdated({ uri: COUNT });
            return String(count);
        }
      };
      return { content: [{ type: 'text', text: await text() }] };
    });
    return server;
  }
}

/** Gateways over the same servers; each has a session of its own with them for listing. */
async function nodes(redis: TestRedis, counters: Counters, isolation: GatewayServer['isolation'], count = 3) {
  const made: Awaited<ReturnType<typeof listening>>[] = [];
  for (let at = 0; at < count; at++) {
    const servers = { s: { server: () => counters.open(), ...(isolation !== undefined && { isolation }) } };
    const cluster = { url: redis.url, secrets: [SECRET], nodeId: `n${at}`, leaseMs: 9_000 };
    made.push(await listening({ servers, cluster }));
  }
  return made;
}

async function call(client: Awaited<ReturnType<typeof official>>, name: string): Promise<string> {
  const { content } = await client.callTool({ name: `s__${name}`, arguments: {} });
  const [block] = content;
  return block?.type === 'text' ? block.text : '';
}

describe.skipIf(!hasRedis)('C2 a server that keeps a state', () => {
  it.each(['shared', 'principal'] as const)(
    'has one owner for all nodes, with isolation %s',
    async (isolation) => {
      const redis = await TestRedis.start();
      const made = await nodes(redis, new Counters(), isolation);
      const clients = await Promise.all(
        made.flatMap(({ url }) =>
          // Clients that declare the same share what is their principal's.
          ERAS.map((era) => official(url, isolation === 'shared' ? era : 'legacy')),
        ),
      );
      const counts = await Promise.all(
        clients.flatMap((client) => Array.from({ length: 5 }, () => call(client, 'count'))),
      );
      expect(counts.map(Number).toSorted((a, b) => a - b)).toEqual(counts.map((_, at) => at + 1));
      for (const client of clients) {
        const { contents } = await client.readResource({ uri: COUNT });
        expect(contents).toEqual([{ uri: COUNT, text: String(counts.length) }]);
        const { completion } = await client.complete({
          ref: { type: 'ref/prompt', name: 's__p' },
          argument: { name: 'a', value: '' },
        });
        expect(completion.values).toEqual([String(counts.length)]);
      }
    },
  );

  it('keeps errors, progress, questions and cancellation on the way to a client of another node', async () => {
    const redis = await TestRedis.start();
    const counters = new Counters();
    const [a, b] = await nodes(redis, counters, 'principal', 2);
    const capabilities = { elicitation: { form: {} } };
    const ready = (client: Parameters<NonNullable<Parameters<typeof official>[3]>>[0]): void =>
      client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { from: 'b' } }));
    const onA = await official(a?.url ?? '', 'legacy', { capabilities }, ready);
    expect(await call(onA, 'count')).toBe('1');
    for (const era of ERAS) {
      const onB = await official(b?.url ?? '', era, { capabilities }, ready);
      if (era === 'legacy') expect(await call(onB, 'count')).toBe('2');
      expect(await call(onB, 'ask')).toContain('"from":"b"');
      expect(await rejectionOf(call(onB, 'fail'))).toMatchObject({ code: -32099, data: { why: 'x' } });
      const progress: number[] = [];
      const controller = new AbortController();
      const waiting = onB.callTool(
        { name: 's__wait', arguments: {} },
        { onprogress: (each) => void progress.push(each.progress), signal: controller.signal },
      );
      await expect.poll(() => progress).toEqual([1]);
      controller.abort();
      await rejectionOf(waiting);
      await expect.poll(() => counters.waiting).toEqual(['begun', 'cancelled']);
      counters.waiting.length = 0;
    }
  });

  it('C5 tells clients of other nodes of updates, once, as long as they want to hear of them', async () => {
    const redis = await TestRedis.start();
    const [a, b, c] = await nodes(redis, new Counters(), 'shared');
    const owner = await official(a?.url ?? '');
    await call(owner, 'count');
    const heard: string[] = [];
    const [onB, onC] = await Promise.all(
      [b, c].map((node, at) =>
        official(node?.url ?? '', 'legacy', {}, (client) =>
          client.setNotificationHandler(
            'notifications/resources/updated',
            ({ params }) => void heard.push(`${'bc'[at]} ${params.uri}`),
          ),
        ),
      ),
    );
    const modern = await official(c?.url ?? '', 'modern', {}, (client) =>
      client.setNotificationHandler('notifications/resources/updated', () => void heard.push('modern')),
    );
    await onB?.subscribeResource({ uri: COUNT });
    await onC?.subscribeResource({ uri: COUNT });
    await modern.listen({ resourceSubscriptions: [COUNT] });
    await call(owner, 'count');
    await expect.poll(() => heard.toSorted()).toEqual([`b ${COUNT}`, `c ${COUNT}`, 'modern']);
    await onB?.unsubscribeResource({ uri: COUNT });
    heard.length = 0;
    if (onC !== undefined) await call(onC, 'count');
    await expect.poll(() => heard.toSorted()).toEqual([`c ${COUNT}`, 'modern']);
    await onC?.close();
    await modern.close();
    await settled(() => heard.length, 200);
    expect(heard).toHaveLength(2);
  });

  it('goes to another node when its owner ends, and subscriptions with it', async () => {
    const redis = await TestRedis.start();
    const [a, b, c] = await nodes(redis, new Counters(), 'shared');
    const owner = await official(a?.url ?? '');
    expect(await call(owner, 'count')).toBe('1');
    const heard: string[] = [];
    const onB = await official(b?.url ?? '', 'legacy', {}, (client) =>
      client.setNotificationHandler(
        'notifications/resources/updated',
        ({ params }) => void heard.push(params.uri),
      ),
    );
    const onC = await official(c?.url ?? '');
    await onB.subscribeResource({ uri: COUNT });
    await a?.gateway.close();
    // What the server kept is lost with the node.
    expect(await call(onC, 'count')).toBe('1');
    expect(await call(onB, 'count')).toBe('2');
    await expect.poll(() => heard.length).toBeGreaterThan(0);
    heard.length = 0;
    await expect
      .poll(async () => {
        await call(onC, 'count');
        return heard.length;
      })
      .toBeGreaterThan(0);
  });

  it('C3 goes on for the clients of its owner while Redis is down; those of others get 503', async () => {
    const redis = await TestRedis.start();
    const [a, b] = await nodes(redis, new Counters(), 'shared', 2);
    const owner = await official(a?.url ?? '');
    const other = await official(b?.url ?? '');
    expect([await call(owner, 'count'), await call(other, 'count')]).toEqual(['1', '2']);
    await redis.stop();
    const refused: unknown = await rejectionOf(call(other, 'count'));
    expect(refused).toMatchObject({ data: { status: 503 } });
    expect(JSON.stringify(refused)).toMatch(/NODE_UNREACHABLE.*maybeExecuted\W*false/);
    expect(await call(owner, 'count')).toBe('3');
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const params = { name: 's__count', arguments: {}, _meta: meta };
    const response = await post(
      b?.url ?? '',
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 's__count' },
    );
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBeTruthy();
    await redis.start();
    await expect.poll(() => call(other, 'count').catch(() => undefined)).toBe('4');
  });

  it('C2 is ended by an owner whose fencing number is stale', async () => {
    const redis = await TestRedis.start();
    const counters = new Counters();
    const [a, b] = await nodes(redis, counters, 'principal', 2);
    const [onA, onB] = [await official(a?.url ?? ''), await official(b?.url ?? '')];
    expect(await call(onA, 'count')).toBe('1');
    // As after a freeze in which another node took it.
    const [lease = ''] = (await redis.keys()).filter((key) => key.includes(':lease:'));
    await redis.command(
      'HSET',
      lease,
      'node',
      'n1',
      'instance',
      'another',
      'fence',
      '9'.repeat(16),
      'until',
      '0',
    );
    expect(await call(onB, 'count')).toBe('1');
    await expect
      .poll(async () => Number(await call(onA, 'count')) - Number(await call(onB, 'count')))
      .toBe(-1);
    expect(counters.ended).toBeGreaterThan(0);
  });

  it('of which each client has sessions of its own is where the client is', async () => {
    const redis = await TestRedis.start();
    const [a, b] = await nodes(redis, new Counters(), 'client', 2);
    const clients = [await official(a?.url ?? ''), await official(b?.url ?? '')];
    for (const client of clients) expect(await call(client, 'count')).toBe('1');
    expect((await redis.keys()).filter((key) => key.includes(':lease:'))).toEqual([]);
  });
});
