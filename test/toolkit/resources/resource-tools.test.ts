import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ScriptedResource, ServerScript } from '../../../src/testing/index.ts';
import { createToolkit, type ToolkitOptions } from '../../../src/toolkit/toolkit.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { connectGroup, newSession } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { textOf } from '../../support/results.ts';
import { newFolder } from '../../support/folders.ts';

const PNG = Buffer.from('png').toString('base64');

const DOCS: ServerScript = {
  tools: tools('search'),
  resources: [
    {
      uri: 'docs://guide',
      name: 'guide',
      title: 'Guide',
      description: 'How to',
      mimeType: 'text/plain',
      text: 'Read me',
    },
    { uri: 'docs://logo.png', mimeType: 'image/png', blob: PNG },
    { uri: 'docs://song', mimeType: 'audio/wav', blob: PNG },
    { uri: 'docs://data.bin', mimeType: 'application/octet-stream', blob: PNG },
  ],
  resourceTemplates: [
    { uriTemplate: 'docs://pages/{section}/{page}', name: 'page', description: 'A page of the handbook.' },
    { uriTemplate: 'docs://search{?q}', name: 'find' },
    { uriTemplate: 'docs://broken/{', name: 'broken' },
  ],
};

async function toolkit(options: ToolkitOptions = { resources: true }, script = DOCS) {
  const server = local(script);
  const group = await connectGroup({
    servers: { docs: { server }, other: { server: local({ tools: tools('x') }) } },
  });
  return { server, source: createToolkit(group, options) };
}

describe('M9 resources as tools', () => {
  it('come on request, for servers that have any', async () => {
    expect([...(await toolkit({})).source.tools.keys()]).toEqual(['docs__search', 'other__x']);
    const { source } = await toolkit();
    expect([...source.tools.keys()]).toEqual([
      'docs__search',
      'other__x',
      'docs__list_resources',
      'docs__read_resource',
      'docs__read_page',
      'docs__read_find',
    ]);
    expect(source.tools.get('docs__read_resource')).toMatchObject({
      server: 'docs',
      annotations: { readOnlyHint: true },
    });
  });

  it('are listed with what the server says of them', async () => {
    const { source } = await toolkit();
    const lines = textOf(await source.callTool('docs__list_resources')).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe('docs://guide | Guide | text/plain | How to');
  });

  it('are found by a part of what is said of them', async () => {
    const { source } = await toolkit();
    expect(textOf(await source.callTool('docs__list_resources', { query: 'HOW TO' }))).toMatch(
      /^docs:\/\/guide[^\n]*$/,
    );
    expect(textOf(await source.callTool('docs__list_resources', { query: 'nothing' }))).toBe(
      'There are no such resources.',
    );
  });

  it('are listed page by page', async () => {
    const resources = Array.from({ length: 120 }, (_, nr): ScriptedResource => ({
      uri: `docs://${nr}`,
      name: `r${nr}`,
    }));
    const { source } = await toolkit({ resources: true }, { resources });
    const first = textOf(await source.callTool('docs__list_resources')).split('\n');
    expect(first).toHaveLength(51);
    expect(first.at(-1)).toBe('[70 more, from page 2 on.]');
    expect(textOf(await source.callTool('docs__list_resources', { page: 3 })).split('\n')).toHaveLength(20);
  });

  it('cannot write lines of their own into the list', async () => {
    const resources = [{ uri: 'docs://a', name: 'a\ndocs://fake | Fake', description: '\u202eevil' }];
    const { source } = await toolkit({ resources: true }, { resources });
    const text = textOf(await source.callTool('docs__list_resources'));
    expect(text.split('\n')).toHaveLength(1);
    expect(text).not.toContain('\u202e');
  });

  it('are read by their URIs, as what they are', async () => {
    const { source } = await toolkit();
    const read = async (uri: string) => (await source.callTool('docs__read_resource', { uri })).content;
    expect(await read('docs://guide')).toMatchObject([
      { type: 'resource', resource: { uri: 'docs://guide', text: 'Read me', mimeType: 'text/plain' } },
    ]);
    expect(await read('docs://logo.png')).toEqual([{ type: 'image', data: PNG, mimeType: 'image/png' }]);
    expect(await read('docs://song')).toEqual([{ type: 'audio', data: PNG, mimeType: 'audio/wav' }]);
    expect(await read('docs://data.bin')).toMatchObject([{ type: 'resource', resource: { blob: PNG } }]);
  });

  it('are read from their own server only', async () => {
    const server = local({ resources: [{ uri: 'same://x', text: 'one' }] });
    const twin = local({ resources: [{ uri: 'same://x', text: 'two' }, { uri: 'same://y' }] });
    const group = await connectGroup({ servers: { one: { server }, two: { server: twin } } });
    const source = createToolkit(group, { resources: true });
    const result = await source.callTool('two__read_resource', { uri: 'same://x' });
    expect(result.content).toMatchObject([{ resource: { text: 'two' } }]);
    expect(requestsOf(server, 'resources/read')).toEqual([]);
  });

  it('that are not there are an error of the server', async () => {
    const { source } = await toolkit();
    const failure = await failureOf(source.callTool('docs__read_resource', { uri: 'docs://none' }));
    expect(failure).toMatchObject({ code: 'PROTOCOL', server: 'docs' });
  });

  it('follow the catalog', async () => {
    const { server, source } = await toolkit();
    server.setResources([]);
    await eventually('the list goes', () => !source.tools.has('docs__list_resources'));
    expect(source.tools.has('docs__read_resource')).toBe(true);
    server.setResourceTemplates([{ uriTemplate: 'docs://new/{x}', name: 'new' }]);
    await eventually('the new template', () => source.tools.has('docs__read_new'));
    expect(source.tools.has('docs__read_page')).toBe(false);
  });

  it('are under the policy like everything else', async () => {
    const { server, source } = await toolkit({ resources: true, policy: { deny: [{ server: 'docs' }] } });
    expect([...source.tools.keys()]).toEqual(['other__x']);
    for (const name of ['docs__read_resource', 'docs__list_resources', 'docs__read_page']) {
      expect((await failureOf(source.callTool(name, { uri: 'docs://guide' }))).code).toBe('UNKNOWN_TOOL');
    }
    expect(requestsOf(server, 'resources/read')).toEqual([]);
  });

  it('options of a call reach the server', async () => {
    const { server, source } = await toolkit();
    await source.callTool('docs__read_resource', { uri: 'docs://guide' }, { meta: { trace: 'x' } });
    expect(requestsOf(server, 'resources/read')[0]?.params).toMatchObject({ _meta: { trace: 'x' } });
  });
});

describe('M9 resource templates as tools', () => {
  it('take the variables of the template', async () => {
    const { source } = await toolkit();
    expect(source.tools.get('docs__read_page')).toMatchObject({
      description: 'A page of the handbook.\nReads docs://pages/{section}/{page} of server "docs".',
      inputSchema: { properties: { section: { type: 'string' } }, required: ['section', 'page'] },
    });
    expect(source.tools.get('docs__read_find')?.inputSchema.required).toEqual([]);
  });

  it('read the URI that they make', async () => {
    const { server, source } = await toolkit();
    await source.callTool('docs__read_page', { section: 'a/b', page: 'ü' });
    expect(requestsOf(server, 'resources/read')[0]?.params).toMatchObject({
      uri: 'docs://pages/a%2Fb/%C3%BC',
    });
  });

  it('check what they are given', async () => {
    const { server, source } = await toolkit();
    const failure = await failureOf(source.callTool('docs__read_page', { section: 'a' }));
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENTS', data: { problems: [{ path: '/page' }] } });
    const unchecked = await toolkit({ resources: true, policy: { checkArguments: false } });
    const other = await failureOf(unchecked.source.callTool('docs__read_page', { section: 'a', page: 1 }));
    expect(other.code).toBe('INVALID_ARGUMENTS');
    expect(requestsOf(server, 'resources/read')).toEqual([]);
  });
});

describe('M9 resources as downloads', () => {
  it('go to a folder, and the model is told their names', async () => {
    const downloadTo = newFolder();
    const { source } = await toolkit({ resources: { downloadTo } });
    expect(source.tools.get('docs__read_resource')?.annotations).toEqual({
      readOnlyHint: false,
      destructiveHint: false,
    });
    const result = await source.callTool('docs__read_resource', { uri: 'docs://logo.png' });
    const file = { uri: 'docs://logo.png', mimeType: 'image/png', bytes: 3, name: 'logo.png' };
    expect(result.structuredContent).toEqual({ files: [file] });
    expect(JSON.parse(textOf(result))).toEqual({ files: [file] });
    expect(readFileSync(join(downloadTo, 'logo.png'), 'utf8')).toBe('png');
  });

  it('never leave it, whatever the server makes of a URI', async () => {
    const downloadTo = newFolder();
    const resources = [{ uri: 'docs://x/%2e%2e%2f%2e%2e%2fevil.sh', text: 'rm' }];
    const { source } = await toolkit({ resources: { downloadTo: join(downloadTo, 'inner') } }, { resources });
    await source.callTool('docs__read_resource', { uri: resources[0]?.uri });
    expect(readdirSync(downloadTo, { recursive: true })).toEqual(['inner', join('inner', 'evil.sh')]);
  });

  it('that are too large are an error that says so', async () => {
    const { source } = await toolkit({ resources: { downloadTo: newFolder(), maxFileBytes: 2 } });
    const result = await source.callTool('docs__read_resource', { uri: 'docs://guide' });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain('a file may have 2');
  });

  it.each<[object, RegExp]>([
    [{ downloadTo: '' }, /"resources\.downloadTo"/],
    [{ downloadTo: 'a\0b' }, /"resources\.downloadTo"/],
    [{ downloadTo: 'a', maxFileBytes: -1 }, /"resources\.maxFileBytes"/],
    [{ maxTotalBytes: 'x' }, /"resources\.maxTotalBytes"/],
  ])('with options that cannot be meant are refused: %j', async (resources, message) => {
    const group = await connectGroup({ servers: {} });
    const error = thrownBy(() => createToolkit(group, { resources }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
  });
});

describe('M9 prompts as tools', () => {
  const script: ServerScript = {
    prompts: [
      {
        name: 'review',
        description: 'Reviews code.',
        arguments: [{ name: 'code', required: true, description: 'The code' }, { name: 'style' }],
      },
      {
        name: 'talk',
        messages: [
          { role: 'user', content: { type: 'text', text: 'Hello' } },
          { role: 'assistant', content: { type: 'text', text: 'Hi' } },
          { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
        ],
      },
      { name: 'empty', messages: [] },
    ],
  };

  it('take the arguments of the prompt, and give its messages', async () => {
    const { source } = await toolkit({ prompts: true }, script);
    expect(source.tools.get('docs__prompt_review')).toMatchObject({
      server: 'docs',
      description: 'Reviews code.\nGets the prompt "review" of server "docs".',
      inputSchema: {
        properties: { code: { type: 'string', description: 'The code' }, style: { type: 'string' } },
        required: ['code'],
      },
    });
    const result = await source.callTool('docs__prompt_review', { code: 'x' });
    expect(JSON.parse(textOf(result))).toEqual({ prompt: 'review', arguments: { code: 'x' } });
    expect((await failureOf(source.callTool('docs__prompt_review', {}))).message).toContain(
      '/code is required',
    );
  });

  it('say who speaks where several do', async () => {
    const { source } = await toolkit({ prompts: true }, script);
    expect((await source.callTool('docs__prompt_talk')).content).toMatchObject([
      { type: 'text', text: 'user: Hello' },
      { type: 'text', text: 'assistant: Hi' },
      { type: 'text', text: 'user:' },
      { type: 'image' },
    ]);
    expect(textOf(await source.callTool('docs__prompt_empty'))).toBe('The prompt is empty.');
  });

  it('are called by their exposed names under a naming function', async () => {
    const group = await connectGroup({
      servers: { docs: { server: local(script) } },
      naming: (name, { kind }) => `${kind}.${name}`,
    });
    const source = createToolkit(group, { prompts: true });
    expect(textOf(await source.callTool('docs__prompt_review', { code: 'x' }))).toContain('"review"');
  });
});

describe('M9 names of tools for resources', () => {
  it('of a session are the plain ones', async () => {
    const session = await newSession({ server: local(DOCS) });
    const source = await createToolkit(session, { resources: true });
    onTestFinished(() => source.close());
    expect([...source.tools.keys()]).toEqual([
      'search',
      'list_resources',
      'read_resource',
      'read_page',
      'read_find',
    ]);
  });

  it('are ones that model APIs take, also where names of servers and templates are not', async () => {
    const resourceTemplates = [{ uriTemplate: 'x://{a}', name: 'ein Ding: größer!' }];
    const group = await connectGroup({
      servers: { 'Mein Server': { server: local({ resourceTemplates }) } },
    });
    const session = await newSession({ server: local({ resourceTemplates }) });
    const ofSession = await createToolkit(session, { resources: true });
    onTestFinished(() => ofSession.close());
    for (const source of [createToolkit(group, { resources: true }), ofSession]) {
      expect(source.tools.size).toBe(2);
      for (const name of source.tools.keys()) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    }
  });

  it('give way to tools of the server', async () => {
    const { source } = await toolkit({ resources: true }, { ...DOCS, tools: tools('read_resource') });
    expect(textOf(await source.callTool('docs__read_resource', { a: 1 }))).toBe('{"a":1}');
    const result = await source.callTool('docs__read_resource_2', { uri: 'docs://guide' });
    expect(result.content).toMatchObject([{ resource: { text: 'Read me' } }]);
  });
});
