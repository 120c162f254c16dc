import type OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { ServerScript } from '../../../src/testing/index.ts';
import {
  openaiToolkit,
  type HandleOptions,
  type OpenaiToolkitOptions,
} from '../../../src/toolkit/openai/index.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { ODD_TOOLS, EVERY_KIND, PDF, PNG } from '../support/odd-tools.ts';
import type { ScriptedCall } from './chat-endpoint.ts';
import { serveResponses } from './responses-endpoint.ts';

type Item = OpenAI.Responses.ResponseInputItem;

/** One turn with calls and one that ends it, over one server. */
async function converse(
  script: ServerScript,
  calls: ScriptedCall[],
  options: OpenaiToolkitOptions = {},
  handling: HandleOptions = {},
) {
  const server = local(script);
  const group = await connectGroup({ servers: { box: { server } } });
  const { responses } = openaiToolkit(group, options);
  const endpoint = await serveResponses(calls, 'Done.');
  const input: Item[] = [{ role: 'user', content: 'Go.' }];
  const ask = (): Promise<OpenAI.Responses.Response> =>
    endpoint.client.responses.create({ model: 'm', input, tools: responses.tools });
  const first = await ask();
  const handled = await responses.handleToolCalls(first, handling);
  input.push(...(first.output as Item[]), ...handled.items);
  const last = await ask();
  return { server, endpoint, handled, last, told: handled.items.map(({ output }) => output) };
}

function call(name: string, args: ScriptedCall['args'] = {}, id = 'call_1'): ScriptedCall {
  return { id, name: `box__${name}`, args };
}

describe('M9 OpenAI Responses', () => {
  it('calls tools side by side and answers each', async () => {
    const script: ServerScript = {
      tools: [{ name: 'slow', does: { type: 'slow', ms: 50 } }, { name: 'echo' }],
    };
    const { handled, last } = await converse(script, [
      call('slow', { a: 1 }, 'call_1'),
      call('echo', { b: 2 }, 'call_2'),
    ]);
    expect(handled.items).toEqual([
      { type: 'function_call_output', call_id: 'call_1', output: '{"a":1}' },
      { type: 'function_call_output', call_id: 'call_2', output: '{"b":2}' },
    ]);
    expect(last.output_text).toBe('Done.');
  });

  it('shows tools that the API takes, whatever their schemas, and always says whether they are strict', async () => {
    const calls = ODD_TOOLS.map(({ tool, args }, nr) =>
      call(tool.name, tool.name === 'union' ? { arguments: args } : args, `call_${nr}`),
    );
    const { endpoint, told } = await converse({ tools: ODD_TOOLS.map(({ tool }) => tool) }, calls);
    expect(told).toEqual(ODD_TOOLS.map(({ args }) => JSON.stringify(args)));
    const sent = endpoint.bodies[0]?.['tools'] as { strict: unknown }[];
    expect(sent.map(({ strict }) => strict)).toEqual([false, false, true, false, false]);
  });

  it('shows images and PDF to the model, says the rest in words and has it beside', async () => {
    const { told, handled } = await converse({ tools: [EVERY_KIND] }, [call('every')]);
    expect(told[0]).toEqual([
      { type: 'input_text', text: 'hello' },
      { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' },
      { type: 'input_text', text: expect.stringContaining('image/tiff') },
      { type: 'input_text', text: expect.stringContaining('audio/wav') },
      { type: 'input_text', text: expect.stringContaining('file:///a.txt') },
      { type: 'input_text', text: expect.stringContaining('inside') },
      { type: 'input_file', filename: 'c.pdf', file_data: `data:application/pdf;base64,${PDF}` },
      { type: 'input_text', text: expect.stringContaining('file:///d.bin') },
      { type: 'input_text', text: ' ' },
      { type: 'input_text', text: '{"total":7}' },
    ]);
    expect(handled.calls[0]?.beside.map(({ type }) => type)).toEqual([
      'image',
      'audio',
      'resource-link',
      'resource-text',
      'resource-blob',
    ]);
  });

  it('tells the model what goes wrong', async () => {
    const image = { type: 'image', data: PNG, mimeType: 'image/png' };
    const script: ServerScript = {
      tools: [
        { name: 'fails', does: { type: 'error', message: 'disk full' } },
        { name: 'screenshot', does: { type: 'result', result: { content: [image], isError: true } } },
        { name: 'hang', does: { type: 'sleepUntilCancelled' } },
      ],
    };
    const calls = ['fails', 'screenshot', 'hang', 'absent'].map((name, nr) => call(name, {}, `call_${nr}`));
    const { server, told } = await converse(script, [...calls, call('fails', '{"a', 'call_4')], {
      timeoutMs: 300,
    });
    expect(told[0]).toBe('Error: disk full');
    expect(told[1]).toEqual([
      { type: 'input_text', text: 'Error: the tool failed and gave no reason.' },
      { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' },
    ]);
    expect(told[2]).toMatch(/^Error: .*in time/);
    expect(told[3]).toMatch(/^Error: .*box__absent/);
    expect(told[4]).toMatch(/^Error: .*argument/);
    expect(requestsOf(server, 'tools/call')).toHaveLength(3);
  });

  it('carries out nothing that was cut off, nor functions of a namespace; says who called', async () => {
    const server = local({ tools: tools('echo') });
    const group = await connectGroup({ servers: { box: { server } } });
    const made = { type: 'function_call' as const, name: 'box__echo', arguments: '{}' };
    const { items } = await openaiToolkit(group).responses.handleToolCalls({
      output: [
        { ...made, call_id: '1', status: 'incomplete' },
        { ...made, call_id: '2', namespace: 'crm' },
        { ...made, call_id: '3', caller: { type: 'program', caller_id: 'p' } },
        { type: 'reasoning', id: 'r', summary: [] },
      ],
    });
    expect(items).toEqual([
      { type: 'function_call_output', call_id: '1', output: expect.stringMatching(/^Error: .*cut off/) },
      {
        type: 'function_call_output',
        call_id: '3',
        output: '{}',
        caller: { type: 'program', caller_id: 'p' },
      },
    ]);
    expect(requestsOf(server, 'tools/call')).toHaveLength(1);
  });
});
