import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ScriptedTool } from '../../src/testing/index.ts';
import { http } from '../support/servers.ts';
import { INITIALIZE, listening, official, openSession, post, raw } from './support.ts';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const TOOLS: ScriptedTool[] = [
  { name: 'echo' },
  { name: 'sleep', does: { type: 'sleepUntilCancelled' } },
  { name: 'who', does: { type: 'whoami' } },
];
const call = (id: unknown, name: string, more: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {}, ...more },
});
const modern = (id: unknown, method: string, params: object = {}, capabilities: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method,
  params: { ...params, _meta: { [VERSION]: '2026-07-28', [CAPABILITIES]: capabilities } },
});
const modernHeaders = (method: string, name?: string): Record<string, string> => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name !== undefined && { 'mcp-name': name }),
});
const opening = (more: object) => ({ ...INITIALIZE, params: { ...INITIALIZE.params, ...more } });

async function served() {
  const server = await http({
    era: 'legacy',
    tools: TOOLS,
    resources: [{ uri: 'test://a', name: 'a', text: 'x' }],
  });
  const made = await listening({
    servers: { s: { url: server.url } },
    auth: { verify: (request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }) },
  });
  const open = async (user: string): Promise<Record<string, string>> => {
    const mine = { 'x-user': user };
    return { ...mine, 'mcp-session-id': await openSession(made.url, mine) };
  };
  const asked = (method: string) => server.inspect().requests.filter((each) => each.method === method);
  return { ...made, server, open, asked };
}

describe('a session id', () => {
  it('that is nearly one of somebody, or of oneself, is none', async () => {
    const { url, gateway, open } = await served();
    const mine = await open('ada');
    const theirs = await open('ben');
    const [a = '', b = ''] = [mine['mcp-session-id'], theirs['mcp-session-id']];
    for (const id of [
      b,
      `${a},${b}`,
      `${a}, ${a}`,
      a.toUpperCase(),
      a.slice(0, -1),
      `${a}0`,
      `"${a}"`,
      encodeURIComponent(`${a} `),
      '__proto__',
      'constructor',
      '*',
      '0',
      createHash('sha256').update(a).digest('hex'),
      'a'.repeat(8_000),
    ])
      for (const method of ['POST', 'GET', 'DELETE']) {
        const response = await fetch(url, {
          method,
          headers: {
            'x-user': 'ada',
            'mcp-session-id': id,
            accept: 'application/json, text/event-stream',
            'content-type': 'application/json',
          },
          ...(method === 'POST' && { body: JSON.stringify(call(1, 's__echo')) }),
        });
        expect(response.status, `${method} ${id}`).toBe(404);
        await response.text();
      }
    expect(gateway.clients.size).toBe(2);
    for (const session of [mine, theirs])
      expect(await (await post(url, call(9, 's__echo'), session)).text()).toContain('"content"');
  });

  it('that a client chooses itself opens nothing', async () => {
    const { url, gateway } = await served();
    const response = await post(url, INITIALIZE, { 'mcp-session-id': 'mine' });
    expect(response.status).toBe(404);
    await response.text();
    expect(gateway.clients.size).toBe(0);
  });
});

describe('a request that opens a session', () => {
  it.each<[string, object]>([
    ['a capability', { capabilities: { experimental: { x: { y: 'z'.repeat(200_000) } } } }],
    ['the name of the client', { clientInfo: { name: 'n'.repeat(200_000), version: '1' } }],
    ['a member that nobody knows', { odd: 'o'.repeat(200_000) }],
  ])('is not kept when it is large: %s', async (_, params) => {
    const { url, gateway, open } = await served();
    const response = await post(url, opening(params));
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: -32600 } });
    expect(gateway.clients.size).toBe(0);
    await open('ada');
    expect(gateway.clients.size).toBe(1);
  });

  it.each<[string, unknown]>([
    ['nothing', []],
    ['two of them', [INITIALIZE, { ...INITIALIZE, id: 2 }]],
    ['one among others', [INITIALIZE, call(2, 's__echo')]],
    ['one after others', [call(2, 's__echo'), INITIALIZE]],
    ['one within another list', [[INITIALIZE]]],
    ['one without an id', { ...INITIALIZE, id: undefined }],
    ['params that are none', { ...INITIALIZE, params: [] }],
    ['a revision that is none', opening({ protocolVersion: 7 })],
    ['capabilities that are none', opening({ capabilities: 'all' })],
    ['a client without a name', opening({ clientInfo: {} })],
  ])('in a list, or without what it needs, is refused and leaves nothing: %s', async (_, body) => {
    const { url, gateway, asked } = await served();
    const response = await post(url, body);
    expect(response.status).toBe(400);
    await response.text();
    expect(gateway.clients.size).toBe(0);
    expect(asked('tools/call')).toEqual([]);
  });
});

describe('what others are doing', () => {
  it('is cancelled, reported on or ended by nobody else, in either era', async () => {
    const { url, server, open, asked } = await served();
    const [ada, ben, other] = [await open('ada'), await open('ben'), await open('ada')];
    const progressToken = 'shared';
    const sleeps = post(url, call(7, 's__sleep', { _meta: { progressToken } }), ada);
    await expect.poll(() => asked('tools/call').length).toBe(1);
    const cancel = { method: 'notifications/cancelled', params: { requestId: 7 } };
    const progress = { method: 'notifications/progress', params: { progressToken, progress: 1 } };
    for (const { method, params } of [cancel, progress])
      for (const session of [ben, other, { 'x-user': 'ada' }]) {
        const legacy = await post(url, { jsonrpc: '2.0', method, params }, session);
        await legacy.text();
        const { id: _, ...notification } = modern(0, method, params);
        const now = await post(url, notification, { ...session, ...modernHeaders(method) });
        await now.text();
      }
    // The same id and token are good for other calls at the same time.
    const same = await post(url, call(7, 's__echo', { _meta: { progressToken } }), ben);
    expect(await same.text()).toContain('"id":7');
    expect(server.inspect().cancelled).toEqual([]);
    // What else ran were the lists of the other sessions.
    await expect.poll(() => server.inspect().running).toBe(1);
    const mine = await post(url, { jsonrpc: '2.0', ...cancel }, ada);
    expect(mine.status).toBe(202);
    await expect.poll(() => server.inspect().running).toBe(0);
    await fetch(url, { method: 'DELETE', headers: ada });
    await (await sleeps).text();
  });

  it('cannot be resumed by a forged Last-Event-ID', async () => {
    const { url, open } = await served();
    const [ada, ben] = [await open('ada'), await open('ben')];
    const answer = await (
      await post(url, call(7, 's__echo', { arguments: { secret: 'of ada' } }), ada)
    ).text();
    const [, last = ''] = /^id: (.*)$/m.exec(answer) ?? [];
    expect(last).toMatch(/^\d+_/);
    const [, stream = ''] = /^\d+_(.*)$/.exec(last) ?? [];
    const forged = [
      last,
      `0_${stream}`,
      `1_${stream}`,
      `0_${'x'.repeat(100)}`,
      '0_',
      '',
      'x',
      '1',
      '1_1',
      `0_\0`,
    ];
    for (const id of forged.filter((each) => !each.includes('\0'))) {
      const headers = { ...ben, accept: 'text/event-stream', 'last-event-id': id };
      const gone = new AbortController();
      const response = await fetch(url, { headers, signal: gone.signal });
      // Without an id it is the session's own stream.
      if (id === '') expect(response.status).toBe(200);
      else {
        expect(response.status, id).toBe(400);
        expect(await response.text()).not.toContain('of ada');
      }
      gone.abort();
    }
    const resumed = await fetch(url, {
      headers: { ...ada, accept: 'text/event-stream', 'last-event-id': `0_${stream}` },
    });
    expect(resumed.status).toBe(200);
    let text = '';
    for await (const chunk of resumed.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.includes('of ada')) break;
    }
    expect(text).toContain('of ada');
  });
});

describe('what a client says that it can do', () => {
  it('opens a session with a server for what the protocol knows, and for nothing that is made up', async () => {
    const { url, asked } = await served();
    const before = asked('initialize').length;
    const made: object[] = Array.from({ length: 10 }, (_, at) => ({
      elicitation: { form: { odd: at }, [`odd${at}`]: {} },
      sampling: { odd: at },
      experimental: { odd: { at } },
    }));
    for (const capabilities of made) {
      const body = modern(1, 'tools/call', { name: 's__echo', arguments: {} }, capabilities);
      const response = await post(url, body, modernHeaders('tools/call', 's__echo'));
      expect(await response.text()).toContain('"content"');
    }
    expect(asked('initialize').length - before).toBeLessThanOrEqual(1);
  });
});

describe('a cursor, a URI, a name or a level that is huge or none', () => {
  it.each(['legacy', 'modern'] as const)(
    'is an error of the %s client, and reaches no server',
    async (era) => {
      const { url, asked, open } = await served();
      const mine = await open('ada');
      const huge = 'x'.repeat(3_000_000);
      const requests: [string, object, string?][] = [
        ['tools/list', { cursor: huge }],
        ['tools/list', { cursor: 7 }],
        ['tools/list', { cursor: { toString: 'x' } }],
        ['prompts/list', { cursor: '-1' }],
        ['resources/templates/list', { cursor: huge }],
        ['tools/call', { name: huge }],
        ['prompts/get', { name: 7 }],
        ['resources/read', { uri: 7 }],
        ['completion/complete', { ref: 'x' }],
        ['completion/complete', { ref: { type: 'ref/odd', uri: 7 } }],
        ...(era === 'legacy'
          ? ([
              ['logging/setLevel', { level: 'loud' }],
              ['resources/subscribe', { uri: huge }],
              ['resources/subscribe', {}],
            ] satisfies [string, object][])
          : []),
      ];
      const before = asked('resources/subscribe').length;
      for (const [method, params] of requests) {
        const name = Object.entries(params)
          .filter(([key]) => key === 'name' || key === 'uri')
          .map(([, value]) => String(value))[0];
        const what = `${method} ${JSON.stringify(params).slice(0, 80)}`;
        const response =
          era === 'legacy'
            ? await post(url, { jsonrpc: '2.0', id: 5, method, params }, mine)
            : await post(url, modern(5, method, params), modernHeaders(method, name?.slice(0, 100)));
        const text = await response.text();
        expect(response.status, what).toBeLessThan(500);
        expect(text, what).toContain('"error"');
        if (era === 'legacy') expect(text.length, what).toBeLessThan(10_000);
      }
      expect(asked('resources/subscribe').length).toBe(before);
      expect(await (await post(url, call(9, 's__echo'), mine)).text()).toContain('"content"');
    },
  );
});

describe('a request that is two, or none', () => {
  it('is refused, or read as one; what comes after it is no request of anybody', async () => {
    const { url, gateway } = await served();
    const { host } = new URL(url);
    const body = JSON.stringify(INITIALIZE);
    const head = (more: string): string =>
      `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n${more}\r\n\r\n`;
    const smuggled = `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
    const odd: [string, string][] = [
      ['two lengths', head(`Content-Length: 0\r\nContent-Length: ${smuggled.length}`) + smuggled],
      [
        'a length and chunks',
        `${head('Content-Length: 5\r\nTransfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
      ],
      [
        'chunks twice',
        `${head('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity')}0\r\n\r\n${smuggled}`,
      ],
      ['a length that is none', head('Content-Length: -1') + smuggled],
      ['a length in hex', head('Content-Length: 0x10') + smuggled],
      [
        'a size of a chunk that is none',
        `${head('Transfer-Encoding: chunked')}zz\r\n${body}\r\n0\r\n\r\n${smuggled}`,
      ],
      ['a bare line feed', `POST /mcp HTTP/1.1\nHost: ${host}\n\n${smuggled}`],
      ['a header with a line break', head(`X-A: b\r\n c: d\r\nContent-Length: ${body.length}`) + body],
      ['a name with a blank', head(`Content-Length : ${body.length}`) + body],
    ];
    for (const [what, text] of odd) {
      const answer = await raw(url, text);
      expect(answer.match(/HTTP\/1.1 2\d\d/g) ?? [], what).toEqual([]);
    }
    // A chunk with an extension and a trailer is one request.
    const one = `${head('Connection: close\r\nTransfer-Encoding: chunked')}${chunk.replace('\r\n', ';a=b\r\n')}0\r\nMcp-Session-Id: x\r\n\r\n`;
    expect(await raw(url, one)).toMatch(/^HTTP\/1.1 200/);
    expect(await raw(url, `GET /mcp HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431/,
    );
    const upgrade = `GET /mcp HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    expect(await raw(url, upgrade)).toMatch(/^HTTP\/1.1 4\d\d/);
    expect(gateway.clients.size).toBe(0);
    const client = await official(url);
    expect(await client.callTool({ name: 's__echo', arguments: {} })).toHaveProperty('content');
  });
});

describe('_meta that is of one hop', () => {
  it.each(['legacy', 'modern'] as const)(
    'of a %s server does not reach a client of either era',
    async (era) => {
      const reserved = {
        'io.modelcontextprotocol/serverInfo': { name: 'canary', version: '1' },
        'io.modelcontextprotocol/subscriptionId': 'canary',
        'io.modelcontextprotocol/related-task': { taskId: 'canary' },
        'example.com/kept': 'kept',
      };
      const result = { content: [{ type: 'text', text: 'x' }], _meta: reserved };
      const server = await http({ era, tools: [{ name: 'meta', does: { type: 'result', result } }] });
      const { url } = await listening({ servers: { s: { url: server.url } } });
      const mine = { 'mcp-session-id': await openSession(url) };
      const older = await (await post(url, call(1, 's__meta'), mine)).text();
      const body = modern(1, 'tools/call', { name: 's__meta', arguments: {} });
      const newer = await (await post(url, body, modernHeaders('tools/call', 's__meta'))).text();
      for (const text of [older, newer]) {
        expect(text).toContain('"kept"');
        expect(text).not.toContain('canary');
      }
    },
  );

  for (const era of ['legacy', 'modern'] as const)
    for (const upstream of ['legacy', 'modern'] as const)
      it(`stays there in questions of a ${upstream} server and answers of a ${era} client`, async () => {
        const _meta = {
          'io.modelcontextprotocol/clientInfo': { name: 'canary', version: '1' },
          'io.modelcontextprotocol/related-task': { taskId: 'canary' },
          'example.com/kept': 'kept',
        };
        const requestedSchema = { type: 'object', properties: {} };
        const params = { mode: 'form', message: '?', requestedSchema, _meta };
        const server = await http({
          era: upstream,
          tools: [{ name: 'ask', does: { type: 'elicit', params } }],
        });
        const { url } = await listening({ servers: { s: { url: server.url } } });
        const asked: unknown[] = [];
        const client = await official(url, era, { capabilities: { elicitation: { form: {} } } }, (each) =>
          each.setRequestHandler('elicitation/create', (request) => {
            asked.push(request.params);
            return { action: 'accept', content: {}, _meta };
          }),
        );
        const answer = JSON.stringify(await client.callTool({ name: 's__ask', arguments: {} }));
        expect(asked).toHaveLength(1);
        for (const text of [JSON.stringify(asked), answer]) expect(text).not.toContain('canary');
        expect(JSON.stringify(asked)).toContain('kept');
      });
});
