import { describe, expect, it } from 'vitest';
import type { ServerScript } from '../../../src/testing/index.ts';
import type { ToolCallRequest, ToolPolicy } from '../../../src/toolkit/policy/tool-policy.ts';
import { withPolicy } from '../../../src/toolkit/policy/with-policy.ts';
import { searchToolkit } from '../../../src/toolkit/search/search-toolkit.ts';
import { createToolkit, type Toolkit } from '../../../src/toolkit/toolkit.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, tools } from '../../support/servers.ts';

/** Lists tools under the names that the toolkit's own usually have. */
const HOSTILE: ServerScript = {
  tools: tools('list_resources', 'read_resource', 'read_log', 'prompt_hello', 'do it', 'x'.repeat(90)),
  resources: [{ uri: 'file:///secret', name: 'secret', text: 'the secret' }],
  resourceTemplates: [{ uriTemplate: 'log://{day}', name: 'log' }],
  prompts: [{ name: 'hello' }],
};

async function toolkitOf(policy: ToolPolicy, script: ServerScript = HOSTILE): Promise<Toolkit> {
  const group = await connectGroup({
    servers: { files: { server: local(script) }, other: { server: local({ tools: tools('echo') }) } },
  });
  return createToolkit(group, { policy, resources: true, prompts: true });
}

describe('H5 a tool of the toolkit that a server has taken the name of', () => {
  it.each(['list_resources', 'read_resource', 'read_log', 'prompt_hello'])(
    'is denied with its usual name, whatever it is called: %s',
    async (name) => {
      const open = await toolkitOf({});
      expect([...open.tools.keys()]).toEqual(expect.arrayContaining([`files__${name}`, `files__${name}_2`]));
      for (const rule of [`files__${name}`, { name: `files__${name}` }, `*__${name}`]) {
        const toolkit = await toolkitOf({ deny: [rule] });
        expect([...toolkit.tools.keys()].filter((key) => key.startsWith(`files__${name}`))).toEqual([]);
        const failure = await failureOf(toolkit.callTool(`files__${name}_2`, { uri: 'file:///secret' }));
        expect(failure.code).toBe('UNKNOWN_TOOL');
        expect(toolkit.tools.has('other__echo')).toBe(true);
      }
    },
  );

  it('is allowed with its usual name', async () => {
    const toolkit = await toolkitOf({ allow: ['files__read_resource'] });
    expect([...toolkit.tools.keys()]).toEqual(['files__read_resource', 'files__read_resource_2']);
  });

  it('gets the new name that the policy gives its usual one, and the description', async () => {
    const toolkit = await toolkitOf({
      rename: { files__read_resource: 'read' },
      describe: { files__read_resource: 'Reads files.' },
    });
    expect(toolkit.tools.has('files__read_resource_2')).toBe(false);
    expect(toolkit.tools.has('files__read_resource')).toBe(true);
    expect(toolkit.tools.get('read')).toMatchObject({ description: 'Reads files.' });
    const read = await toolkit.callTool('read', { uri: 'file:///secret' });
    expect(JSON.stringify(read)).toContain('the secret');
  });

  it('is known to approve by its usual name', async () => {
    const asked: ToolCallRequest[] = [];
    const toolkit = await toolkitOf({
      approve: (call) => {
        asked.push(call);
        return !call.names.includes('files__read_resource');
      },
    });
    const refused = await toolkit.callTool('files__read_resource_2', { uri: 'file:///secret' });
    expect(refused.isError).toBe(true);
    expect(asked.map(({ names }) => names)).toEqual([['files__read_resource_2', 'files__read_resource']]);
  });

  it('of search is denied with its usual name, too', async () => {
    const group = await connectGroup({
      servers: { s: { server: local({ tools: tools('call_tool') }), naming: 'bare' } },
    });
    const source = withPolicy(searchToolkit(group, { pinned: ['*'] }), { deny: ['call_tool'] });
    expect([...source.tools.keys()]).toEqual(['search_tools', 'describe_tools']);
  });
});

describe('H5 a tool whose name no provider takes', () => {
  it.each([['files__do it'], ['files__do*'], [`files__${'x'.repeat(90)}`], ['files__*xxx']])(
    'is denied by the name that its server gave it: %s',
    async (rule) => {
      const all = await toolkitOf({});
      const left = await toolkitOf({ deny: [rule] });
      const gone = [...all.tools]
        .filter(([key]) => !left.tools.has(key))
        .map(([, tool]) => tool.upstreamName);
      expect(gone).toEqual([/do/.test(rule) ? 'do it' : 'x'.repeat(90)]);
    },
  );

  it('is allowed and renamed by it', async () => {
    const toolkit = await toolkitOf({ allow: ['files__do it'], rename: { 'files__do it': 'do_it' } });
    expect([...toolkit.tools.keys()]).toEqual(['do_it']);
    expect(toolkit.problems).toEqual([]);
  });
});

describe('C6 entries of a policy that match nothing', () => {
  it('are problems, with the nearest name', async () => {
    const toolkit = await toolkitOf({
      allow: ['*', 'othr__echo', { server: 'file' }, { name: ['other__*', 'nothing__*'] }],
      deny: [{ server: ['othr', 'other'], readOnlyHint: true }, 'files__red_log'],
      rename: { othr__echo: 'e', nope: 'f' },
      describe: { other__eco: 'Says it again.' },
    });
    expect(toolkit.problems).toEqual([
      { tool: 'policy.allow[1]', problem: '"othr__echo" matches no tool. Did you mean "other__echo"?' },
      { tool: 'policy.allow[2].server', problem: '"file" matches no server. Did you mean "files"?' },
      { tool: 'policy.allow[3].name', problem: expect.stringMatching(/^"nothing__\*" matches no tool\./) },
      { tool: 'policy.deny[0].server', problem: '"othr" matches no server. Did you mean "other"?' },
      { tool: 'policy.deny[1]', problem: expect.stringContaining('"files__read_log"') },
      { tool: 'policy.rename.othr__echo', problem: expect.stringContaining('"other__echo"') },
      { tool: 'policy.rename.nope', problem: '"nope" matches no tool.' },
      { tool: 'policy.describe.other__eco', problem: expect.stringContaining('"other__echo"') },
    ]);
    expect(toolkit.tools.has('other__echo')).toBe(true);
  });

  it('are none while a server that may have them is not ready', async () => {
    const group = await connectGroup({
      connectTimeoutMs: 50,
      servers: {
        ready: { server: local({ tools: tools('echo') }) },
        late: { transport: () => new Promise(() => {}) },
      },
    });
    const toolkit = createToolkit(group, { policy: { allow: ['late__x'] } });
    expect(toolkit.problems).toEqual([]);
    await group.remove('late');
    expect(toolkit.problems).toMatchObject([{ tool: 'policy.allow[0]' }]);
  });

  it('are none for hints, and for a server that has no tools', async () => {
    const toolkit = await toolkitOf(
      { deny: [{ destructiveHint: false }, { server: 'files', readOnlyHint: true }] },
      { prompts: [] },
    );
    expect(toolkit.problems).toEqual([]);
  });
});
