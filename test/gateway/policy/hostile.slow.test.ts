import { PassThrough } from 'node:stream';
import type { Client } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientRule, Identity } from '../../../src/gateway/index.ts';
import { createDeferred } from '../../../src/internal/deferred.ts';
import { inProcess } from '../../../src/testing/index.ts';
import { http, requestsOf, tools } from '../../support/servers.ts';
import { INITIALIZE, listening, official, openSession, post } from '../support.ts';

const auth = {
  verify: ({ headers }: Request): Identity => ({ principal: headers.get('x-user') ?? 'nobody' }),
};
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
};

type Answer = Record<string, unknown> & { result?: Record<string, unknown>; error?: unknown };

/** The JSON-RPC answer in a body, which is JSON or an event stream. */
async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text) as Answer;
}

/** Sends a request of a 2026-07-28 client; `params` may be JSON text. */
async function modern(url: string, method: string, name: string, params: object | string): Promise<Answer> {
  const text = typeof params === 'string' ? params : JSON.stringify(params);
  const body = `{"jsonrpc":"2.0","id":1,"method":${JSON.stringify(method)},"params":{"_meta":${JSON.stringify(META)},${text.slice(1)}}`;
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, 'mcp-name': name };
  return answerOf(await post(url, body, headers));
}

const nested = (inner: string, depth: number): string =>
  `${'{"a":'.repeat(depth)}${inner}${'}'.repeat(depth)}`;

describe('a client that changes a call after its user has agreed', () => {
  const changes: [what: string, agreed: string, sent: string][] = [
    ['far down', nested('"harmless"', 60), nested('"harmful"', 60)],
    ['in a list far down', nested('["x",["harmless"]]', 55), nested('["x",["harmful"]]', 55)],
    ['under a key with a meaning of its own', '{"__proto__":{"to":"ada"}}', '{"__proto__":{"to":"eve"}}'],
    ['below such a key', '{"a":{"__proto__":{"b":1},"to":"ada"}}', '{"a":{"__proto__":{"b":1},"to":"eve"}}'],
    ['where a key stands twice', '{"to":"eve","to":"ada"}', '{"to":"ada","to":"eve"}'],
    ['behind what is shown', `{"a":"${'x'.repeat(5_000)}","to":1}`, `{"a":"${'x'.repeat(5_000)}","to":2}`],
    ['by a sign', '{"n":1}', '{"n":-1}'],
    ['by its type', '{"n":1}', '{"n":"1"}'],
    ['by what is not there', '{"n":null}', '{}'],
  ];
  it.each(changes)('%s has to ask again', async (_, agreed, sent) => {
    const server = inProcess({ era: 'modern', tools: tools('pay') });
    onTestFinished(() => server.close());
    const { url } = await listening({ servers: { s: { server } }, clients: [{ approve: ['s__pay'] }] });
    const call = (args: string, more = ''): Promise<Answer> =>
      modern(url, 'tools/call', 's__pay', `{"name":"s__pay","arguments":${args}${more}}`);
    const asked = await call(agreed);
    expect(asked.result).toMatchObject({ resultType: 'input_required' });
    const more = `,"requestState":${JSON.stringify(asked.result?.['requestState'])},"inputResponses":{"approval":{"action":"accept","content":{}}}`;
    expect(await call(sent, more)).toMatchObject({ error: { code: -32602 } });
    expect(requestsOf(server, 'tools/call')).toHaveLength(0);
    expect(await call(agreed, more)).toHaveProperty('result.content');
  });

  it('shows how much of the arguments is not shown, and nothing that changes how the rest is read', async () => {
    const { url } = await listening({
      servers: { s: { server: inProcess({ era: 'modern', tools: tools('pay') }) } },
      clients: [{ approve: ['s__pay'] }],
    });
    const args = { a: `\u202e${'x'.repeat(6_000)}`, to: 'eve' };
    const { result } = await modern(url, 'tools/call', 's__pay', { name: 's__pay', arguments: args });
    const text = JSON.stringify(result?.['inputRequests']);
    expect(text).toContain('more characters are not shown');
    expect(text).not.toContain('\u202e');
  });
});

/** A server whose subscriptions begin when it is told to. */
function slowToSubscribe() {
  const [asked, go] = [createDeferred<void>(), createDeferred<void>()];
  const servers: McpServer[] = [];
  const calls: string[] = [];
  const server = (): McpServer => {
    const made = new McpServer(
      { name: 's', version: '1' },
      { capabilities: { resources: { subscribe: true } } },
    );
    made.registerResource('r', 'test://r', {}, () => ({ contents: [{ uri: 'test://r', text: 'x' }] }));
    made.server.setRequestHandler('resources/subscribe', async () => {
      calls.push('subscribe');
      asked.resolve();
      await go.promise;
      return {};
    });
    made.server.setRequestHandler('resources/unsubscribe', () => {
      calls.push('unsubscribe');
      return {};
    });
    servers.push(made);
    return made;
  };
  return { server, asked: asked.promise, go: () => go.resolve(), calls };
}

describe('a subscription to what is denied meanwhile', () => {
  it('ends, though the server took until then to begin it', async () => {
    const { server, asked, go, calls } = slowToSubscribe();
    const { gateway, url } = await listening({ servers: { s: { server } }, auth, clients: [{}] });
    const ada = await official(url, 'legacy', {}, () => {}, { 'x-user': 'ada' });
    const subscribing = ada.subscribeResource({ uri: 'test://r' });
    await asked;
    gateway.configure({ clients: [{ deny: ['*'] }] });
    go();
    await subscribing;
    await expect.poll(() => calls).toEqual(['subscribe', 'unsubscribe']);
  });

  it('ends in a session that its client never said to be initialized', async () => {
    const uri = 'test://r';
    const server = await http({ era: 'legacy', resources: [{ uri, text: 'x' }] });
    const { gateway, url } = await listening({ servers: { s: { url: server.url } }, auth, clients: [{}] });
    const opened = await post(url, INITIALIZE, { 'x-user': 'ada' });
    const session = { 'x-user': 'ada', 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    await opened.text();
    const params = { uri };
    const subscribed = await post(
      url,
      { jsonrpc: '2.0', id: 2, method: 'resources/subscribe', params },
      session,
    );
    expect(await answerOf(subscribed)).toHaveProperty('result');
    gateway.configure({ clients: [{ deny: [{ server: 's' }] }] });
    await expect.poll(() => requestsOf(server.inspect(), 'resources/unsubscribe')).toHaveLength(1);
  });

  it('ends on stdio with the stream that listens for it, though nothing else was asked', async () => {
    const uri = 'test://r';
    const server = await http({ era: 'legacy', resources: [{ uri, text: 'x' }] });
    const { gateway } = await listening({ servers: { s: { url: server.url } }, clients: [{}] });
    const [input, output] = [new PassThrough(), new PassThrough()];
    let written = '';
    output.setEncoding('utf8').on('data', (text: string) => (written += text));
    void gateway.serveStdio({ input, output });
    const params = { notifications: { resourceSubscriptions: [uri] }, _meta: META };
    input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'subscriptions/listen', params })}\n`);
    await expect.poll(() => requestsOf(server.inspect(), 'resources/subscribe')).toHaveLength(1);
    await expect.poll(() => written).toContain('acknowledged');
    gateway.configure({ clients: [{ deny: ['*'] }] });
    await expect.poll(() => written).toMatch(/"id":7,"result"/);
    await expect.poll(() => requestsOf(server.inspect(), 'resources/unsubscribe')).toHaveLength(1);
  });
});

describe('a server of which everything is denied, in whatever words', () => {
  const rules: ClientRule[] = [
    { servers: ['a'] },
    { deny: [{ server: 'b' }] },
    { deny: [{ server: ['x', 'b*'] }] },
    { allow: [{ server: 'a' }] },
    {
      allow: [
        { kind: 'tool', server: 'a' },
        { kind: 'resource', server: ['a'] },
      ],
    },
  ];
  it.each(rules)('%j: it adds nothing to what the gateway can do, and takes no URI', async (rule) => {
    const [a, b] = [
      await http({ era: 'legacy', tools: tools('x'), resources: [{ uri: 'a://listed', text: 'x' }] }),
      await http({ era: 'legacy', prompts: [{ name: 'p' }], resources: [{ uri: 'b://listed', text: 'x' }] }),
    ];
    const { url } = await listening({
      servers: { a: { url: a.url }, b: { url: b.url } },
      clients: [rule],
    });
    for (const era of ['legacy', 'modern'] as const) {
      const client: Client = await official(url, era);
      expect(Object.keys(client.getServerCapabilities() ?? {})).not.toContain('prompts');
      // The only server that can have it is asked.
      await client.readResource({ uri: 'a://unlisted' }).catch(() => {});
    }
    expect(requestsOf(a.inspect(), 'resources/read')).toHaveLength(2);
    expect(requestsOf(b.inspect(), 'resources/read')).toHaveLength(0);
  });
});

describe('a call by name of a call by name', () => {
  it('is the call that is meant in the end, with all that holds for it', async () => {
    const server = inProcess({ era: 'legacy', tools: tools('a', 'b') });
    onTestFinished(() => server.close());
    const { url } = await listening({
      servers: { s: { server } },
      clients: [{ view: 'search', deny: ['s__b'], rate: { callsPerMinute: 3 } }],
    });
    const session = { 'mcp-session-id': await openSession(url) };
    const call = async (name: string, args: object): Promise<string> => {
      const params = { name, arguments: args };
      const text = await (
        await post(url, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, session)
      ).text();
      return text.replace(/^id: .*$/m, ''); // Of the event; each has its own.
    };
    const by = (name: string, args: object, times: number): object =>
      times === 0 ? args : { name: times === 1 ? name : 'call_tool', arguments: by(name, args, times - 1) };
    for (const times of [1, 2, 5])
      expect(await call('call_tool', by('s__a', { n: times }, times))).toMatch(`\\"n\\":${times}`);
    expect(await call('call_tool', by('s__a', {}, 3))).toContain('RATE_LIMITED');
    const denied = await call('call_tool', by('s__b', {}, 3));
    expect(denied).toBe(await call('call_tool', by('s__c', {}, 3)));
    expect(denied).toContain('There is no such tool');
  });
});

describe('a client that makes up names', () => {
  it('is counted for the URIs that no server lists as for one', async () => {
    const server = await http({
      era: 'legacy',
      resources: [{ uri: 'mem://listed', text: 'x' }],
      resourceTemplates: [{ name: 't', uriTemplate: 'mem://of/{x}' }],
    });
    const { url } = await listening({
      servers: { s: { url: server.url } },
      clients: [{ rate: { callsPerToolPerMinute: 2 } }],
    });
    const read = async (uri: string): Promise<boolean> =>
      JSON.stringify(await modern(url, 'resources/read', uri, { uri })).includes('RATE_LIMITED');
    expect(await read('mem://of/1')).toBe(false);
    expect(await read('mem://of/2')).toBe(false);
    expect(await read('mem://of/3')).toBe(true);
    expect(await read('mem://of/1?')).toBe(true);
    expect(await read('mem://listed')).toBe(false);
  });
});

describe('a user who agrees after the rules have changed', () => {
  it('agrees to nothing: the call is denied', async () => {
    const server = await http({ era: 'legacy', tools: tools('pay') });
    const { gateway, url } = await listening({
      servers: { s: { url: server.url } },
      auth,
      clients: [{ approve: ['*'] }],
    });
    const client = await official(url, 'legacy', { capabilities: { elicitation: { form: {} } } }, (each) =>
      each.setRequestHandler('elicitation/create', () => {
        gateway.configure({ clients: [{ deny: ['*'] }] });
        return { action: 'accept', content: {} };
      }),
    );
    await expect(client.callTool({ name: 's__pay', arguments: {} })).rejects.toThrow(/no such tool/);
    expect(requestsOf(server.inspect(), 'tools/call')).toHaveLength(0);
  });
});
