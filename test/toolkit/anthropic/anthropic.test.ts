import type Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import type { ServerScript } from '../../../src/testing/index.ts';
import {
  anthropicToolkit,
  type AnthropicToolkitOptions,
  type HandleOptions,
} from '../../../src/toolkit/anthropic/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { BROKEN_TOOLS, EVERY_KIND, ODD_TOOLS, PDF, PNG } from '../support/odd-tools.ts';
import { serveMessages, type ScriptedUse, type Turn } from './messages-endpoint.ts';

async function connect(script: ServerScript) {
  const server = local(script);
  return { server, group: await connectGroup({ servers: { box: { server } } }) };
}

/** One turn with uses and one that ends it, over one server: what came of the uses. */
async function converse(
  script: ServerScript,
  turn: Turn,
  options: AnthropicToolkitOptions = {},
  handling: HandleOptions = {},
) {
  const { server, group } = await connect(script);
  const kit = anthropicToolkit(group, options);
  const endpoint = await serveMessages(turn, 'Done.');
  const messages: Anthropic.Messages.MessageParam[] = [{ role: 'user', content: 'Go.' }];
  const ask = (): Promise<Anthropic.Messages.Message> =>
    endpoint.client.messages.create({ model: 'm', max_tokens: 10, messages, tools: kit.tools });
  const first = await ask();
  const handled = await kit.handleToolUse(first, handling);
  messages.push({ role: 'assistant', content: first.content }, ...handled.messages);
  const last = await ask();
  const told = handled.messages.flatMap(({ content }) => content);
  return { server, kit, endpoint, handled, last, told };
}

function use(name: string, input: unknown = {}, id = 'toolu_1'): ScriptedUse {
  return { id, name: `box__${name}`, input };
}

/** The name under which a property is shown whose own the API refuses. */
function standIn(kit: { tools: Anthropic.Messages.Tool[] }, tool: string, property: string): string {
  const schema = kit.tools.find(({ name }) => name === tool)?.input_schema.properties as Record<
    string,
    object
  >;
  return (
    Object.keys(schema).find((name) =>
      JSON.stringify(schema[name]).includes(`Stands for \\"${property}\\"`),
    ) ?? ''
  );
}

describe('M9 Anthropic: a conversation', () => {
  it('calls tools of several servers side by side and answers all in one message', async () => {
    const weather = local({ tools: [{ name: 'get', does: { type: 'slow', ms: 60 } }] });
    const clock = local({ tools: [{ name: 'get', does: { type: 'text', text: 'noon' } }] });
    const group = await connectGroup({ servers: { weather: { server: weather }, clock: { server: clock } } });
    const kit = anthropicToolkit(group);
    const { client } = await serveMessages(
      [
        { id: 'toolu_a', name: 'weather__get', input: { city: 'Bern' } },
        { id: 'toolu_b', name: 'clock__get', input: {} },
      ],
      'It is noon in Bern.',
    );
    const messages: Anthropic.Messages.MessageParam[] = [{ role: 'user', content: 'What is it like?' }];
    for (;;) {
      const message = await client.messages.create({
        model: 'm',
        max_tokens: 10,
        messages,
        tools: kit.tools,
      });
      messages.push({ role: 'assistant', content: message.content });
      const { messages: answers } = await kit.handleToolUse(message);
      if (answers.length === 0) break;
      messages.push(...answers);
    }
    expect(messages).toHaveLength(4);
    expect(messages[2]).toEqual({
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_a', content: '{"city":"Bern"}' },
        { type: 'tool_result', tool_use_id: 'toolu_b', content: 'noon' },
      ],
    });
  });

  it('shows tools that the API takes, whatever their schemas, and sends servers what they understand', async () => {
    const { group } = await connect({ tools: ODD_TOOLS.map(({ tool }) => tool) });
    const kit = anthropicToolkit(group);
    const filter = standIn(kit, 'box__odata', '$filter');
    const uses = ODD_TOOLS.map(({ tool, args }, nr) => {
      const { $filter, ...rest } = args;
      const renamed = $filter === undefined ? rest : { [filter]: $filter, ...rest };
      return use(tool.name, tool.name === 'union' ? { arguments: renamed } : renamed, `toolu_${nr}`);
    });
    const { told, kit: same } = await converse({ tools: ODD_TOOLS.map(({ tool }) => tool) }, uses);
    expect(same.problems).toEqual([]);
    expect(told.map(({ content }) => content)).toEqual(ODD_TOOLS.map(({ args }) => JSON.stringify(args)));
  });

  it('leaves out what cannot be expressed, says why, and goes on with the rest', async () => {
    const { kit, endpoint } = await converse({ tools: [...BROKEN_TOOLS, ...tools('fine')] }, [use('fine')]);
    expect(kit.problems).toEqual([
      {
        tool: 'box__elsewhere',
        server: 'box',
        problem: expect.stringContaining('cannot be put to Anthropic'),
      },
      { tool: 'box__nonsense', server: 'box', problem: expect.stringContaining('#/properties/a') },
    ]);
    expect(endpoint.bodies[0]?.['tools']).toHaveLength(1);
  });

  it('leaves out names that the API refuses', async () => {
    const server = local({ tools: tools('files.read', 'list') });
    const group = await connectGroup({ servers: { box: { server } }, naming: 'bare' });
    const { tools: shown, problems } = anthropicToolkit(group);
    expect(shown.map(({ name }) => name)).toEqual(['list']);
    expect(problems).toEqual([
      { tool: 'files.read', server: 'box', problem: expect.stringContaining('name') },
    ]);
  });
});

describe('M9 Anthropic: results', () => {
  it('are blocks of their kind; what the API has no block for is said in words and kept beside', async () => {
    const { told, handled } = await converse({ tools: [EVERY_KIND] }, [use('every')]);
    const png = { type: 'base64', media_type: 'image/png', data: PNG };
    expect(told[0]?.content).toEqual([
      { type: 'text', text: 'hello' },
      { type: 'image', source: png },
      { type: 'text', text: expect.stringContaining('image/tiff') },
      { type: 'text', text: expect.stringContaining('audio/wav') },
      { type: 'text', text: expect.stringContaining('file:///a.txt') },
      {
        type: 'document',
        title: 'file:///b.txt',
        source: { type: 'text', media_type: 'text/plain', data: 'inside' },
      },
      {
        type: 'document',
        title: 'file:///c.pdf',
        source: { type: 'base64', media_type: 'application/pdf', data: PDF },
      },
      { type: 'text', text: expect.stringContaining('file:///d.bin') },
      { type: 'text', text: '{"total":7}' },
    ]);
    expect(handled.calls[0]?.beside.map(({ type }) => type)).toEqual([
      'image',
      'audio',
      'resource-link',
      'resource-blob',
    ]);
  });

  it('with nothing to read have no content', async () => {
    const script: ServerScript = {
      tools: [
        { name: 'none', does: { type: 'result', result: { content: [] } } },
        { name: 'blank', does: { type: 'text', text: '\n ' } },
      ],
    };
    const { told } = await converse(script, [use('none', {}, 'toolu_1'), use('blank', {}, 'toolu_2')]);
    expect(told).toEqual([
      { type: 'tool_result', tool_use_id: 'toolu_1' },
      { type: 'tool_result', tool_use_id: 'toolu_2' },
    ]);
  });

  it('that are failures are texts only, whatever came with them', async () => {
    const image = { type: 'image', data: PNG, mimeType: 'image/png' };
    const script: ServerScript = {
      tools: [
        { name: 'fails', does: { type: 'error', message: 'disk full' } },
        { name: 'screenshot', does: { type: 'result', result: { content: [image], isError: true } } },
        { name: 'mute', does: { type: 'result', result: { content: [], isError: true } } },
      ],
    };
    const uses = ['fails', 'screenshot', 'mute'].map((name, nr) => use(name, {}, `toolu_${nr}`));
    const { told, handled } = await converse(script, uses);
    expect(told).toEqual([
      { type: 'tool_result', tool_use_id: 'toolu_0', is_error: true, content: 'disk full' },
      {
        type: 'tool_result',
        tool_use_id: 'toolu_1',
        is_error: true,
        content: expect.stringContaining('image/png'),
      },
      {
        type: 'tool_result',
        tool_use_id: 'toolu_2',
        is_error: true,
        content: expect.stringContaining('no reason'),
      },
    ]);
    expect(handled.calls[1]?.beside).toEqual([image]);
  });
});

describe('M9 Anthropic: what goes wrong is told to the model', () => {
  it('arguments that are none, tools that there are not, calls that take too long', async () => {
    const script: ServerScript = {
      tools: [{ name: 'hang', does: { type: 'sleepUntilCancelled' } }, { name: 'echo' }],
    };
    const uses = [
      use('echo', '{"a', 'toolu_0'),
      use('echo', [1], 'toolu_1'),
      use('ecko', {}, 'toolu_2'),
      use('hang', {}, 'toolu_3'),
      use('echo', {}, 'toolu_4'),
    ];
    const { server, told } = await converse(script, uses, { timeoutMs: 300 });
    expect(told.map((block) => block.is_error === true)).toEqual([true, true, true, true, false]);
    expect(told[0]?.content).toContain('JSON');
    expect(told[1]?.content).toContain('object');
    expect(told[2]?.content).toContain('"box__echo"');
    expect(told[3]?.content).toContain('in time');
    expect(requestsOf(server, 'tools/call')).toHaveLength(2);
  });

  it('a use that was cut off, which does not run; those before it do', async () => {
    const uses = [use('echo', { a: 1 }, 'toolu_0'), use('echo', {}, 'toolu_1')];
    const { server, told } = await converse({ tools: tools('echo') }, { uses, stop: 'max_tokens' });
    expect(told).toEqual([
      { type: 'tool_result', tool_use_id: 'toolu_0', content: '{"a":1}' },
      {
        type: 'tool_result',
        tool_use_id: 'toolu_1',
        is_error: true,
        content: expect.stringContaining('cut off'),
      },
    ]);
    expect(requestsOf(server, 'tools/call')).toHaveLength(1);
  });
});

describe('M9 Anthropic: handling uses', () => {
  const block = { type: 'tool_use' as const, input: {}, caller: { type: 'direct' as const } };

  it('leaves uses of other tools to the caller who has them', async () => {
    const { group } = await connect({ tools: tools('echo') });
    const content = [
      { ...block, id: '1', name: 'mine' },
      { ...block, id: '2', name: 'box__echo' },
      { ...block, id: '3', name: 'box__echo', toolset_name: 'browser' },
    ];
    const kit = anthropicToolkit(group);
    const { messages } = await kit.handleToolUse({ content }, { leaveUnknown: true });
    expect(messages).toEqual([
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: '2', content: '{}' }] },
    ]);
    expect(await kit.handleToolUse({ content: [] })).toEqual({ messages: [], calls: [] });
  });

  it('reports the progress of each use', async () => {
    const seen: string[] = [];
    const script: ServerScript = { tools: [{ name: 'steps', does: { type: 'progress', steps: 2 } }] };
    const onProgress: HandleOptions['onProgress'] = ({ progress }, { tool, callId }) =>
      seen.push(`${callId} ${tool} ${progress}`);
    await converse(script, [use('steps', {}, 'toolu_1'), use('steps', {}, 'toolu_2')], {}, { onProgress });
    expect(seen.toSorted()).toEqual(
      ['toolu_1', 'toolu_2'].flatMap((id) => [`${id} box__steps 1`, `${id} box__steps 2`]),
    );
  });

  it('is given up as a whole by its caller, and servers are told', async () => {
    const { server, group } = await connect({
      tools: [{ name: 'hang', does: { type: 'sleepUntilCancelled' } }],
    });
    const abort = new AbortController();
    const content = [
      { ...block, id: '1', name: 'box__hang' },
      { ...block, id: '2', name: 'box__hang' },
    ];
    const pending = anthropicToolkit(group).handleToolUse({ content }, { signal: abort.signal });
    await eventually('both calls', () => requestsOf(server, 'tools/call').length === 2);
    abort.abort();
    expect((await failureOf(pending)).code).toBe('ABORTED');
    await eventually('both are cancelled', () => server.cancelled.length === 2);
  });

  it('follows the catalog, while a snapshot stays', async () => {
    const { server, group } = await connect({ tools: tools('echo') });
    const kit = anthropicToolkit(group);
    const before = kit.snapshot();
    server.setTools([{ name: 'new' }]);
    await eventually('the new tool', () => kit.tools.some(({ name }) => name === 'box__new'));
    expect(before.tools.map(({ name }) => name)).toEqual(['box__echo']);
    const { messages } = await before.handleToolUse({ content: [{ ...block, id: '1', name: 'box__echo' }] });
    expect(messages[0]?.content[0]).toMatchObject({
      is_error: true,
      content: expect.stringContaining('box__new'),
    });
  });

  it('refuses options that make no sense', async () => {
    const { group } = await connect({});
    expect(thrownBy(() => anthropicToolkit(group, { timeoutMs: -1 })).code).toBe('CONFIG_INVALID');
  });
});

describe('the scripted endpoint', () => {
  it.each(
    [...ODD_TOOLS.map(({ tool }) => tool), ...BROKEN_TOOLS].filter(
      ({ name }) => !['bare', 'recursive'].includes(name),
    ),
  )('refuses $name as its server has it', async ({ name, inputSchema = {} }) => {
    const { client } = await serveMessages('Hello.');
    const request = client.messages.create({
      model: 'm',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Go.' }],
      tools: [{ name, input_schema: inputSchema as Anthropic.Messages.Tool.InputSchema }],
    });
    await expect(request).rejects.toMatchObject({ status: 400 });
  });

  it('refuses a use that is not answered', async () => {
    const { client } = await serveMessages('Hello.');
    const messages: Anthropic.Messages.MessageParam[] = [
      { role: 'user', content: 'Go.' },
      { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'a', input: {} }] },
      { role: 'user', content: 'Well?' },
    ];
    const request = client.messages.create({ model: 'm', max_tokens: 10, messages });
    await expect(request).rejects.toMatchObject({ status: 400 });
  });
});
