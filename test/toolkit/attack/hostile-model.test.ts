import type Anthropic from '@anthropic-ai/sdk';
import { generateText, isStepCount } from 'ai';
import { describe, expect, it } from 'vitest';
import type { ServerScript } from '../../../src/testing/index.ts';
import { aiSdkToolkit } from '../../../src/toolkit/ai-sdk/index.ts';
import { anthropicToolkit } from '../../../src/toolkit/anthropic/index.ts';
import { openaiToolkit, type ChatCalls } from '../../../src/toolkit/openai/index.ts';
import { runTool } from '../../../src/toolkit/run-tool.ts';
import { createToolkit } from '../../../src/toolkit/toolkit.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { scriptedModel, toolOutputs } from '../ai-sdk/scripted-model.ts';
import { textOf } from '../../support/results.ts';

const AT_ONCE = 20_000;
const deepText = '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000);

async function connect(script: ServerScript = { tools: tools('t') }) {
  const server = local(script);
  return { server, group: await connectGroup({ servers: { s: { server } } }) };
}

const chat = (...calls: [name: string, args: string, id?: string][]): ChatCalls => ({
  tool_calls: calls.map(([name, args, id], nr) => ({
    id: id ?? `call_${nr}`,
    type: 'function',
    function: { name, arguments: args },
  })),
});

/** As an API sends it that keeps to no types. */
const malformed = (call: object): ChatCalls =>
  JSON.parse(JSON.stringify({ tool_calls: [call] })) as ChatCalls;

describe('M9 every call of a model is answered', () => {
  it.each([
    '"text"',
    '[1]',
    'null',
    '1',
    '',
    '{',
    '{"a":1}}',
    '{"__proto__":{"x":1}}',
    '{"a":"\ud83d"}',
    deepText,
  ])(
    'whatever its arguments: %.30s',
    async (args) => {
      const { group } = await connect();
      const source = createToolkit(group, { policy: { approve: () => true }, results: true });
      const { messages, calls } = await openaiToolkit(source).handleToolCalls(chat(['s__t', args]));
      expect(messages).toHaveLength(1);
      expect(calls).toHaveLength(1);
      expect(await openaiToolkit(group).handleToolCalls(chat(['s__t', args]))).toHaveProperty(
        'messages.length',
        1,
      );
    },
    AT_ONCE,
  );

  it(
    'arguments that are nested too deeply to be read back into what the server takes',
    async () => {
      const node = {
        type: 'object',
        properties: { a: { $ref: '#' }, $b: { type: 'string' } },
        additionalProperties: false,
      };
      const { server, group } = await connect({ tools: [{ name: 't', inputSchema: node }] });
      const args = JSON.parse(deepText) as Record<string, unknown>;
      const use = {
        type: 'tool_use',
        id: 'toolu_1',
        name: 's__t',
        input: args,
      } as Anthropic.Messages.ToolUseBlock;
      const { messages } = await anthropicToolkit(group).handleToolUse({ content: [use] });
      expect(messages[0]?.content[0]).toMatchObject({ tool_use_id: 'toolu_1', is_error: true });
      const strict = await openaiToolkit(group).handleToolCalls(chat(['s__t', deepText]));
      expect(strict.messages[0]?.content).toContain('nested too deeply');
      expect(requestsOf(server, 'tools/call')).toEqual([]);
    },
    AT_ONCE,
  );

  it('one that an API compatible to OpenAI made without saying what it is', async () => {
    const { group } = await connect();
    const bare = { id: 'a', function: { name: 's__t', arguments: '{"x":1}' } };
    const { messages } = await openaiToolkit(group).handleToolCalls(malformed(bare));
    expect(messages).toEqual([{ role: 'tool', tool_call_id: 'a', content: '{"x":1}' }]);
  });

  it('one without a name', async () => {
    const { group } = await connect();
    const bare = { id: 'a', type: 'function', function: { name: null, arguments: null } };
    const { messages } = await openaiToolkit(group).handleToolCalls(malformed(bare));
    expect(messages).toEqual([
      { role: 'tool', tool_call_id: 'a', content: expect.stringContaining('There is no tool') },
    ]);
  });

  it(
    'a thousand at a time',
    async () => {
      const { group } = await connect();
      const calls = Array.from({ length: 1000 }, (_, nr): [string, string] => ['s__t', `{"nr":${nr}}`]);
      const { messages } = await openaiToolkit(createToolkit(group)).handleToolCalls(chat(...calls));
      expect(messages.map(({ content }) => content)).toEqual(calls.map(([, args]) => args));
    },
    AT_ONCE,
  );

  it(
    'a thousand of tools that there are not, where there are many',
    async () => {
      const many = Array.from({ length: 2000 }, (_, nr) => ({ name: `some_tool_with_a_longer_name_${nr}` }));
      const { group } = await connect({ tools: many });
      const calls = Array.from({ length: 1000 }, (_, nr): [string, string] => [
        `zzzzzzz_not_any_of_these_ever_${nr}`,
        '{}',
      ]);
      const { messages } = await openaiToolkit(group, { maxTools: 5000 }).handleToolCalls(chat(...calls));
      expect(messages).toHaveLength(1000);
    },
    AT_ONCE,
  );

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''])(
    'also of a tool named %j',
    async (name) => {
      const { server, group } = await connect();
      const { messages } = await openaiToolkit(group).handleToolCalls(chat([name, '{}']));
      expect(messages[0]?.content).toContain('There is no tool');
      expect(textOf(await runTool(createToolkit(group), name, {}))).toContain('There is no tool');
      const model = scriptedModel([{ name }], 'Done.');
      await generateText({
        model,
        tools: aiSdkToolkit(group).tools,
        prompt: 'Go.',
        stopWhen: isStepCount(2),
      });
      expect(JSON.stringify(toolOutputs(model.doGenerateCalls.at(-1)?.prompt))).toContain('error');
      expect(requestsOf(server, 'tools/call')).toEqual([]);
    },
  );

  it('and tools of such names are called, not what every object has', async () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const server = local({
      tools: names.map((name) => ({ name, does: { type: 'text', text: `I am ${name}` } })),
    });
    const group = await connectGroup({ servers: { s: { server } }, naming: 'bare' });
    const source = createToolkit(group, { results: true, resources: true });
    expect([...source.tools.keys()]).toEqual(expect.arrayContaining(names));
    for (const name of names) {
      const { messages } = await openaiToolkit(source).handleToolCalls(chat([name, '{}']));
      expect(messages[0]?.content).toBe(`I am ${name}`);
      const model = scriptedModel([{ name }], 'Done.');
      await generateText({
        model,
        tools: aiSdkToolkit(source).tools,
        prompt: 'Go.',
        stopWhen: isStepCount(2),
      });
      expect(JSON.stringify(model.doGenerateCalls.at(-1)?.prompt)).toContain(`I am ${name}`);
    }
  });
});

describe('M9 what a policy denies cannot be reached by another way', () => {
  it.each([
    ['the name that its server gives it', 'write'],
    ['its name in other letters', 'S__WRITE'],
    ['its name and what looks like nothing', 's__write\u200b'],
    ['the name that it had before it was renamed', 's__read'],
  ])('%s', async (_, name) => {
    const { server, group } = await connect({ tools: tools('read', 'write') });
    const policy = { deny: ['s__write'], rename: { s__read: 'look' } };
    const source = createToolkit(group, { policy, results: true });
    expect((await runTool(source, name, {})).isError).toBe(true);
    expect((await openaiToolkit(source).handleToolCalls(chat([name, '{}']))).messages[0]?.content).toContain(
      'no tool',
    );
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('handles of another toolkit are not known to this one', async () => {
    const { group } = await connect({
      tools: [{ name: 't', does: { type: 'text', text: 'x'.repeat(1000) } }],
    });
    const [mine, theirs] = [
      createToolkit(group, { results: { maxChars: 100 } }),
      createToolkit(group, { results: { maxChars: 100 } }),
    ];
    const long = textOf(await runTool(theirs, 's__t', {}));
    const args = /read_more with (\{.*?\})/.exec(long)?.[1] ?? '';
    expect((await runTool(theirs, 'read_more', args)).isError).toBeUndefined();
    expect((await runTool(mine, 'read_more', args)).isError).toBe(true);
    for (const handle of ['__proto__', 'constructor', '', null, {}, []]) {
      expect((await runTool(theirs, 'read_more', { handle, page: 2 })).isError).toBe(true);
    }
    for (const page of [-1, 1, 0.5, 1e9, '2; x', null, 'length', NaN]) {
      const { handle } = JSON.parse(args) as { handle: string };
      const result = await runTool(theirs, 'read_more', { handle, page });
      expect(result.isError === true || page === '2').toBe(true);
    }
  });
});
