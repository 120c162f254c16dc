import type { CallToolResult, ContentBlock, JSONValue } from '@modelcontextprotocol/client';
import { AIMessage } from '@langchain/core/messages';
import type Anthropic from '@anthropic-ai/sdk';
import { generateText, isStepCount } from 'ai';
import { describe, expect, it } from 'vitest';
import { aiSdkToolkit } from '../../../src/toolkit/ai-sdk/index.ts';
import { anthropicToolkit } from '../../../src/toolkit/anthropic/index.ts';
import { langchainToolkit } from '../../../src/toolkit/langchain/index.ts';
import { openaiToolkit } from '../../../src/toolkit/openai/index.ts';
import type { ToolDefinition, ToolSource } from '../../../src/toolkit/tool-source.ts';
import { scriptedModel, toolOutputs } from '../ai-sdk/scripted-model.ts';

const PNG = 'iVBORw0KGgoAAAANSUhEUg==';
const JPEG = '/9j/4AAQSkZJRgABAQ==';
const HALF = '\ud83d';
const LONE = /\\ud[89a-f]/i;

type Definition = Partial<Omit<ToolDefinition, 'name'>>;

/** A source with one tool, or with some. */
function sourceOf(result: CallToolResult, tools: Record<string, Definition> = { t: {} }): ToolSource {
  const all = Object.entries(tools).map(
    ([name, rest]) => [name, { name, inputSchema: { type: 'object' as const }, ...rest }] as const,
  );
  return { tools: new Map(all), callTool: () => Promise.resolve(result) };
}

const one = (...content: ContentBlock[]): CallToolResult => ({ content });

/** What each model API is sent of a result. */
async function sent(result: CallToolResult): Promise<Record<string, unknown>> {
  const source = sourceOf(result);
  const openai = openaiToolkit(source, { images: 'user-message' });
  const use = { type: 'tool_use', id: 'toolu_1', name: 't', input: {} } as Anthropic.Messages.ToolUseBlock;
  const chat = await openai.handleToolCalls({
    tool_calls: [{ id: 'c', type: 'function', function: { name: 't', arguments: '{}' } }],
  });
  const responses = await openai.responses.handleToolCalls({
    output: [{ type: 'function_call', call_id: 'c', name: 't', arguments: '{}' }],
  });
  const anthropic = await anthropicToolkit(source).handleToolUse({ content: [use] });
  const model = scriptedModel([{ name: 't' }], 'Done.');
  await generateText({ model, tools: aiSdkToolkit(source).tools, prompt: 'Go.', stopWhen: isStepCount(2) });
  const [tool] = langchainToolkit(source).tools;
  const message = await tool?.invoke({ type: 'tool_call', id: 'i', name: 't', args: {} });
  return {
    chat: chat.messages,
    responses: responses.items,
    anthropic: anthropic.messages,
    aiSdk: toolOutputs(model.doGenerateCalls.at(-1)?.prompt),
    langchain: new AIMessage({ content: (message as { content: string }).content }).content,
  };
}

describe('M9 no result makes a model API refuse the conversation', () => {
  it('half a character, in whatever place', async () => {
    const uri = `x:/${HALF}`;
    const result: CallToolResult = {
      content: [
        { type: 'text', text: `cut ${HALF}` },
        { type: 'resource_link', uri, name: HALF, title: HALF, description: HALF, mimeType: HALF },
        { type: 'resource', resource: { uri, text: `${HALF} text` } },
        { type: 'resource', resource: { uri, blob: 'JVBERi0xLjc=', mimeType: 'application/pdf' } },
        { type: 'audio', data: 'AAAA', mimeType: `audio/${HALF}` },
      ],
      structuredContent: { [HALF]: HALF },
    };
    expect(JSON.stringify(result)).toMatch(LONE);
    for (const [api, message] of Object.entries(await sent(result))) {
      expect(JSON.stringify(message).replaceAll('\\\\ud83d', ''), api).not.toMatch(LONE);
    }
  });

  it('half a character in the words about a failure', async () => {
    const source: ToolSource = {
      ...sourceOf({ content: [] }),
      callTool: () => Promise.resolve({ isError: true, content: [{ type: 'text', text: HALF }] }),
    };
    const { messages } = await openaiToolkit(source).handleToolCalls({
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 't', arguments: '{}' } },
        { id: 'b', type: 'function', function: { name: `${'x'.repeat(79)}\u{1f600}`, arguments: '{}' } },
      ],
    });
    expect(JSON.stringify(messages)).not.toMatch(LONE);
  });

  it('a picture that is of another kind than its server says', async () => {
    const message = await sent(one({ type: 'image', data: JPEG, mimeType: 'image/png' }));
    expect(JSON.stringify(message['anthropic'])).toContain('"media_type":"image/jpeg"');
    expect(JSON.stringify(message['responses'])).toContain(`data:image/jpeg;base64,${JPEG}`);
    expect(JSON.stringify(message['chat'])).toContain(`data:image/jpeg;base64,${JPEG}`);
    expect(JSON.stringify(message['aiSdk'])).toContain('"mediaType":"image/jpeg"');
  });

  it('a picture under the name that many use', async () => {
    const message = await sent(one({ type: 'image', data: JPEG, mimeType: 'image/jpg' }));
    expect(JSON.stringify(message['anthropic'])).toContain('"media_type":"image/jpeg"');
  });

  it('a picture with line ends in its base64, or without padding', async () => {
    const folded = `${PNG.slice(0, 10)}\r\n${PNG.slice(10).replace(/=+$/, '')}\n`;
    const message = await sent(one({ type: 'image', data: folded, mimeType: 'image/png' }));
    expect(JSON.stringify(message['anthropic'])).toContain(`"data":"${PNG}"`);
  });

  it.each([
    ['no picture at all', Buffer.from('<html>').toString('base64')],
    ['empty', ''],
    ['no base64', 'iVBORw0KGgo!!!'],
    ['more than an API takes', PNG.replace('==', 'AA').padEnd(6_000_000, 'AAAA')],
  ])('a picture that is %s', async (what, data) => {
    const message = await sent(one({ type: 'image', data, mimeType: 'image/png' }));
    expect(JSON.stringify(message['anthropic'])).toContain('it cannot be shown here');
    if (what.startsWith('more')) return;
    for (const api of Object.values(message))
      expect(JSON.stringify(api)).toContain('it cannot be shown here');
  });

  it('a document that is none, or whose address is long', async () => {
    const uri = `x:/${'long'.repeat(1000)}`;
    const blob = (data: string): ContentBlock => ({
      type: 'resource',
      resource: { uri, blob: data, mimeType: 'application/pdf' },
    });
    const none = await sent(one(blob('AAAA')));
    expect(JSON.stringify(none['anthropic'])).toContain('it cannot be shown here');
    expect(JSON.stringify(none['responses'])).toContain('it cannot be shown here');
    const { anthropic, responses } = await sent(
      one(blob('JVBERi0xLjc='), { type: 'resource', resource: { uri: '', text: 'x' } }),
    );
    expect(JSON.stringify(anthropic)).toContain('"type":"document"');
    expect(JSON.stringify(anthropic)).not.toContain('"title":""');
    expect(
      Math.max(
        ...[...JSON.stringify([anthropic, responses]).matchAll(/"(?:title|filename)":"([^"]*)"/g)].map(
          ([, name = '']) => name.length,
        ),
      ),
    ).toBeLessThanOrEqual(500);
  });
});

describe('M9 no definition makes a model API refuse all tools', () => {
  const deep = JSON.parse('{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)) as JSONValue;
  const hostile: Record<string, Definition> = {
    'long description': { description: 'x'.repeat(10_000_000) },
    'long enum': {
      inputSchema: {
        type: 'object',
        properties: { a: { enum: Array.from({ length: 100_000 }, (_, nr) => `v${nr}`) } },
      },
    },
    'deep default': { inputSchema: { type: 'object', properties: { a: { type: 'string', default: deep } } } },
    'deep const': { inputSchema: { type: 'object', properties: { a: { const: deep } } } },
    'deep keyword that nobody knows': { inputSchema: { type: 'object', 'x-more': deep } },
    'remote reference': {
      inputSchema: { type: 'object', properties: { a: { $ref: 'https://example.com/a' } } },
    },
    'reference to a file': {
      inputSchema: { type: 'object', properties: { a: { $ref: 'file:///etc/passwd' } } },
    },
    'reference to itself': { inputSchema: { type: 'object', properties: { a: { $ref: '#/properties/a' } } } },
  };
  const kits = {
    openai: (source: ToolSource) => openaiToolkit(source),
    anthropic: (source: ToolSource) => anthropicToolkit(source),
    'ai sdk': (source: ToolSource) => aiSdkToolkit(source),
    langchain: (source: ToolSource) => langchainToolkit(source),
  };

  it.each(Object.entries(kits))('of those of %s', (_, make) => {
    const tools = Object.fromEntries(Object.values(hostile).map((tool, nr) => [`t${nr}`, tool]));
    const kit = make(sourceOf({ content: [] }, { ...tools, fine: {} }));
    expect(Object.keys(kit.tools).length).toBeGreaterThan(0);
    expect(kit.problems.length).toBeGreaterThanOrEqual(Object.keys(hostile).length - 1);
    for (const { problem } of kit.problems) expect(problem.length).toBeLessThan(1000);
  });

  it('half a character in a description', () => {
    const source = sourceOf(
      { content: [] },
      {
        t: { description: HALF, inputSchema: { type: 'object', properties: { a: { description: HALF } } } },
      },
    );
    const openai = openaiToolkit(source);
    const shown = [openai.tools, openai.responses.tools, anthropicToolkit(source).tools];
    expect(JSON.stringify(shown)).not.toMatch(LONE);
    const { description } = aiSdkToolkit(source).tools['t'] ?? {};
    expect(description).toBe('\ufffd');
    expect(langchainToolkit(source).tools[0]?.description).toBe('\ufffd');
  });

  it('references that double at each step, which LangChain would follow one by one', () => {
    const defs = Array.from({ length: 60 }, (_, nr) => {
      const next = { $ref: `#/$defs/d${nr + 1}` };
      return [`d${nr}`, nr === 59 ? { type: 'string' } : { anyOf: [next, next] }];
    });
    const inputSchema = {
      type: 'object' as const,
      properties: { a: { $ref: '#/$defs/d0' } },
      $defs: Object.fromEntries(defs) as object,
    };
    const { tools, problems } = langchainToolkit(sourceOf({ content: [] }, { t: { inputSchema }, fine: {} }));
    expect(tools.map(({ name }) => name)).toEqual(['fine']);
    expect(problems).toEqual([{ tool: 't', problem: expect.stringContaining('LangChain') }]);
  });
});
