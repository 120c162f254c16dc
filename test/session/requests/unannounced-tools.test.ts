import { describe, expect, it } from 'vitest';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import type { GroupServerSpec } from '../../../src/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { connectGroup, newSession } from '../../support/groups.ts';
import { http, local, tools } from '../../support/servers.ts';
import { ERAS, open } from '../support/open.ts';
import { RawServer, SILENCE } from '../support/raw-server.ts';

const silent: ServerScript = { capabilities: {}, tools: tools('b', 'a'), pageSize: 1 };

const PLACES: Record<string, (script: ServerScript) => Promise<GroupServerSpec>> = {
  stdio: async (script) => stdioSpec(script),
  'HTTP with JSON answers': async (script) => ({ url: (await http(script)).url }),
  'HTTP with event streams': async (script) => ({ url: (await http(script, { answers: 'sse' })).url }),
  'this process': async (script) => ({ server: local(script) }),
};

describe.each(ERAS)('R18 tools that nothing announces, in the $era era', ({ era, protocol }) => {
  it.each(Object.keys(PLACES))('over %s are listed, called, and reported once', async (place) => {
    const spec = await PLACES[place]?.(silent);
    const group = await connectGroup({ servers: {} });
    const events = new EventLog(group);
    await group.add('quiet', { ...spec, protocol } as GroupServerSpec);
    expect([...group.tools.keys()].toSorted()).toEqual(['quiet__a', 'quiet__b']);
    expect(await group.callTool('quiet__a', { text: 'x' })).toHaveProperty('content');
    await group.refresh();
    expect([...group.tools.keys()].toSorted()).toEqual(['quiet__a', 'quiet__b']);
    await events.until('problem', ({ error }) => error.code === 'INVALID_RESULT');
    const problems = events.of('problem');
    expect(problems.map(({ error }) => error.data)).toEqual([{ oddity: 'unannounced-tools', places: ['b'] }]);
  });

  it.each([
    ['refuses', { id: 0, error: { code: -32_601, message: 'Method not found' } }],
    ['fails', { id: 0, error: { code: -32_603, message: 'Internal error' } }],
    ['answers something else', { id: 0, result: { content: 'none' } }],
    [
      'has no tools',
      { id: 0, result: { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' } },
    ],
  ])('a server that %s is asked once, and nothing is said', async (_, answer) => {
    const server = announcingNothing(era === 'modern', (id) => ({ ...answer, id }));
    const { session, seen } = await open(server.spec, { protocol });
    expect(await session.listTools()).toEqual({ tools: [] });
    expect(await session.listTools()).toEqual({ tools: [] });
    expect(await session.listToolsPage()).toEqual({ tools: [] });
    expect(await session.listResources()).toEqual({ resources: [] });
    expect(server.requests('tools/list')).toHaveLength(1);
    expect(seen('problem')).toEqual([]);
  });

  it('a server that says nothing delays no other, and its own list by two seconds', async () => {
    const server = announcingNothing(era === 'modern', () => undefined);
    const group = await connectGroup({ servers: {} });
    const events = new EventLog(group);
    const startedAt = performance.now();
    const adding = group.add('mute', { ...server.spec, protocol });
    await group.add('beside', { server: local({ tools: tools('calm') }) });
    expect([...group.tools.keys()]).toEqual(['beside__calm']);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await adding;
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(group.servers.get('mute')?.state).toBe('ready');
    expect(events.of('problem')).toEqual([]);
  });

  it('a server that dies of the question is not asked again', async () => {
    const server = announcingNothing(era === 'modern', (_, raw) => {
      void raw.drop();
      return undefined;
    });
    const { session } = await open(server.spec, { protocol, reconnect: { delayMs: 10 } });
    await session.listTools().catch(() => {});
    await expect.poll(() => server.connections).toBe(2);
    await expect.poll(() => session.status.state).toBe('ready');
    expect(await session.listTools()).toEqual({ tools: [] });
    expect(server.requests('tools/list')).toHaveLength(1);
  });

  it('each connection is asked once', async () => {
    const refusal = { error: { code: -32_601, message: 'Method not found' } };
    const server = announcingNothing(era === 'modern', (id) => ({ id, ...refusal }));
    const session = await newSession(server.spec, { protocol });
    await session.listTools();
    await session.reconnect();
    await Promise.all([session.listTools(), session.listTools()]);
    expect(server.requests('tools/list')).toHaveLength(2);
  });

  it.each([{ checks: 'strict' as const }, {}])(
    'is not asked with %j and resources announced',
    async (options) => {
      const capabilities = 'checks' in options ? {} : { resources: {} };
      const server = local({ ...silent, capabilities });
      const session = await newSession({ server }, { protocol, ...options });
      expect(await session.listTools()).toEqual({ tools: [] });
      expect(await session.listToolsPage()).toEqual({ tools: [] });
      expect(server.requests.filter(({ method }) => method === 'tools/list')).toEqual([]);
    },
  );

  it('pages come one by one, too', async () => {
    const session = await newSession({ server: local(silent) }, { protocol });
    const first = await session.listToolsPage();
    expect(first.tools.map(({ name }) => name)).toEqual(['b']);
    const second = await session.listToolsPage({ cursor: first.nextCursor });
    expect(second.tools.map(({ name }) => name)).toEqual(['a']);
  });

  it('pages without end are refused at maxPages', async () => {
    const server = local({ ...silent, endlessPages: true });
    const session = await newSession({ server }, { protocol, maxPages: 5 });
    await expect(session.listTools()).rejects.toMatchObject({ code: 'INVALID_RESULT' });
  });
});

it.each([undefined, null])(
  'R18 a server whose capabilities are %j is asked for its tools',
  async (capabilities) => {
    const server = new RawServer(({ method }) => {
      if (method === 'initialize')
        return { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'raw', version: '1' } };
      return method === 'tools/list'
        ? { tools: [{ name: 'x', inputSchema: { type: 'object' } }] }
        : undefined;
    });
    const session = await newSession(server.spec, { protocol: 'legacy' });
    expect((await session.listTools()).tools.map(({ name }) => name)).toEqual(['x']);
  },
);

/** A server without capabilities, that answers `tools/list` as the test says, or not at all. */
function announcingNothing(
  modern: boolean,
  answer: (id: number | string | undefined, server: RawServer) => object | undefined,
): RawServer {
  const serverInfo = { name: 'raw', version: '1' };
  return new RawServer(
    ({ id, method, params }, server) => {
      if (method === 'initialize')
        return { protocolVersion: params?.['protocolVersion'], capabilities: {}, serverInfo };
      if (method === 'server/discover' && modern)
        return {
          resultType: 'complete',
          supportedVersions: ['2026-07-28'],
          capabilities: {},
          ttlMs: 0,
          cacheScope: 'private',
          _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
        };
      if (method !== 'tools/list') return undefined;
      const message = answer(id, server);
      if (message !== undefined) server.send({ jsonrpc: '2.0', ...message });
      return SILENCE;
    },
    { modern },
  );
}
