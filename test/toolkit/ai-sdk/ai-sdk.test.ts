import {
  convertToModelMessages,
  generateText,
  isStepCount,
  streamText,
  type ToolSet,
  type UIMessage,
} from 'ai';
import { describe, expect, it } from 'vitest';
import { aiSdkToolkit, ToolError, type AiSdkToolkitOptions } from '../../../src/toolkit/ai-sdk/index.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';
import { thrownBy } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { gate, RawServer } from '../../support/raw-server.ts';
import { scriptedModel, toolOutputs, type Step } from './scripted-model.ts';

const PNG = 'iVBORw0KGgo=';
const WAV = 'UklGRiQAAABXQVZF';

async function connect(script: ServerScript) {
  const server = local(script);
  return { server, group: await connectGroup({ servers: { box: { server } } }) };
}

/** A conversation over one server: what the SDK gave, and what the model was told of the calls. */
async function converse(
  script: ServerScript,
  steps: Step[],
  { signal, ...options }: AiSdkToolkitOptions & { signal?: AbortSignal } = {},
) {
  const { group } = await connect(script);
  const model = scriptedModel(...steps);
  const result = await generateText({
    model,
    tools: aiSdkToolkit(group, options).tools,
    prompt: 'Go.',
    stopWhen: isStepCount(steps.length),
    ...(signal === undefined ? {} : { abortSignal: signal }),
  });
  return { result, model, told: toolOutputs(model.doGenerateCalls.at(-1)?.prompt) };
}

describe('M9 AI SDK: tools that a model is shown', () => {
  it('have the exposed name, the description and the schema', async () => {
    const inputSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const { model } = await converse(
      { tools: [{ name: 'forecast', description: 'Tells the weather.', inputSchema }] },
      ['Hello.'],
    );
    expect(model.doGenerateCalls[0]?.tools).toEqual([
      expect.objectContaining({
        type: 'function',
        name: 'box__forecast',
        description: 'Tells the weather.',
        inputSchema: expect.objectContaining(inputSchema),
      }),
    ]);
  });

  it('say to the program whose they are', async () => {
    const { group } = await connect({ tools: tools('a') });
    expect(aiSdkToolkit(group).tools['box__a']?.metadata).toEqual({ server: 'box', upstreamName: 'a' });
  });

  it('need options that make sense', async () => {
    const { group } = await connect({});
    expect(thrownBy(() => aiSdkToolkit(group, { timeoutMs: -1 })).code).toBe('CONFIG_INVALID');
  });

  it('follow the catalog, while a snapshot stays', async () => {
    const { server, group } = await connect({ tools: tools('old') });
    const kit = aiSdkToolkit(group);
    const before: { tools: ToolSet } = kit.snapshot();
    const kept = before.tools['box__old'];
    server.setTools([{ name: 'old' }, { name: 'new' }]);
    await eventually('the new tool', () => 'box__new' in kit.tools);
    expect(Object.keys(before.tools)).toEqual(['box__old']);
    expect(kit.tools['box__old']).toBe(kept);
  });

  it('are left out, with the reason, when no model API would take them', async () => {
    const server = local({ tools: tools('files.read', 'list') });
    const group = await connectGroup({ servers: { box: { server } }, naming: 'bare' });
    const { tools: shown, problems } = aiSdkToolkit(group).snapshot();
    expect(Object.keys(shown)).toEqual(['list']);
    expect(problems).toEqual([
      { tool: 'files.read', server: 'box', problem: expect.stringContaining('"files.read"') },
    ]);
  });
});

describe('M9 AI SDK: what a model is told of a result', () => {
  const answer = (...content: object[]): ServerScript => ({
    tools: [{ name: 'look', does: { type: 'result', result: { content } } }],
  });
  const call: Step[] = [{ name: 'box__look' }, 'Done.'];

  it('one text is a text', async () => {
    const { told, result } = await converse(answer({ type: 'text', text: 'Rain.' }), call);
    expect(told).toEqual({ box__look: { type: 'text', value: 'Rain.' } });
    expect(result.text).toBe('Done.');
  });

  it('several texts are a list', async () => {
    const { told } = await converse(answer({ type: 'text', text: 'a' }, { type: 'text', text: 'b' }), call);
    expect(told['box__look']).toEqual({
      type: 'content',
      value: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    });
  });

  it('nothing is an empty text', async () => {
    expect((await converse(answer(), call)).told['box__look']).toEqual({ type: 'text', value: '' });
  });

  it('an image is a file, at its place among the texts', async () => {
    const { told } = await converse(
      answer({ type: 'text', text: 'A chart:' }, { type: 'image', data: PNG, mimeType: 'image/png' }),
      call,
    );
    expect(told['box__look']).toMatchObject({
      type: 'content',
      value: [
        { type: 'text', text: 'A chart:' },
        { type: 'file', mediaType: 'image/png', data: { type: 'data', data: PNG } },
      ],
    });
  });

  it('sound is a file for a model that takes it, and words for others', async () => {
    const script = answer({ type: 'audio', data: WAV, mimeType: 'audio/wav' });
    const words = await converse(script, call);
    expect(words.told['box__look']).toEqual({ type: 'text', value: expect.stringContaining('audio/wav') });
    const heard = await converse(script, call, { acceptsMedia: (type) => type.startsWith('audio/') });
    expect(heard.told['box__look']).toMatchObject({
      type: 'content',
      value: [{ type: 'file', mediaType: 'audio/wav', data: { type: 'data', data: WAV } }],
    });
  });

  it('embedded resources are a file or their text, and a link is its URI', async () => {
    const { told } = await converse(
      answer(
        {
          type: 'resource',
          resource: { uri: 'file:///a.pdf', blob: 'JVBERg==', mimeType: 'application/pdf' },
        },
        { type: 'resource', resource: { uri: 'file:///a.md', text: '# A' } },
        { type: 'resource_link', uri: 'file:///b.md', name: 'b' },
      ),
      call,
    );
    expect(told['box__look']).toMatchObject({
      type: 'content',
      value: [
        {
          type: 'file',
          mediaType: 'application/pdf',
          data: { type: 'data', data: 'JVBERg==' },
          filename: 'a.pdf',
        },
        { type: 'text', text: expect.stringContaining('# A') },
        { type: 'text', text: expect.stringContaining('file:///b.md') },
      ],
    });
  });

  it('structured content is told once, as text', async () => {
    const { told, result } = await converse(
      {
        tools: [
          {
            name: 'look',
            outputSchema: { type: 'object', properties: { n: { type: 'number' } } },
            does: { type: 'result', result: { content: [], structuredContent: { n: 7 } } },
          },
        ],
      },
      call,
    );
    expect(told['box__look']).toEqual({ type: 'text', value: expect.stringMatching(/"n":\s*7/) });
    expect(result.steps[0]?.toolResults[0]?.output).toMatchObject({ structuredContent: { n: 7 } });
  });

  it('a conversation that was stored says the same again', async () => {
    const { group } = await connect(answer({ type: 'text', text: 'Rain.' }));
    const stored = (output: unknown): UIMessage[] => [
      {
        id: '1',
        role: 'assistant',
        parts: [
          {
            type: 'dynamic-tool',
            toolName: 'box__look',
            toolCallId: '1',
            state: 'output-available',
            input: {},
            output,
          },
        ],
      },
    ];
    const { tools: shown } = aiSdkToolkit(group);
    const texts = await convertToModelMessages(stored({ content: [{ type: 'text', text: 'Rain.' }] }), {
      tools: shown,
    });
    expect(JSON.stringify(texts)).toContain('"output":{"type":"text","value":"Rain."}');
    const odd = await convertToModelMessages(stored({ from: 'before' }), { tools: shown });
    expect(JSON.stringify(odd)).toContain(String.raw`{\"from\":\"before\"}`);
  });
});

describe('M9 AI SDK: calls that fail', () => {
  it('a result with isError is a tool-error part, and the model reads what the tool said', async () => {
    const { told, result } = await converse(
      { tools: [{ name: 'save', does: { type: 'error', message: 'The disk is full.' } }] },
      [{ name: 'box__save' }, 'Sorry.'],
    );
    expect(told).toEqual({ box__save: { type: 'error-text', value: 'Error: The disk is full.' } });
    const [part] = result.steps[0]?.content.filter(({ type }) => type === 'tool-error') ?? [];
    expect(part).toMatchObject({ toolName: 'box__save', error: { name: 'ToolError' } });
    const { error } = part as { error: unknown };
    expect(error).toBeInstanceOf(ToolError);
    expect((error as ToolError).result).toMatchObject({ isError: true });
  });

  it('a call that takes too long is one too, and the conversation goes on', async () => {
    const { told, result } = await converse(
      { tools: [{ name: 'hang', does: { type: 'hang' } }] },
      [{ name: 'box__hang' }, 'Never mind.'],
      { timeoutMs: 50 },
    );
    expect(told['box__hang']).toEqual({ type: 'error-text', value: expect.stringContaining('in time') });
    expect(result.text).toBe('Never mind.');
  });

  it('a tool that is gone when it is called is one too', async () => {
    const { server, group } = await connect({ tools: tools('old') });
    const { tools: shown } = aiSdkToolkit(group);
    server.setTools([]);
    await eventually('the tool is gone', () => group.tools.size === 0);
    const model = scriptedModel({ name: 'box__old' }, 'Oh.');
    await generateText({ model, tools: shown, prompt: 'Go.', stopWhen: isStepCount(2) });
    expect(toolOutputs(model.doGenerateCalls[1]?.prompt)).toEqual({
      box__old: { type: 'error-text', value: expect.stringContaining('box__old') },
    });
  });

  it('the program is told in full', async () => {
    const errors: unknown[] = [];
    await converse({ tools: [{ name: 'die', does: { type: 'crash' } }] }, [{ name: 'box__die' }, 'Oh.'], {
      onError: (error, tool) => errors.push([tool, error]),
    });
    expect(errors).toEqual([['box__die', expect.objectContaining({ code: 'CONNECTION_LOST' })]]);
  });
});

describe('M9 AI SDK: calls while they run', () => {
  it('those of one step run side by side', async () => {
    const both = gate();
    let running = 0;
    const server = new RawServer(
      { tools: {} },
      {
        'tools/list': () => ({
          tools: ['a', 'b'].map((name) => ({ name, inputSchema: { type: 'object' } })),
        }),
        'tools/call': async ({ name }) => {
          if (++running === 2) both.open();
          await both.promise;
          return { content: [{ type: 'text', text: `${String(name)} ran` }] };
        },
      },
    );
    const group = await connectGroup({ servers: { box: { server } } });
    const model = scriptedModel([{ name: 'box__a' }, { name: 'box__b' }], 'Done.');
    await generateText({ model, tools: aiSdkToolkit(group).tools, prompt: 'Go.', stopWhen: isStepCount(2) });
    expect(toolOutputs(model.doGenerateCalls[1]?.prompt)).toEqual({
      box__a: { type: 'text', value: 'a ran' },
      box__b: { type: 'text', value: 'b ran' },
    });
  });

  it('are cancelled at the server when the SDK is told to stop', async () => {
    const { server, group } = await connect({
      tools: [{ name: 'wait', does: { type: 'sleepUntilCancelled' } }],
    });
    const controller = new AbortController();
    const going = generateText({
      model: scriptedModel({ name: 'box__wait' }, 'Done.'),
      tools: aiSdkToolkit(group).tools,
      prompt: 'Go.',
      stopWhen: isStepCount(2),
      abortSignal: controller.signal,
    });
    const outcome = Promise.allSettled([going]);
    await eventually('the call is running', () => requestsOf(server, 'tools/call').length === 1);
    controller.abort();
    const [{ status }] = await outcome;
    expect(status).toBe('rejected');
    await eventually('the server heard of it', () => server.cancelled.length === 1);
  });

  it('report progress to the program', async () => {
    const reports: unknown[] = [];
    await converse(
      { tools: [{ name: 'work', does: { type: 'progress', steps: 3 } }] },
      [{ name: 'box__work' }, 'Done.'],
      { onProgress: ({ progress }, call) => reports.push([progress, call]) },
    );
    const call = { tool: 'box__work', callId: 'call-0' };
    expect(reports).toEqual([1, 2, 3].map((progress) => [progress, call]));
  });

  it('give what they report as preliminary results, when asked to', async () => {
    const { group } = await connect({
      tools: [{ name: 'work', does: { type: 'progress', steps: 2, everyMs: 20 } }],
    });
    const model = scriptedModel({ name: 'box__work', args: { a: 1 } }, 'Done.');
    const { stream } = streamText({
      model,
      tools: aiSdkToolkit(group, { preliminaryResults: true }).tools,
      prompt: 'Go.',
      stopWhen: isStepCount(2),
    });
    const early: unknown[] = [];
    const final: unknown[] = [];
    for await (const part of stream) {
      if (part.type === 'tool-result') (part.preliminary === true ? early : final).push(part.output);
    }
    expect(early).toContainEqual({ content: [], progress: expect.objectContaining({ progress: 2 }) });
    expect(final).toEqual([expect.objectContaining({ content: [{ type: 'text', text: '{"a":1}' }] })]);
    expect(toolOutputs(model.doStreamCalls[1]?.prompt)).toEqual({
      box__work: { type: 'text', value: '{"a":1}' },
    });
  });

  it('fail as preliminary results fail', async () => {
    const { told } = await converse(
      { tools: [{ name: 'save', does: { type: 'error', message: 'No.' } }] },
      [{ name: 'box__save' }, 'Sorry.'],
      { preliminaryResults: true },
    );
    expect(told).toEqual({ box__save: { type: 'error-text', value: 'Error: No.' } });
  });
});
