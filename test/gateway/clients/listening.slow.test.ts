import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApiKey, createGateway, type GatewayOptions } from '../../../src/gateway/index.ts';
import { http } from '../../support/servers.ts';
import { listening, official, openSession, post } from '../support.ts';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const [A, B] = ['test://a', 'test://b'];
const listenFor = (uris: readonly string[], id: number | string) => ({
  jsonrpc: '2.0',
  id,
  method: 'subscriptions/listen',
  params: { notifications: { resourceSubscriptions: uris }, _meta: META },
});
const listenHeaders = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' };
const call = (name: string) => ({
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name, arguments: {} },
});

/** A gateway whose server may have one session, and who a request says that it comes from. */
async function withOneSession(more: Partial<GatewayOptions> = {}) {
  const server = await http({
    era: 'legacy',
    resources: [A, B].map((uri) => ({ uri, name: uri, text: 'x' })),
    tools: [{ name: 'echo' }, { name: 'sleep', does: { type: 'sleepUntilCancelled' } }],
  });
  const asked = (method: string): number =>
    server.inspect().requests.filter((request) => request.method === method).length;
  const options: GatewayOptions = {
    servers: { s: { url: server.url } },
    auth: { verify: (request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }) },
    limits: { upstreamSessionsPerServer: 1 },
    ...more,
  };
  return { server, asked, options };
}

/** What comes on a stream: its messages so far, and its end. */
function read(response: Response) {
  let text = '';
  const ended = (async () => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
  })();
  const messages = (): Record<string, unknown>[] =>
    [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data = '']) => JSON.parse(data));
  return { messages, ended };
}

/** Another user's client makes its call on the one session that there may be. */
async function takeRoom(url: string): Promise<void> {
  const ben = { 'x-user': 'ben' };
  const session = { ...ben, 'mcp-session-id': await openSession(url, ben) };
  expect(await (await post(url, call('s__echo'), session)).text()).toContain('"content"');
}

describe('a session that has to make room, on which a client listens', () => {
  it.each([7, 'seven'])(
    'ends the stream with its result over HTTP (id %j), and listening goes on',
    async (id) => {
      const { asked, options } = await withOneSession();
      const { url } = await listening(options);
      const headers = { ...listenHeaders, 'x-user': 'ada' };
      const first = read(await post(url, listenFor([A, B], id), headers));
      const other = read(await post(url, listenFor([B], 'other'), headers));
      await expect.poll(() => [first, other].map(({ messages }) => messages().length)).toEqual([1, 1]);
      expect(asked('resources/subscribe')).toBe(2);
      await takeRoom(url);
      await Promise.all([first.ended, other.ended]);
      const end = (of: unknown) => ({
        jsonrpc: '2.0',
        id: of,
        result: {
          resultType: 'complete',
          _meta: {
            'io.modelcontextprotocol/subscriptionId': of,
            'io.modelcontextprotocol/serverInfo': { name: expect.any(String), version: expect.any(String) },
          },
        },
      });
      expect(first.messages()).toEqual([
        expect.objectContaining({ method: 'notifications/subscriptions/acknowledged' }),
        end(id),
      ]);
      expect(other.messages().at(-1)).toEqual(end('other'));
      // What it listens for anew is subscribed to anew.
      const again = read(await post(url, listenFor([A], 8), headers));
      await expect.poll(() => again.messages().length).toBe(1);
      expect(asked('resources/subscribe')).toBe(3);
    },
  );

  it('ends no stream that listens for other things', async () => {
    const { options } = await withOneSession();
    const other = await http({ era: 'legacy', resources: [{ uri: 'test://c', name: 'c', text: 'x' }] });
    const { gateway, url } = await listening({
      ...options,
      servers: { ...options.servers, other: { url: other.url } },
    });
    const headers = { ...listenHeaders, 'x-user': 'ada' };
    const lists = { ...listenFor([], 1), params: { notifications: { toolsListChanged: true }, _meta: META } };
    const kept = [
      read(await post(url, listenFor(['test://c'], 2), headers)),
      read(await post(url, lists, headers)),
    ];
    const lost = read(await post(url, listenFor([A], 3), headers));
    await expect.poll(() => lost.messages().length).toBe(1);
    await takeRoom(url);
    await lost.ended;
    expect(kept.map(({ messages }) => messages().length)).toEqual([1, 1]);
    await gateway.close();
    await Promise.all(kept.map(({ ended }) => ended));
    for (const { messages } of kept)
      expect(messages().at(-1)).toHaveProperty('result.resultType', 'complete');
  });

  it('is told to the official client as an end on the side of the gateway', async () => {
    const { options } = await withOneSession({ auth: { verify: () => ({ principal: 'ada' }) } });
    const { url } = await listening(options);
    const client = await official(url, 'modern');
    const subscription = await client.listen({ resourceSubscriptions: [A] });
    await takeRoom(url);
    expect(await subscription.closed).toBe('graceful');
  });

  it('ends the stream of the client on stdio with its result, after which nothing more comes on it', async () => {
    const { server, asked, options } = await withOneSession();
    const { auth: _, ...withoutAuth } = options;
    const gateway = await createGateway(withoutAuth);
    onTestFinished(() => gateway.close());
    const { url } = await gateway.listen({ port: 0 });
    const [input, output] = [new PassThrough(), new PassThrough()];
    void gateway.serveStdio({ input, output });
    let written = '';
    output.setEncoding('utf8').on('data', (text: string) => (written += text));
    input.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META } })}\n`,
    );
    input.write(`${JSON.stringify(listenFor([A], 7))}\n`);
    await expect.poll(() => written).toContain('subscriptions/acknowledged');
    await takeRoom(url);
    const end = (): unknown =>
      written
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { id?: unknown })
        .find(({ id }) => id === 7);
    await expect.poll(end).toMatchObject({
      id: 7,
      result: { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 7 } },
    });
    const before = written;
    server.control({ command: 'resourceUpdated', uri: A });
    await takeRoom(url);
    expect(written).toBe(before);
    expect(asked('resources/subscribe')).toBe(1);
  });

  it('tells an older client on its open stream that what it subscribed to may have changed', async () => {
    const { options } = await withOneSession();
    const { url } = await listening(options);
    const ada = { 'x-user': 'ada' };
    const mine = { ...ada, 'mcp-session-id': await openSession(url, ada) };
    const stream = read(await fetch(url, { headers: { ...mine, accept: 'text/event-stream' } }));
    const subscribe = { jsonrpc: '2.0', id: 3, method: 'resources/subscribe', params: { uri: A } };
    expect(await (await post(url, subscribe, mine)).text()).toContain('"result":{}');
    await takeRoom(url);
    await expect
      .poll(stream.messages)
      .toEqual([{ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: A } }]);
    // Who reads it learns the rest, once.
    const readIt = { jsonrpc: '2.0', id: 4, method: 'resources/read', params: { uri: A } };
    expect(await (await post(url, readIt, mine)).text()).toContain('SESSION_EXPIRED');
    expect(await (await post(url, readIt, mine)).text()).toContain('"contents"');
  });

  it('is another one, where nobody listens on that', async () => {
    const { options, asked } = await withOneSession({ limits: { upstreamSessionsPerServer: 2 } });
    const { url } = await listening(options);
    const ada = { 'x-user': 'ada' };
    const stream = read(await post(url, listenFor([A], 1), { ...listenHeaders, ...ada }));
    await expect.poll(() => stream.messages().length).toBe(1);
    for (let round = 0; round < 3; round++) await takeRoom(url);
    expect(stream.messages()).toHaveLength(1);
    expect(asked('resources/unsubscribe')).toBe(0);
  });
});

describe('a session that ends for another reason, on which a client listens', () => {
  it('ends the stream with its result', async () => {
    const { options } = await withOneSession();
    const { gateway, url } = await listening(options);
    const stream = read(await post(url, listenFor([A], 1), { ...listenHeaders, 'x-user': 'ada' }));
    await expect.poll(() => stream.messages().length).toBe(1);
    await gateway.remove('s');
    await stream.ended;
    expect(stream.messages().at(-1)).toMatchObject({ id: 1, result: { resultType: 'complete' } });
  });
});

describe('a key that expires, by which a client listens', () => {
  it('ends the stream with its result', async () => {
    const ada = createApiKey('ada', { expiresAt: Date.now() + 2_000 });
    const { options } = await withOneSession({ auth: { keys: [ada.record] } });
    const { url } = await listening(options);
    const headers = { ...listenHeaders, authorization: `Bearer ${ada.key}` };
    const stream = read(await post(url, listenFor([A], 'mine'), headers));
    await stream.ended;
    expect(stream.messages().at(-1)).toMatchObject({ id: 'mine', result: { resultType: 'complete' } });
  });
});
