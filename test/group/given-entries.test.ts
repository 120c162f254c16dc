import { describe, expect, it } from 'vitest';
import type { ResourceEntry, SessionGroup } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup, newSession } from '../support/groups.ts';
import { local, requestsOf, tools } from '../support/servers.ts';

const SCRIPT = {
  tools: tools('echo', 'two words', 'x'.repeat(80)),
  prompts: [{ name: 'ask' }],
  resources: [{ uri: 'r:1', name: 'one', text: 'hello' }],
  resourceTemplates: [{ uriTemplate: 't:{id}', name: 'more' }],
};

function first<T>(entries: ReadonlyMap<string, T>): T {
  for (const entry of entries.values()) return entry;
  throw new Error('There is none');
}

const NAMINGS = ['prefixed', 'bare', (name: string) => `my-${name.length}`] as const;

describe.each(NAMINGS)('C3 entries in place of names (%s)', (naming) => {
  it('tools, prompts and resources are found by their entries', async () => {
    const server = local(SCRIPT);
    const group = await connectGroup({ servers: { s: { server } }, naming });
    for (const tool of group.tools.values()) await group.callTool(tool, { a: 1 });
    const called = requestsOf(server, 'tools/call').map(({ params }) => params?.['name']);
    expect(called).toEqual(SCRIPT.tools.map(({ name }) => name));
    expect((await group.getPrompt(first(group.prompts))).messages).toHaveLength(1);
    expect((await group.readResource(first(group.resources))).contents).toHaveLength(1);
    await group.subscribeResource(first(group.resources));
    await group.unsubscribeResource(first(group.resources));
  });
});

describe('C3 entries', () => {
  it('of a URI that two servers have are read from their own server', async () => {
    const [a, b] = [local(SCRIPT), local(SCRIPT)];
    const group = await connectGroup({ servers: { a: { server: a }, b: { server: b } } });
    await group.remove('a');
    const ofB = first(group.resources);
    await group.add('a', { server: a });
    expect((await failureOf(group.readResource('r:1'))).code).toBe('AMBIGUOUS_RESOURCE');
    await group.readResource(ofB);
    expect([requestsOf(a, 'resources/read').length, requestsOf(b, 'resources/read').length]).toEqual([0, 1]);
  });

  it('interceptors are told the exposed name', async () => {
    const seen: string[] = [];
    const group = await connectGroup({
      servers: { s: { server: local(SCRIPT) } },
      interceptors: [
        (call, next) => {
          seen.push(call.name);
          return next(call);
        },
      ],
    });
    await group.callTool(first(group.tools));
    expect(seen).toEqual(['s__echo']);
  });

  it('of a tool whose definition has changed since still name it', async () => {
    const server = local({ tools: tools('x') });
    const group = await connectGroup({ servers: { s: { server } } });
    const old = first(group.tools);
    server.setTools([{ name: 'x', description: 'new' }]);
    await eventually('the change', () => first(group.tools).description === 'new');
    await group.callTool(old);
    expect(requestsOf(server, 'tools/call')).toHaveLength(1);
  });

  const GONE: [string, (group: SessionGroup) => Promise<unknown>][] = [
    ['the server is removed', (group) => group.remove('s')],
    ['the session is closed', (group) => group.session('s').close()],
  ];

  it.each(GONE)('that have left the catalog are refused: %s', async (_how, end) => {
    const group = await connectGroup({ servers: { s: { server: local(SCRIPT) } } });
    const [tool, prompt, resource] = [first(group.tools), first(group.prompts), first(group.resources)];
    await end(group);
    const errors = await Promise.all([
      failureOf(group.callTool(tool)),
      failureOf(group.getPrompt(prompt)),
      failureOf(group.readResource(resource)),
    ]);
    expect(errors.map(({ code }) => code)).toEqual(['UNKNOWN_TOOL', 'UNKNOWN_PROMPT', 'UNKNOWN_RESOURCE']);
    for (const { message } of errors) expect(message).toContain('has left the catalog');
  });

  it('of a tool that its server has renamed are refused', async () => {
    const server = local({ tools: tools('before') });
    const group = await connectGroup({ servers: { s: { server } } });
    const old = first(group.tools);
    server.setTools(tools('after'));
    await eventually('the change', () => group.tools.has('s__after'));
    expect(await failureOf(group.callTool(old))).toMatchObject({
      code: 'UNKNOWN_TOOL',
      server: 's',
      data: { name: 'before' },
    });
  });

  it('of another group, and copies, are refused, though the name is the same', async () => {
    const [server, other] = [local(SCRIPT), local(SCRIPT)];
    const group = await connectGroup({ servers: { s: { server } } });
    const stranger = await connectGroup({ servers: { s: { server: other } } });
    const errors = await Promise.all([
      failureOf(group.callTool(first(stranger.tools))),
      failureOf(group.callTool({ ...first(group.tools) })),
      failureOf(group.getPrompt(structuredClone(first(group.prompts)))),
      failureOf(group.readResource(first(stranger.resources))),
    ]);
    for (const { message } of errors) expect(message).toContain('is not from this group');
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('of templates are no resources yet', async () => {
    const group = await connectGroup({ servers: { s: { server: local(SCRIPT) } } });
    const template = first(group.resourceTemplates) as unknown as ResourceEntry;
    const error = await failureOf(group.readResource(template));
    expect(error.code).toBe('INVALID_ARGUMENTS');
    expect(error.message).toContain('"t:{id}" is a template');
  });

  it.each([undefined, null, 5, {}, [], { name: 'x' }, { server: 's' }, new Map(), () => 'x', Symbol('x')])(
    '%s is neither: a rejection',
    async (given) => {
      const group = await connectGroup({ servers: { s: { server: local(SCRIPT) } } });
      const session = group.session('s');
      const errors = await Promise.all([
        failureOf(group.callTool(given as never)),
        failureOf(group.getPrompt(given as never)),
        failureOf(group.readResource(given as never)),
        failureOf(session.readResource(given as never)),
        ...(typeof given === 'object' && given !== null && 'name' in given
          ? []
          : [failureOf(session.callTool(given as never)), failureOf(session.getPrompt(given as never))]),
      ]);
      for (const { code, message } of errors) {
        expect(code).toBe('INVALID_ARGUMENTS');
        expect(message).toContain('or an entry of the catalog');
      }
    },
  );
});

describe('C3 sessions', () => {
  it('take what they listed, and entries of a group', async () => {
    const server = local(SCRIPT);
    const session = await newSession({ server });
    const [tool] = (await session.listTools()).tools;
    const [prompt] = (await session.listPrompts()).prompts;
    const [resource] = (await session.listResources()).resources;
    if (tool === undefined || prompt === undefined || resource === undefined) throw new Error('Not listed');
    await session.callTool(tool, { a: 1 });
    await session.getPrompt(prompt);
    await session.readResource(resource);
    await session.subscribeResource(resource);
    await session.unsubscribeResource(resource);
    const group = await connectGroup({ servers: { s: { server: local(SCRIPT) } } });
    await group.session('s').callTool(first(group.tools));
    expect(requestsOf(server, 'tools/call').map(({ params }) => params?.['name'])).toEqual(['echo']);
  });
});

describe('C3 the params of a request in place of a name', () => {
  it.each([{ name: 'echo', arguments: { a: 1 } }])(
    'are refused: the arguments would be dropped',
    async (params) => {
      const session = await newSession({ server: local(SCRIPT) });
      expect((await failureOf(session.callTool(params))).code).toBe('INVALID_ARGUMENTS');
      expect((await failureOf(session.getPrompt(params))).code).toBe('INVALID_ARGUMENTS');
    },
  );

  const ARGUMENT = { name: 'a', value: '' };
  const REF = { type: 'ref/prompt', name: 's__ask' };
  const PARAMS: [string, string, (group: SessionGroup) => Promise<unknown>][] = [
    [
      'callTool',
      'Give its "name" by itself, and its "arguments" after it.',
      (group) => group.callTool({ name: 's__echo', arguments: { a: 1 } } as never),
    ],
    [
      'callTool of a session',
      'Give its "name" by itself, and its "arguments" after it.',
      (group) => group.session('s').callTool({ name: 'echo', arguments: {} } as never),
    ],
    [
      'callTool without arguments',
      'Give its "name" by itself.',
      (group) => group.callTool({ name: 'x' } as never),
    ],
    [
      'getPrompt',
      'Give its "name" by itself, and its "arguments" after it.',
      (group) => group.getPrompt({ name: 's__ask', arguments: {} } as never),
    ],
    ['readResource', 'Give its "uri" by itself.', (group) => group.readResource({ uri: 'r:1' } as never)],
    [
      'subscribeResource',
      'Give its "uri" by itself.',
      (group) => group.subscribeResource({ uri: 'r:1' } as never),
    ],
    [
      'complete',
      'Give its "ref" by itself, and its "argument" and "context" after it.',
      (group) => group.complete({ ref: REF, argument: ARGUMENT, context: {} } as never, ARGUMENT),
    ],
    [
      'setLoggingLevel',
      'Give its "level" by itself.',
      (group) => group.setLoggingLevel({ level: 'info' } as never),
    ],
  ];

  it.each(PARAMS)('%s says how to write them', async (_, advice, call) => {
    const group = await connectGroup({ servers: { s: { server: local(SCRIPT) } } });
    const error = await failureOf(call(group));
    expect(error.code).toBe('INVALID_ARGUMENTS');
    expect(error.message).toContain(advice);
  });
});

describe('C3 completing an argument of an entry', () => {
  const COMPLETED = {
    ...SCRIPT,
    prompts: [{ name: 'ask', arguments: [{ name: 'a' }] }],
    completions: [
      { ref: 'ask', argument: 'a', values: ['one'] },
      { ref: 't:{id}', argument: 'id', values: ['two'] },
    ],
  };
  const valuesOf = (result: { completion: { values: readonly string[] } }): readonly string[] =>
    result.completion.values;

  it.each(NAMINGS)('finds the prompt and the template (%s)', async (naming) => {
    const group = await connectGroup({ servers: { s: { server: local(COMPLETED) } }, naming });
    const ofPrompt = await group.complete(first(group.prompts), { name: 'a', value: '' });
    const ofTemplate = await group.complete(first(group.resourceTemplates), { name: 'id', value: '' });
    expect([valuesOf(ofPrompt), valuesOf(ofTemplate)]).toEqual([['one'], ['two']]);
  });

  it('asks the server of the entry, where two have the template', async () => {
    const [a, b] = [local(COMPLETED), local(COMPLETED)];
    const group = await connectGroup({ servers: { a: { server: a } } });
    const ofA = first(group.resourceTemplates);
    await group.add('b', { server: b });
    await group.complete(ofA, { name: 'id', value: '' });
    expect([
      requestsOf(a, 'completion/complete').length,
      requestsOf(b, 'completion/complete').length,
    ]).toEqual([1, 0]);
  });

  it('is refused for tools and resources, copies, and what has left the catalog', async () => {
    const group = await connectGroup({ servers: { s: { server: local(COMPLETED) } } });
    const [prompt, template] = [first(group.prompts), first(group.resourceTemplates)];
    const complete = async (given: unknown): Promise<string> =>
      (await failureOf(group.complete(given as never, { name: 'a', value: '' }))).code;
    expect(await complete(first(group.tools))).toBe('INVALID_ARGUMENTS');
    expect(await complete(first(group.resources))).toBe('INVALID_ARGUMENTS');
    expect(await complete({ ...prompt })).toBe('UNKNOWN_PROMPT');
    expect(await complete({ ...template })).toBe('UNKNOWN_RESOURCE');
    await group.remove('s');
    expect(await complete(prompt)).toBe('UNKNOWN_PROMPT');
    expect(await complete(template)).toBe('UNKNOWN_RESOURCE');
  });
});

describe('options whose getters throw', () => {
  const thrower = {
    get timeoutMs(): number {
      throw new Error('boom');
    },
  };

  it.each<[string, (group: SessionGroup) => Promise<unknown>]>([
    ['callTool', (group) => group.callTool('s__echo', {}, thrower)],
    ['callTool of a session', (group) => group.session('s').callTool('echo', {}, thrower)],
    ['listTools', (group) => group.session('s').listTools(thrower)],
    ['ping', (group) => group.session('s').ping(thrower)],
    ['readResource', (group) => group.readResource('r:1', thrower)],
    ['getPrompt', (group) => group.getPrompt('s__ask', {}, thrower)],
    ['ready', (group) => group.ready(thrower)],
  ])('%s rejects', async (_name, call) => {
    const group = await connectGroup({ servers: { s: { server: local(SCRIPT) } } });
    const error = await failureOf(call(group));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENTS' });
    expect(error.message).toContain('boom');
  });
});
