import { describe, expect, it } from 'vitest';
import type { PageOptions, Session } from '../../../src/index.ts';
import { SessionManager } from '../../../src/index.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newSession } from '../../support/groups.ts';
import { ERAS, http, local, PLACES, requestsOf, tools } from '../../support/servers.ts';

const NUMBERS = Array.from({ length: 7 }, (_, nr) => nr);

const SCRIPT: ServerScript = {
  pageSize: 3,
  tools: NUMBERS.map((nr) => ({ name: `t${nr}` })),
  resources: NUMBERS.map((nr) => ({ uri: `r:${nr}` })),
  resourceTemplates: NUMBERS.map((nr) => ({ uriTemplate: `r:${nr}/{id}` })),
  prompts: NUMBERS.map((nr) => ({ name: `p${nr}` })),
};

interface Page {
  readonly entries: readonly object[];
  readonly nextCursor: string | undefined;
}

type List = (session: Session, options?: PageOptions) => Promise<Page>;

const LISTS: [string, string, List][] = [
  [
    'listToolsPage',
    'tools/list',
    async (session, options) => {
      const { tools: entries, nextCursor } = await session.listToolsPage(options);
      return { entries, nextCursor };
    },
  ],
  [
    'listResourcesPage',
    'resources/list',
    async (session, options) => {
      const { resources: entries, nextCursor } = await session.listResourcesPage(options);
      return { entries, nextCursor };
    },
  ],
  [
    'listResourceTemplatesPage',
    'resources/templates/list',
    async (session, options) => {
      const { resourceTemplates: entries, nextCursor } = await session.listResourceTemplatesPage(options);
      return { entries, nextCursor };
    },
  ],
  [
    'listPromptsPage',
    'prompts/list',
    async (session, options) => {
      const { prompts: entries, nextCursor } = await session.listPromptsPage(options);
      return { entries, nextCursor };
    },
  ],
];

const CASES = ERAS.flatMap((era) => LISTS.map(([name, method, list]) => [name, era, method, list] as const));

describe('P3 one page at a time', () => {
  it.each(CASES)('%s (%s)', async (_name, era, method, list) => {
    const server = await http({ ...SCRIPT, era });
    const session = await newSession({ url: server.url });
    const before = requestsOf(server, method).length;
    const sizes: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(session, cursor === undefined ? {} : { cursor });
      sizes.push(page.entries.length);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(sizes).toEqual([3, 3, 1]);
    expect(requestsOf(server, method).length - before).toBe(3);
    await session.listTools();
  });

  it.each(Object.entries(PLACES))('over %s', async (_place, start) => {
    const { spec } = await start(SCRIPT);
    const group = await connectGroup({ servers: { s: spec } });
    const { tools: page, nextCursor = '' } = await group.session('s').listToolsPage();
    expect(page).toHaveLength(3);
    expect((await group.session('s').listToolsPage({ cursor: nextCursor })).tools).toHaveLength(3);
  });

  it.each(CASES)(
    '%s of a server without the capability asks nothing (%s)',
    async (_name, era, method, list) => {
      const capabilities = method === 'tools/list' ? { prompts: {} } : { tools: {} };
      const server = local({ era, capabilities });
      const session = await newSession({ server });
      expect(await list(session)).toEqual({ entries: [], nextCursor: undefined });
      expect(requestsOf(server, method)).toEqual([]);
    },
  );

  it.each(LISTS)('%s refuses a cursor that is no text, and unknown options', async (_name, _method, list) => {
    const session = await newSession({ server: local(SCRIPT) });
    for (const options of [{ cursor: 5 }, { cursor: null }, { page: 2 }, null, 'x']) {
      expect((await failureOf(list(session, options as never))).code).toBe('INVALID_ARGUMENTS');
    }
  });

  it('a cursor that the server does not know is its error', async () => {
    const session = await newSession({ server: local(SCRIPT) });
    expect((await failureOf(session.listToolsPage({ cursor: 'nope' }))).code).toBe('PROTOCOL');
  });
});

describe.each(ERAS)('P3 results of tools that pages listed (%s)', (era) => {
  const outputSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
  const wrong = { type: 'result' as const, result: { content: [], structuredContent: { n: 'x' } } };
  const script: ServerScript = {
    era,
    pageSize: 1,
    tools: ['a', 'b', 'c'].map((name) => ({ name, outputSchema, does: wrong })),
  };

  it('are checked, page by page, and a page makes the others no less known', async () => {
    const session = await newSession({ server: local(script) });
    await session.callTool('a');
    const { nextCursor = '' } = await session.listToolsPage();
    expect((await failureOf(session.callTool('a'))).code).toBe('INVALID_RESULT');
    await session.callTool('b');
    await session.listToolsPage({ cursor: nextCursor });
    expect((await failureOf(session.callTool('b'))).code).toBe('INVALID_RESULT');
    expect((await failureOf(session.callTool('a'))).code).toBe('INVALID_RESULT');
    await session.listTools();
    await session.listToolsPage();
    expect((await failureOf(session.callTool('c'))).code).toBe('INVALID_RESULT');
  });

  it('of a leased session, too', async () => {
    const server = local({ era, pageSize: 1, tools: tools('a', 'b') });
    const manager = new SessionManager({ servers: { s: { server } } });
    await using lease = await manager.acquire('s');
    const { nextCursor } = await lease.session.listToolsPage();
    const { tools: rest } = await lease.session.listToolsPage({ cursor: nextCursor });
    expect(rest.map(({ name }) => name)).toEqual(['b']);
    await manager.close();
  });
});

describe.each(ERAS)('P6 what the server answered to the handshake (%s)', (era) => {
  it('is there as one object, and undefined before', async () => {
    const server = local({
      era,
      name: 'peer',
      version: '2.0.0',
      instructions: 'Be kind.',
      tools: tools('x'),
    });
    const manager = new SessionManager();
    const session = await manager.openSession({ server });
    expect(session.initializeResult).toEqual({
      protocolVersion: session.protocolVersion,
      capabilities: session.capabilities,
      serverInfo: expect.objectContaining({ name: 'peer', version: '2.0.0' }),
      instructions: 'Be kind.',
    });
    await session.close();
    await manager.close();
  });
});

describe('P7 sendRootsListChanged', () => {
  it('tells a server of the legacy era, and does nothing in the modern one', async () => {
    for (const era of ERAS) {
      const server = local({ era });
      const session = await newSession({ server }, { onRoots: () => [] });
      await session.sendRootsListChanged();
      await session.ping();
      const told = server.notifications.filter(({ method }) => method === 'notifications/roots/list_changed');
      expect(told).toHaveLength(era === 'legacy' ? 1 : 0);
    }
  });
});
