import { describe, expect, it } from 'vitest';
import { withPolicy } from '../../../src/toolkit/policy/with-policy.ts';
import { runTool } from '../../../src/toolkit/run-tool.ts';
import { serverChoiceToolkit, type ServerChoiceOptions } from '../../../src/toolkit/search/server-choice.ts';
import type { ToolSource } from '../../../src/toolkit/tool-source.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { textOf } from '../../support/results.ts';

async function choice(
  options: ServerChoiceOptions = {},
  wrap: (source: ToolSource) => ToolSource = (source) => source,
) {
  const papers = local({
    tools: [{ name: 'find', description: 'Find papers.' }, { name: 'cite' }],
    instructions: 'Cite what you use.',
    title: 'Papers of all sciences',
  });
  const articles = local({ tools: tools('lookup') });
  const group = await connectGroup({
    servers: { papers: { server: papers }, articles: { server: articles } },
  });
  const toolkit = serverChoiceToolkit(wrap(group), options);
  const ask = async (name: string, args: Record<string, unknown> = {}) =>
    textOf(await runTool(toolkit, name, args));
  return { group, papers, articles, toolkit, ask, names: () => [...toolkit.tools.keys()].toSorted() };
}

describe('M7 a model chooses its server', () => {
  it('from what servers say of themselves and what their tools are called', async () => {
    const { names, ask } = await choice();
    expect(names()).toEqual(['list_servers', 'use_server']);
    const list = await ask('list_servers');
    expect(list).toContain('papers (2 tools): Papers of all sciences\n  papers__find, papers__cite');
    expect(list).toContain('articles (1 tool)');
  });

  it('and sees and calls the tools of that one', async () => {
    const { names, ask, papers } = await choice();
    const answer = await ask('use_server', { server: 'papers' });
    expect(answer).toContain('Cite what you use.');
    expect(answer).toContain('papers__find()\n  Find papers.');
    expect(names()).toEqual(['list_servers', 'papers__cite', 'papers__find', 'use_server']);
    expect(await ask('papers__find', { about: 'foxes' })).toBe('{"about":"foxes"}');
    expect(requestsOf(papers, 'tools/call')).toHaveLength(1);
    expect(await ask('list_servers')).toContain('papers (2 tools, in use)');
  });

  it('and another one, which takes the place of the first', async () => {
    const { names, ask, toolkit } = await choice();
    await ask('use_server', { server: 'papers' });
    await ask('use_server', { server: 'articles' });
    expect(names()).toEqual(['articles__lookup', 'list_servers', 'use_server']);
    expect(toolkit.inUse).toEqual(['articles']);
  });

  it('or several, as many as the program allows', async () => {
    const { toolkit, group, names } = await choice({ atOnce: 2 });
    await group.add('third', { server: local({ tools: tools('t') }) });
    for (const server of ['papers', 'articles', 'papers', 'third']) toolkit.use(server);
    expect(toolkit.inUse).toEqual(['papers', 'third']);
    expect(names()).toEqual(['list_servers', 'papers__cite', 'papers__find', 'third__t', 'use_server']);
  });

  it('and has its tools described and called by name, where the list of tools cannot change', async () => {
    const { ask, names } = await choice({ show: 'describe' });
    const answer = await ask('use_server', { server: 'papers' });
    expect(answer).toContain('"inputSchema"');
    expect(names()).toEqual(['call_tool', 'list_servers', 'use_server']);
    expect(await ask('call_tool', { name: 'papers__find', arguments: { a: 1 } })).toBe('{"a":1}');
  });

  it("in the program's own words, if it has some", async () => {
    const { ask } = await choice({ descriptions: { articles: 'An encyclopedia.' } });
    expect(await ask('list_servers')).toContain('articles (1 tool): An encyclopedia.');
  });

  it('that is there: the nearest name is told of one that is not', async () => {
    const { toolkit, ask } = await choice();
    expect(await failureOf(toolkit.callTool('use_server', { server: 'paper' }))).toMatchObject({
      code: 'UNKNOWN_SERVER',
      maybeExecuted: false,
    });
    expect(await ask('use_server', { server: 'paper' })).toContain('"papers"');
    expect(await failureOf(toolkit.callTool('use_server', {}))).toMatchObject({ code: 'INVALID_ARGUMENTS' });
    expect(thrownBy(() => toolkit.use('paper')).code).toBe('UNKNOWN_SERVER');
    expect(toolkit.inUse).toEqual([]);
  });
});

describe('M7 what is shown follows the catalog', () => {
  it('is one object until the tools of a server in use change', async () => {
    const { toolkit, group } = await choice();
    toolkit.use('papers');
    const before = toolkit.tools;
    await group.add('third', { server: local({ tools: tools('t') }) });
    expect(toolkit.tools).toBe(before);
    await group.remove('papers');
    expect([...toolkit.tools.keys()].toSorted()).toEqual(['list_servers', 'use_server']);
  });

  it('a group without tools has no servers to choose from', async () => {
    const { group, ask } = await choice();
    await group.remove('papers');
    await group.remove('articles');
    expect(await ask('list_servers')).toContain('No server');
  });
});

describe('M9 a policy holds behind a choice', () => {
  const wrap = (source: ToolSource): ToolSource => withPolicy(source, { allow: ['papers__find'] });

  it('servers and tools that it does not list do not exist', async () => {
    const { toolkit, ask, names } = await choice({}, wrap);
    expect(await ask('list_servers')).not.toContain('articles');
    expect(thrownBy(() => toolkit.use('articles')).code).toBe('UNKNOWN_SERVER');
    toolkit.use('papers');
    expect(names()).toEqual(['list_servers', 'papers__find', 'use_server']);
    expect(await failureOf(toolkit.callTool('papers__cite', {}))).toMatchObject({ code: 'UNKNOWN_TOOL' });
  });

  it('titles and instructions come from a group that is named', async () => {
    const { group, ask } = await choice({}, wrap);
    expect(await ask('list_servers')).not.toContain('Papers of all sciences');
    const named = serverChoiceToolkit(wrap(group), { group });
    expect(textOf(await named.callTool('list_servers', {}))).toContain('Papers of all sciences');
    expect(textOf(await named.callTool('use_server', { server: 'papers' }))).toContain('Cite what you use.');
  });
});

describe('options of a server choice', () => {
  it.each([{ atOnce: 0 }, { show: 'all' }, { descriptions: { a: 1 } }, null])(
    '%j are refused',
    async (options) => {
      const { group } = await choice();
      const given: unknown = options;
      expect(thrownBy(() => serverChoiceToolkit(group, given as ServerChoiceOptions)).code).toBe(
        'CONFIG_INVALID',
      );
    },
  );
});
