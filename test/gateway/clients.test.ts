import type { Client } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { stdioSpec, type ScriptedTool } from '../../src/testing/index.ts';
import { http } from '../support/servers.ts';
import { listening, official, openSession, post } from './support.ts';

const ERAS = ['legacy', 'modern'] as const;
const names = async (client: Client): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name);
const textOf = (result: unknown): string => JSON.stringify(result);

describe('W3 what a server sends', () => {
  const result = {
    content: [
      { type: 'text', text: 'known', annotations: { audience: ['user'] }, odd: 1 },
      { type: 'hologram', data: 'x', depth: 3 },
    ],
    structuredContent: { a: 1 },
    _meta: { 'example.com/trace': 'kept' },
    extra: { b: [1, 2] },
  };
  const toolset: ScriptedTool[] = [
    { name: 'odd', does: { type: 'result', result } },
    { name: 'fails', does: { type: 'rpcError', code: -32099, message: 'no luck', data: { why: ['x'] } } },
    { name: 'wrong', does: { type: 'error', message: 'it did not work' } },
  ];

  for (const upstream of ERAS) {
    it(`passes unchanged from a ${upstream} server: unknown blocks and fields, error codes and data`, async () => {
      const server = await http({ era: upstream, tools: toolset });
      const { url } = await listening({ servers: { s: { url: server.url } } });
      const id = await openSession(url);
      const call = async (name: string): Promise<string> => {
        const params = { name: `s__${name}`, arguments: {} };
        const response = await post(
          url,
          { jsonrpc: '2.0', id: 5, method: 'tools/call', params },
          { 'mcp-session-id': id },
        );
        return response.text();
      };
      const odd = await call('odd');
      for (const part of [
        '"type":"hologram"',
        '"depth":3',
        '"odd":1',
        '"example.com/trace":"kept"',
        '"extra":{"b":[1,2]}',
      ])
        expect(odd).toContain(part);
      expect(await call('fails')).toContain('{"code":-32099,"message":"no luck","data":{"why":["x"]}}');
      expect(await call('wrong')).toContain('"isError":true');
      expect(await call('nothing')).toContain('"code":-32602');
    });
  }
});

describe('I what is one client’s alone', () => {
  it('a tool that a server adds in a call of one client is in its list only, and only it is told', async () => {
    const added: ScriptedTool[] = [{ name: 'grow' }, { name: 'new' }];
    const { url } = await listening({
      servers: {
        s: stdioSpec({ era: 'legacy', tools: [{ name: 'grow', does: { type: 'setTools', tools: added } }] }),
      },
    });
    const told: string[] = [];
    const watched = (who: string) => (client: Client) =>
      client.setNotificationHandler('notifications/tools/list_changed', () => void told.push(who));
    const ada = await official(url, 'legacy', {}, watched('ada'));
    const bob = await official(url, 'legacy', {}, watched('bob'));
    await bob.callTool({ name: 's__grow', arguments: {} }).catch(() => {});
    await expect.poll(() => names(bob)).toEqual(['s__grow', 's__new']);
    expect(await names(ada)).toEqual(['s__grow']);
    await expect.poll(() => told).toContain('bob');
    expect(told).not.toContain('ada');
    expect(textOf(await bob.callTool({ name: 's__new', arguments: { x: 1 } }))).toContain('x');
    await expect(ada.callTool({ name: 's__new', arguments: {} })).rejects.toThrow('no such tool');
  });

  for (const era of ERAS)
    it(`a tool that a server offers only to clients that can be asked is there for a ${era} client, from its first request`, async () => {
      const picky = (): McpServer => {
        const server = new McpServer({ name: 'picky', version: '1' });
        server.registerTool('plain', {}, () => ({ content: [] }));
        server.server.oninitialized = () => {
          for (const capability of ['elicitation', 'sampling', 'roots'] as const)
            if (server.server.getClientCapabilities()?.[capability] !== undefined)
              server.registerTool(capability, {}, () => ({ content: [{ type: 'text', text: 'asked' }] }));
        };
        return server;
      };
      const { url } = await listening({ servers: { s: { server: picky, protocol: 'legacy' } } });
      const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
      const able = await official(url, era, { capabilities });
      const all = ['s__plain', 's__elicitation', 's__sampling', 's__roots'];
      await expect.poll(() => names(able)).toEqual(all);
      for (const name of all.slice(1))
        expect(textOf(await able.callTool({ name, arguments: {} }))).toContain('asked');
      const unable = await official(url, era);
      await unable.callTool({ name: 's__plain', arguments: {} });
      if (era === 'legacy') await expect.poll(() => names(unable)).toEqual(['s__plain']);
      expect(textOf(await unable.callTool({ name: 's__roots', arguments: {} }).catch(String))).not.toContain(
        'asked',
      );
    });

  for (const isolation of ['principal', 'shared'] as const)
    it(`I1 logs of a call on a session that is "${isolation}" reach the client that called, from the level that it wants`, async () => {
      const log = (level: 'info' | 'error') => ({ type: 'log', level, data: level }) as const;
      const { url } = await listening({
        servers: {
          s: {
            ...stdioSpec({
              era: 'legacy',
              tools: [
                { name: 'info', does: log('info') },
                { name: 'error', does: log('error') },
              ],
            }),
            isolation,
          },
        },
      });
      const heard: string[] = [];
      const ada = await official(url, 'legacy', {}, (client) =>
        client.setNotificationHandler('notifications/message', ({ params }) => {
          heard.push(`ada: ${textOf(params.data)}`);
        }),
      );
      const bob = await official(url, 'legacy', {}, (client) =>
        client.setNotificationHandler('notifications/message', ({ params }) => {
          heard.push(`bob: ${textOf(params.data)}`);
        }),
      );
      await ada.setLoggingLevel('error');
      for (const name of ['info', 'error']) await ada.callTool({ name: `s__${name}`, arguments: {} });
      await bob.callTool({ name: 's__info', arguments: {} });
      await expect.poll(() => heard).toEqual(['ada: "error"', 'bob: "info"']);
    });

  for (const era of ERAS)
    for (const upstream of ERAS)
      it(`I1 logs and progress of a ${era} client’s call on a ${upstream} server reach it and nobody else`, async () => {
        const { url } = await listening({
          servers: {
            s: stdioSpec({
              era: upstream,
              tools: [
                { name: 'log', does: { type: 'log', level: 'warning', data: 'canary', times: 3 } },
                { name: 'steps', does: { type: 'progress', steps: 5 } },
              ],
            }),
          },
        });
        const logs = { ada: 0, bob: 0 };
        const counted = (who: 'ada' | 'bob') => (client: Client) =>
          client.setNotificationHandler('notifications/message', () => void logs[who]++);
        const ada = await official(url, era, {}, counted('ada'));
        const bob = await official(url, era, {}, counted('bob'));
        await ada.setLoggingLevel('info').catch(() => {});
        const meta = era === 'modern' ? { _meta: { 'io.modelcontextprotocol/logLevel': 'info' } } : {};
        if (era === 'legacy') {
          await ada.callTool({ name: 's__log', arguments: {}, ...meta });
          await expect.poll(() => logs.ada).toBe(3);
        }
        const seen: number[] = [];
        await ada.callTool(
          { name: 's__steps', arguments: {} },
          { onprogress: ({ progress }) => seen.push(progress) },
        );
        // F6: all of them before the result.
        expect(seen).toEqual([1, 2, 3, 4, 5]);
        await bob.callTool({ name: 's__steps', arguments: {} });
        expect(logs.bob).toBe(0);
      });

  it('F7 a cancelled call is cancelled on its server, and no other', async () => {
    const server = await http({
      era: 'legacy',
      tools: [{ name: 'sleep', does: { type: 'sleepUntilCancelled' } }, { name: 'echo' }],
    });
    const { url } = await listening({ servers: { s: { url: server.url } } });
    const ada = await official(url);
    const bob = { 'mcp-session-id': await openSession(url) };
    const abort = new AbortController();
    const first = ada.callTool({ name: 's__sleep', arguments: {} }, { signal: abort.signal });
    const second = post(
      url,
      { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 's__sleep' } },
      bob,
    ).then((response) => response.text());
    await expect
      .poll(() => server.inspect().requests.filter(({ method }) => method === 'tools/call').length)
      .toBe(2);
    abort.abort();
    await expect(first).rejects.toThrow();
    await expect.poll(() => server.inspect().cancelled.length).toBe(1);
    expect(server.inspect().running).toBe(1);
    // Closing waits for calls.
    await fetch(url, { method: 'DELETE', headers: bob });
    await second;
  });
});

describe('F9 subscriptions', () => {
  for (const isolation of ['client', 'principal', 'shared'] as const)
    it(`with isolation "${isolation}" an update reaches those who subscribed`, async () => {
      const uri = 'test://watched';
      const server = await http({
        era: 'legacy',
        resources: [{ uri, name: 'watched', text: 'x' }],
        tools: [{ name: 'update', does: { type: 'control', command: { command: 'resourceUpdated', uri } } }],
      });
      const { url } = await listening({ servers: { s: { url: server.url, isolation } } });
      const updates = { ada: 0, bob: 0 };
      const counted = (who: 'ada' | 'bob') => (client: Client) =>
        client.setNotificationHandler('notifications/resources/updated', () => void updates[who]++);
      const ada = await official(url, 'legacy', {}, counted('ada'));
      const bob = await official(url, 'legacy', {}, counted('bob'));
      await ada.subscribeResource({ uri });
      await bob.subscribeResource({ uri });
      await ada.callTool({ name: 's__update', arguments: {} });
      await expect.poll(() => updates).toEqual({ ada: 1, bob: 1 });
      await bob.unsubscribeResource({ uri });
      await ada.callTool({ name: 's__update', arguments: {} });
      await expect.poll(() => updates.ada).toBe(2);
      expect(updates.bob).toBe(1);
    });
});

describe('F10 a requestState', () => {
  const toolset: ScriptedTool[] = [
    {
      name: 'ask',
      does: {
        type: 'elicit',
        params: {
          mode: 'form',
          message: '?',
          requestedSchema: { type: 'object', properties: { a: { type: 'string' } } },
        },
      },
    },
    { name: 'other' },
  ];
  const modern = (id: number, name: string, more: object = {}) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: {
      name,
      arguments: {},
      ...more,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
      },
    },
  });
  const headers = (name: string, user = 'ada') => ({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': name,
    'x-user': user,
  });

  for (const upstream of ERAS)
    it(`of a ${upstream} server is refused when it was changed, has been used, or is somebody else's`, async () => {
      const server = await http({ era: upstream, tools: toolset });
      const auth = {
        verify: (request: Request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }),
      };
      const { url } = await listening({ servers: { s: { url: server.url } }, auth });
      const send = async (name: string, more: object, user?: string) => {
        const response = await post(url, modern(1, name, more), headers(name, user));
        return JSON.parse((await response.text()).replace(/^(?:[^{]*\n)*?data: /, ''));
      };
      const asked = await send('s__ask', {});
      expect(asked.result.resultType).toBe('input_required');
      const state: string = asked.result.requestState;
      const key = Object.keys(asked.result.inputRequests)[0] ?? '';
      const inputResponses = { [key]: { action: 'accept', content: { a: 'mine' } } };
      const flipped = state.slice(0, -2) + (state.endsWith('AA') ? 'BA' : 'AA');
      for (const [what, answer] of [
        ['one that was changed', await send('s__ask', { inputResponses, requestState: flipped })],
        ['one that was cut', await send('s__ask', { inputResponses, requestState: state.slice(0, 20) })],
        ["somebody else's", await send('s__ask', { inputResponses, requestState: state }, 'eve')],
        ['one of another tool', await send('s__other', { inputResponses, requestState: state })],
      ] as const) {
        expect(answer.error, what).toMatchObject({ code: -32602, data: { reason: 'invalid_request_state' } });
      }
      const done = await send('s__ask', { inputResponses, requestState: state });
      expect(textOf(done.result)).toContain('mine');
      if (upstream === 'legacy')
        expect((await send('s__ask', { inputResponses, requestState: state })).error.code).toBe(-32602);
    });
});

describe('R a server that is not there', () => {
  it('R1 delays no list, and a call to it says which one it is and nothing else of the host', async () => {
    const server = await http({ tools: [{ name: 'echo' }] });
    const { url } = await listening({
      servers: {
        good: { url: server.url },
        gone: { command: 'no-such-command-anywhere', env: { SECRET: 'swordfish' } },
        hung: { ...stdioSpec({ startDelayMs: 600_000 }), connectTimeoutMs: 300 },
      },
    });
    const client = await official(url);
    expect(await names(client)).toEqual(['good__echo']);
    const failure: unknown = await client
      .callTool({ name: 'gone__echo', arguments: {} })
      .catch((error: unknown) => error);
    expect(String(failure)).not.toContain('swordfish');
    expect(String(failure)).not.toContain('no-such-command-anywhere');
    expect(textOf(await client.callTool({ name: 'good__echo', arguments: { still: 1 } }))).toContain('still');
  });

  it('R2 a session that the server has forgotten is opened anew underneath', async () => {
    const server = await http({
      era: 'legacy',
      tools: [
        { name: 'echo' },
        { name: 'forget', does: { type: 'control', command: { command: 'expireSessions' } } },
      ],
    });
    const { url } = await listening({ servers: { s: { url: server.url } } });
    const client = await official(url);
    await client.callTool({ name: 's__forget', arguments: {} });
    for (let at = 0; at < 3; at++)
      expect(textOf(await client.callTool({ name: 's__echo', arguments: { at } }))).toContain('at');
  });

  it('R7 draining lets calls finish and takes no new session', async () => {
    const server = await http({ era: 'legacy', tools: [{ name: 'slow', does: { type: 'slow', ms: 700 } }] });
    const { gateway, url } = await listening({ servers: { s: { url: server.url } } });
    const client = await official(url);
    const call = client.callTool({ name: 's__slow', arguments: { a: 1 } });
    await expect.poll(() => server.inspect().running).toBe(1);
    const draining = gateway.drain();
    await expect(official(url)).rejects.toThrow();
    expect(textOf(await call)).toContain('a');
    await draining;
  });
});
