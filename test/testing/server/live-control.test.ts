import {
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  inProcess,
  serveHttp,
  serveSse,
  serveWebSocket,
  type ScriptedServer,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { ERAS, WebSocketTransport, linked, newClient } from '../support/clients.ts';
import { textOf } from '../../support/results.ts';

const script: ServerScript = {
  tools: [{ name: 'echo' }, { name: 'hang', does: { type: 'hang' } }],
  resources: [{ uri: 'a:1' }],
  prompts: [{ name: 'p' }],
};

type Serve = () => Promise<{ server: ScriptedServer; transport: () => Promise<Transport> }>;

const hosts: Record<string, Serve> = {
  'in-process': async () => {
    const server = inProcess(script);
    return { server, transport: () => linked(server) };
  },
  'HTTP with JSON': async () => {
    const server = await serveHttp(script);
    return { server, transport: async () => new StreamableHTTPClientTransport(new URL(server.url)) };
  },
  'HTTP with SSE': async () => {
    const server = await serveHttp(script, { answers: 'sse' });
    return { server, transport: async () => new StreamableHTTPClientTransport(new URL(server.url)) };
  },
  'old SSE': async () => {
    const server = await serveSse({ era: 'both', ...script });
    return { server, transport: async () => new SSEClientTransport(new URL(server.url)) };
  },
  WebSocket: async () => {
    const server = await serveWebSocket(script);
    return { server, transport: async () => new WebSocketTransport(server.url) };
  },
};

const eraAndHost = ERAS.flatMap(({ era, mode }) => Object.keys(hosts).map((host) => ({ era, mode, host })));

describe.each(eraAndHost)('testing kit: live control, $era over $host', ({ era, mode, host }) => {
  async function connected() {
    const { server, transport } = await (hosts[host] as Serve)();
    onTestFinished(() => server.close());
    const changes: string[] = [];
    const listed = (kind: string) => ({
      autoRefresh: false,
      debounceMs: 0,
      onChanged: () => void changes.push(kind),
    });
    const client = newClient(mode, {
      listChanged: { tools: listed('tools'), resources: listed('resources'), prompts: listed('prompts') },
    });
    await client.connect(await transport());
    // The end of this handshake is a notification, which may still be under way.
    if (era === 'legacy') await expect.poll(() => server.notifications).toHaveLength(1);
    return { server, client, changes, transport };
  }

  it('changed lists are announced, and read', async () => {
    const { server, client, changes } = await connected();
    server.setTools([{ name: 'new' }]);
    await expect.poll(() => changes).toEqual(['tools']);
    server.setResources([{ uri: 'b:2' }]);
    server.setResourceTemplates([{ uriTemplate: 'c://{id}' }]);
    server.setPrompts([{ name: 'q' }]);
    await expect.poll(() => changes).toContain('prompts');
    expect(changes).toContain('resources');
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['new']);
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual(['b:2']);
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['q']);
    expect(server.script.tools).toEqual([{ name: 'new' }]);
  });

  it('updates of a resource reach those who subscribed to it', async () => {
    const { server, client } = await connected();
    const updates: string[] = [];
    client.setNotificationHandler(
      'notifications/resources/updated',
      ({ params }) => void updates.push(params.uri),
    );
    if (era === 'legacy') await client.subscribeResource({ uri: 'a:1' });
    else await client.listen({ resourceSubscriptions: ['a:1'] });
    server.resourceUpdated('a:2');
    server.resourceUpdated('a:1');
    await expect.poll(() => updates).toEqual(['a:1']);
  });

  it('a hung server answers when it wakes up', async () => {
    const { server, client } = await connected();
    server.hang();
    const answer = client.callTool({ name: 'echo', arguments: { a: 1 } });
    await expect(client.callTool({ name: 'echo' }, { timeout: 100 })).rejects.toThrow(/timed out/i);
    server.resume();
    expect(textOf(await answer)).toBe('{"a":1}');
  });

  it('a crash is felt, and the server can be reached again', async () => {
    const { server, client, transport } = await connected();
    const before = client.callTool({ name: 'hang' }, { timeout: 1000 });
    await expect.poll(() => server.running).toBeGreaterThan(0);
    server.crash();
    await expect(before).rejects.toThrow();
    expect(server.running).toBe(0);
    const next = newClient(mode);
    await next.connect(await transport());
    expect((await next.listTools()).tools).toHaveLength(2);
  });

  it('what clients sent is there to be looked at', async () => {
    const { server, client } = await connected();
    await client.callTool({ name: 'echo', arguments: { a: 1 } });
    const call = server.requests.find(({ method }) => method === 'tools/call');
    expect(call?.params).toMatchObject({ name: 'echo', arguments: { a: 1 } });
    expect(server.connections).toBeGreaterThan(0);
    if (era === 'legacy') expect(server.notifications[0]?.method).toBe('notifications/initialized');
  });
});

describe.each(Object.keys(hosts))('testing kit: a subscription over %s', (host) => {
  it('ends in so many words when the server closes', async () => {
    const { server, transport } = await (hosts[host] as Serve)();
    onTestFinished(() => server.close());
    const client = newClient({ pin: '2026-07-28' });
    await client.connect(await transport());
    const subscription = await client.listen({ toolsListChanged: true });
    await server.close();
    expect(await subscription.closed).toBe('graceful');
  });

  it('is told what the server can do, and no more', async () => {
    const { server, transport } = await (hosts[host] as Serve)();
    onTestFinished(() => server.close());
    const client = newClient({ pin: '2026-07-28' });
    await client.connect(await transport());
    const wanted = { toolsListChanged: true, promptsListChanged: false, resourceSubscriptions: ['a:1'] };
    const { honoredFilter } = await client.listen(wanted);
    expect(honoredFilter).toEqual({ toolsListChanged: true, resourceSubscriptions: ['a:1'] });
  });
});

describe('testing kit: a subscription to what is not advertised', () => {
  it('is acknowledged without it', async () => {
    const capabilities = { tools: {}, prompts: { listChanged: true }, resources: { listChanged: true } };
    const client = newClient({ pin: '2026-07-28' });
    await client.connect(await linked(inProcess({ ...script, capabilities })));
    const { honoredFilter } = await client.listen({
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      resourceSubscriptions: ['a:1'],
    });
    expect(honoredFilter).toEqual({ promptsListChanged: true, resourcesListChanged: true });
  });
});

describe('testing kit: commands that are none', () => {
  it('are refused', () => {
    const server = inProcess(script);
    const wrong = { command: 'setTools', tools: [{}] } as never;
    expect(() => server.control(wrong)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
