import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { stdioSpec, type ScriptedTool } from '../../../src/testing/index.ts';
import { http, tools } from '../../support/servers.ts';
import { listening, official, openSession, post } from '../support.ts';
import { talkingServer } from './talking-server.ts';

const ERAS = ['legacy', 'modern'] as const;
const auth = { verify: (request: Request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }) };
const form = {
  mode: 'form',
  message: '?',
  requestedSchema: { type: 'object', properties: { a: { type: 'string' } } },
};
const answering = (who: string) => (client: Client) =>
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { a: who } }));
const textOf = (value: unknown): string => JSON.stringify(value);
const callOf = (id: number, name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

describe('F5 what clients can do', () => {
  const able: { readonly [Name in string]: object } = {
    nothing: {},
    forms: { elicitation: { form: {} } },
    roots: { roots: {} },
    all: { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: { listChanged: true } },
  };
  for (const isolation of ['client', 'principal'] as const)
    for (const era of ERAS)
      it(`is what a server is told of each ${era} client, on sessions that are "${isolation}"`, async () => {
        const server = await talkingServer();
        const { url } = await listening({ servers: { s: { url: server.url, isolation } } });
        const before = server.declared().length;
        for (const [name, capabilities] of Object.entries(able))
          for (const again of ['1', '2']) {
            const client = await official(url, era, { capabilities }, (each) => {
              if ('elicitation' in capabilities) answering(name)(each);
            });
            const call = { name: 's__talk', arguments: { id: name + again, asks: 1 } };
            const answer = await client.callTool(call).then(textOf, String);
            if ('elicitation' in capabilities) expect(answer).toContain(`\\"a\\":\\"${name}\\"`);
            else expect(answer).not.toContain('\\"a\\"');
          }
        const declared = server.declared().slice(before);
        for (const capabilities of Object.values(able)) expect(declared).toContainEqual(capabilities);
        // Clients of one principal that can do the same share one session.
        if (isolation === 'principal') expect(declared).toHaveLength(Object.keys(able).length);
      });
});

describe('I2 a server that all clients share', () => {
  const asking: ScriptedTool[] = [
    { name: 'elicit', does: { type: 'elicit', params: form } },
    { name: 'sample', does: { type: 'sample', params: { messages: [], maxTokens: 1 } } },
    { name: 'roots', does: { type: 'roots' } },
    { name: 'echo' },
  ];
  for (const era of ERAS)
    for (const upstream of ERAS)
      it(`is offered nothing of a ${era} client, and told so when it asks all the same: ${upstream}`, async () => {
        const server = await http({ era: upstream, tools: asking });
        const { url } = await listening({ servers: { s: { url: server.url, isolation: 'shared' } } });
        let asked = 0;
        const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
        const client = await official(url, era, { capabilities }, (each) => {
          each.setRequestHandler('elicitation/create', () => {
            asked++;
            return { action: 'cancel' };
          });
          each.setRequestHandler('roots/list', () => {
            asked++;
            return { roots: [] };
          });
        });
        for (const name of ['elicit', 'sample', 'roots'].map((each) => `s__${each}`)) {
          const answer = await client.callTool({ name, arguments: {} }).catch(String);
          if (typeof answer !== 'string' && upstream === 'legacy') expect(answer.isError, name).toBe(true);
        }
        const offered = textOf(server.inspect().requests);
        for (const feature of ['elicitation', 'sampling', 'roots'])
          expect(offered).not.toMatch(new RegExp(`apabilities":\\{[^}]*"${feature}"`));
        if (upstream === 'legacy') expect(asked).toBe(0);
        expect(textOf(await client.callTool({ name: 's__echo', arguments: { still: 1 } }))).toContain(
          'still',
        );
      });
});

describe('what a server says or asks outside any call', () => {
  for (const isolation of ['principal', 'shared'] as const)
    it(`is heard by nobody on a session that is "${isolation}", also while clients call`, async () => {
      const server = await http({
        era: 'legacy',
        tools: [{ name: 'slow', does: { type: 'slow', ms: 300 } }, { name: 'echo' }],
      });
      const { url } = await listening({ servers: { s: { url: server.url, isolation } } });
      const heard: unknown[] = [];
      const listen = (each: Client) =>
        each.setNotificationHandler('notifications/message', ({ params }) => void heard.push(params.data));
      const [ada, bob] = [
        await official(url, 'legacy', {}, listen),
        await official(url, 'legacy', {}, listen),
      ];
      await ada.callTool({ name: 's__echo', arguments: {} });
      const params = { level: 'error', data: 'stray' };
      const stray = () => server.control({ command: 'notify', method: 'notifications/message', params });
      stray();
      const call = bob.callTool({ name: 's__slow', arguments: {} });
      await expect.poll(() => server.inspect().running).toBe(1);
      stray();
      await call;
      await ada.callTool({ name: 's__echo', arguments: {} });
      expect(heard).toEqual([]);
    });

  it('goes to the client of the session if that has an open stream, and is else answered with an error at once', async () => {
    const server = await talkingServer();
    const { url } = await listening({ servers: { s: { url: server.url } }, auth });
    const initialize = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: { elicitation: { form: {} } },
        clientInfo: { name: 'raw', version: '1' },
      },
    };
    const id = await openSession(url, {}, initialize);
    const mine = { 'mcp-session-id': id };
    await (await post(url, callOf(2, 's__talk', { id: 'x' }), mine)).text();
    // It has no stream open.
    for (const answer of await server.ask('early')) expect(answer).toContain('No client can be asked now');
    const stream = await fetch(url, { headers: { ...mine, accept: 'text/event-stream' } });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const asking = server.ask('late');
    let text = '';
    while (!text.includes('late')) text += (await reader?.read())?.value ?? '';
    const asked = /"id":("?[\w-]+"?)/.exec(text.slice(text.indexOf('{')))?.[1] ?? '0';
    await post(
      url,
      { jsonrpc: '2.0', id: JSON.parse(asked), result: { action: 'accept', content: { a: 'late' } } },
      mine,
    );
    expect((await asking).filter((answer) => answer.includes('accept'))).toHaveLength(1);
    await reader?.cancel();
  });

  it('is answered with an error at once where the client of 2026-07-28 is gone', async () => {
    const server = await talkingServer();
    const { url } = await listening({ servers: { s: { url: server.url } } });
    const client = await official(
      url,
      'modern',
      { capabilities: { elicitation: { form: {} } } },
      answering('x'),
    );
    await client.callTool({ name: 's__talk', arguments: { id: 'x' } });
    for (const answer of await server.ask('late')) expect(answer).toContain('No client can be asked now');
  });
});

describe('I4 a session that others get', () => {
  it('is never one that was subscribed on or whose log level was set', async () => {
    const uri = 'test://a';
    const server = await http({
      era: 'legacy',
      tools: [
        { name: 'whoami', does: { type: 'whoami' } },
        { name: 'log', does: { type: 'log', level: 'info', data: 'x' } },
        { name: 'update', does: { type: 'control', command: { command: 'resourceUpdated', uri } } },
      ],
      resources: [{ uri, name: 'a', text: 'x' }],
    });
    const { gateway, url } = await listening({ servers: { s: { url: server.url } } });
    const sessionOf = async (client: Client): Promise<string> =>
      /\\"sessionId\\":\\"([\w-]+)/.exec(
        textOf(await client.callTool({ name: 's__whoami', arguments: {} })),
      )?.[1] ?? '';
    const used = new Set<string>();
    for (let at = 0; at < 3; at++) {
      const ada = await official(url);
      await ada.callTool({ name: 's__whoami', arguments: {} });
      await ada.subscribeResource({ uri });
      await ada.setLoggingLevel('emergency');
      used.add(await sessionOf(ada));
      await ada.close();
      const id = [...gateway.clients.keys()][0] ?? '';
      await fetch(url, { method: 'DELETE', headers: { 'mcp-session-id': id } });
      await expect.poll(() => gateway.clients.size).toBe(0);
      // These borrow sessions that are given back.
      let updates = 0;
      const bob = await official(url, 'modern', {}, (each) =>
        each.setNotificationHandler('notifications/resources/updated', () => void updates++),
      );
      expect(used.has(await sessionOf(bob))).toBe(false);
      await bob.callTool({ name: 's__update', arguments: {} });
      let logs = 0;
      const eve = await official(url, 'modern', {}, (each) =>
        each.setNotificationHandler('notifications/message', () => void logs++),
      );
      const _meta = { 'io.modelcontextprotocol/logLevel': 'info' };
      await eve.callTool({ name: 's__log', arguments: {}, _meta });
      await expect.poll(() => logs).toBe(1);
      expect(updates).toBe(0);
      await Promise.all([bob.close(), eve.close()]);
    }
  });
});

describe('a client of 2026-07-28 that listens for a resource', () => {
  for (const isolation of ['client', 'principal', 'shared'] as const)
    for (const capabilities of [{}, { elicitation: { form: {} } }])
      it(`hears what its own calls change in the process of an older server, on sessions that are "${isolation}": ${textOf(capabilities)}`, async () => {
        const uri = 'test://a';
        const update = { type: 'control', command: { command: 'resourceUpdated', uri } } as const;
        const { url } = await listening({
          servers: {
            s: {
              ...stdioSpec({
                era: 'legacy',
                tools: [{ name: 'update', does: update }, { name: 'echo' }],
                resources: [{ uri, name: 'a', text: 'x' }],
              }),
              isolation,
            },
          },
        });
        let updates = 0;
        const client = await official(url, 'modern', { capabilities }, (each) =>
          each.setNotificationHandler('notifications/resources/updated', () => void updates++),
        );
        const subscription = await client.listen({ resourceSubscriptions: [uri] });
        for (let at = 1; at <= 3; at++) {
          await client.callTool({ name: 's__update', arguments: {} });
          await expect.poll(() => updates).toBe(at);
        }
        await subscription.close();
        // Nothing of it stands in the way of calls, one after another and at the same time.
        const calls = Array.from({ length: 4 }, (_, at) =>
          client.callTool({ name: 's__echo', arguments: { at } }),
        );
        for (const [at, answer] of (await Promise.all(calls)).entries())
          expect(textOf(answer)).toContain(`\\"at\\":${at}`);
      });
});

describe('a server that is added', () => {
  it('is listed also when clients use as many sessions as there may be', async () => {
    const server = await http({ era: 'legacy', tools: tools('echo') });
    const { gateway, url } = await listening({
      servers: { s: { url: server.url } },
      limits: { upstreamSessions: 1, upstreamSessionsPerServer: 1 },
    });
    const client = await official(url);
    await client.callTool({ name: 's__echo', arguments: {} });
    for (let at = 0; at < 4; at++) {
      const more = await http({ era: 'legacy', tools: tools('echo') });
      await gateway.add(`more${at}`, { url: more.url });
    }
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toEqual(['s__echo', ...[0, 1, 2, 3].map((at) => `more${at}__echo`)]);
    // Each call of another server makes room for its session.
    for (const at of [0, 1, 2, 3])
      expect(textOf(await client.callTool({ name: `more${at}__echo`, arguments: { at } }))).toContain('at');
    for (const at of [0, 1, 2, 3]) await gateway.remove(`more${at}`);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['s__echo']);
  });
});
