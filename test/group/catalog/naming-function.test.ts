import { describe, expect, it } from 'vitest';
import type { NamingContext, NamingFunction } from '../../../src/index.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';

const EVERYTHING: ServerScript = {
  name: 'upstream',
  version: '3.2.1',
  tools: tools('echo'),
  prompts: [{ name: 'greet', arguments: [{ name: 'who' }] }],
  resources: [{ uri: 'file:///a', name: 'the file a', text: 'A' }],
  resourceTemplates: [{ uriTemplate: 'file:///by-id/{id}', name: 'any file', text: 'T' }],
  completions: [
    { ref: 'greet', argument: 'who', values: ['world'] },
    { ref: 'file:///by-id/{id}', argument: 'id', values: ['17'] },
  ],
};

const decorated: NamingFunction = (upstreamName, { server, kind }) => `${kind}/${server}/${upstreamName}`;

describe('G5 a naming function decides the exposed key of each kind', () => {
  it('and the entries keep their upstream names', async () => {
    const group = await connectGroup({ servers: { s: { server: local(EVERYTHING) } }, naming: decorated });
    expect([...group.tools]).toMatchObject([
      ['tool/s/echo', { name: 'echo', upstreamName: 'echo', server: 's' }],
    ]);
    expect([...group.prompts]).toMatchObject([
      ['prompt/s/greet', { name: 'greet', upstreamName: 'greet', server: 's' }],
    ]);
    expect([...group.resources]).toMatchObject([
      ['resource/s/file:///a', { uri: 'file:///a', upstreamName: 'file:///a', server: 's' }],
    ]);
    expect([...group.resourceTemplates]).toMatchObject([
      [
        'resourceTemplate/s/file:///by-id/{id}',
        { uriTemplate: 'file:///by-id/{id}', upstreamName: 'file:///by-id/{id}', server: 's' },
      ],
    ]);
  });

  it('P5 is told the server, what it said about itself, the kind, and the name of a resource beside its URI', async () => {
    const asked: [string, NamingContext][] = [];
    const naming: NamingFunction = (upstreamName, context) => {
      asked.push([upstreamName, context]);
      return `${context.serverInfo?.name}@${context.serverInfo?.version}:${context.kind}:${upstreamName}`;
    };
    const group = await connectGroup({ servers: { s: { server: local(EVERYTHING) } }, naming });
    expect([...group.tools.keys()]).toEqual(['upstream@3.2.1:tool:echo']);
    const expected = [
      ['echo', 'tool', 'echo'],
      ['file:///a', 'resource', 'the file a'],
      ['file:///by-id/{id}', 'resourceTemplate', 'any file'],
      ['greet', 'prompt', 'greet'],
    ].map(([upstreamName, kind, name]) => [
      upstreamName,
      { server: 's', serverInfo: { name: 'upstream', version: '3.2.1' }, kind, name },
    ]);
    const distinct = new Set(asked.map((each) => JSON.stringify(each)));
    expect(distinct).toEqual(new Set(expected.map((each) => JSON.stringify(each))));
  });

  it('the wire keeps the upstream names', async () => {
    const server = local(EVERYTHING);
    const group = await connectGroup({ servers: { s: { server } }, naming: decorated });
    await group.callTool('tool/s/echo', { a: 1 });
    await group.getPrompt('prompt/s/greet', { who: 'me' });
    await group.readResource('resource/s/file:///a');
    await group.subscribeResource('resource/s/file:///a');
    await group.complete({ type: 'ref/prompt', name: 'prompt/s/greet' }, { name: 'who', value: 'w' });
    await group.complete(
      { type: 'ref/resource', uri: 'resourceTemplate/s/file:///by-id/{id}' },
      { name: 'id', value: '1' },
    );
    expect(requestsOf(server, 'tools/call')[0]?.params).toMatchObject({ name: 'echo' });
    expect(requestsOf(server, 'prompts/get')[0]?.params).toMatchObject({ name: 'greet' });
    expect(requestsOf(server, 'resources/read')[0]?.params).toMatchObject({ uri: 'file:///a' });
    const refs = requestsOf(server, 'completion/complete').map(({ params }) => params['ref']);
    expect(refs).toEqual([
      { type: 'ref/prompt', name: 'greet' },
      { type: 'ref/resource', uri: 'file:///by-id/{id}' },
    ]);
    expect(JSON.stringify(server.requests)).not.toMatch(/tool\/s|prompt\/s|resource\/s|resourceTemplate\/s/);
  });

  it('applies to what appears later, too', async () => {
    const server = local(EVERYTHING);
    const group = await connectGroup({ servers: { s: { server } }, naming: decorated });
    server.setTools(tools('echo', 'later'));
    await eventually('the new tool', () => group.tools.has('tool/s/later'));
    expect((await failureOf(group.callTool('later'))).code).toBe('UNKNOWN_TOOL');
  });
});

describe('G5 a naming function is checked like any other naming', () => {
  it.each<[string, NamingFunction]>([
    ['throws', () => JSON.parse('{')],
    // @ts-expect-error What a program without types would do.
    ['returns nothing', () => {}],
    // @ts-expect-error What a program without types would do.
    ['returns a number', () => 7],
    // @ts-expect-error It must be decided at once.
    ['returns a promise', async (name) => name],
    ['returns an empty name', () => ''],
  ])('one that %s: the newcomer is refused, the group is as it was', async (_what, naming) => {
    let spoiled = false;
    const group = newGroup({ naming: (name, context) => (spoiled ? naming(name, context) : name) });
    await group.add('good', { server: local({ tools: tools('fine') }) });
    spoiled = true;
    const before = group.catalog;
    const error = await failureOf(group.add('bad', { server: local({ tools: tools('any') }) }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', server: 'bad' });
    expect([...group.servers.keys()]).toEqual(['good']);
    expect(group.catalog).toBe(before);
  });

  it('one that fails later, on a change: the old entries stay, and the problem is told', async () => {
    const naming: NamingFunction = (name) => {
      if (name === 'cursed') throw new Error('broken on purpose');
      return name;
    };
    const server = local({ tools: tools('fine') });
    const group = await connectGroup({ servers: { s: { server } }, naming });
    const events = group.events();
    server.setTools(tools('fine', 'cursed'));
    const problem = await eventually('a problem', async () => {
      const { value } = await events.next();
      return value?.type === 'problem' ? value : undefined;
    });
    expect(problem).toMatchObject({ server: 's', error: { code: 'CONFIG_INVALID' } });
    expect(problem.error.message).toContain('broken on purpose');
    await group.callTool('fine');
    expect(group.servers.get('s')?.state).toBe('ready');
    server.setTools(tools('healed'));
    await eventually('the next change', () => group.tools.has('healed'));
  });

  it('two servers that it gives one name: the second is refused with NAME_COLLISION', async () => {
    const group = newGroup({ naming: (name) => name.toLowerCase() });
    await group.add('a', { server: local({ tools: tools('Echo') }) });
    const error = await failureOf(group.add('b', { server: local({ tools: tools('ECHO', 'other') }) }));
    expect(error.code).toBe('NAME_COLLISION');
    expect(error.message).toMatch(/"echo"/);
    expect([...group.tools.keys()]).toEqual(['echo']);
    expect(group.tools.get('echo')).toMatchObject({ upstreamName: 'Echo', server: 'a' });
  });

  it('names out of every object: nothing is confused with what objects inherit', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const server = local({ tools: tools(...names) });
    const group = await connectGroup({ servers: { s: { server } }, naming: (name) => name });
    expect([...group.tools.keys()]).toEqual(names);
    for (const name of names) await group.callTool(name);
    expect(requestsOf(server, 'tools/call').map(({ params }) => params['name'])).toEqual(names);
    expect((await failureOf(group.callTool('valueOf'))).code).toBe('UNKNOWN_TOOL');
  });
});
