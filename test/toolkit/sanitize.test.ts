import { describe, expect, it } from 'vitest';
import type { ServerScript } from '../../src/testing/index.ts';
import { anthropicToolkit } from '../../src/toolkit/anthropic/index.ts';
import { openaiToolkit } from '../../src/toolkit/openai/index.ts';
import { searchToolkit } from '../../src/toolkit/search/search-toolkit.ts';
import { serverChoiceToolkit } from '../../src/toolkit/search/server-choice.ts';
import { createToolkit } from '../../src/toolkit/toolkit.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup } from '../support/groups.ts';
import { textOf } from '../support/results.ts';
import { local, tools } from '../support/servers.ts';

const HIDDEN = '\u{e0049}\u{e0047}\u200b\u202e\u001b[31m\u00ad';
const hidden = (text: string): string => text.slice(0, 2) + HIDDEN + text.slice(2);
const UNSEEN = /[\u001b\u00ad\u200b\u202e\u{e0000}-\u{e007f}]/u;

type ScriptedTool = NonNullable<ServerScript['tools']>[number];

const odd: ScriptedTool = {
  name: 'odd',
  title: hidden('Title'),
  description: hidden('Does it.'),
  annotations: { title: hidden('Annotated') },
  inputSchema: {
    type: 'object',
    title: hidden('Arguments'),
    properties: {
      a: {
        type: 'string',
        description: hidden('The first.'),
        anyOf: [{ description: hidden('One.') }, { title: hidden('Two') }],
      },
      list: { type: 'array', items: { $ref: '#/$defs/item' } },
      note: { $comment: hidden('Comment'), 'x-own': { deep: [hidden('own')] } },
    },
    $defs: { item: { type: 'string', description: hidden('An item.') } },
  },
};

async function groupOf(...more: ScriptedTool[]) {
  return connectGroup({
    naming: 'bare',
    servers: {
      s: {
        server: local({
          tools: [odd, ...more],
          prompts: [
            { name: 'p', description: hidden('Asks.'), arguments: [{ name: 'x', description: hidden('X') }] },
          ],
          instructions: hidden('Use it well.'),
        }),
      },
      other: { server: local({ tools: tools('echo') }) },
    },
  });
}

describe('H11 characters that nobody sees', () => {
  it('are removed from names, titles, descriptions and schemas, and the tool is named', async () => {
    const toolkit = createToolkit(await groupOf(), { prompts: true });
    expect(JSON.stringify([...toolkit.tools])).not.toMatch(UNSEEN);
    expect(toolkit.tools.get('odd')).toMatchObject({
      title: 'Title',
      description: 'Does it.',
      inputSchema: { properties: { a: { description: 'The first.' }, note: { 'x-own': { deep: ['own'] } } } },
    });
    expect(toolkit.problems).toEqual([
      { tool: 'odd', server: 's', problem: 'Characters that nobody sees were removed from its definition.' },
      { tool: 's__prompt_p', server: 's', problem: expect.stringContaining('removed') },
    ]);
    expect(toolkit.tools.get('echo')).toBeDefined();
  });

  it('stay when that is wanted', async () => {
    const toolkit = createToolkit(await groupOf(), { sanitize: false });
    expect(toolkit.tools.get('odd')?.description).toMatch(UNSEEN);
    expect(toolkit.problems).toEqual([]);
  });

  it('cost nothing where there are none: the list is the one of the group', async () => {
    const group = await connectGroup({ servers: { s: { server: local({ tools: tools('a', 'b') }) } } });
    const toolkit = createToolkit(group);
    expect(toolkit.tools.get('s__a')).toBe(group.tools.get('s__a'));
  });

  it('in a name are removed, and the tool is called by what is left', async () => {
    const toolkit = createToolkit(await groupOf({ name: 'se\u200bcret' }), { policy: { deny: [] } });
    expect([...toolkit.tools.keys()]).toContain('secret');
    expect(textOf(await toolkit.callTool('secret', { a: 1 }))).toBe('{"a":1}');
    expect((await failureOf(toolkit.callTool('se\u200bcret'))).code).toBe('UNKNOWN_TOOL');
    expect(toolkit.problems).toContainEqual({
      tool: 'secret',
      server: 's',
      problem: expect.stringContaining('nobody sees'),
    });
  });

  it('do not get a tool past a policy', async () => {
    for (const rule of ['secret', 'se\u200bcret', 's__secret']) {
      const toolkit = createToolkit(await groupOf({ name: 'se\u200bcret' }), { policy: { deny: [rule] } });
      expect([...toolkit.tools.keys()]).toEqual(['odd', 'echo']);
    }
  });

  it('do not let a tool take the name of another', async () => {
    const toolkit = createToolkit(await groupOf({ name: 'ec\u200bho' }, { name: '\u200b' }));
    expect(toolkit.tools.get('echo')?.server).toBe('other');
    expect(toolkit.problems.map(({ tool }) => tool)).toEqual(['odd', 'ec\u200bho', '\u200b']);
    expect((await failureOf(toolkit.callTool('ec\u200bho'))).code).toBe('UNKNOWN_TOOL');
  });

  it('in names of properties and in values are left, and said to be: the tool is called with them', async () => {
    const property = 'pa\u200bth';
    const values: ScriptedTool = {
      name: 'values',
      inputSchema: {
        type: 'object',
        properties: { [property]: { enum: ['x\u202e', 'y'] } },
        required: [property],
        additionalProperties: false,
      },
    };
    const toolkit = createToolkit(await groupOf(values));
    expect(toolkit.tools.get('values')?.inputSchema).toEqual(values.inputSchema);
    expect(toolkit.problems).toContainEqual({
      tool: 'values',
      server: 's',
      problem: expect.stringContaining('they are left'),
    });
    expect(textOf(await toolkit.callTool('values', { [property]: 'x\u202e' }))).toContain('x');
  });

  it('in results are data, and stay', async () => {
    const toolkit = createToolkit(await groupOf());
    expect(textOf(await toolkit.callTool('echo', { text: HIDDEN }))).toContain('\u202e');
  });

  it('do not reach a model through an adapter without a toolkit either', async () => {
    const group = await groupOf();
    const openai = openaiToolkit(group);
    const anthropic = anthropicToolkit(group);
    for (const { tools: shown, problems } of [openai, anthropic]) {
      expect(JSON.stringify(shown)).not.toMatch(UNSEEN);
      expect(problems).toMatchObject([{ tool: 'odd', server: 's' }]);
    }
    expect(JSON.stringify(anthropicToolkit(group, { sanitize: false }).tools)).toContain('\u202e');
  });

  it('do not reach it through search, descriptions and instructions', async () => {
    const group = await groupOf();
    const search = searchToolkit(group);
    const found = await search.callTool('search_tools', { query: 'odd' });
    const described = await search.callTool('describe_tools', { names: ['odd'] });
    const choice = serverChoiceToolkit(group, { show: 'describe' });
    const listed = await choice.callTool('list_servers', {});
    const used = await choice.callTool('use_server', { server: 's' });
    for (const result of [found, described, listed, used]) expect(textOf(result)).not.toMatch(UNSEEN);
    expect(textOf(used)).toContain('Use it well.');
  });
});
