import type { ContentBlock } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { aiSdkToolkit } from '../../../src/toolkit/ai-sdk/index.ts';
import { anthropicToolkit } from '../../../src/toolkit/anthropic/index.ts';
import { langchainToolkit } from '../../../src/toolkit/langchain/index.ts';
import { openaiToolkit } from '../../../src/toolkit/openai/index.ts';
import { createToolkit } from '../../../src/toolkit/toolkit.ts';
import { runTool } from '../../../src/toolkit/run-tool.ts';
import { eventually } from '../../support/eventually.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, tools } from '../../support/servers.ts';
import { anthropicFaults, type SentTool } from '../anthropic/anthropic-rules.ts';
import { textOf } from '../../support/results.ts';

const AT_ONCE = 30_000;

describe('M9 no server takes the place of a tool of the toolkit', () => {
  it('which keeps its name when a server wants it later', async () => {
    const long = { type: 'text', text: 'x'.repeat(500) } as const;
    const server = local({ tools: [{ name: 't', does: long }], prompts: [{ name: 'p' }] });
    const group = await connectGroup({ servers: { s: { server } }, naming: 'bare' });
    const toolkit = createToolkit(group, { results: { maxChars: 100 }, prompts: true });
    const names = [...toolkit.tools.keys()];
    const prompt = names.find((name) => name.includes('prompt')) ?? '';
    server.setTools([...tools('read_more', prompt), { name: 't', does: long }]);
    await eventually('the change', () => group.tools.has('read_more'));
    expect([...toolkit.tools.keys()].toSorted()).toEqual(names.toSorted());
    expect(toolkit.problems.map(({ tool }) => tool).toSorted()).toEqual([prompt, 'read_more'].toSorted());
    const [, args = ''] = /read_more with (\{.*?\})/.exec(textOf(await runTool(toolkit, 't', {}))) ?? [];
    expect(textOf(await runTool(toolkit, 'read_more', args))).toMatch(/^x{100}/);
  });

  it('and gets another when a server had it first', async () => {
    const server = local({
      tools: [...tools('read_more'), { name: 't', does: { type: 'text', text: 'x'.repeat(500) } }],
    });
    const group = await connectGroup({ servers: { s: { server } }, naming: 'bare' });
    const toolkit = createToolkit(group, { results: { maxChars: 100 } });
    expect(textOf(await runTool(toolkit, 't', {}))).toContain('call read_more_2 with');
    expect(textOf(await runTool(toolkit, 'read_more', { a: 1 }))).toBe('{"a":1}');
  });
});

describe('M9 prompts with odd arguments', () => {
  const odd = ['__proto__', 'constructor', 'with space', '', 'same', 'same', 'ä'.repeat(200), '\u202e'];

  it('are tools that every model API takes', async () => {
    const server = local({
      prompts: [
        { name: '../../\u0000evil', arguments: odd.map((name) => ({ name, required: name === 'same' })) },
      ],
    });
    const group = await connectGroup({ servers: { s: { server } } });
    const toolkit = createToolkit(group, { prompts: true });
    expect(toolkit.tools.size).toBe(1);
    const { tools: shown, problems } = anthropicToolkit(toolkit);
    expect(shown.length + problems.length).toBe(1);
    for (const tool of shown) expect(anthropicFaults(tool as SentTool)).toEqual([]);
    for (const kit of [openaiToolkit(toolkit), aiSdkToolkit(toolkit), langchainToolkit(toolkit)]) {
      expect(Object.keys(kit.tools).length + kit.problems.length).toBe(1);
    }
    const [name = ''] = toolkit.tools.keys();
    expect((await runTool(toolkit, name, {})).isError).toBe(true);
    expect((await runTool(toolkit, name, { same: 1 })).isError).toBe(true);
    expect((await runTool(toolkit, name, JSON.parse('{"same":"x","__proto__":"y"}'))).content).toHaveLength(
      1,
    );
  });
});

describe('M9 results that are too much', () => {
  const text = (value: string): ContentBlock => ({ type: 'text', text: value });

  it.each<[string, ContentBlock[]]>([
    ['a hundred thousand blocks', Array.from({ length: 100_000 }, (_, nr) => text(String(nr)))],
    ['one text of ten million characters', [text('word '.repeat(2_000_000))]],
    ['ten million characters without a line end, each of two halves', [text('\u{1f600}'.repeat(5_000_000))]],
    [
      'a picture of ten million',
      [{ type: 'image', data: `iVBORw0KGgo${'A'.repeat(10_000_001)}`, mimeType: 'image/png' }],
    ],
  ])(
    '%s: are bounded, and told in a moment',
    async (_, content) => {
      const source = {
        tools: new Map([['t', { name: 't', inputSchema: { type: 'object' as const } }]]),
        callTool: () => Promise.resolve({ content, structuredContent: { a: 1, b: 'x' } }),
      };
      const bounded = createToolkit(source, { results: true });
      const call = { id: 'a', type: 'function' as const, function: { name: 't', arguments: '{}' } };
      const { messages } = await openaiToolkit(bounded).handleToolCalls({ tool_calls: [call] });
      expect(JSON.stringify(messages).length).toBeLessThan(100_000);
      const unbounded = await openaiToolkit(source).handleToolCalls({ tool_calls: [call] });
      expect(unbounded.messages).toHaveLength(1);
    },
    AT_ONCE,
  );
});
