import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { stdioSpec, type ScriptedTool, type ServerScript } from '../../../src/testing/index.ts';
import { http, tools } from '../../support/servers.ts';
import { listening, official, openSession, post } from '../support.ts';

const ERAS = ['legacy', 'modern'] as const;
const auth = { verify: (request: Request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }) };
const names = async (client: Client): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name);
const textOf = (value: unknown): string => JSON.stringify(value);
const growing = (more: readonly string[]): ScriptedTool[] => [
  { name: 'grow', does: { type: 'setTools', tools: [{ name: 'grow' }, ...tools(...more)] } },
];

/** What one user is shown and told, by era, asked with `fetch`. */
function asUser(url: string, user: string) {
  const modernMeta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  let session: Promise<string> | undefined;
  return async (era: 'legacy' | 'modern', method: string, params: object = {}): Promise<string> => {
    const name: unknown = Reflect.get(params, 'name');
    if (era === 'legacy') session ??= openSession(url, { 'x-user': user });
    const response = await post(
      url,
      {
        jsonrpc: '2.0',
        id: 1,
        method,
        params: { ...params, ...(era === 'modern' && { _meta: modernMeta }) },
      },
      {
        'x-user': user,
        ...(era === 'legacy'
          ? { 'mcp-session-id': (await session) ?? '' }
          : {
              'mcp-protocol-version': '2026-07-28',
              'mcp-method': method,
              ...(typeof name === 'string' && { 'mcp-name': name }),
            }),
      },
    );
    return response.text();
  };
}

describe('I5 what a session of one principal lists', () => {
  for (const era of ERAS)
    it(`is shown to all clients of that principal and to nobody else, after a call of a ${era} client`, async () => {
      const { url } = await listening({
        servers: {
          s: { ...stdioSpec({ era: 'legacy', tools: growing(['new', 'newer']) }), isolation: 'principal' },
        },
        auth,
        limits: { pageSize: 2 },
      });
      const [ada, eve] = [asUser(url, 'ada'), asUser(url, 'eve')];
      for (const each of ERAS) {
        expect(await ada(each, 'tools/list')).toContain('s__grow');
        expect(await eve(each, 'tools/list')).toContain('s__grow');
      }
      await ada(era, 'tools/call', { name: 's__grow', arguments: {} });
      for (const each of ERAS) await expect.poll(() => ada(each, 'tools/list')).toMatch(/s__grow.*s__new"/);
      for (const each of ERAS) {
        const cursor = /"nextCursor":"([^"]+)"/.exec(await ada(each, 'tools/list'))?.[1];
        // A cursor of one principal's list shows another one nothing of it.
        for (const params of [{}, { cursor }])
          expect(await eve(each, 'tools/list', params), each).not.toContain('new');
        expect(await ada(each, 'tools/list', { cursor })).toContain('s__newer');
        expect(await ada(each, 'tools/call', { name: 's__new', arguments: { x: 'ran' } })).toContain('ran');
        expect(await eve(each, 'tools/call', { name: 's__new', arguments: {} })).toContain('no such tool');
      }
    });

  it('of "client" is shown to that client only, also when it and others are of one principal', async () => {
    const { url } = await listening({
      servers: { s: stdioSpec({ era: 'legacy', tools: growing(['new']) }) },
      auth,
    });
    const ada = asUser(url, 'ada');
    const same = asUser(url, 'ada');
    await ada('legacy', 'tools/call', { name: 's__grow', arguments: {} });
    await expect.poll(() => ada('legacy', 'tools/list')).toContain('s__new');
    for (const [who, era] of [
      [same, 'legacy'],
      [same, 'modern'],
      [asUser(url, 'eve'), 'legacy'],
    ] as const)
      expect(await who(era, 'tools/list')).not.toContain('s__new');
  });
});

describe('F8 list_changed', () => {
  const counting = (counts: Record<string, number>, who: string) => (client: Client) =>
    client.setNotificationHandler(
      'notifications/tools/list_changed',
      () => void (counts[who] = (counts[who] ?? 0) + 1),
    );

  it('is told to all when what all are shown has changed, and to those alone who are shown something else', async () => {
    const resource = { uri: 'test://q', text: 'x' };
    const common = await http({ era: 'legacy', tools: tools('a'), resources: [resource] });
    const { gateway, url } = await listening({
      servers: {
        common: { url: common.url, isolation: 'shared' },
        own: stdioSpec({ era: 'legacy', tools: growing(['new']) }),
        team: { ...stdioSpec({ era: 'legacy', tools: growing(['team']) }), isolation: 'principal' },
      },
    });
    const counts: Record<string, number> = {};
    const [ada, bob] = [
      await official(url, 'legacy', {}, counting(counts, 'ada')),
      await official(url, 'legacy', {}, counting(counts, 'bob')),
    ];
    const all = ['common__a', 'own__grow', 'team__grow'];
    expect(await names(bob)).toEqual(all);
    await ada.callTool({ name: 'own__grow', arguments: {} });
    await expect.poll(() => counts['ada']).toBe(1);
    // It is one principal's that all are here, without `auth`.
    await ada.callTool({ name: 'team__grow', arguments: {} });
    await expect.poll(() => counts).toEqual({ ada: 2, bob: 1 });
    await expect.poll(() => names(bob)).toEqual(['common__a', 'own__grow', 'team__grow', 'team__team']);
    common.control({ command: 'setTools', tools: tools('a', 'b') });
    await expect.poll(() => counts).toEqual({ ada: 3, bob: 2 });
    // Resources of a server have nothing to do with tools.
    common.control({ command: 'setResources', resources: [resource, { uri: 'test://r', text: 'x' }] });
    await expect.poll(() => gateway.group.catalog.resources.size).toBe(2);
    // Asked for one more time, so that whatever was said has come.
    await Promise.all([names(ada), names(bob)]);
    expect(counts).toEqual({ ada: 3, bob: 2 });
  });

  it('is told to a client of 2026-07-28 that listens when what its principal is shown has changed', async () => {
    const { url } = await listening({
      servers: {
        team: { ...stdioSpec({ era: 'legacy', tools: growing(['team']) }), isolation: 'principal' },
      },
    });
    const counts: Record<string, number> = {};
    const client = await official(url, 'modern', {}, counting(counts, 'ada'));
    const subscription = await client.listen({ toolsListChanged: true });
    await client.callTool({ name: 'team__grow', arguments: {} });
    await expect.poll(() => counts['ada']).toBe(1);
    expect(await names(client)).toEqual(['team__grow', 'team__team']);
    await subscription.close();
  });
});

describe('W7 the capabilities that a client is told of', () => {
  const kinds: Record<string, ServerScript> = {
    tools: { tools: tools('a') },
    prompts: { prompts: [{ name: 'p' }] },
    resources: { resources: [{ uri: 'test://r' }] },
    completions: {
      prompts: [{ name: 'p', arguments: [{ name: 'x' }] }],
      completions: [{ ref: 'p', argument: 'x', values: ['y'] }],
    },
    logging: { capabilities: { logging: {} } },
  };

  for (const era of ERAS)
    it(`are those that some server has, also after servers come and go: a ${era} client`, async () => {
      const { gateway, url } = await listening({ servers: {} });
      const told = async (): Promise<string[]> =>
        Object.keys((await official(url, era)).getServerCapabilities() ?? {}).toSorted();
      expect(await told()).toEqual([]);
      const has = new Set<string>();
      for (const [name, script] of Object.entries(kinds)) {
        const server = await http({ era: 'legacy', ...script });
        await gateway.add(name, { url: server.url });
        for (const each of Object.keys(gateway.group.session(name).capabilities ?? {})) has.add(each);
        expect(await told(), name).toEqual([...has].toSorted());
      }
      const client = await official(url, era);
      expect(client.getServerCapabilities()).toMatchObject({
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
      });
      for (const name of Object.keys(kinds)) await gateway.remove(name);
      expect(await told()).toEqual([]);
    });
});

describe('names that several servers use', () => {
  it('as the servers have them: a server that clashes is left out, unless it is told what not to offer', async () => {
    const script = (name: string): ServerScript => ({
      name,
      era: 'legacy',
      tools: [{ name: 'same', does: { type: 'text', text: `by ${name}` } }, { name: `only_${name}` }],
    });
    const [a, b, c] = [await http(script('a')), await http(script('b')), await http(script('c'))];
    const { gateway, url } = await listening({
      naming: 'bare',
      servers: { a: { url: a.url }, b: { url: b.url, deny: ['same'] }, c: { url: c.url } },
    });
    expect(gateway.servers.get('c')?.error?.code).toBe('NAME_COLLISION');
    for (const era of ERAS) {
      const client = await official(url, era);
      // Again with a session of its own.
      for (let at = 0; at < 2; at++) {
        expect((await names(client)).toSorted()).toEqual(['only_a', 'only_b', 'same']);
        expect(textOf(await client.callTool({ name: 'same', arguments: {} }))).toContain('by a');
        expect(textOf(await client.callTool({ name: 'only_b', arguments: { x: 'b' } }))).toContain('b');
        await expect(client.callTool({ name: 'only_c', arguments: {} })).rejects.toThrow('no such tool');
      }
    }
  });

  for (const era of ERAS)
    it(`as URIs, are refused to a ${era} client as meaning several, and nothing else is`, async () => {
      const server = (text: string) =>
        http({
          era: 'legacy',
          resources: [
            { uri: 'test://same', text },
            { uri: `test://${text}`, text },
          ],
        });
      const [a, b] = [await server('a'), await server('b')];
      const { gateway, url } = await listening({ servers: { a: { url: a.url }, b: { url: b.url } } });
      const client = await official(url, era);
      expect((await client.listResources()).resources.map(({ uri }) => uri).toSorted()).toEqual([
        'test://a',
        'test://b',
        'test://same',
      ]);
      const wrong = { code: -32602, data: { code: 'AMBIGUOUS_RESOURCE' } };
      await expect(client.readResource({ uri: 'test://same' })).rejects.toMatchObject(wrong);
      if (era === 'legacy')
        await expect(client.subscribeResource({ uri: 'test://same' })).rejects.toMatchObject(wrong);
      for (const text of ['a', 'b'])
        expect(textOf(await client.readResource({ uri: `test://${text}` }))).toContain(`"text":"${text}"`);
      await gateway.remove('a');
      expect(textOf(await client.readResource({ uri: 'test://same' }))).toContain('"text":"b"');
    });
});
