import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import type { ScriptedTool, ServerScript } from '../../../src/testing/index.ts';
import { http } from '../../support/servers.ts';
import { listening, official, openSession, post } from '../support.ts';

const ERAS = ['legacy', 'modern'] as const;
type Era = (typeof ERAS)[number];

/** Sends requests as they are, in the way of an era, and reads the answers as they are. */
async function raw(url: string, era: Era) {
  const session = era === 'legacy' ? await openSession(url) : '';
  return async (method: string, { _meta, ...params }: Record<string, unknown> = {}) => {
    const own = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const meta = { ...(era === 'modern' && own), ...(typeof _meta === 'object' && _meta) };
    const name = params['name'] ?? params['uri'];
    const response = await post(
      url,
      { jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: meta } },
      era === 'legacy'
        ? { 'mcp-session-id': session }
        : {
            'mcp-protocol-version': '2026-07-28',
            'mcp-method': method,
            ...(typeof name === 'string' && { 'mcp-name': name }),
          },
    );
    const text = await response.text();
    // Not by a pattern: some separators of lines may stand in a message.
    const data = text.split('\n').findLast((line) => line.startsWith('data: {'));
    return JSON.parse(data?.slice(6) ?? text);
  };
}

const cells = ERAS.flatMap((era) => ERAS.map((upstream) => [era, upstream] as const));

describe('W3 what a server sends', () => {
  const icons = [{ src: 'https://example.com/i.png', mimeType: 'image/png', sizes: ['48x48'] }];
  const results: Record<string, Record<string, unknown>> = {
    'unknown fields and blocks': {
      content: [
        { type: 'text', text: 'known', annotations: { audience: ['user'], priority: 0.5, odd: [] }, odd: 1 },
        { type: 'hologram', data: 'x', depth: { of: [3] } },
        { type: 'resource_link', uri: 'test://a', name: 'a', icons, size: 3 },
        { type: 'resource', resource: { uri: 'odd:x', blob: 'AA==', _meta: { 'a.example/b': 1 } } },
      ],
      structuredContent: { a: [null, { b: 1.5e300 }], '': 'empty', __proto: 1 },
      _meta: { 'example.com/trace': 'kept', plain: [1], progressToken: 'mine' },
      extra: { b: [1, null, '\u0000\u2028'] },
    },
    'an error of the tool': { content: [{ type: 'text', text: 'no' }], isError: true, why: { code: 7 } },
    'no content at all': { content: [], nothing: null },
  };
  const errors: Record<string, { code: number; message: string; data?: unknown }> = {
    'a code of its own': { code: -32099, message: 'no luck', data: { why: ['x'], nested: { a: null } } },
    'a code of JSON-RPC': { code: -32602, message: 'bad', data: 'text' },
    'no data': { code: -1, message: '' },
    'a positive code': { code: 42, message: 'odd', data: [1, 2] },
  };
  const definition = {
    title: 'Title',
    annotations: { readOnlyHint: true, title: 'A', odd: [{}] },
    _meta: { 'example.com/a': { b: [1] } },
    outputSchema: { type: 'object', 'x-odd': true },
    wire: { icons, odd: { deep: [null, 1] } },
  };
  const script = (era: Era): ServerScript => ({
    era,
    tools: [
      { name: 'defined', ...definition },
      ...Object.entries(results).map(([name, result]): ScriptedTool => ({
        name: name.replaceAll(' ', '_'),
        does: { type: 'result', result },
      })),
      ...Object.entries(errors).map(([name, error]): ScriptedTool => ({
        name: name.replaceAll(' ', '_'),
        does: { type: 'rpcError', ...error },
      })),
    ],
    prompts: [
      {
        name: 'p',
        wire: { icons, odd: [1] },
        messages: [{ role: 'user', content: { type: 'text', text: 'x', odd: 2 } }],
      },
    ],
    resources: [
      { uri: 'odd+scheme:a b%20c?q#f', name: 'r', wire: { icons, size: 5, odd: 'more' }, text: 'x' },
    ],
  });

  for (const [era, upstream] of cells)
    it(`reaches a ${era} client unchanged from a ${upstream} server`, async () => {
      const server = await http(script(upstream));
      const { url } = await listening({ servers: { s: { url: server.url } } });
      const ask = await raw(url, era);
      for (const [name, result] of Object.entries(results)) {
        const answer = await ask('tools/call', { name: `s__${name.replaceAll(' ', '_')}`, arguments: {} });
        expect(answer.result, name).toMatchObject(result);
        // Nothing but what 2026-07-28 adds to each result.
        const added = Object.keys(answer.result).filter((key) => !(key in result));
        expect(
          added.filter((key) => key !== 'resultType' && key !== '_meta'),
          name,
        ).toEqual([]);
      }
      for (const [name, error] of Object.entries(errors)) {
        const answer = await ask('tools/call', { name: `s__${name.replaceAll(' ', '_')}`, arguments: {} });
        expect(answer.error, name).toEqual(error);
      }
      const listed = (await ask('tools/list')).result.tools[0];
      const { wire, ...rest } = definition;
      expect(listed).toEqual({ ...rest, ...wire, name: 's__defined', inputSchema: { type: 'object' } });
      expect((await ask('prompts/list')).result.prompts[0]).toMatchObject({
        name: 's__p',
        icons,
        odd: [1],
      });
      const prompt = await ask('prompts/get', { name: 's__p' });
      expect(prompt.result.messages[0].content).toEqual({ type: 'text', text: 'x', odd: 2 });
      const uri = 'odd+scheme:a b%20c?q#f';
      expect((await ask('resources/list')).result.resources[0]).toMatchObject({
        uri,
        icons,
        size: 5,
        odd: 'more',
      });
      expect((await ask('resources/read', { uri })).result.contents).toEqual([{ uri, text: 'x' }]);
    });
});

describe('W4 _meta', () => {
  const ofHop = {
    'io.modelcontextprotocol/anything': 'of this hop',
    'io.modelcontextprotocol/subscriptionId': 5,
  };
  const kept = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'a=b',
    baggage: 'c=d',
    'example.com/mine': { a: [1] },
    plain: null,
  };
  for (const [era, upstream] of cells)
    it(`of a ${era} client goes on to a ${upstream} server but for what is of the hop`, async () => {
      const server = await http({
        era: upstream,
        tools: [{ name: 'echo' }],
        prompts: [{ name: 'p' }],
        resources: [{ uri: 'test://r' }],
      });
      const { url } = await listening({ servers: { s: { url: server.url } } });
      const ask = await raw(url, era);
      const requests = {
        'tools/call': { name: 's__echo', arguments: { _meta: { kept: true } } },
        'prompts/get': { name: 's__p' },
        'resources/read': { uri: 'test://r' },
      };
      for (const [method, params] of Object.entries(requests)) {
        await ask(method, { ...params, _meta: { ...kept, ...ofHop, progressToken: 'of the client' } });
        const sent = server.inspect().requests.findLast((each) => each.method === method)?.params ?? {};
        const meta = sent['_meta'];
        expect(meta, method).toMatchObject(kept);
        for (const key of Object.keys(ofHop)) expect(meta, method).not.toHaveProperty([key]);
        // The gateway asks for progress by a token of its own, and says who it is itself.
        expect(meta).not.toHaveProperty('progressToken', 'of the client');
        expect(JSON.stringify(meta)).not.toContain('"raw"');
        if (upstream === 'legacy') expect(JSON.stringify(meta)).not.toContain('io.modelcontextprotocol');
      }
    });

  it('with nothing to go on is not sent', async () => {
    const server = await http({ era: 'legacy', tools: [{ name: 'echo' }] });
    const { url } = await listening({ servers: { s: { url: server.url } } });
    for (const era of ERAS) {
      const ask = await raw(url, era);
      await ask('tools/call', { name: 's__echo', arguments: {}, _meta: ofHop });
      const sent = server.inspect().requests.findLast(({ method }) => method === 'tools/call')?.params;
      expect(sent).toEqual({ name: 'echo', arguments: {} });
    }
  });
});

describe('W9 all else that a server has', () => {
  for (const [era, upstream] of cells)
    it(`works for a ${era} client with a ${upstream} server`, async () => {
      const uri = 'test://watched';
      const server = await http({
        era: upstream,
        tools: [
          { name: 'log', does: { type: 'log', level: 'warning', data: 'said', times: 2 } },
          { name: 'update', does: { type: 'control', command: { command: 'resourceUpdated', uri } } },
          { name: 'steps', does: { type: 'progress', steps: 20 } },
        ],
        prompts: [{ name: 'greet', arguments: [{ name: 'who' }] }],
        resources: [{ uri, name: 'watched', text: 'now' }],
        resourceTemplates: [{ uriTemplate: 'test://items/{id}', name: 'items' }],
        completions: [
          { ref: 'greet', argument: 'who', values: ['ada', 'bob'] },
          { ref: 'test://items/{id}', argument: 'id', values: ['1', '2'] },
        ],
      });
      const other = await http({ era: 'legacy', tools: [{ name: 'x' }] });
      const { url } = await listening({ servers: { s: { url: server.url }, other: { url: other.url } } });
      const said: unknown[] = [];
      let updates = 0;
      const client = await official(url, era, {}, (each: Client) => {
        each.setNotificationHandler('notifications/message', ({ params }) => void said.push(params.data));
        each.setNotificationHandler('notifications/resources/updated', ({ params }) => {
          expect(params.uri).toBe(uri);
          updates++;
        });
      });
      const { resourceTemplates } = await client.listResourceTemplates();
      expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(['test://items/{id}']);
      const read = await client.readResource({ uri: 'test://items/7' });
      expect(JSON.stringify(read)).toContain('test://items/7');
      const prompt = await client.getPrompt({ name: 's__greet', arguments: { who: 'ada' } });
      expect(JSON.stringify(prompt.messages)).toContain('ada');
      const ofPrompt = await client.complete({
        ref: { type: 'ref/prompt', name: 's__greet' },
        argument: { name: 'who', value: '' },
      });
      expect(ofPrompt.completion.values).toEqual(['ada', 'bob']);
      const ofTemplate = await client.complete({
        ref: { type: 'ref/resource', uri: 'test://items/{id}' },
        argument: { name: 'id', value: '' },
      });
      expect(ofTemplate.completion.values).toEqual(['1', '2']);
      if (era === 'legacy') await client.ping();

      const log = async (level: 'info' | 'error'): Promise<void> => {
        if (era === 'legacy') await client.setLoggingLevel(level);
        const _meta = { 'io.modelcontextprotocol/logLevel': level };
        await client.callTool({ name: 's__log', arguments: {}, ...(era === 'modern' && { _meta }) });
      };
      await log('info');
      await expect.poll(() => said).toEqual(['said', 'said']);
      await log('error');

      const seen: number[] = [];
      const onprogress = ({ progress }: { progress: number }): void => void seen.push(progress);
      for (let at = 0; at < 5; at++) {
        seen.length = 0;
        await client.callTool({ name: 's__steps', arguments: {} }, { onprogress });
        // F6: the last one, too, before the result.
        expect(seen).toEqual(Array.from({ length: 20 }, (_, step) => step + 1));
      }
      expect(said).toHaveLength(2);

      const update = () => client.callTool({ name: 's__update', arguments: {} });
      if (era === 'legacy') {
        await client.subscribeResource({ uri });
        await update();
        await expect.poll(() => updates).toBe(1);
        await client.unsubscribeResource({ uri });
      } else {
        const subscription = await client.listen({ resourceSubscriptions: [uri] });
        await update();
        await expect.poll(() => updates).toBe(1);
        await subscription.close();
        await expect.poll(() => server.inspect().requests.length).toBeGreaterThan(0);
      }
      // What ends is told to the server, and so the other server has heard of nothing.
      expect(other.inspect().requests.filter(({ method }) => /call|read|subscribe/.test(method))).toEqual([]);
    });
});

describe('F9 one subscription with a server', () => {
  for (const isolation of ['principal', 'shared'] as const)
    it(`serves all clients that share a session, and ends with the last: "${isolation}"`, async () => {
      const uri = 'test://watched';
      const server = await http({ era: 'legacy', tools: [{ name: 'x' }], resources: [{ uri, text: 'x' }] });
      const { url } = await listening({ servers: { s: { url: server.url, isolation } } });
      const count = (what: string): number =>
        server.inspect().requests.filter(({ method }) => method === `resources/${what}`).length;
      const updates = [0, 0, 0];
      const clients = await Promise.all(
        updates.map((_, at) =>
          official(url, 'legacy', {}, (each) =>
            each.setNotificationHandler('notifications/resources/updated', () => {
              updates[at] = (updates[at] ?? 0) + 1;
            }),
          ),
        ),
      );
      await Promise.all(clients.map((client) => client.subscribeResource({ uri })));
      for (const client of clients) await client.subscribeResource({ uri });
      server.control({ command: 'resourceUpdated', uri });
      await expect.poll(() => updates).toEqual([1, 1, 1]);
      expect(count('subscribe')).toBe(1);
      await clients[0]?.unsubscribeResource({ uri });
      // One that leaves without a word has no subscription either.
      await clients[1]?.close();
      expect(count('unsubscribe')).toBe(0);
      server.control({ command: 'resourceUpdated', uri });
      await expect.poll(() => updates[2]).toBe(2);
      expect(updates[0]).toBe(1);
      await clients[2]?.unsubscribeResource({ uri });
      if (isolation === 'principal') await expect.poll(() => count('unsubscribe')).toBeLessThanOrEqual(1);
    });
});
