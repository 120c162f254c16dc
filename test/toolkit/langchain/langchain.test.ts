import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from '@langchain/core/messages';
import type { ClientTool } from '@langchain/core/tools';
import { ChatAnthropic } from '@langchain/anthropic';
import { ChatOpenAI } from '@langchain/openai';
import { describe, expect, it } from 'vitest';
import {
  langchainToolkit,
  ToolError,
  type LangchainTool,
  type LangchainToolkitOptions,
} from '../../../src/toolkit/langchain/index.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { serveModel, type ModelApi } from '../support/model-api.ts';

const PNG = 'iVBORw0KGgo=';

async function connect(script: ServerScript, options?: LangchainToolkitOptions) {
  const server = local(script);
  const group = await connectGroup({ servers: { box: { server } } });
  return { server, group, kit: langchainToolkit(group, options) };
}

function named(all: readonly LangchainTool[], name: string): LangchainTool {
  const found = all.find((tool) => tool.name === name);
  if (found === undefined) throw new Error(`No tool ${name}`);
  return found;
}

/** A tool of a server that has one. */
async function only(script: ServerScript, options?: LangchainToolkitOptions): Promise<LangchainTool> {
  const { kit } = await connect(script, options);
  const [tool] = kit.tools;
  if (tool === undefined) throw new Error('No tool');
  return tool;
}

const call = (name: string, args: Record<string, unknown> = {}) =>
  ({ type: 'tool_call', id: 'id-1', name, args }) as const;

/** The message that a call of the only tool gives. */
async function messageOf(script: ServerScript, options?: LangchainToolkitOptions): Promise<ToolMessage> {
  const tool = await only(script, options);
  return tool.invoke(call(tool.name));
}

const answer = (...content: object[]): ServerScript => ({
  tools: [{ name: 'look', does: { type: 'result', result: { content } } }],
});

describe('M9 LangChain: tools', () => {
  it('have the exposed name, the description and the schema', async () => {
    const inputSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tool = await only({
      tools: [{ name: 'forecast', description: 'Tells the weather.', inputSchema }],
    });
    expect(tool).toMatchObject({
      name: 'box__forecast',
      description: 'Tells the weather.',
      schema: inputSchema,
      metadata: { server: 'box', upstreamName: 'forecast' },
    });
  });

  it('follow the catalog, while a snapshot stays', async () => {
    const { server, kit } = await connect({ tools: tools('old') });
    const before: { tools: ClientTool[] } = kit.snapshot();
    server.setTools([{ name: 'old' }, { name: 'new' }]);
    await eventually('the new tool', () => kit.tools.length === 2);
    expect(before.tools.map(({ name }) => name)).toEqual(['box__old']);
    expect(named(kit.tools, 'box__old')).toBe(before.tools[0]);
  });

  it('are left out, with the reason, when no model API would take them', async () => {
    const server = local({ tools: tools('files.read', 'list') });
    const group = await connectGroup({ servers: { box: { server } }, naming: 'bare' });
    const { tools: shown, problems } = langchainToolkit(group).snapshot();
    expect(shown.map(({ name }) => name)).toEqual(['list']);
    expect(problems).toEqual([
      { tool: 'files.read', server: 'box', problem: expect.stringContaining('"files.read"') },
    ]);
  });

  it('say where arguments do not fit, without a regular expression of the server having run', async () => {
    const evil = '^(([a-z])+.)+[A-Z]([a-z])+$';
    const tool = await only({
      tools: [
        {
          name: 'pick',
          inputSchema: {
            type: 'object',
            properties: { count: { type: 'integer' }, word: { type: 'string', pattern: evil } },
          },
        },
      ],
    });
    await expect(tool.invoke(call(tool.name, { count: 'many' }))).rejects.toThrow(/properties\/count/);
    expect(tool.schema).toMatchObject({
      properties: { word: { type: 'string', description: expect.stringContaining(evil) } },
    });
    expect(tool.schema).not.toHaveProperty('properties.word.pattern');
  });
});

describe('M9 LangChain: what a model is told of a result', () => {
  it('one text is a string, and the whole result is the artifact', async () => {
    const message = await messageOf(answer({ type: 'text', text: 'Rain.' }));
    expect(message).toBeInstanceOf(ToolMessage);
    expect(message).toMatchObject({
      content: 'Rain.',
      status: 'success',
      tool_call_id: 'id-1',
      name: 'box__look',
      artifact: { content: [{ type: 'text', text: 'Rain.' }] },
    });
  });

  it('several texts are a list', async () => {
    const { content } = await messageOf(answer({ type: 'text', text: 'a' }, { type: 'text', text: 'b' }));
    expect(content).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ]);
  });

  it('nothing is an empty string', async () => {
    expect((await messageOf(answer())).content).toBe('');
  });

  it('an image is words, and kept beside', async () => {
    const image = { type: 'image', data: PNG, mimeType: 'image/png' };
    const message = await messageOf(answer(image));
    expect(message.content).toEqual(expect.stringContaining('image/png'));
    expect(message.artifact).toMatchObject({ content: [image] });
  });

  it('media are blocks for a model that takes them', async () => {
    const { content } = await messageOf(
      answer(
        { type: 'image', data: PNG, mimeType: 'image/png' },
        { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' },
        {
          type: 'resource',
          resource: { uri: 'file:///docs/a.pdf?v=1', blob: 'JVBERg==', mimeType: 'application/pdf' },
        },
      ),
      { acceptsMedia: () => true },
    );
    expect(content).toEqual([
      { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
      { type: 'audio', source_type: 'base64', mime_type: 'audio/wav', data: 'UklGRg==' },
      {
        type: 'file',
        source_type: 'base64',
        mime_type: 'application/pdf',
        data: 'JVBERg==',
        metadata: { filename: 'a.pdf' },
      },
    ]);
  });

  it('structured content is told as text, and kept beside', async () => {
    const message = await messageOf({
      tools: [
        {
          name: 'look',
          outputSchema: { type: 'object', properties: { n: { type: 'number' } } },
          does: { type: 'result', result: { content: [], structuredContent: { n: 7 } } },
        },
      ],
    });
    expect(message.content).toEqual(expect.stringMatching(/"n":\s*7/));
    expect(message.artifact).toMatchObject({ structuredContent: { n: 7 } });
  });

  it('bare arguments give the content alone', async () => {
    const tool = await only({ tools: tools('echo') });
    expect(await tool.invoke({ a: 1 })).toBe('{"a":1}');
  });
});

describe('M9 LangChain: calls that fail', () => {
  const failing: ServerScript = {
    tools: [{ name: 'save', does: { type: 'error', message: 'The disk is full.' } }],
  };

  it('a result with isError is a message of status error', async () => {
    const message = await messageOf(failing);
    expect(message).toMatchObject({
      status: 'error',
      content: 'Error: The disk is full.',
      tool_call_id: 'id-1',
      name: 'box__save',
      artifact: { isError: true },
      metadata: { server: 'box' },
    });
  });

  it('and is thrown where there is no call to answer', async () => {
    const tool = await only(failing);
    await expect(tool.invoke({})).rejects.toThrow(ToolError);
    await expect(tool.invoke({})).rejects.toThrow('The disk is full.');
  });

  it('a call that takes too long is a message of status error', async () => {
    const message = await messageOf({ tools: [{ name: 'hang', does: { type: 'hang' } }] }, { timeoutMs: 50 });
    expect(message).toMatchObject({ status: 'error', content: expect.stringContaining('in time') });
  });

  it('a tool that is gone is one too', async () => {
    const { server, group, kit } = await connect({ tools: tools('old') });
    const old = named(kit.tools, 'box__old');
    server.setTools([]);
    await eventually('the tool is gone', () => group.tools.size === 0);
    expect(await old.invoke(call('box__old'))).toMatchObject({
      status: 'error',
      content: expect.stringContaining('box__old'),
    });
  });
});

describe('M9 LangChain: calls while they run', () => {
  it('are cancelled at the server by the signal of the config', async () => {
    const { server, kit } = await connect({
      tools: [{ name: 'wait', does: { type: 'sleepUntilCancelled' } }],
    });
    const controller = new AbortController();
    const going = failureOf(
      named(kit.tools, 'box__wait').invoke(call('box__wait'), { signal: controller.signal }),
    );
    await eventually('the call is running', () => requestsOf(server, 'tools/call').length === 1);
    controller.abort();
    expect((await going).code).toBe('ABORTED');
    await eventually('the server heard of it', () => server.cancelled.length === 1);
  });

  it('report progress to the program', async () => {
    const reports: unknown[] = [];
    const tool = await only(
      { tools: [{ name: 'work', does: { type: 'progress', steps: 2 } }] },
      { onProgress: ({ progress }, { tool: name, callId }) => reports.push([progress, name, callId]) },
    );
    await tool.invoke(call(tool.name));
    expect(reports).toEqual([
      [1, 'box__work', 'id-1'],
      [2, 'box__work', 'id-1'],
    ]);
  });

  it('give what they report as tool events, when asked to', async () => {
    const tool = await only(
      { tools: [{ name: 'work', does: { type: 'progress', steps: 2, everyMs: 20 } }] },
      { toolEvents: true },
    );
    const events: unknown[] = [];
    const message = await tool.invoke(call(tool.name, { a: 1 }), {
      callbacks: [{ handleToolEvent: (event) => void events.push(event) }],
    });
    expect(events).toContainEqual(expect.objectContaining({ progress: 2 }));
    expect(message).toMatchObject({ content: '{"a":1}', status: 'success' });
  });
});

describe('M9 LangChain: chat models', () => {
  const models: [string, (api: ModelApi) => ChatOpenAI | ChatAnthropic][] = [
    [
      'ChatOpenAI',
      ({ openai }) =>
        new ChatOpenAI({
          model: 'scripted',
          apiKey: 'none',
          useResponsesApi: false,
          maxRetries: 0,
          configuration: { baseURL: openai },
        }),
    ],
    [
      'ChatAnthropic',
      ({ anthropic }) =>
        new ChatAnthropic({ model: 'scripted', apiKey: 'none', maxRetries: 0, anthropicApiUrl: anthropic }),
    ],
  ];

  it.each(models)('%s is given the tools and their results', async (_, modelAt) => {
    const api = await serveModel([{ name: 'box__look' }, { name: 'box__save' }], 'Done.');
    const { kit } = await connect(
      {
        tools: [
          {
            name: 'look',
            does: {
              type: 'result',
              result: {
                content: [
                  { type: 'text', text: 'A chart:' },
                  { type: 'image', data: PNG, mimeType: 'image/png' },
                ],
              },
            },
          },
          { name: 'save', does: { type: 'error', message: 'The disk is full.' } },
        ],
      },
      { acceptsMedia: (type) => type.startsWith('image/') },
    );
    const model = modelAt(api).bindTools(kit.tools);
    const messages: BaseMessage[] = [new HumanMessage('Go.')];
    const asked = await model.invoke(messages);
    messages.push(asked);
    for (const toolCall of asked.tool_calls ?? []) {
      messages.push(await named(kit.tools, toolCall.name).invoke({ ...toolCall, type: 'tool_call' }));
    }
    const last = await model.invoke(messages);
    expect(last).toBeInstanceOf(AIMessage);
    expect(last.text).toBe('Done.');
    expect(api.heard).toEqual([
      { tools: ['box__look', 'box__save'], question: 'Go.', results: [] },
      {
        tools: ['box__look', 'box__save'],
        question: 'Go.',
        results: [
          { tool: 'box__look', text: 'A chart:', images: [PNG], failed: false },
          { tool: 'box__save', text: 'Error: The disk is full.', images: [], failed: true },
        ],
      },
    ]);
  });
});
