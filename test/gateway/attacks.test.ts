import { ProtocolError, type Client } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { createGateway, type Identity } from '../../src/gateway/index.ts';
import type { ScriptedTool } from '../../src/testing/index.ts';
import { http, local, tools } from '../support/servers.ts';
import { INITIALIZE, listening, official, openSession, post, raw } from './support.ts';

const echo = () => ({ servers: { s: { server: local({ tools: tools('echo') }) } } });
const callOf = (id: unknown, name = 's__echo', args: unknown = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});
const modern = (method: string, params: object, capabilities: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params: {
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    },
  },
});
const modernHeaders = (method: string, name?: string): Record<string, string> => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name !== undefined && { 'mcp-name': name }),
});
async function messageOf(response: Response) {
  const text = await response.text();
  const data = [...text.matchAll(/^data: (\{.*)$/gm)].at(-1)?.[1] ?? text;
  return JSON.parse(data);
}
const form = {
  mode: 'form',
  message: '?',
  requestedSchema: { type: 'object', properties: { a: { type: 'string' } } },
};

describe('an identity that is none', () => {
  const odd = [
    'null',
    '"ada"',
    '{}',
    '{"principal":7}',
    '{"principal":{"name":"ada"}}',
    '{"principal":""}',
    '["ada"]',
    'true',
  ];
  for (const identity of odd)
    it(`is refused: ${identity}`, async () => {
      const verify = (): Identity => JSON.parse(identity);
      const { gateway, url } = await listening({ ...echo(), auth: { verify } });
      expect((await post(url, INITIALIZE)).status).toBe(401);
      expect(gateway.clients.size).toBe(0);
    });

  it('principals are told apart whatever they are made of', async () => {
    const verify = (request: Request): Identity => ({
      principal: JSON.parse(request.headers.get('x-user') ?? '""'),
    });
    const { gateway, url } = await listening({ ...echo(), auth: { verify } });
    const first = await openSession(url, { 'x-user': JSON.stringify('ada') });
    const names = [
      `client ${first}`,
      `x\nclient ${first}`,
      'principal ada',
      'ada\n',
      '{"holder":"ada"}',
      '__proto__',
      'constructor',
      'a'.repeat(8_000),
    ];
    for (const name of names) {
      const mine = { 'x-user': JSON.stringify(name) };
      expect((await post(url, callOf(1), { ...mine, 'mcp-session-id': first })).status).toBe(404);
      const id = await openSession(url, mine);
      expect(gateway.clients.get(id)?.identity.principal).toBe(name);
      const response = await post(url, callOf(2, 's__echo', { name }), { ...mine, 'mcp-session-id': id });
      expect(JSON.stringify(await messageOf(response))).toContain('"content"');
    }
  });
});

describe('a body that is odd', () => {
  const bodies: [string, unknown][] = [
    ['params null', { jsonrpc: '2.0', id: 5, method: 'tools/call', params: null }],
    ['params a list', { jsonrpc: '2.0', id: 5, method: 'tools/call', params: ['s__echo'] }],
    ['a name that is an object', callOf(5, JSON.parse('{"toString":1}'))],
    ['an id that is null', callOf(null)],
    ['an id that is an object', callOf({ a: 1 })],
    ['a tool named __proto__', callOf(5, '__proto__')],
    ['a tool named constructor', callOf(5, 'constructor')],
    ['a cursor that is none', { jsonrpc: '2.0', id: 5, method: 'tools/list', params: { cursor: 'cGFnZTo' } }],
    ['an unknown method', { jsonrpc: '2.0', id: 5, method: '__proto__', params: {} }],
    ['a second initialize', { ...INITIALIZE, id: 5 }],
    ['an answer to nothing', { jsonrpc: '2.0', id: 77, result: { action: 'accept' } }],
    [
      'a cancellation of nothing',
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } },
    ],
    [
      'progress of nothing',
      { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } },
    ],
  ];
  it('gets an error or is ignored, and the session goes on', async () => {
    const { url } = await listening(echo());
    const id = await openSession(url);
    const mine = { 'mcp-session-id': id };
    for (const [what, body] of bodies) {
      const response = await post(url, body, mine);
      const text = await response.text();
      expect(response.status, `${what}: ${text}`).toBeLessThan(500);
      expect(text, what).not.toContain('"result"');
      const after = await messageOf(await post(url, callOf(6, 's__echo', { what }), mine));
      expect(JSON.stringify(after), what).toContain(what);
    }
  });

  it('a batch of thousands is refused, and a small one answered', async () => {
    const { url } = await listening(echo());
    const mine = { 'mcp-session-id': await openSession(url) };
    const list = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/list', params: {} });
    const many = await post(
      url,
      Array.from({ length: 5_000 }, (_, at) => list(at)),
      mine,
    );
    expect(many.status).toBe(400);
    await many.text();
    const few = await post(url, [list(1), list(2)], mine);
    expect(await few.text()).toContain('s__echo');
    // There are no batches in 2026-07-28.
    const none = await post(url, [modern('tools/list', {})], modernHeaders('tools/list'));
    expect(none.status).toBe(400);
    await none.text();
  });

  it('arguments as deep as a body can be cost only their own request', async () => {
    const { url } = await listening(echo());
    const mine = { 'mcp-session-id': await openSession(url) };
    const deep = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`;
    const body = JSON.stringify(callOf(5)).replace('"arguments":{}', `"arguments":${deep}`);
    const response = await post(url, body, mine);
    expect(await response.text()).not.toContain('"content"');
    expect(JSON.stringify(await messageOf(await post(url, callOf(6, 's__echo', { b: 1 }), mine)))).toContain(
      'b',
    );
  });

  it('headers that contradict the body are refused', async () => {
    const { url } = await listening(echo());
    const body = modern('tools/call', { name: 's__echo', arguments: {} });
    for (const headers of [
      modernHeaders('tools/list'),
      modernHeaders('tools/call', 'other'),
      modernHeaders('tools/call'),
      { ...modernHeaders('tools/call', 's__echo'), 'mcp-protocol-version': '2025-11-25' },
    ]) {
      const response = await post(url, body, headers);
      expect(response.status).toBe(400);
      await response.text();
    }
  });
});

describe('arguments that are headers, too', () => {
  const property = { type: 'string', 'x-mcp-header': 'Region' };
  const inputSchema = {
    type: 'object',
    properties: { region: property, other: { type: 'string' } },
  } as const;
  const name = 's__look';
  const inBase64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;
  const ask = async (args: object, headers: Record<string, string>, era: 'legacy' | 'modern' = 'modern') => {
    const server = await http({ era, tools: [{ name: 'look', inputSchema, does: { type: 'echo' } }] });
    const { url } = await listening({ servers: { s: { url: server.url } } });
    const all = { ...modernHeaders('tools/call', name), ...headers };
    const response = await post(url, modern('tools/call', { name, arguments: args }), all);
    const calls = server.inspect().requests.filter(({ method }) => method === 'tools/call').length;
    return { status: response.status, message: await messageOf(response), calls };
  };

  it.each<[string, object, Record<string, string>]>([
    ['another value', { region: 'eu' }, { 'mcp-param-region': 'us' }],
    ['another case', { region: 'eu' }, { 'mcp-param-region': 'EU' }],
    ['none', { region: 'eu' }, {}],
    ['one that is no base64', { region: 'é' }, { 'mcp-param-region': '=?base64?%%%?=' }],
    ['another value in base64', { region: 'é' }, { 'mcp-param-region': inBase64('è') }],
    ['one that is longer', { region: 'eu' }, { 'mcp-param-region': 'eu, us' }],
  ])('are refused with a header that contradicts them: %s', async (_, args, headers) => {
    expect(await ask(args, headers)).toMatchObject({
      status: 400,
      message: { error: { code: -32_020 } },
      calls: 0,
    });
  });

  it.each<[string, object, Record<string, string>]>([
    ['its value', { region: 'eu', other: 'x' }, { 'mcp-param-region': 'eu' }],
    ['its value in base64', { region: 'é' }, { 'mcp-param-region': inBase64('é') }],
    ['none where there is no argument', { other: 'x' }, {}],
    [
      'one that no argument is declared for',
      { region: 'eu' },
      { 'mcp-param-region': 'eu', 'mcp-param-x': 'y' },
    ],
  ])('are taken with a header that has %s', async (_, args, headers) => {
    for (const era of ['modern', 'legacy'] as const)
      expect(await ask(args, headers, era)).toMatchObject({
        status: 200,
        message: { result: {} },
        calls: 1,
      });
  });
});

describe('an answer of a client', () => {
  const capabilities = { elicitation: { form: {} } };
  const opening = { ...INITIALIZE, params: { ...INITIALIZE.params, capabilities } };
  const accept = (id: unknown, a: string) => ({
    jsonrpc: '2.0',
    id,
    result: { action: 'accept', content: { a } },
  });

  /** A call of a session, with the question that came on its stream, and a promise of its end. */
  async function asked(url: string, session: Record<string, string>) {
    const response = await post(url, callOf(9, 's__ask'), session);
    let text = '';
    const ended = (async () => {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
      return text;
    })();
    await expect.poll(() => text).toContain('elicitation/create');
    const [, question = ''] = /^data: (\{.*elicitation.create.*)$/m.exec(text) ?? [];
    return { id: JSON.parse(question).id as unknown, ended, text: () => text };
  }

  for (const era of ['legacy', 'modern'] as const)
    it(`counts for its own question alone, and once, with a server of the ${era} era`, async () => {
      const server = await http({
        era,
        tools: [{ name: 'ask', does: { type: 'elicit', params: form } }, { name: 'echo' }],
      });
      const { url } = await listening({
        servers: { s: { url: server.url } },
        auth: { verify: (request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }) },
      });
      const open = async (user: string) => {
        const mine = { 'x-user': user };
        return { ...mine, 'mcp-session-id': await openSession(url, mine, opening) };
      };
      const [ada, other, bob] = [await open('ada'), await open('ada'), await open('bob')];
      const [mine, theirs] = [await asked(url, ada), await asked(url, bob)];
      const statuses: number[] = [];
      const answer = async (id: unknown, word: string, headers: Record<string, string>) => {
        const response = await post(url, accept(id, word), headers);
        statuses.push(response.status);
        await response.text();
      };
      // By another session of the same user, by another user, by another user in the name of the session, and in no session.
      await answer(mine.id, 'other', other);
      if (theirs.id !== mine.id) await answer(mine.id, 'bob', bob);
      await answer(mine.id, 'thief', { ...bob, 'mcp-session-id': ada['mcp-session-id'] });
      await answer(mine.id, 'nobody', { 'x-user': 'ada' });
      expect(statuses.slice(-2)).toEqual([404, 400]);
      // Of another kind than the id that was asked with.
      await answer(typeof mine.id === 'string' ? [mine.id] : { id: mine.id }, 'odd', ada);
      await answer(mine.id, 'first', ada);
      await answer(mine.id, 'second', ada);
      const said = await mine.ended;
      expect(said).toContain('first');
      for (const word of ['other', 'bob', 'thief', 'nobody', 'odd', 'second'])
        expect(said).not.toContain(word);
      await answer(theirs.id, 'of bob', bob);
      expect(await theirs.ended).toContain('of bob');
      for (const session of [ada, other, bob])
        expect(JSON.stringify(await messageOf(await post(url, callOf(10), session)))).toContain('"content"');
    });
});

describe('requests that no client library makes', () => {
  it('without Host, in absolute form, with another Host in it: nothing gets past', async () => {
    const { url } = await listening(echo());
    const { host } = new URL(url);
    const end = 'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
    expect(await raw(url, `POST /mcp HTTP/1.1\r\nConnection: close\r\n${end}`)).toMatch(/^HTTP\/1.1 400/);
    expect(await raw(url, `POST /mcp HTTP/1.0\r\n${end}`)).toMatch(/^HTTP\/1.1 403/);
    for (const target of ['http://evil.test/mcp', '//evil.test/mcp', '/mcp/../mcp', '/healthz/../mcp']) {
      const answer = await raw(
        url,
        `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${end}`,
      );
      expect(answer, target).toMatch(/^HTTP\/1.1 4\d\d/);
    }
  });

  it('pipelined requests are each answered, in order', async () => {
    const { url } = await listening(echo());
    const { host } = new URL(url);
    const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
    const answers = await raw(
      url,
      get('/healthz') + get('/nothing') + get('/readyz', 'Connection: close\r\n'),
    );
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
  });

  it('a second stream of one session is refused, and the first goes on', async () => {
    const { gateway, url } = await listening(echo());
    const id = await openSession(url);
    const headers = { 'mcp-session-id': id, accept: 'text/event-stream' };
    const first = await fetch(url, { headers });
    for (let again = 0; again < 3; again++) {
      const second = await fetch(url, { headers });
      expect(second.status).toBe(409);
      await second.text();
    }
    // Those that were refused have ended, but not the first.
    gateway.configure({ sessions: { idleMs: 1 } });
    expect(gateway.clients.has(id)).toBe(true);
    await first.body?.cancel();
    await expect.poll(() => gateway.clients.size).toBe(0);
  });

  it('a session that says again that it is initialized is announced once', async () => {
    const { gateway, url } = await listening(echo());
    const events = gateway.events();
    const id = await openSession(url);
    for (let again = 0; again < 3; again++)
      await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' }, { 'mcp-session-id': id });
    await gateway.close();
    let connected = 0;
    for await (const event of events) if (event.type === 'client-connected') connected++;
    expect(connected).toBe(1);
  });
});

describe('what a client leaves behind', () => {
  const asking: ScriptedTool[] = [{ name: 'sleep', does: { type: 'sleepUntilCancelled' } }];

  it('a call whose session is deleted is cancelled on its server', async () => {
    const server = await http({ era: 'legacy', tools: asking });
    const { url } = await listening({ servers: { s: { url: server.url } } });
    const mine = { 'mcp-session-id': await openSession(url) };
    const call = post(url, callOf(2, 's__sleep'), mine).then((response) => response.text());
    await expect.poll(() => server.inspect().running).toBe(1);
    expect((await fetch(url, { method: 'DELETE', headers: mine })).status).toBe(200);
    await expect.poll(() => server.inspect().running).toBe(0);
    await call;
  });

  it('a listen for thousands of resources is refused before any server hears of it', async () => {
    const server = await http({ era: 'legacy', resources: [{ uri: 'test://a', name: 'a', text: 'x' }] });
    const { url } = await listening({ servers: { s: { url: server.url } } });
    const uris = Array.from({ length: 10_000 }, (_, at) => `test://${at}`);
    const listen = modern('subscriptions/listen', { notifications: { resourceSubscriptions: uris } });
    const answer = await messageOf(await post(url, listen, modernHeaders('subscriptions/listen')));
    expect(answer).toMatchObject({ error: { code: -32602 } });
    expect(server.inspect().requests.filter(({ method }) => method === 'resources/subscribe')).toEqual([]);
  });
});

describe('servers that have no more sessions', () => {
  it('many clients that come at the same time open no more than there may be', async () => {
    const server = await http({ era: 'legacy', tools: [{ name: 'slow', does: { type: 'slow', ms: 300 } }] });
    const { url } = await listening({
      servers: { s: { url: server.url } },
      limits: { upstreamSessionsPerServer: 2 },
    });
    const clients = await Promise.all(Array.from({ length: 6 }, () => official(url)));
    const outcomes = await Promise.allSettled(
      clients.map((client) => client.callTool({ name: 's__slow', arguments: {} })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({
          data: { status: 503 },
          message: expect.stringContaining('POOL_EXHAUSTED'),
        });
  });

  for (const isolation of ['client', 'principal'] as const)
    it(`with isolation "${isolation}" the longest idle makes room, and is told once`, async () => {
      const uri = 'test://a';
      const server = await http({
        era: 'legacy',
        tools: tools('echo'),
        resources: [{ uri, name: 'a', text: 'x' }],
      });
      const auth = {
        verify: (request: Request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }),
      };
      const { url } = await listening({
        servers: { s: { url: server.url, isolation } },
        auth,
        limits: { upstreamSessionsPerServer: 1 },
      });
      const open = async (user: string) => {
        const mine = { 'x-user': user };
        return { ...mine, 'mcp-session-id': await openSession(url, mine) };
      };
      const [ada, bob] = [await open('ada'), await open('bob')];
      const subscribe = { jsonrpc: '2.0', id: 8, method: 'resources/subscribe', params: { uri } };
      const subscribed = () =>
        server.inspect().requests.filter(({ method }) => method === 'resources/subscribe').length;
      expect(await messageOf(await post(url, subscribe, ada))).toMatchObject({ result: {} });
      expect(await messageOf(await post(url, callOf(2), bob))).toMatchObject({ result: {} });
      const lost = await messageOf(await post(url, callOf(3), ada));
      expect(lost).toMatchObject({ error: { data: { code: 'SESSION_EXPIRED', server: 's' } } });
      expect(await messageOf(await post(url, callOf(4), ada))).toMatchObject({ result: {} });
      // Its subscription was lost with the session: it can have it again.
      expect(await messageOf(await post(url, subscribe, ada))).toMatchObject({ result: {} });
      expect(subscribed()).toBe(2);
    });
});

describe('servers that flood', () => {
  it('a server that keeps saying that its list has changed is asked now and then', async () => {
    const server = await http({ era: 'legacy', tools: tools('echo') });
    const { url } = await listening({ servers: { s: { url: server.url } } });
    const client = await official(url);
    const listed = () => server.inspect().requests.filter(({ method }) => method === 'tools/list').length;
    await client.callTool({ name: 's__echo', arguments: {} });
    const before = listed();
    for (let at = 0; at < 200; at++) {
      server.control({ command: 'setTools', tools: tools('echo', `tool${at}`) });
      await client.callTool({ name: 's__echo', arguments: {} });
    }
    expect(listed() - before).toBeLessThan(100);
    await expect.poll(async () => (await client.listTools()).tools.length).toBe(2);
  });
});

describe('starting and ending at the same time', () => {
  it('two listens: one listens, the other is told so; after a port in use another can be tried', async () => {
    await using gateway = await createGateway(echo());
    const both = await Promise.allSettled([gateway.listen({ port: 0 }), gateway.listen({ port: 0 })]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    const [first] = both;
    const port = first.status === 'fulfilled' ? Number(new URL(first.value.url).port) : 0;
    await using other = await createGateway(echo());
    await expect(other.listen({ port })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const { url } = await other.listen({ port: 0 });
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
  });

  it('a gateway that is closed while it begins to listen listens no more', async () => {
    const gateway = await createGateway(echo());
    const listens = gateway.listen({ port: 0 });
    const [outcome] = await Promise.allSettled([
      listens,
      gateway.destroy(),
      gateway.close(),
      gateway.close(),
    ]);
    if (outcome.status === 'fulfilled') await expect(fetch(outcome.value.url)).rejects.toThrow();
    else expect(outcome.reason).toMatchObject({ code: 'SESSION_CLOSED' });
    await expect(gateway.listen({ port: 0 })).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  });

  it('a request after the end is answered with 503', async () => {
    const gateway = await createGateway({ ...echo(), hosts: ['app.test'] });
    await gateway.close();
    const headers = { host: 'app.test', 'content-type': 'application/json' };
    const init = { method: 'POST', headers: { ...headers, ...modernHeaders('tools/list') } };
    const body = JSON.stringify(modern('tools/list', {}));
    const response = await gateway.fetch(new Request('http://app.test/mcp', { ...init, body }));
    expect(response.status).toBe(503);
  });

  for (const era of ['legacy', 'modern'] as const)
    it(`a ${era} client gets the result of a call that was running when the gateway closed`, async () => {
      const server = await http({
        era: 'legacy',
        tools: [{ name: 'slow', does: { type: 'slow', ms: 200 } }],
      });
      const { gateway, url } = await listening({ servers: { s: { url: server.url } } });
      const client = await official(url, era);
      const call = client.callTool({ name: 's__slow', arguments: { a: 1 } });
      await expect.poll(() => server.inspect().running).toBe(1);
      await gateway.close();
      expect(JSON.stringify(await call)).toContain('a');
    });
});

describe('W6 lists', () => {
  it('come in pages, in a fixed order, and may be kept by their client alone', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const { url } = await listening({
      servers: { s: { server: local({ tools: tools(...names) }) } },
      limits: { pageSize: 2 },
    });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const params = cursor === undefined ? {} : { cursor };
      const answer = await messageOf(
        await post(url, modern('tools/list', params), modernHeaders('tools/list')),
      );
      expect(answer.result).toMatchObject({ ttlMs: 0, cacheScope: 'private' });
      expect(answer.result.tools.length).toBeLessThanOrEqual(2);
      seen.push(...answer.result.tools.map(({ name }: { name: string }) => name));
      cursor = answer.result.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(names.map((name) => `s__${name}`));
    for (const bad of ['', 'x', 'cGFnZTotMQ', 'cGFnZTpOYU4', '__proto__', 'A'.repeat(10_000)]) {
      const answer = await messageOf(
        await post(url, modern('tools/list', { cursor: bad }), modernHeaders('tools/list')),
      );
      expect(answer).toMatchObject({ error: { code: -32602 } });
    }
  });
});

describe('a client that answers with an error', () => {
  for (const upstream of ['legacy', 'modern'] as const)
    it(`to a ${upstream} server gets or gives that very error`, async () => {
      const server = await http({
        era: upstream,
        tools: [{ name: 'ask', does: { type: 'elicit', params: form } }],
      });
      const { url } = await listening({ servers: { s: { url: server.url } } });
      const capabilities = { elicitation: { form: {} } };
      const client = await official(url, 'legacy', { capabilities }, (each: Client) =>
        each.setRequestHandler('elicitation/create', () => {
          throw new ProtocolError(-32_099, 'not today', { until: 'monday' });
        }),
      );
      const answer = await client
        .callTool({ name: 's__ask', arguments: {} })
        .catch(({ code, message, data }) => ({ code, message, data }));
      for (const part of ['-32099', 'not today', 'monday']) expect(JSON.stringify(answer)).toContain(part);
    });
});

describe('the log level that a client wants', () => {
  for (const era of ['legacy', 'modern'] as const)
    for (const upstream of ['legacy', 'modern'] as const)
      it(`of a ${era} client holds for its own calls on a ${upstream} server`, async () => {
        const log: ScriptedTool[] = [
          { name: 'log', does: { type: 'log', level: 'warning', data: 'canary', times: 3 } },
        ];
        const server = await http({ era: upstream, tools: log });
        const { url } = await listening({ servers: { s: { url: server.url } } });
        const seen = { ada: 0, bob: 0 };
        const counted = (who: 'ada' | 'bob') => (client: Client) =>
          client.setNotificationHandler('notifications/message', () => void seen[who]++);
        const ada = await official(url, era, {}, counted('ada'));
        const bob = await official(url, era, {}, counted('bob'));
        const callWith = async (client: Client, level: 'info' | 'error'): Promise<void> => {
          if (era === 'legacy') await client.setLoggingLevel(level);
          const _meta = { 'io.modelcontextprotocol/logLevel': level };
          await client.callTool({ name: 's__log', arguments: {}, ...(era === 'modern' && { _meta }) });
        };
        await callWith(bob, 'error');
        await callWith(ada, 'info');
        await callWith(bob, 'error');
        await expect.poll(() => seen).toEqual({ ada: 3, bob: 0 });
      });
});

describe('a client that does not read', () => {
  it('loses its stream when too much waits for it, and others notice nothing', async () => {
    const server = await http({
      era: 'legacy',
      tools: [
        { name: 'flood', does: { type: 'log', level: 'error', data: 'x'.repeat(100_000), times: 400 } },
        { name: 'echo' },
      ],
    });
    await using gateway = await createGateway({ servers: { s: { url: server.url } }, hosts: ['app.test'] });
    const send = (body: unknown, more: Record<string, string> = {}): Promise<Response> =>
      gateway.fetch(
        new Request('http://app.test/mcp', {
          method: 'POST',
          headers: {
            host: 'app.test',
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            ...more,
          },
          body: JSON.stringify(body),
        }),
      );
    const opened = await send(INITIALIZE);
    await opened.text();
    const mine = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    await send({ jsonrpc: '2.0', method: 'notifications/initialized' }, mine);
    const events = gateway.events();
    const unread = await send(callOf(2, 's__flood'), mine);
    for await (const event of events) if (event.type === 'call') break;
    // 40 MB were sent, and it gets to read none of it: the stream was cut.
    await expect(unread.text()).rejects.toThrow('does not read');
    expect(await (await send(callOf(3, 's__echo', { still: 1 }), mine)).text()).toContain('still');
  });
});
