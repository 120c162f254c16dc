import type OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { ScriptedTool, ServerScript } from '../../../src/testing/index.ts';
import {
  openaiToolkit,
  type HandleOptions,
  type OpenaiToolkitOptions,
} from '../../../src/toolkit/openai/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { BROKEN_TOOLS, EVERY_KIND, ODD_TOOLS, PNG } from '../support/odd-tools.ts';
import { serveChat, type ScriptedCall } from './chat-endpoint.ts';

type Message = OpenAI.Chat.Completions.ChatCompletionMessageParam;

async function connect(script: ServerScript) {
  const server = local(script);
  return { server, group: await connectGroup({ servers: { box: { server } } }) };
}

/** One turn with calls and one that ends it, over one server: what came of the calls. */
async function converse(
  script: ServerScript,
  calls: ScriptedCall[],
  options: OpenaiToolkitOptions = {},
  handling: HandleOptions = {},
) {
  const { server, group } = await connect(script);
  const kit = openaiToolkit(group, options);
  const endpoint = await serveChat(calls, 'Done.');
  const messages: Message[] = [{ role: 'user', content: 'Go.' }];
  const ask = async (): Promise<OpenAI.Chat.Completions.ChatCompletionMessage> => {
    const completion = await endpoint.client.chat.completions.create({
      model: 'm',
      messages,
      tools: kit.tools,
    });
    const message = completion.choices[0]?.message;
    if (message === undefined) throw new Error('No message');
    messages.push(message);
    return message;
  };
  const handled = await kit.handleToolCalls(await ask(), handling);
  messages.push(...handled.messages);
  const last = await ask();
  return { server, kit, endpoint, handled, last, told: handled.messages.map(({ content }) => content) };
}

function call(name: string, args: ScriptedCall['args'] = {}, id = 'call_1'): ScriptedCall {
  return { id, name: `box__${name}`, args };
}

describe('M9 OpenAI Chat Completions: a conversation', () => {
  it('calls tools of several servers side by side and answers in the order of the calls', async () => {
    const weather = local({ tools: [{ name: 'get', does: { type: 'slow', ms: 60 } }] });
    const clock = local({ tools: [{ name: 'get', does: { type: 'text', text: 'noon' } }] });
    const group = await connectGroup({ servers: { weather: { server: weather }, clock: { server: clock } } });
    const kit = openaiToolkit(group);
    const endpoint = await serveChat(
      [
        { id: 'call_a', name: 'weather__get', args: { city: 'Bern' } },
        { id: 'call_b', name: 'clock__get', args: '' },
      ],
      'It is noon in Bern.',
    );
    const messages: Message[] = [{ role: 'user', content: 'What is it like?' }];
    for (;;) {
      const completion = await endpoint.client.chat.completions.create({
        model: 'm',
        messages,
        tools: kit.tools,
      });
      const message = completion.choices[0]?.message;
      if (message === undefined) throw new Error('No message');
      messages.push(message);
      const { messages: answers } = await kit.handleToolCalls(message);
      if (answers.length === 0) break;
      messages.push(...answers);
    }
    expect(messages.at(-1)?.content).toBe('It is noon in Bern.');
    expect(messages.slice(2, 4)).toEqual([
      { role: 'tool', tool_call_id: 'call_a', content: '{"city":"Bern"}' },
      { role: 'tool', tool_call_id: 'call_b', content: 'noon' },
    ]);
  });

  it('shows tools that the API takes, whatever their schemas, and sends servers what they understand', async () => {
    const calls = ODD_TOOLS.map(({ tool, args }, nr) =>
      call(tool.name, tool.name === 'union' ? { arguments: args } : args, `call_${nr}`),
    );
    const { server, kit, told } = await converse({ tools: ODD_TOOLS.map(({ tool }) => tool) }, calls);
    expect(kit.problems).toEqual([]);
    expect(told).toEqual(ODD_TOOLS.map(({ args }) => JSON.stringify(args)));
    const sent = requestsOf(server, 'tools/call').map(({ params }) => params?.['arguments'] ?? {});
    expect(sent).toEqual(expect.arrayContaining(ODD_TOOLS.map(({ args }) => args)));
  });

  it('leaves out what cannot be expressed, says why, and goes on with the rest', async () => {
    const { kit, endpoint } = await converse({ tools: [...BROKEN_TOOLS, ...tools('fine')] }, [call('fine')]);
    expect(kit.problems).toEqual([
      {
        tool: 'box__elsewhere',
        server: 'box',
        problem: expect.stringContaining('https://example.com/a.json'),
      },
      { tool: 'box__nonsense', server: 'box', problem: expect.stringContaining('#/properties/a') },
    ]);
    expect(endpoint.bodies[0]?.['tools']).toHaveLength(1);
  });

  it('leaves out names that the API refuses', async () => {
    const server = local({ tools: tools('files.read', 'list') });
    const group = await connectGroup({ servers: { box: { server } }, naming: 'bare' });
    const kit = openaiToolkit(group);
    expect(kit.tools.map((tool) => tool.function.name)).toEqual(['list']);
    expect(kit.problems).toEqual([
      { tool: 'files.read', server: 'box', problem: expect.stringContaining('name') },
    ]);
  });

  it('shows as many tools as a request takes', async () => {
    const { kit } = await converse({ fillerTools: 130 }, [call('filler_0')]);
    expect(kit.tools).toHaveLength(128);
    expect(kit.problems).toHaveLength(2);
    expect(kit.problems[0]?.problem).toContain('128');
    const { group } = await connect({ fillerTools: 3 });
    expect(openaiToolkit(group, { maxTools: 2 }).tools).toHaveLength(2);
  });

  it('has the title where there is no description', async () => {
    const { group } = await connect({
      tools: [
        { name: 'a', title: 'A', description: 'Does A.' },
        { name: 'b', title: 'B' },
      ],
    });
    expect(openaiToolkit(group).tools.map((tool) => tool.function.description)).toEqual(['Does A.', 'B']);
  });
});

describe('M9 OpenAI strict mode', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'string' }, b: { type: 'number' } },
    required: ['a'],
  };
  const closed: ScriptedTool = { name: 'closed', inputSchema: { ...schema, additionalProperties: false } };
  const silent: ScriptedTool = { name: 'silent', inputSchema: schema };
  const script = { tools: [closed, silent] };
  const strictness = ({ bodies }: { bodies: readonly Record<string, unknown>[] }): boolean[] =>
    ((bodies[0] ?? {})['tools'] as { function: { strict: boolean } }[]).map((tool) => tool.function.strict);

  it('is on where it changes nothing, and what the model had to leave null is left out', async () => {
    const { endpoint, told } = await converse(script, [call('closed', { a: 'x', b: null })]);
    expect(strictness(endpoint)).toEqual([true, false]);
    expect(told).toEqual(['{"a":"x"}']);
  });

  it('is on for tools that are silent about other arguments when the program wants it', async () => {
    const { endpoint, told } = await converse(script, [call('silent', { a: 'x', b: null })], {
      strict: 'closed',
    });
    expect(strictness(endpoint)).toEqual([true, true]);
    expect(told).toEqual(['{"a":"x"}']);
  });

  it('is off when the program wants that', async () => {
    const { endpoint, told } = await converse(script, [call('closed', { a: 'x' })], { strict: 'never' });
    expect(strictness(endpoint)).toEqual([false, false]);
    expect(told).toEqual(['{"a":"x"}']);
  });
});

describe('M9 OpenAI Chat Completions: results', () => {
  it('are texts, with in words what a tool message cannot hold, and that beside', async () => {
    const { told, handled } = await converse({ tools: [EVERY_KIND] }, [call('every')]);
    const texts = (told[0] as { text: string }[]).map(({ text }) => text);
    expect(texts[0]).toBe('hello');
    expect(texts[1]).toMatch(/^\[image: image\/png, \d+ bytes; /);
    expect(texts[3]).toContain('audio/wav');
    expect(texts[4]).toContain('file:///a.txt');
    expect(texts[5]).toContain('inside');
    expect(texts.at(-1)).toBe('{"total":7}');
    expect(handled.calls[0]?.beside.map(({ type }) => type)).toEqual([
      'image',
      'image',
      'audio',
      'resource-link',
      'resource-text',
      'resource-blob',
      'resource-blob',
    ]);
    expect(handled.calls[0]?.result.structuredContent).toEqual({ total: 7 });
  });

  it('show their images in a message of the user when the program wants it', async () => {
    const { handled } = await converse({ tools: [EVERY_KIND] }, [call('every')], { images: 'user-message' });
    expect(handled.messages[1]).toEqual({
      role: 'user',
      content: [
        { type: 'text', text: 'Images from tool "box__every", call call_1:' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
      ],
    });
  });

  it('without anything in them are empty', async () => {
    const script = { tools: [{ name: 'none', does: { type: 'result' as const, result: { content: [] } } }] };
    expect((await converse(script, [call('none')])).told).toEqual(['']);
  });
});

describe('M9 OpenAI Chat Completions: what goes wrong is told to the model', () => {
  it('a tool that failed', async () => {
    const script: ServerScript = {
      tools: [
        { name: 'fails', does: { type: 'error', message: 'disk full' } },
        { name: 'mute', does: { type: 'result', result: { content: [], isError: true } } },
        { name: 'says', does: { type: 'error', message: 'Error: no such file' } },
      ],
    };
    const calls = [call('fails', {}, 'call_1'), call('mute', {}, 'call_2'), call('says', {}, 'call_3')];
    const { told, handled } = await converse(script, calls);
    expect(told).toEqual([
      'Error: disk full',
      'Error: the tool failed and gave no reason.',
      'Error: no such file',
    ]);
    expect(handled.calls[0]?.result.isError).toBe(true);
  });

  it.each([
    ['cut off', '{"a": "x'],
    ['a list', '[1]'],
    ['a text', '"x"'],
    ['null bytes', '\u0000'],
  ])('arguments that are none: %s', async (_what, args) => {
    const { server, told } = await converse({ tools: tools('echo') }, [call('echo', args)]);
    expect(told[0]).toMatch(/^Error: .*argument/);
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('no arguments at all are none', async () => {
    const { told } = await converse({ tools: tools('echo') }, [call('echo', '  ')]);
    expect(told).toEqual(['{}']);
  });

  it('a tool that there is not, with the nearest one', async () => {
    const { told } = await converse({ tools: tools('forecast') }, [call('forecasts')]);
    expect(told[0]).toMatch(/^Error: .*box__forecasts.*box__forecast"/);
  });

  it('a tool that was not shown, though there is one', async () => {
    const { server, told } = await converse({ tools: [...BROKEN_TOOLS, ...tools('fine')] }, [
      call('elsewhere'),
    ]);
    expect(told[0]).toMatch(/^Error: /);
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('a call that takes too long, while another is answered', async () => {
    const script: ServerScript = {
      tools: [{ name: 'hang', does: { type: 'sleepUntilCancelled' } }, { name: 'echo' }],
    };
    const calls = [call('hang', {}, 'call_1'), call('echo', {}, 'call_2')];
    const { told } = await converse(script, calls, { timeoutMs: 300 });
    expect(told[0]).toMatch(/^Error: .*in time/);
    expect(told[1]).toBe('{}');
  });
});

describe('M9 OpenAI Chat Completions: handling calls', () => {
  it('leaves calls of other tools to the caller who has them', async () => {
    const { group } = await connect({ tools: tools('echo') });
    const message = {
      tool_calls: [
        { id: '1', type: 'function' as const, function: { name: 'mine', arguments: '{}' } },
        { id: '2', type: 'function' as const, function: { name: 'box__echo', arguments: '{}' } },
        { id: '3', type: 'custom' as const, custom: { name: 'grammar', input: 'x' } },
      ],
    };
    const { messages } = await openaiToolkit(group).handleToolCalls(message, { leaveUnknown: true });
    expect(messages).toEqual([{ role: 'tool', tool_call_id: '2', content: '{}' }]);
  });

  it('makes nothing of a message without calls', async () => {
    const { group } = await connect({});
    const kit = openaiToolkit(group);
    expect(await kit.handleToolCalls({})).toEqual({ messages: [], calls: [] });
    expect(await kit.handleToolCalls({ tool_calls: null })).toEqual({ messages: [], calls: [] });
  });

  it('reports the progress of each call', async () => {
    const seen: string[] = [];
    const script: ServerScript = { tools: [{ name: 'steps', does: { type: 'progress', steps: 2 } }] };
    const calls = [call('steps', {}, 'call_1'), call('steps', {}, 'call_2')];
    await converse(
      script,
      calls,
      {},
      { onProgress: ({ progress }, { tool, callId }) => seen.push(`${callId} ${tool} ${progress}`) },
    );
    expect(seen.toSorted()).toEqual(
      ['call_1', 'call_2'].flatMap((id) => [`${id} box__steps 1`, `${id} box__steps 2`]),
    );
  });

  it('is given up as a whole by its caller, and servers are told', async () => {
    const { server, group } = await connect({
      tools: [{ name: 'hang', does: { type: 'sleepUntilCancelled' } }],
    });
    const abort = new AbortController();
    const tool = { type: 'function' as const, function: { name: 'box__hang', arguments: '{}' } };
    const pending = openaiToolkit(group).handleToolCalls(
      {
        tool_calls: [
          { id: '1', ...tool },
          { id: '2', ...tool },
        ],
      },
      { signal: abort.signal },
    );
    await eventually('both calls', () => requestsOf(server, 'tools/call').length === 2);
    abort.abort();
    expect((await failureOf(pending)).code).toBe('ABORTED');
    await eventually('both are cancelled', () => server.cancelled.length === 2);
  });

  it('follows the catalog, while a snapshot reads calls as its tools were shown', async () => {
    const optional = { type: 'object', properties: { a: { type: ['string'] } }, additionalProperties: false };
    const nullable = { ...optional, properties: { a: { type: ['string', 'null'] } }, required: ['a'] };
    const { server, group } = await connect({ tools: [{ name: 'echo', inputSchema: optional }] });
    const kit = openaiToolkit(group);
    const before = kit.snapshot();
    server.setTools([{ name: 'echo', inputSchema: nullable }, { name: 'new' }]);
    await eventually('the new tool', () => kit.tools.length === 2);
    expect(before.tools).toHaveLength(1);
    expect(before.responses.tools).toHaveLength(1);
    const message = {
      tool_calls: [
        { id: '1', type: 'function' as const, function: { name: 'box__echo', arguments: '{"a":null}' } },
      ],
    };
    expect((await before.handleToolCalls(message)).messages[0]?.content).toBe('{}');
    expect((await kit.handleToolCalls(message)).messages[0]?.content).toBe('{"a":null}');
  });

  it.each([{ strict: true }, { images: 'all' }, { maxTools: 0 }, { timeoutMs: -1 }])(
    'refuses options %j',
    async (options) => {
      const { group } = await connect({});
      expect(thrownBy(() => openaiToolkit(group, options as OpenaiToolkitOptions)).code).toBe(
        'CONFIG_INVALID',
      );
    },
  );
});

describe('the scripted endpoint', () => {
  it.each([...ODD_TOOLS.map(({ tool }) => tool), ...BROKEN_TOOLS].filter(({ name }) => name !== 'odata'))(
    'refuses $name as its server has it',
    async ({ name, inputSchema = { type: 'object' } }) => {
      const { client } = await serveChat('Hello.');
      const tool = {
        type: 'function' as const,
        function: { name, parameters: inputSchema, strict: name === 'nonsense' },
      };
      const request = client.chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content: 'Go.' }],
        tools: [tool],
      });
      await expect(request).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining('Invalid schema'),
      });
    },
  );

  it('refuses a call that is not answered', async () => {
    const { client } = await serveChat('Hello.');
    const tool_calls = [{ id: '1', type: 'function' as const, function: { name: 'a', arguments: '{}' } }];
    const messages: Message[] = [
      { role: 'user', content: 'Go.' },
      { role: 'assistant', tool_calls },
      { role: 'user', content: 'Well?' },
    ];
    await expect(client.chat.completions.create({ model: 'm', messages })).rejects.toMatchObject({
      status: 400,
    });
  });
});
