import { describe, expect, it } from 'vitest';
import { SessionGroup } from '../../src/index.ts';
import { createToolkit } from '../../src/toolkit/toolkit.ts';
import type { ToolSource } from '../../src/toolkit/tool-source.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf, thrownBy } from '../support/failures.ts';
import { connectGroup, newSession } from '../support/groups.ts';
import { local, requestsOf, tools } from '../support/servers.ts';
import { textOf, textsOf } from '../support/results.ts';

const LONG = 'long '.repeat(1000);

describe('M9 a toolkit of a group', () => {
  it('has all of its tools, and calls them where they are', async () => {
    const servers = {
      a: { server: local({ tools: tools('x') }) },
      b: { server: local({ tools: tools('x', 'y') }) },
    };
    const source = createToolkit(await connectGroup({ servers }));
    expect([...source.tools.keys()]).toEqual(['a__x', 'b__x', 'b__y']);
    await source.callTool('b__x', { a: 1 });
    expect(requestsOf(servers.a.server, 'tools/call')).toEqual([]);
    expect(requestsOf(servers.b.server, 'tools/call')).toHaveLength(1);
    expect(source.problems).toEqual([]);
  });

  it('follows servers that come and go', async () => {
    const group = await connectGroup({ servers: {} });
    const source = createToolkit(group);
    await group.add('s', { server: local({ tools: tools('x') }) });
    expect([...source.tools.keys()]).toEqual(['s__x']);
    await group.remove('s');
    expect(source.tools.size).toBe(0);
  });

  it('bounds what a policy let through, and keeps its own tools out of it', async () => {
    const server = local({
      tools: [{ name: 'log', does: { type: 'text', text: LONG } }, { name: 'rm' }],
      resources: [{ uri: 'x:long', text: LONG }],
    });
    const source = createToolkit(await connectGroup({ servers: { s: { server } } }), {
      resources: true,
      results: { maxChars: 500 },
      policy: { allow: ['*__log', '*__read_resource'], rename: { s__log: 'log' } },
      timeoutMs: 10_000,
    });
    expect([...source.tools.keys()]).toEqual(['log', 's__read_resource', 'read_more']);
    for (const call of [source.callTool('log'), source.callTool('s__read_resource', { uri: 'x:long' })]) {
      const note = textsOf(await call).at(-1) ?? '';
      const args: unknown = JSON.parse(/\{.*\}/.exec(note)?.[0] ?? '');
      const second = await source.callTool('read_more', args as Record<string, unknown>);
      expect(JSON.stringify(second.content)).toContain('long long');
    }
  });

  it('checks arguments without being asked to', async () => {
    const server = local({ tools: [{ name: 'x', inputSchema: { type: 'object', required: ['a'] } }] });
    const source = createToolkit(await connectGroup({ servers: { s: { server } } }));
    expect((await failureOf(source.callTool('s__x', {}))).code).toBe('INVALID_ARGUMENTS');
  });

  it('gives calls its own timeout, and a call may say otherwise', async () => {
    const server = local({ tools: [{ name: 'slow', does: { type: 'slow', ms: 300 } }] });
    const source = createToolkit(await connectGroup({ servers: { s: { server } } }), { timeoutMs: 30 });
    expect((await failureOf(source.callTool('s__slow'))).code).toBe('TIMEOUT');
    expect(textOf(await source.callTool('s__slow', {}, { timeoutMs: 10_000 }))).toBe('{}');
  });

  it('tells of tools that it had to leave out', async () => {
    const server = local({ tools: tools('x') });
    const source = createToolkit(await connectGroup({ servers: { s: { server } } }), {
      policy: { rename: { s__x: 's__y' } },
    });
    server.setTools(tools('x', 'y'));
    await eventually('the problem', () => source.problems.length > 0);
    expect(source.problems).toMatchObject([{ tool: 's__y', server: 's' }]);
  });

  it.each([undefined, null, 5, {}, { name: 's__x' }, [], Symbol('x'), () => 's__x'])(
    'refuses %s in place of a name',
    async (name) => {
      const source = createToolkit(
        await connectGroup({ servers: { s: { server: local({ tools: tools('x') }) } } }),
      );
      const error = await failureOf(source.callTool(name as never));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENTS', maybeExecuted: false });
      expect(error.message).toContain('"name" must be a string');
    },
  );

  it.each([null, 5, { timeout: 5 }, new AbortController().signal, { signal: new AbortController() }])(
    'refuses %s in place of options',
    async (options) => {
      const source = createToolkit(
        await connectGroup({ servers: { s: { server: local({ tools: tools('x') }) } } }),
      );
      expect((await failureOf(source.callTool('s__x', {}, options as never))).code).toBe('INVALID_ARGUMENTS');
    },
  );

  it.each([{}, { results: true, prompts: true }, { policy: { deny: ['nothing'] } }, { sanitize: false }])(
    'C1 says which servers are not ready when it has no such tool (%j)',
    async (options) => {
      const quick = { connectTimeoutMs: 100, reconnect: { delayMs: 60_000, maxDelayMs: 60_000 } };
      const group = await connectGroup({
        servers: {
          good: { server: local({ tools: tools('x') }) },
          slow: { server: local({ faults: { neverInitialize: true } }), ...quick },
        },
      });
      const source = createToolkit(group, options);
      const error = await failureOf(source.callTool('slow__x'));
      expect(error).toMatchObject({
        code: 'UNKNOWN_TOOL',
        data: { name: 'slow__x', unready: [{ server: 'slow', expected: true }] },
      });
      expect(error.data).toEqual((await failureOf(group.callTool('slow__x'))).data);
      await source.callTool('good__x');
    },
  );

  it('when closed leaves the group as it is', async () => {
    const server = local({ tools: [{ name: 'log', does: { type: 'text', text: LONG } }] });
    const group = await connectGroup({ servers: { s: { server } } });
    const source = createToolkit(group, { results: { maxChars: 500 } });
    await source.callTool('s__log');
    await Promise.all([source.close(), source.close()]);
    expect((await failureOf(source.callTool('s__log'))).code).toBe('SESSION_CLOSED');
    expect(textOf(await group.callTool('s__log'))).toBe(LONG);
  });

  it('can be made of any source of tools, but not with what only groups have', () => {
    const inputSchema = { type: 'object' } as const;
    const source: ToolSource = {
      tools: new Map([['x', { name: 'x', inputSchema }]]),
      callTool: () => Promise.resolve({ content: [] }),
    };
    expect([...createToolkit(source).tools.keys()]).toEqual(['x']);
    for (const options of [{ resources: true }, { prompts: true }]) {
      expect(thrownBy(() => createToolkit(source, options)).message).toContain('need a group or a session');
    }
  });

  it.each<[object, RegExp]>([
    [{ prompts: 'yes' }, /"prompts" must be true or false/],
    [{ timeoutMs: -1 }, /"timeoutMs"/],
    [{ resources: 'folder' }, /"resources"/],
    [{ results: 100 }, /"results"/],
    [{ policy: { deny: 'x' } }, /"policy\.deny"/],
  ])('is not made with options that cannot be meant: %j', (options, message) => {
    const error = thrownBy(() => createToolkit(new SessionGroup(), options));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
  });
});

describe('M9 a toolkit of a session', () => {
  it('has the names that the server gives, and follows it', async () => {
    const server = local({ tools: tools('x', 'y') });
    await using source = await createToolkit(await newSession({ server }), { policy: { deny: ['y'] } });
    expect([...source.tools.keys()]).toEqual(['x']);
    expect(textOf(await source.callTool('x', { a: 1 }))).toBe('{"a":1}');
    server.setTools(tools('x', 'z'));
    await eventually('the change', () => source.tools.has('z'));
  });

  it('leaves the session open when it is closed', async () => {
    const session = await newSession({ server: local({ tools: tools('x') }) });
    const source = await createToolkit(session);
    await source.close();
    expect((await failureOf(source.callTool('x'))).code).toBe('SESSION_CLOSED');
    expect(textOf(await session.callTool('x'))).toBe('{}');
  });

  it('rejects when an option cannot be meant', async () => {
    const session = await newSession({ server: local({ tools: tools('x') }) });
    const failure = await failureOf(createToolkit(session, { timeoutMs: -1 }));
    expect(failure.code).toBe('CONFIG_INVALID');
    expect(session.status.state).toBe('ready');
  });

  it('rejects when the session is closed', async () => {
    const session = await newSession({ server: local({}) });
    await session.close();
    expect((await failureOf(createToolkit(session))).code).toBe('SESSION_CLOSED');
  });
});
