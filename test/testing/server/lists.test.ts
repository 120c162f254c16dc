import { describe, expect, it } from 'vitest';
import { inProcess, type ServerScript } from '../../../src/testing/index.ts';
import { ERAS, connect, linked, type Mode } from '../support/clients.ts';

const tools = Array.from({ length: 5 }, (_, n) => ({ name: `t${n}` }));

async function client(script: ServerScript, mode: Mode) {
  return connect(await linked(inProcess(script)), mode);
}

describe.each(ERAS)('testing kit: lists, $era', ({ mode }) => {
  it('come in pages', async () => {
    const server = inProcess({ tools, pageSize: 2 });
    const lists = await connect(await linked(server), mode);
    // The official client follows the pages by itself.
    const all = await lists.listTools();
    expect(all.tools.map(({ name }) => name)).toEqual(['t0', 't1', 't2', 't3', 't4']);
    const asked = server.requests.filter(({ method }) => method === 'tools/list');
    expect(asked.map(({ params }) => params['cursor'])).toEqual([undefined, 'from-2', 'from-4']);
    const last = await lists.listTools({ cursor: 'from-4' });
    expect(last).toMatchObject({ tools: [{ name: 't4' }] });
    expect(last.nextCursor).toBeUndefined();
  });

  it('an unknown cursor is refused', async () => {
    const lists = await client({ tools }, mode);
    await expect(lists.listTools({ cursor: 'made up' })).rejects.toMatchObject({ code: -32602 });
  });

  it('may repeat a cursor for ever', async () => {
    const lists = await client({ tools, pageSize: 2, repeatCursor: true }, mode);
    const page = await lists.listTools({ cursor: 'again' });
    expect(page.nextCursor).toBe('again');
    expect(page.tools.map(({ name }) => name)).toEqual(['t0', 't1']);
  });

  it('may have no end', async () => {
    const lists = await client({ tools, endlessPages: true }, mode);
    const page = await lists.listTools({ cursor: 'from-1000' });
    expect(page).toMatchObject({ tools: [], nextCursor: 'from-1005' });
  });

  it('may fail, one kind alone', async () => {
    const lists = await client({ tools, prompts: [], failLists: ['prompts'] }, mode);
    await expect(lists.listPrompts()).rejects.toMatchObject({ code: -32603 });
    expect((await lists.listTools()).tools).toHaveLength(5);
  });

  it('have fillers, and definitions that are laid over', async () => {
    const odd = { name: 'odd', wire: { description: 'said otherwise' } };
    const lists = await client({ tools: [odd], fillerTools: 3 }, mode);
    const { tools: listed } = await lists.listTools();
    expect(listed.map(({ name }) => name)).toEqual(['odd', 'filler_0', 'filler_1', 'filler_2']);
    expect(listed[0]?.description).toBe('said otherwise');
    expect(await lists.callTool({ name: 'filler_2', arguments: { a: 1 } })).toMatchObject({
      content: [{ text: '{"a":1}' }],
    });
  });

  it('capabilities fit what is present', async () => {
    const some = await client({ tools, resourceTemplates: [], completions: [] }, mode);
    expect(some.getServerCapabilities()).toEqual({
      logging: {},
      tools: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      completions: {},
    });
    const none = await client({}, mode);
    expect(none.getServerCapabilities()).toEqual({ logging: {} });
  });

  it('capabilities may be a lie', async () => {
    const liar = await client({ capabilities: { tools: {}, prompts: {} }, tools }, mode);
    expect(liar.getServerCapabilities()).toEqual({ tools: {}, prompts: {} });
    await expect(liar.listPrompts()).rejects.toMatchObject({ code: -32601 });
  });

  it('resources are found by URI, or by template', async () => {
    const reader = await client(
      {
        resources: [{ uri: 'a:1', blob: 'AAAA', mimeType: 'x/y' }],
        resourceTemplates: [{ uriTemplate: 'b://{id}/end' }, { uriTemplate: 'c://{+path}', text: 'deep' }],
      },
      mode,
    );
    const read = async (uri: string) => (await reader.readResource({ uri })).contents[0];
    expect(await read('a:1')).toEqual({ uri: 'a:1', mimeType: 'x/y', blob: 'AAAA' });
    expect(await read('b://7/end')).toEqual({ uri: 'b://7/end', text: 'b://7/end' });
    expect(await read('c://x/y/z')).toEqual({ uri: 'c://x/y/z', text: 'deep' });
    await expect(read('b://7/8/end')).rejects.toThrow(/not found/i);
  });
});
