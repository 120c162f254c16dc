import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport, Server } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mcpToolkit } from '../../../src/toolkit/mcp/index.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';

async function connect(script: ServerScript) {
  const server = local(script);
  const group = await connectGroup({ servers: { box: { server } } });
  return { server, group };
}

describe('M9 plain definitions', () => {
  it('are those of the servers under the exposed names, and nothing more', async () => {
    const { group } = await connect({
      tools: [
        {
          name: 'pay',
          title: 'Pay',
          description: 'Pays a bill.',
          inputSchema: { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] },
          outputSchema: { type: 'object', properties: { paid: { type: 'boolean' } } },
          annotations: { destructiveHint: true },
          _meta: { secret: 1 },
        },
        { name: 'list' },
      ],
    });
    expect(mcpToolkit(group).tools).toEqual([
      {
        name: 'box__pay',
        title: 'Pay',
        description: 'Pays a bill.',
        inputSchema: { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] },
        outputSchema: { type: 'object', properties: { paid: { type: 'boolean' } } },
        annotations: { destructiveHint: true },
      },
      { name: 'box__list', inputSchema: { type: 'object' } },
    ]);
  });

  it('follow the catalog, while a snapshot stays', async () => {
    const { server, group } = await connect({ tools: tools('old') });
    const kit = mcpToolkit(group);
    const before = kit.snapshot();
    server.setTools(tools('old', 'new'));
    await eventually('the new tool', () => kit.tools.length === 2);
    expect(before.tools.map(({ name }) => name)).toEqual(['box__old']);
  });

  it('belong to who reads them: changing a list changes no other', async () => {
    const { group } = await connect({ tools: tools('a') });
    const kit = mcpToolkit(group);
    kit.tools.pop();
    expect(kit.tools).toHaveLength(1);
  });
});

describe('M9 calls in the words of MCP', () => {
  it('give the result of the server as it is', async () => {
    const { group } = await connect({ tools: tools('echo') });
    const result = await mcpToolkit(group).callTool({ name: 'box__echo', arguments: { a: 1 } });
    expect(result.content).toEqual([{ type: 'text', text: '{"a":1}' }]);
  });

  it('that fail are results with isError', async () => {
    const { group } = await connect({
      tools: [
        { name: 'save', does: { type: 'error', message: 'The disk is full.' } },
        { name: 'hang', does: { type: 'hang' } },
      ],
    });
    const kit = mcpToolkit(group, { timeoutMs: 50 });
    expect(await kit.callTool({ name: 'box__save' })).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'The disk is full.' }],
    });
    expect(await kit.callTool({ name: 'box__hang' })).toMatchObject({ isError: true });
    expect(await kit.callTool({ name: 'box__none' })).toMatchObject({ isError: true });
  });

  it('that the caller gives up reject, and the server hears of it', async () => {
    const { server, group } = await connect({
      tools: [{ name: 'wait', does: { type: 'sleepUntilCancelled' } }],
    });
    const controller = new AbortController();
    const going = failureOf(mcpToolkit(group).callTool({ name: 'box__wait' }, { signal: controller.signal }));
    await eventually('the call is running', () => requestsOf(server, 'tools/call').length === 1);
    controller.abort();
    expect((await going).code).toBe('ABORTED');
    await eventually('the server heard of it', () => server.cancelled.length === 1);
  });

  it('serve a group again, as one server', async () => {
    const { group } = await connect({ tools: tools('echo') });
    const kit = mcpToolkit(group);
    const gateway = new Server({ name: 'gateway', version: '1.0.0' }, { capabilities: { tools: {} } });
    gateway.setRequestHandler('tools/list', () => kit.listTools());
    gateway.setRequestHandler('tools/call', ({ params }, { mcpReq }) =>
      kit.callTool(params, { signal: mcpReq.signal }),
    );
    const [near, far] = InMemoryTransport.createLinkedPair();
    await gateway.connect(far);
    const client = new Client({ name: 'test', version: '1.0.0' });
    await client.connect(near);
    onTestFinished(async () => {
      await client.close();
      await gateway.close();
    });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['box__echo']);
    expect(await client.callTool({ name: 'box__echo', arguments: { a: 1 } })).toMatchObject({
      content: [{ type: 'text', text: '{"a":1}' }],
    });
  });

  it.each([
    ['the name and the arguments', ['box__echo', { a: 1 }]],
    ['nothing', []],
    ['null', [null]],
    ['an object without a name', [{ arguments: {} }]],
    ['a name that is no text', [{ name: 7 }]],
  ])('a call of %s is refused with what is wanted, and nothing is called', async (_, args) => {
    const { group, server } = await connect({ tools: tools('echo') });
    const call = async (): Promise<unknown> => Reflect.apply(mcpToolkit(group).callTool, undefined, args);
    const error = await failureOf(call());
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain('{ name, arguments }');
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });
});
