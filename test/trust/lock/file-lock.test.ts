import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession, type ServerSpec } from '../../../src/index.ts';
import { stdioSpec, type ScriptedTool } from '../../../src/testing/index.ts';
import { fileLock, writeLock } from '../../../src/trust/index.ts';
import { lockedOf } from '../../../src/trust/lock/lock-content.ts';
import { EventLog } from '../../support/event-log.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { ERAS, http, local, requestsOf, tools } from '../../support/servers.ts';
import { lockOf, lockPath, SCRIPT } from './support.ts';

type Changes = (text: string, path: string) => Promise<unknown>;

/** What can be wrong with the file of a lock, and a word of the error. */
const SPOILED: Record<string, readonly [spoil: Changes, word: RegExp]> = {
  'a conflict of a merge': [
    (text, path) => writeFile(path, text.replace('{', '{\n<<<<<<< ours\n=======\n>>>>>>> theirs\n')),
    /conflict/,
  ],
  'cut off': [(text, path) => writeFile(path, text.slice(0, text.length / 2)), /not JSON/],
  empty: [(_, path) => writeFile(path, ''), /not JSON/],
  'another version': [
    (text, path) => writeFile(path, text.replace('"version": 1', '"version": 2')),
    /version 2/,
  ],
  'something else': [(_, path) => writeFile(path, '{ "name": "package" }'), /no lock/],
  'a list': [(_, path) => writeFile(path, '[]'), /no lock/],
  'no servers': [(_, path) => writeFile(path, '{ "format": "mcp-plenum/lock", "version": 1 }'), /no servers/],
  'a description that was edited': [
    (text, path) => writeFile(path, text.replace('Writes a file.', 'Writes a file!')),
    /changed by hand/,
  ],
  'a digest that was edited': [
    (text, path) => writeFile(path, text.replace(/"sha256:[0-9a-f]{6}/, '"sha256:000000')),
    /changed by hand/,
  ],
  'a tool under another name': [
    (text, path) => writeFile(path, text.replace('"alters": {', '"other": {')),
    /changed by hand/,
  ],
  'a server that is no object': [
    (_, path) => writeFile(path, '{ "format": "mcp-plenum/lock", "version": 1, "servers": { "a": 7 } }'),
    /changed by hand/,
  ],
  '100 MB': [(_, path) => truncate(path, 100 * 1024 * 1024), /larger than/],
};

describe('H7 the file of a lock', () => {
  it.each(Object.keys(SPOILED))('with %s starts no server, and is not overwritten', async (name) => {
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url } };
    const path = await lockOf(servers);
    const text = await readFile(path, 'utf8');
    const [spoil, word] = SPOILED[name] ?? [];
    await spoil?.(text, path);
    const before = server.requests.length;
    const group = await connectGroup({ servers, lock: fileLock(path) });
    const status = group.servers.get('a');
    expect(status).toMatchObject({ state: 'failed', error: { code: 'CONFIG_INVALID' } });
    expect(status?.error?.message).toMatch(word ?? /never/);
    expect(group.tools.size).toBe(0);
    expect(server.requests.length).toBe(before);
    const other = await connectGroup({ servers });
    expect((await failureOf(writeLock(path, other))).code).toBe('CONFIG_INVALID');
  });

  it.each(['a folder', 'a link to a lock', 'a link to nothing'])('is refused when it is %s', async (what) => {
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url } };
    const path = await lockPath();
    if (what === 'a folder') await mkdir(path);
    else {
      const target =
        what === 'a link to a lock' ? await lockOf(servers, `${path}.target`) : `${path}.nothing`;
      await symlink(target, path);
    }
    const group = await connectGroup({ servers, lock: fileLock(path) });
    expect(group.servers.get('a')).toMatchObject({ state: 'failed', error: { code: 'CONFIG_INVALID' } });
    const other = await connectGroup({ servers });
    expect((await failureOf(writeLock(path, other))).code).toBe('CONFIG_INVALID');
  });

  it('that is missing blocks nothing, which a problem says once', async () => {
    const server = await http(SCRIPT);
    const problems: string[] = [];
    const group = await connectGroup({
      servers: { a: { url: server.url } },
      lock: fileLock(await lockPath()),
      onEvent: (event) => event.type === 'problem' && problems.push(event.error.message),
    });
    await group.callTool('a__alters');
    await group.reconnect();
    expect(problems.filter((each) => each.includes('is not in the lock'))).toHaveLength(1);
  });

  it('is read again when it has changed', async () => {
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url } };
    const path = await lockOf(servers);
    const group = await connectGroup({ servers, lock: fileLock(path) });
    server.setTools([...SCRIPT.tools, { name: 'new' }]);
    await eventually('the refetch', () => requestsOf(server, 'tools/list').length > 2);
    expect(group.tools.has('a__new')).toBe(false);
    await lockOf(servers, path);
    await group.reconnect();
    await expect.poll(() => group.tools.has('a__new')).toBe(true);
    await group.callTool('a__new');
  });

  it('keeps what it has of other servers, and is sorted', async () => {
    const path = await lockOf({ b: { server: local(SCRIPT) } });
    await lockOf({ a: { server: local(SCRIPT) } }, path);
    const { servers } = JSON.parse(await readFile(path, 'utf8')) as { servers: object };
    expect(Object.keys(servers)).toEqual(['a', 'b']);
  });

  it('is the same text for the same servers', async () => {
    const first = await readFile(await lockOf({ a: { server: local(SCRIPT) } }), 'utf8');
    const second = await readFile(await lockOf({ a: { server: local(SCRIPT) } }), 'utf8');
    expect(second).toBe(first);
  });
});

describe('H7 how a server is reached', () => {
  const spec = stdioSpec(SCRIPT);

  it.each<[string, ServerSpec]>([
    ['another command', { ...spec, command: 'node-gyp' }],
    ['another argument', { ...spec, args: [...(spec.args ?? []), '--evil'] }],
    ['another variable', { ...spec, env: { ...spec.env, NODE_OPTIONS: '--require evil' } }],
    ['all variables', { ...spec, inheritEnv: true }],
    ['another folder', { ...spec, cwd: '/usr' }],
    ['a URL', { url: 'http://127.0.0.1:9/mcp' }],
  ])('with %s it is not started, and the error says what to do', async (_, changed) => {
    const path = await lockOf({ a: spec, b: { server: local({ tools: tools('t') }) } });
    const group = await connectGroup({
      servers: { a: changed, b: { server: local({ tools: tools('t') }) } },
      lock: fileLock(path),
    });
    const { state, error } = group.servers.get('a') ?? {};
    expect(state).toBe('failed');
    expect(error).toMatchObject({ code: 'DEFINITION_DRIFT', data: { kind: 'server' } });
    expect(error?.message).toContain('plenum lock accept');
    await group.callTool('b__t');
    const failed = await failureOf(openSession(changed, { name: 'a', lock: fileLock(path) }));
    expect(failed.code).toBe('DEFINITION_DRIFT');
  });

  it('may have other values of variables and headers', async () => {
    const server = await http(SCRIPT);
    const path = await lockOf({ a: { url: server.url, headers: { Authorization: 'Bearer one' } } });
    expect(await readFile(path, 'utf8')).not.toContain('Bearer');
    const group = await connectGroup({
      servers: { a: { url: server.url, headers: { Authorization: 'Bearer two' } } },
      lock: fileLock(path),
    });
    expect(group.servers.get('a')?.state).toBe('ready');
  });
});

describe('H7 what a server offers', () => {
  it('gives an event with what was and what is, once', async () => {
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url } };
    const path = await lockOf(servers);
    const group = newGroup({ lock: fileLock(path) });
    const log = new EventLog(group);
    await group.add('a', servers.a);
    server.setTools([{ name: 'alters', description: 'Writes anything.' }, { name: 'new' }]);
    await eventually('the events', () => log.all.filter(({ type }) => type === 'drift').length === 2);
    await group.refresh();
    const drifts = log.all.filter(({ type }) => type === 'drift');
    expect(drifts).toMatchObject([
      {
        server: 'a',
        kind: 'tool',
        name: 'alters',
        change: 'changed',
        blocked: true,
        before: { description: 'Writes a file.' },
        after: { description: 'Writes anything.' },
      },
      { server: 'a', kind: 'tool', name: 'new', change: 'added', before: undefined },
    ]);
    expect((await failureOf(group.callTool('a__alters'))).code).toBe('DEFINITION_DRIFT');
    expect(group.tools.size).toBe(0);
  });

  it('comes back when it is again what was approved', async () => {
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url } };
    const group = await connectGroup({ servers, lock: fileLock(await lockOf(servers)) });
    server.setTools([{ name: 'alters', description: 'Writes anything.' }]);
    await expect.poll(() => group.tools.has('a__alters')).toBe(false);
    server.setTools(SCRIPT.tools);
    await expect.poll(() => group.tools.has('a__alters')).toBe(true);
    await group.callTool('a__alters');
  });

  it('is not given as instructions when these differ', async () => {
    const path = await lockOf({ a: { server: local({ ...SCRIPT, instructions: 'Be kind.' }) } });
    const group = await connectGroup({ servers: { a: { server: local(SCRIPT) } }, lock: fileLock(path) });
    expect(group.instructions).toBe('');
    expect(group.session('a').initializeResult?.instructions).toBeUndefined();
    await group.callTool('a__alters');
  });

  it.each(ERAS)('is not given as instructions by the official client either, in the era %s', async (era) => {
    const script = { ...SCRIPT, era };
    const path = await lockOf({ a: { server: local({ ...script, instructions: 'Be kind.' }) } });
    const group = await connectGroup({ servers: { a: { server: local(script) } }, lock: fileLock(path) });
    const session = group.session('a');
    expect(session.era).toBe(era);
    expect(session.client?.getInstructions()).toBeUndefined();
    expect(JSON.stringify(session.client?.getDiscoverResult() ?? null)).not.toContain('Ask before you write');
    expect(session.client?.getServerVersion()).toBeDefined();
  });

  it('is compared with all its members when it is used before it was listed', async () => {
    const odd = { ...SCRIPT, tools: [{ name: 'stays', wire: { inventedLater: { a: [1] }, icons: [] } }] };
    const servers = { a: { server: local(odd) } };
    const session = await openSession(servers.a, { lock: fileLock(await lockOf(servers)), name: 'a' });
    onTestFinished(() => session.destroy());
    await session.callTool('stays');
    expect((await session.client?.listTools())?.tools.map(({ name }) => name)).toEqual(['stays']);
  });

  it.each<[string, object, object, boolean]>([
    ['the page of an app', { ui: { resourceUri: 'ui://a' } }, { ui: { resourceUri: 'ui://b' } }, true],
    ['who sees it', { ui: { visibility: ['app'] } }, { ui: { visibility: ['app', 'model'] } }, true],
    ['the page, as older apps say it', { 'ui/resourceUri': 'ui://a' }, { 'ui/resourceUri': 'ui://b' }, true],
    ['a page that is new', {}, { ui: { resourceUri: 'ui://a' } }, true],
    ['a template of ChatGPT', { 'openai/outputTemplate': 'ui://a' }, { 'openai/outputTemplate': 'b' }, true],
    ['a hint for search', { 'anthropic/searchHint': 'a' }, { 'anthropic/searchHint': 'b' }, true],
    ['a time', { at: 1 }, { at: 2 }, false],
    ['what a framework keeps', { _fastmcp: { tags: ['a'] } }, { _fastmcp: { tags: ['b'] } }, false],
    ['a name that only begins so', { uid: 1, 'build/openai': 1 }, { uid: 2, 'build/openai': 2 }, false],
  ])('differs in `_meta` by what is shown or given to a model: %s', async (_, was, is, differs) => {
    const tool = (given: object): ScriptedTool[] => [{ name: 'x', _meta: { ...given } }, { name: 'stays' }];
    const server = await http({ tools: tool(was) });
    const servers = { a: { url: server.url } };
    const path = await lockOf(servers);
    server.setTools(tool(is));
    const group = await connectGroup({ servers, lock: fileLock(path) });
    expect([group.tools.has('a__x'), group.tools.has('a__stays')]).toEqual([!differs, true]);
    const outcome = await group.callTool('a__x').catch((error: unknown) => error);
    expect(outcome instanceof Error).toBe(differs);
  });

  it('is checked of the process that comes after a reconnect, before the first call', async () => {
    const path = await lockPath();
    let script = SCRIPT;
    const servers = { a: { server: () => local(script) } };
    await lockOf(servers, path);
    const group = await connectGroup({ servers, lock: fileLock(path) });
    script = { ...SCRIPT, tools: [{ name: 'alters', description: 'Writes anything.' }] };
    const reconnecting = group.session('a').reconnect();
    const failed = await failureOf(group.session('a').callTool('alters'));
    expect(failed.code).toBe('DEFINITION_DRIFT');
    await reconnecting;
    expect((await failureOf(group.callTool('a__alters'))).code).toMatch(/DEFINITION_DRIFT|UNKNOWN_TOOL/);
  });

  it('of a lazy server is checked in its cached catalog, and when it is opened', async () => {
    const path = await lockPath();
    const { memoryCatalogCache } = await import('../../../src/index.ts');
    const catalogCache = memoryCatalogCache();
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url, lazy: true } };
    const before = await connectGroup({ servers, catalogCache });
    await before.close();
    server.setTools([SCRIPT.tools[0] ?? { name: '' }]);
    await lockOf(servers, path);
    const opened = server.requests.length;
    const group = await connectGroup({ servers, catalogCache, lock: fileLock(path) });
    expect([...group.tools.keys()]).toEqual(['a__stays']);
    expect(server.requests.length).toBeGreaterThan(opened);
  });
});

describe('H7 a definition that no lock can hold', () => {
  it.each<[string, object]>([
    ['half of a character', { description: 'Reads \ud800 files.' }],
    ['half of a character in a schema', { inputSchema: { type: 'object', properties: { ['\udfff']: {} } } }],
  ])('has %s: it is skipped when it is written, and blocked with the lock', async (_, wire) => {
    const server = local({ tools: [{ name: 'odd', wire: { ...wire } }, { name: 'plain' }] });
    const path = await lockPath();
    const free = await connectGroup({ servers: { a: { server: () => server } } });
    const written = await writeLock(path, free);
    expect(written.skipped).toMatchObject([{ server: 'a', kind: 'tool', name: 'odd' }]);
    await free.close();
    const group = await connectGroup({ servers: { a: { server: () => server } }, lock: fileLock(path) });
    expect([...group.tools.keys()]).toEqual(['a__plain']);
    expect((await failureOf(group.session('a').callTool('odd'))).code).toBe('DEFINITION_DRIFT');
  });

  it('is read once, whatever its getters do', () => {
    let reads = 0;
    const tool = {
      name: 'x',
      get description() {
        return `Read ${++reads} times.`;
      },
      inputSchema: { type: 'object' },
    };
    const thrower = Object.defineProperty({ name: 'y' }, 'description', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    expect(lockedOf(tool).definition['description']).toBe('Read 1 times.');
    expect(() => lockedOf(thrower)).toThrow('no');
  });
});

describe('H7 a server with 10,000 tools', () => {
  it('of which one differs loses that one', async () => {
    const many = Array.from({ length: 10_000 }, (_, nr) => ({ name: `t${nr}`, description: `Tool ${nr}.` }));
    const server = await http({ tools: many });
    const servers = { a: { url: server.url } };
    const path = await lockOf(servers);
    server.setTools(many.map((tool, nr) => (nr === 5_000 ? { ...tool, description: 'Tool 5000!' } : tool)));
    const group = await connectGroup({ servers, lock: fileLock(path) });
    expect(group.tools.size).toBe(9_999);
    expect(group.tools.has('a__t5000')).toBe(false);
    await group.callTool('a__t9999');
  });
});

describe('H7 a lazy server', () => {
  it('whose lock cannot be read is not listed from the cache', async () => {
    const { memoryCatalogCache } = await import('../../../src/index.ts');
    const catalogCache = memoryCatalogCache();
    const server = await http(SCRIPT);
    const servers = { a: { url: server.url, lazy: true } };
    await (await connectGroup({ servers, catalogCache })).close();
    const path = await lockPath();
    await writeFile(path, 'spoilt');
    const group = await connectGroup({ servers, catalogCache, lock: fileLock(path) });
    expect(group.tools.size).toBe(0);
    expect(group.servers.get('a')).toMatchObject({ state: 'failed', error: { code: 'CONFIG_INVALID' } });
  });
});

describe('H7 a bare name', () => {
  it('that its server drops is not taken by another server of the lock', async () => {
    const [a, b] = [await http({ tools: tools('x', 'y') }), await http({ tools: tools('z') })];
    const servers = { a: { url: a.url }, b: { url: b.url } };
    const group = await connectGroup({ servers, naming: 'bare', lock: fileLock(await lockOf(servers)) });
    a.setTools(tools('y'));
    await expect.poll(() => group.tools.has('x')).toBe(false);
    b.setTools(tools('z', 'x'));
    await expect.poll(() => requestsOf(b, 'tools/list').length).toBeGreaterThan(2);
    expect(group.tools.has('x')).toBe(false);
    await failureOf(group.callTool('x'));
    expect(requestsOf(b, 'tools/call')).toEqual([]);
  });

  it('that its server drops is not taken by a server that is not in the lock', async () => {
    const [a, b] = [await http({ tools: tools('x', 'y') }), await http({ tools: tools('z') })];
    const path = await lockOf({ a: { url: a.url } });
    const servers = { a: { url: a.url }, b: { url: b.url } };
    const group = await connectGroup({ servers, naming: 'bare', lock: fileLock(path) });
    a.setTools(tools('y'));
    await expect.poll(() => group.tools.has('x')).toBe(false);
    b.setTools(tools('z', 'x'));
    await expect.poll(() => requestsOf(b, 'tools/list').length).toBeGreaterThan(1);
    await group.refresh();
    expect(group.tools.has('x')).toBe(false);
    expect(group.tools.has('z')).toBe(true);
  });
});
