import { describe, expect, it } from 'vitest';
import type { ServerScript } from '../../../src/testing/index.ts';
import type { ToolPolicy } from '../../../src/toolkit/policy/tool-policy.ts';
import { withPolicy } from '../../../src/toolkit/policy/with-policy.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { textOf } from '../../support/results.ts';

async function policed(policy: ToolPolicy, script: ServerScript = { tools: tools('read', 'write') }) {
  const server = local(script);
  const group = await connectGroup({ servers: { s: { server } } });
  return { server, group, source: withPolicy(group, policy) };
}

describe('M9 a policy decides listing and calling', () => {
  it('what it does not list cannot be called either, and no server is asked', async () => {
    const { server, source } = await policed({ deny: ['*__write'] });
    expect([...source.tools.keys()]).toEqual(['s__read']);
    const failure = await failureOf(source.callTool('s__write', {}));
    expect(failure).toMatchObject({ code: 'UNKNOWN_TOOL', maybeExecuted: false });
    expect(failure.message).not.toContain('"s__write".,');
    expect(requestsOf(server, 'tools/call')).toEqual([]);
    expect(textOf(await source.callTool('s__read', { a: 1 }))).toBe('{"a":1}');
  });

  it('the nearest names that it tells are on offer', async () => {
    const { source } = await policed({ deny: ['s__read'] }, { tools: tools('read', 'read_all') });
    const { message } = await failureOf(source.callTool('s__read', {}));
    expect(message).toContain('Did you mean "s__read_all"?');
    expect(message).not.toContain('"s__read",');
  });

  it('a tool that comes later is judged when it comes, and one that changed when it changed', async () => {
    const { server, source } = await policed({ allow: [{ readOnlyHint: true }] });
    expect(source.tools.size).toBe(0);
    server.setTools([{ name: 'read', annotations: { readOnlyHint: true } }, { name: 'write' }]);
    await eventually('the tool is listed', () => source.tools.has('s__read'));
    expect([...source.tools.keys()]).toEqual(['s__read']);
    server.setTools(tools('read', 'write'));
    await eventually('the tool is gone', () => !source.tools.has('s__read'));
    expect((await failureOf(source.callTool('s__read', {}))).code).toBe('UNKNOWN_TOOL');
  });

  it('its tools are one object until something changes', async () => {
    const { server, source } = await policed({ describe: { s__read: 'Reads.' } });
    const before = source.tools;
    expect(source.tools).toBe(before);
    server.setTools(tools('read', 'write', 'more'));
    await eventually('a change', () => source.tools !== before);
    expect(before.size).toBe(2);
  });

  it('policies nest: the inner one has the last word', async () => {
    const { group } = await policed({});
    const source = withPolicy(withPolicy(group, { deny: ['*__write'] }), { allow: ['s__*'] });
    expect([...source.tools.keys()]).toEqual(['s__read']);
    expect((await failureOf(source.callTool('s__write'))).code).toBe('UNKNOWN_TOOL');
  });

  it('options of a call reach the server', async () => {
    const { server, source } = await policed({});
    await source.callTool('s__read', {}, { meta: { trace: 'x' } });
    expect(requestsOf(server, 'tools/call')[0]?.params).toMatchObject({ _meta: { trace: 'x' } });
  });
});

describe('M9 names and descriptions of a policy', () => {
  it('replace those of the source, for listing and for calling', async () => {
    const { source } = await policed({
      rename: { s__read: 'open_file' },
      describe: { s__read: 'Opens a file.' },
    });
    expect([...source.tools.keys()]).toEqual(['open_file', 's__write']);
    expect(source.tools.get('open_file')).toMatchObject({
      description: 'Opens a file.',
      server: 's',
      upstreamName: 'read',
    });
    expect(textOf(await source.callTool('open_file', { a: 1 }))).toBe('{"a":1}');
    expect((await failureOf(source.callTool('s__read'))).code).toBe('UNKNOWN_TOOL');
  });

  it('may be swapped', async () => {
    const { server, source } = await policed({ rename: { s__read: 's__write', s__write: 's__read' } });
    await source.callTool('s__write', {});
    expect(requestsOf(server, 'tools/call')[0]?.params).toMatchObject({ name: 'read' });
    expect(source.problems).toEqual([]);
  });

  it('no server can take a name that the policy gives, not even while its tool is away', async () => {
    const { server, source } = await policed({ rename: { s__read: 's__open' } }, { tools: tools('read') });
    server.setTools(tools('open', 'other'));
    await eventually('the change', () => source.tools.has('s__other'));
    expect([...source.tools.keys()]).toEqual(['s__other']);
    expect(source.problems).toEqual([
      { tool: 's__open', server: 's', problem: expect.stringContaining('gives its name') },
    ]);
    expect((await failureOf(source.callTool('s__open'))).code).toBe('UNKNOWN_TOOL');
  });

  it('do not change what rules see', async () => {
    const { source } = await policed({ deny: ['open'], allow: ['s__read'], rename: { s__read: 'open' } });
    expect([...source.tools.keys()]).toEqual(['open']);
  });
});

describe('M9 arguments under a policy', () => {
  const script: ServerScript = {
    tools: [
      {
        name: 'read',
        inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
      },
    ],
  };

  it('are checked before anything is sent', async () => {
    const { server, source } = await policed({}, script);
    const failure = await failureOf(source.callTool('s__read', { path: 5 }));
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENTS', data: { problems: [{ path: '/path' }] } });
    expect((await failureOf(source.callTool('s__read'))).code).toBe('INVALID_ARGUMENTS');
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('are left to the server if that is wanted', async () => {
    const { source } = await policed({ checkArguments: false }, script);
    expect(textOf(await source.callTool('s__read', { path: 5 }))).toBe('{"path":5}');
  });

  it('follow a schema that changed', async () => {
    const { server, source } = await policed({}, script);
    await source.callTool('s__read', { path: 'x' });
    server.setTools([{ name: 'read', inputSchema: { type: 'object', required: ['file'] } }]);
    await eventually(
      'the new schema',
      () => source.tools.get('s__read')?.inputSchema.required?.[0] === 'file',
    );
    expect((await failureOf(source.callTool('s__read', { path: 'x' }))).message).toContain('/file');
  });
});

describe('M9 a policy that cannot be meant', () => {
  it.each<[string, object, RegExp]>([
    ['has a field that nobody reads', { denny: [] }, /"policy\.denny" is not known/],
    ['approves with no function', { approve: true }, /"policy\.approve" must be a function/],
    [
      'gives a name that model APIs refuse',
      { rename: { a: 'a b' } },
      /"policy\.rename\.a" must be of letters/,
    ],
    [
      'gives one name twice',
      { rename: { a: 'x', b: 'x' } },
      /"policy\.rename\.b" is the same as that of "a"/,
    ],
    ['describes with a number', { describe: { a: 1 } }, /"policy\.describe\.a" must be a string/],
    ['has rules that are none', { allow: [{}] }, /"policy\.allow\[0\]"/],
    ['is a list', [], /"policy" must be an object/],
  ])('is refused when it %s', (_, policy, message) => {
    const error = thrownBy(() =>
      withPolicy({ tools: new Map(), callTool: () => Promise.reject(new Error()) }, policy),
    );
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
  });
});
