import { describe, expect, it } from 'vitest';
import type { SessionGroup } from '../../../src/index.ts';
import type { ScriptedTool } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';

const TRACKER: ScriptedTool[] = [
  { name: 'create_issue', description: 'Create a new issue in a repository.' },
  { name: 'listPullRequests', description: 'All of a repository.' },
  { name: 'archive', title: 'Put a milestone away' },
  {
    name: 'assign',
    inputSchema: { type: 'object', properties: { assignees: { type: 'array', items: { type: 'string' } } } },
  },
];

const CHAT: ScriptedTool[] = [
  { name: 'post_message', description: 'Post a message to a channel.' },
  { name: 'list_channels', description: 'List the channels.' },
];

async function group() {
  const [tracker, chat] = [local({ tools: TRACKER }), local({ tools: CHAT })];
  const group = await connectGroup({ servers: { tracker: { server: tracker }, chat: { server: chat } } });
  const search = async (query: string, options: Parameters<SessionGroup['search']>[1] = {}) =>
    (await group.search(query, options)).map(({ key }) => key);
  return { group, tracker, chat, search };
}

describe('M7 searching a group', () => {
  it.each([
    ['words of a name', 'create issue', 'tracker__create_issue'],
    ['words of a camelCase name', 'pull requests', 'tracker__listPullRequests'],
    ['words of a description', 'something with a repository', 'tracker__create_issue'],
    ['words of a title', 'milestone', 'tracker__archive'],
    ['the name of a parameter', 'assignees', 'tracker__assign'],
    ['another form of a word', 'issues', 'tracker__create_issue'],
    ['the beginning of a word', 'milest', 'tracker__archive'],
    ['some words of a request', 'say hello to the channel', 'chat__post_message'],
    ['the name of its server', 'chat', 'chat__list_channels'],
  ])('finds a tool by %s', async (_by, query, key) => {
    const { search } = await group();
    expect(await search(query)).toContain(key);
  });

  it('puts what fits best first, and only as many as are wanted', async () => {
    const { group: searched } = await group();
    const hits = await searched.search('post a message to a channel', { limit: 2 });
    expect(hits.map(({ key }) => key)).toEqual(['chat__post_message', 'chat__list_channels']);
    expect(hits[0]).toMatchObject({ kind: 'tools', entry: { server: 'chat', upstreamName: 'post_message' } });
    expect(hits[0]?.score).toBeGreaterThan(hits[1]?.score ?? Infinity);
  });

  it('looks at some servers only when they are named', async () => {
    const { search } = await group();
    expect(await search('list', { servers: ['chat'] })).toEqual(['chat__list_channels']);
  });

  it('finds nothing for words that nobody has, and for none', async () => {
    const { search } = await group();
    expect(await search('xylophone')).toEqual([]);
    expect(await search('')).toEqual([]);
    expect(await search('?!')).toEqual([]);
  });

  it('asks no server', async () => {
    const { search, tracker } = await group();
    const before = tracker.requests.length;
    await search('issue');
    expect(tracker.requests).toHaveLength(before);
    expect(requestsOf(tracker, 'tools/call')).toEqual([]);
  });

  it('ranks entries that fit alike by their names, every time', async () => {
    const server = local({ tools: tools('same_c', 'same_a', 'same_b') });
    const searched = await connectGroup({ servers: { s: { server } } });
    const keys = (await searched.search('same', { limit: 2 })).map(({ key }) => key);
    expect(keys).toEqual(['s__same_a', 's__same_b']);
  });
});

describe('M7 searching kinds', () => {
  const everything = {
    tools: tools('weather_now'),
    prompts: [{ name: 'weather_report', arguments: [{ name: 'city' }] }],
    resources: [{ uri: 'weather://today', name: 'today' }],
    resourceTemplates: [{ uriTemplate: 'weather://{city}', name: 'by city' }],
  };

  it('finds all four kinds unless one is named', async () => {
    const searched = await connectGroup({ servers: { s: { server: local(everything) } } });
    const kinds = (await searched.search('weather')).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['prompts', 'resourceTemplates', 'resources', 'tools']);
    const [only, ...others] = await searched.search('weather', { kinds: ['prompts'] });
    expect(only?.entry.arguments).toEqual([{ name: 'city' }]);
    expect(others).toEqual([]);
    expect((await searched.search('city')).map(({ kind }) => kind).toSorted()).toEqual([
      'prompts',
      'resourceTemplates',
    ]);
  });

  it('finds a resource that two servers have at both of them', async () => {
    const script = { resources: [{ uri: 'notes://1', name: 'notes' }] };
    const servers = { a: { server: local(script) }, b: { server: local(script) } };
    const searched = await connectGroup({ servers });
    const hits = await searched.search('notes', { kinds: ['resources'] });
    expect(hits.map(({ entry }) => entry.server).toSorted()).toEqual(['a', 'b']);
  });
});

describe('M7 a search follows the catalog', () => {
  it('when a server changes its list', async () => {
    const { search, tracker, group: searched } = await group();
    expect(await search('issue')).toEqual(['tracker__create_issue']);
    tracker.setTools([{ name: 'create_issue', description: 'Now about tickets.' }, { name: 'close_issue' }]);
    await eventually('the change', () => searched.tools.has('tracker__close_issue'));
    expect((await search('issue', { kinds: ['tools'] })).toSorted()).toEqual([
      'tracker__close_issue',
      'tracker__create_issue',
    ]);
    expect(await search('repository')).toEqual([]);
    expect(await search('tickets')).toContain('tracker__create_issue');
  });

  it('when servers come and go', async () => {
    const { search, group: searched } = await group();
    expect(await search('issue')).toEqual(['tracker__create_issue']);
    await searched.remove('tracker');
    expect(await search('issue')).toEqual([]);
    await searched.add('second', { server: local({ tools: TRACKER }) });
    expect(await search('issue')).toEqual(['second__create_issue']);
  });

  it('while many searches and changes are under way', async () => {
    const { search, group: searched } = await group();
    const many = Array.from({ length: 300 }, (_, nr) => ({
      name: `many_${nr}`,
      description: 'One of very many. '.repeat(20),
    }));
    const rounds = Array.from({ length: 5 }, async (_, nr) => {
      const found = search('many', { limit: 1_000 });
      await searched.add(`s${nr}`, { server: local({ tools: many }) });
      if (nr % 2 === 0) await searched.remove(`s${nr}`);
      for (const key of await found) expect(key).toMatch(/^s\d__many_\d+$/);
    });
    await Promise.all(rounds);
    const found = await search('many', { limit: 10_000, kinds: ['tools'] });
    const there = [...searched.tools.keys()].filter((key) => key.includes('many'));
    expect(found.toSorted()).toEqual(there.toSorted());
    expect(there).toHaveLength(600);
  });

  it('of a group that was empty when it was first searched', async () => {
    const searched = newGroup();
    expect(await searched.search('issue')).toEqual([]);
    await searched.add('tracker', { server: local({ tools: TRACKER }) });
    expect(await searched.search('issue')).toHaveLength(1);
  });
});

describe('a search that cannot be', () => {
  it.each([
    ['a limit of none', { limit: 0 }],
    ['a kind that there is not', { kinds: ['tool'] }],
    ['kinds that are no array', { kinds: 'tools' }],
    ['servers that are no array', { servers: 'chat' }],
  ])('is refused for %s', async (_what, options) => {
    const { group: searched } = await group();
    expect(await failureOf(searched.search('x', options as object))).toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('is refused for a query that is no text', async () => {
    const query: unknown = 1;
    expect((await failureOf(newGroup().search(query as string))).code).toBe('CONFIG_INVALID');
  });

  it('names the nearest server when there is none of that name', async () => {
    const { group: searched } = await group();
    const failure = await failureOf(searched.search('x', { servers: ['chats'] }));
    expect(failure.code).toBe('UNKNOWN_SERVER');
    expect(failure.message).toContain('"chat"');
  });
});

describe('what servers say is of any size and shape', () => {
  it('a huge description and hundreds of deep parameters do no harm', async () => {
    const deep = (depth: number): Record<string, unknown> =>
      depth === 0
        ? { type: 'string' }
        : { type: 'object', properties: { [`level${depth}`]: deep(depth - 1) } };
    const properties = Object.fromEntries(Array.from({ length: 500 }, (_, nr) => [`p${nr}`, deep(6)]));
    const monster = {
      name: 'monster',
      description: 'endless '.repeat(200_000),
      inputSchema: { type: 'object' as const, properties },
    };
    const searched = await connectGroup({ servers: { s: { server: local({ tools: [monster] }) } } });
    expect(await searched.search('endless')).toHaveLength(1);
    expect(await searched.search('p0')).toHaveLength(1);
    expect(await searched.search('word '.repeat(100_000))).toEqual([]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'a tool named %s is one like others',
    async (name) => {
      const searched = await connectGroup({
        servers: { s: { server: local({ tools: tools(name, 'other') }) } },
      });
      expect((await searched.search(name)).map(({ entry }) => entry.name)).toContain(name);
    },
  );
});
