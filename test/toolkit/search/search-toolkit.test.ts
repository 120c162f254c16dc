import { describe, expect, it } from 'vitest';
import type { ScriptedTool } from '../../../src/testing/index.ts';
import { withPolicy } from '../../../src/toolkit/policy/with-policy.ts';
import { withBoundedResults } from '../../../src/toolkit/results/with-bounded-results.ts';
import { runTool } from '../../../src/toolkit/run-tool.ts';
import { searchToolkit, type SearchToolkitOptions } from '../../../src/toolkit/search/search-toolkit.ts';
import type { ToolSource } from '../../../src/toolkit/tool-source.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { textOf } from '../../support/results.ts';

const TRACKER: ScriptedTool[] = [
  {
    name: 'create_issue',
    description: 'Create a new issue\nin a repository.',
    inputSchema: {
      type: 'object',
      properties: {
        labels: { type: 'array', items: { type: 'string' } },
        title: { type: 'string' },
        state: { enum: ['open', 'closed'] },
      },
      required: ['title'],
    },
  },
  { name: 'delete_issue', description: 'Delete an issue.' },
];

const OWN = ['search_tools', 'describe_tools', 'call_tool'];

async function searched(
  options: SearchToolkitOptions = {},
  wrap: (source: ToolSource) => ToolSource = (source) => source,
) {
  const tracker = local({ tools: TRACKER });
  const chat = local({ tools: [{ name: 'post_message', description: 'Post a message to a channel.' }] });
  const group = await connectGroup({ servers: { tracker: { server: tracker }, chat: { server: chat } } });
  const toolkit = searchToolkit(wrap(group), options);
  const ask = async (name: string, args: Record<string, unknown>) =>
    textOf(await runTool(toolkit, name, args));
  return { group, tracker, chat, toolkit, ask };
}

/** Sources that search with the group's index, and with one of the toolkit's own. */
const SOURCES: [string, (source: ToolSource) => ToolSource][] = [
  ['a group', (source) => source],
  ['another source', (source) => withPolicy(source, {})],
];

describe.each(SOURCES)('M7 a model that searches %s', (_source, wrap) => {
  it('is shown three tools in the place of all', async () => {
    const { toolkit } = await searched({}, wrap);
    expect([...toolkit.tools.keys()]).toEqual(OWN);
    expect(toolkit.tools.get('search_tools')?.description).toContain('chat, tracker');
  });

  it('finds tools, and is told how to call them', async () => {
    const { ask } = await searched({}, wrap);
    const found = await ask('search_tools', { query: 'create an issue' });
    expect(found.split('\n').slice(0, 2)).toEqual([
      'tracker__create_issue(title: string, labels?: string[], state?: "open" | "closed")',
      '  Create a new issue in a repository.',
    ]);
    expect(found).toContain('tracker__delete_issue()');
    expect(found).not.toContain('post_message');
    expect(found).toContain('call_tool');
  });

  it('is told how to ask', async () => {
    const { toolkit } = await searched({}, wrap);
    const { properties } = toolkit.tools.get('search_tools')?.inputSchema ?? {};
    expect(properties).toMatchObject({
      query: { description: expect.stringMatching(/verb.*noun.*service/) },
    });
  });

  it('finds only as many as it asks for, and only of the server that it names', async () => {
    const { ask } = await searched({}, wrap);
    expect(await ask('search_tools', { query: 'issue', limit: 1 })).not.toContain('create_issue(title');
    const found = await ask('search_tools', { query: 'post issue', server: 'chat' });
    expect(found).toContain('chat__post_message');
    expect(found).not.toContain('tracker__');
  });

  it('learns what there is when nothing fits', async () => {
    const { ask } = await searched({}, wrap);
    const found = await ask('search_tools', { query: 'xylophone' });
    expect(found).toContain('No tool fits "xylophone"');
    expect(found).toContain('chat, tracker');
  });

  it('gets whole descriptions, of several tools at once', async () => {
    const { ask } = await searched({}, wrap);
    const names = ['tracker__create_issue', 'chat__post_message'];
    const lines = (await ask('describe_tools', { names })).split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { name: names[0], description: TRACKER[0]?.description, inputSchema: { required: ['title'] } },
      { name: names[1] },
    ]);
  });

  it('calls a tool by its name', async () => {
    const { ask, tracker } = await searched({}, wrap);
    const call = { name: 'tracker__create_issue', arguments: { title: 'Broken' } };
    expect(JSON.parse(await ask('call_tool', call))).toEqual({ title: 'Broken' });
    expect(await ask('call_tool', { ...call, arguments: '{"title":"As text"}' })).toContain('As text');
    expect(await ask('call_tool', { name: 'tracker__delete_issue' })).toBe('{}');
    expect(requestsOf(tracker, 'tools/call')).toHaveLength(3);
  });

  it('finds a tool that came later, and no longer one that went', async () => {
    const { ask, tracker, group, toolkit } = await searched({}, wrap);
    const before = toolkit.tools;
    expect(await ask('search_tools', { query: 'issue' })).toContain('tracker__delete_issue');
    tracker.setTools(tools('close_issue'));
    await eventually('the change', () => group.tools.has('tracker__close_issue'));
    const found = await ask('search_tools', { query: 'issue' });
    expect(found).toContain('tracker__close_issue');
    expect(found).not.toContain('tracker__delete_issue');
    expect(toolkit.tools, 'what the model is shown').toBe(before);
  });

  it('is told of a server that came later', async () => {
    const { toolkit, group } = await searched({}, wrap);
    const before = toolkit.tools;
    await group.add('mail', { server: local({ tools: tools('send') }) });
    expect(toolkit.tools).not.toBe(before);
    expect(toolkit.tools.get('search_tools')?.description).toContain('chat, mail, tracker');
  });
});

describe('M7 pinned tools', () => {
  it('are shown beside the three, as they are', async () => {
    const { toolkit, group } = await searched({ pinned: ['chat__*', 'tracker__create_issue', 'not__there'] });
    expect([...toolkit.tools.keys()].toSorted()).toEqual(
      ['chat__post_message', 'tracker__create_issue', ...OWN].toSorted(),
    );
    expect(toolkit.tools.get('chat__post_message')).toBe(group.tools.get('chat__post_message'));
    expect(textOf(await toolkit.callTool('chat__post_message', { text: 'hi' }))).toBe('{"text":"hi"}');
  });

  it('are shown as soon as they come', async () => {
    const { toolkit, chat } = await searched({ pinned: ['chat__new'] });
    chat.setTools(tools('new'));
    expect(await eventually('the pinned tool', () => toolkit.tools.has('chat__new'))).toBe(true);
  });

  it("are those of the source's own, too", async () => {
    const { toolkit } = await searched({}, (source) => withBoundedResults(source, { maxChars: 1_000 }));
    expect([...toolkit.tools.keys()].toSorted()).toEqual(['read_more', ...OWN].toSorted());
  });

  it('of the names of the three are kept, and the three are called otherwise', async () => {
    const server = local({ tools: tools('call_tool', 'other') });
    const group = await connectGroup({ servers: { s: { server } }, naming: 'bare' });
    const toolkit = searchToolkit(group, { pinned: ['call_tool'] });
    expect([...toolkit.tools.keys()].toSorted()).toEqual(
      ['call_tool', 'call_tool_2', 'describe_tools', 'search_tools'].toSorted(),
    );
    expect(textOf(await toolkit.callTool('search_tools', { query: 'other' }))).toContain('call_tool_2');
    expect(textOf(await toolkit.callTool('call_tool_2', { name: 'call_tool', arguments: { a: 1 } }))).toBe(
      '{"a":1}',
    );
  });
});

describe('M9 a policy holds behind a search', () => {
  const wrap = (source: ToolSource): ToolSource => withPolicy(source, { deny: ['*__delete_*'] });

  it('what it does not list is neither found nor described nor called', async () => {
    const { toolkit, ask, tracker } = await searched({}, wrap);
    expect(await ask('search_tools', { query: 'delete an issue' })).not.toContain('delete_issue');
    const name = 'tracker__delete_issue';
    expect(await failureOf(toolkit.callTool('describe_tools', { names: [name] }))).toMatchObject({
      code: 'UNKNOWN_TOOL',
    });
    expect(await failureOf(toolkit.callTool('call_tool', { name }))).toMatchObject({ code: 'UNKNOWN_TOOL' });
    expect(await failureOf(toolkit.callTool(name, {}))).toMatchObject({ code: 'UNKNOWN_TOOL' });
    expect(requestsOf(tracker, 'tools/call')).toEqual([]);
  });

  it('arguments are checked before anything is sent', async () => {
    const { toolkit, tracker } = await searched({}, wrap);
    const failure = await failureOf(
      toolkit.callTool('call_tool', { name: 'tracker__create_issue', arguments: { title: 1 } }),
    );
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENTS' });
    expect(failure.message).toContain('/title');
    expect(requestsOf(tracker, 'tools/call')).toEqual([]);
  });

  it('an index that knows more than the source lists shows nothing more', async () => {
    const { group } = await searched();
    const part = withPolicy(group, { allow: ['chat__*'] });
    const leaky = {
      tools: part.tools,
      callTool: part.callTool.bind(part),
      search: group.search.bind(group),
    };
    const found = textOf(await searchToolkit(leaky).callTool('search_tools', { query: 'issue message' }));
    expect(found).toContain('chat__post_message');
    expect(found).not.toContain('issue(');
  });
});

describe('what a model says wrong', () => {
  it.each([
    ['search_tools', {}, 'INVALID_ARGUMENTS'],
    ['search_tools', { query: 1 }, 'INVALID_ARGUMENTS'],
    ['search_tools', { query: 'issue', limit: 'many' }, 'INVALID_ARGUMENTS'],
    ['search_tools', { query: 'issue', server: 'trakcer' }, 'UNKNOWN_SERVER'],
    ['describe_tools', { names: [] }, 'INVALID_ARGUMENTS'],
    ['describe_tools', { names: ['tracker__create_issue', 1] }, 'INVALID_ARGUMENTS'],
    ['describe_tools', { names: ['tracker__make_issue'] }, 'UNKNOWN_TOOL'],
    ['call_tool', {}, 'INVALID_ARGUMENTS'],
    ['call_tool', { name: 'tracker__make_issue' }, 'UNKNOWN_TOOL'],
    ['call_tool', { name: 'tracker__create_issue', arguments: [] }, 'INVALID_ARGUMENTS'],
    ['call_tool', { name: 'tracker__create_issue', arguments: '{' }, 'INVALID_ARGUMENTS'],
  ])('%s with %j is %s, and nothing is sent', async (name, args, code) => {
    const { toolkit, tracker } = await searched();
    const failure = await failureOf(toolkit.callTool(name, args));
    expect(failure).toMatchObject({ code, maybeExecuted: false });
    expect(requestsOf(tracker, 'tools/call')).toEqual([]);
  });

  it('is told the nearest names', async () => {
    const { ask } = await searched();
    expect(await ask('call_tool', { name: 'create_issue' })).toContain('"tracker__create_issue"');
    expect(await ask('search_tools', { query: 'x', server: 'trakcer' })).toContain('"tracker"');
  });

  it('a single name to describe need not be in an array', async () => {
    const { ask } = await searched();
    expect(await ask('describe_tools', { names: 'chat__post_message' })).toContain('Post a message');
  });
});

describe('what goes through call_tool', () => {
  it('progress comes back and the abort signal gets there', async () => {
    const server = local({
      tools: [
        { name: 'steps', does: { type: 'progress', steps: 2 } },
        { name: 'sleep', does: { type: 'sleepUntilCancelled' } },
      ],
    });
    const toolkit = searchToolkit(await connectGroup({ servers: { s: { server } } }));
    const seen: number[] = [];
    const onProgress = ({ progress }: { progress: number }): void => void seen.push(progress);
    await toolkit.callTool('call_tool', { name: 's__steps' }, { onProgress });
    expect(seen).toEqual([1, 2]);
    const abort = new AbortController();
    const failure = failureOf(toolkit.callTool('call_tool', { name: 's__sleep' }, { signal: abort.signal }));
    await eventually('the call', () => requestsOf(server, 'tools/call').length === 2);
    abort.abort();
    expect((await failure).code).toBe('ABORTED');
  });

  it('a tool that failed is a result, and its words reach the model', async () => {
    const server = local({ tools: [{ name: 'fail', does: { type: 'error', message: 'No such issue.' } }] });
    const toolkit = searchToolkit(await connectGroup({ servers: { s: { server } } }));
    const result = await toolkit.callTool('call_tool', { name: 's__fail' });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('No such issue.');
  });

  it('text of servers cannot command a terminal', async () => {
    const server = local({ tools: [{ name: 'evil', description: 'evil \u001b[2J\u202e text' }] });
    const group = await connectGroup({ servers: { s: { server } } });
    const found = textOf(await searchToolkit(group).callTool('search_tools', { query: 'evil' }));
    expect(found).toContain('evil');
    expect(found).not.toMatch(/[\u001b\u202e]/);
  });
});

describe('options of a search toolkit', () => {
  it.each([{ pinned: 'x' }, { pinned: [1] }, { limit: 0 }, { limit: 1.5 }, null])(
    '%j are refused',
    async (options) => {
      const { group } = await searched();
      const given: unknown = options;
      expect(thrownBy(() => searchToolkit(group, given as SearchToolkitOptions)).code).toBe('CONFIG_INVALID');
    },
  );
});
