import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApiKey, createGateway, type GatewayServer } from '../../../src/gateway/index.ts';
import { failureOf } from '../../support/failures.ts';
import { ERAS, http, local, tools } from '../../support/servers.ts';
import { listening, official } from '../support.ts';

/** A server that tells by `x-tenant` whose tools it lists and what it answers. */
async function tenants() {
  const seen: IncomingHttpHeaders[] = [];
  const handler = createMcpHandler(({ requestInfo }) => {
    const tenant = requestInfo?.headers.get('x-tenant') ?? 'nobody';
    const server = new McpServer({ name: 'tenants', version: '1' });
    server.registerTool('whose', {}, () => ({ content: [{ type: 'text', text: tenant }] }));
    if (tenant !== 'nobody') server.registerTool(`of_${tenant}`, {}, () => ({ content: [] }));
    return server;
  });
  const handle = toNodeHandler(handler);
  const server = createServer((request, response) => {
    seen.push(request.headers);
    const { method = 'GET', url = '/' } = request;
    void handle(Object.assign(request, { method, url }), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await handler.close();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, seen };
}

const whose = async (client: Client): Promise<unknown> => {
  const { content } = await client.callTool({ name: 't__whose' });
  return Array.isArray(content) && content[0]?.type === 'text' ? content[0].text : undefined;
};
const names = async (client: Client): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name).toSorted();

describe.each(ERAS)('headers of clients of %s that a server is to get', (era) => {
  it.each(['client', 'principal'] as const)(
    'are those of each client, with isolation %s',
    async (isolation) => {
      const { url: upstream, seen } = await tenants();
      const plain = await http({ tools: tools('x') });
      const { url } = await listening({
        servers: {
          t: { url: upstream, forwardHeaders: ['X-Tenant', 'x-tenant'], isolation },
          plain: { url: plain.url },
        },
      });
      const headersOf = (tenant: string): Record<string, string> => ({
        'X-Tenant': tenant,
        'X-Other': 'kept',
        Cookie: 'session=secret',
        'X-Api-Key': 'secret',
      });
      const [a, b, none] = [
        await official(url, era, {}, undefined, headersOf('a')),
        await official(url, era, {}, undefined, headersOf('b')),
        await official(url, era),
      ];
      const answers = await Promise.all([a, b, none, a, b, none].map(whose));
      expect(answers).toEqual(['a', 'b', 'nobody', 'a', 'b', 'nobody']);
      await Promise.all([a, b, none].map((client) => client.callTool({ name: 'plain__x' })));
      expect(seen.some((headers) => headers['x-tenant'] === 'a')).toBe(true);
      for (const headers of seen) {
        expect(JSON.stringify(headers)).not.toContain('secret');
        expect(headers['x-other']).toBeUndefined();
        expect(headers['mcp-session-id']).toBeUndefined();
      }
    },
  );

  it('stand in no event and in no snapshot', async () => {
    const { url: upstream } = await tenants();
    const { gateway, url } = await listening({
      servers: { t: { url: upstream, forwardHeaders: ['x-tenant'] } },
    });
    const events: unknown[] = [];
    const heard = (async () => {
      for await (const event of gateway.events()) events.push(event);
    })();
    const client = await official(url, era, {}, undefined, { 'x-tenant': 'canary-7' });
    expect(await whose(client)).toBe('canary-7');
    const told = JSON.stringify([...gateway.clients.values(), ...gateway.servers.values()]);
    expect(told).not.toContain('canary');
    await gateway.close();
    await heard;
    expect(JSON.stringify(events)).not.toContain('canary');
  });
});

describe('headers that a server is to get', () => {
  it('decide what each client is shown of its own session', async () => {
    const { url: upstream } = await tenants();
    const { url } = await listening({ servers: { t: { url: upstream, forwardHeaders: ['x-tenant'] } } });
    const [a, b] = [
      await official(url, 'legacy', {}, undefined, { 'x-tenant': 'a' }),
      await official(url, 'legacy', {}, undefined, { 'x-tenant': 'b' }),
    ];
    await Promise.all([whose(a), whose(b)]);
    await expect.poll(() => names(a), { timeout: 20_000 }).toEqual(['t__of_a', 't__whose']);
    await expect.poll(() => names(b), { timeout: 20_000 }).toEqual(['t__of_b', 't__whose']);
  });
});

describe('GW-S4 a header is never passed on', () => {
  const never = [
    'Authorization',
    'authorization',
    'Proxy-Authorization',
    'Cookie',
    'Set-Cookie',
    'X-API-Key',
    'DPoP',
    'Host',
    'Origin',
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'TE',
    'Trailer',
    'Upgrade',
    'Content-Length',
    'Content-Type',
    'Accept',
    'Mcp-Session-Id',
    'mcp-protocol-version',
    'Mcp-Param-Region',
    'Last-Event-ID',
    'Sec-Fetch-Mode',
    'Forwarded',
    '',
    'X Tenant',
    'X-Tenant:',
    'x-tenant\r\nx-evil',
  ];
  it.each(never)('of the name %j', async (name) => {
    const servers = { t: { url: 'http://127.0.0.1:9/mcp', forwardHeaders: [name] } };
    const { code, message } = await failureOf(createGateway({ servers }));
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toContain('forwardHeaders');
  });

  it.each<[string, GatewayServer]>([
    ['to a process', { command: 'node', forwardHeaders: ['x-tenant'] }],
    ['to a server in this process', { server: () => local(), forwardHeaders: ['x-tenant'] }],
    [
      'to a server that all clients share',
      { url: 'http://127.0.0.1:9/', isolation: 'shared', forwardHeaders: ['x-tenant'] },
    ],
    [
      'in place of one of the server’s own',
      { url: 'http://127.0.0.1:9/', headers: { 'X-Tenant': 'mine' }, forwardHeaders: ['x-tenant'] },
    ],
  ])('%s', async (_, server) => {
    const { code, message } = await failureOf(createGateway({ servers: { t: server } }));
    expect([code, message.includes('forwardHeaders')]).toEqual(['CONFIG_INVALID', true]);
  });

  it('to a server that wants none, and keys keep principals apart whatever headers they send', async () => {
    const { url: upstream, seen } = await tenants();
    const [ann, ben] = [createApiKey('ann'), createApiKey('ben')];
    const { url } = await listening({
      servers: { t: { url: upstream } },
      auth: { keys: [ann.record, ben.record] },
    });
    for (const { key } of [ann, ben]) {
      const headers = { authorization: `Bearer ${key}`, 'x-tenant': 'a' };
      expect(await whose(await official(url, 'legacy', {}, undefined, headers))).toBe('nobody');
    }
    expect(seen.every((headers) => headers['x-tenant'] === undefined)).toBe(true);
  });
});
