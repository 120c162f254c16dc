import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import type { ClientRule, GatewayEvent, Identity } from '../../../src/gateway/index.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import { http, tools } from '../../support/servers.ts';
import { listening, official, openSession, post } from '../support.ts';

/** Each client says who it is by its name, and its scopes with each request. */
const auth = {
  verify: ({ headers }: Request): Identity => ({
    principal: headers.get('x-user') ?? 'nobody',
    scopes: (headers.get('x-scopes') ?? '').split(' '),
  }),
};
const resource = (name: string) => ({ uri: `${name}://r`, text: name });
const scriptOf = (name: string): ServerScript => ({
  era: 'legacy',
  tools: tools('a'),
  prompts: [{ name: 'p' }],
  resources: [resource(name)],
});

async function twoServers(clients: ClientRule[]) {
  const [red, blue] = [await http(scriptOf('red')), await http(scriptOf('blue'))];
  const shared = { isolation: 'shared' } as const;
  const { gateway, url } = await listening({
    servers: { red: { url: red.url, ...shared }, blue: { url: blue.url, ...shared } },
    auth,
    clients,
  });
  return { red, blue, gateway, url };
}

const RED_AND_BLUE: ClientRule[] = [
  { match: { principal: 'ada' }, servers: ['red'] },
  { match: { principal: 'bob' }, servers: ['blue'] },
  { match: { principal: 'eve' }, view: 'search' },
];

/** A client of one user, and what it is told. */
async function told(url: string, user: string, era: 'legacy' | 'modern') {
  const seen: string[] = [];
  const client = await official(
    url,
    era,
    {},
    (made) => {
      for (const list of ['tools', 'prompts', 'resources'] as const)
        made.setNotificationHandler(`notifications/${list}/list_changed`, () => void seen.push(list));
      made.setNotificationHandler(
        'notifications/resources/updated',
        ({ params }) => void seen.push(params.uri),
      );
    },
    { 'x-user': user },
  );
  if (era === 'modern')
    await client.listen({ toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true });
  return { client, seen };
}

const names = async (client: Client): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name);

describe('F8 what a client may not see changes', () => {
  for (const era of ['legacy', 'modern'] as const)
    it(`and a ${era} client is not told, while those that see it are`, async () => {
      const { red, blue, url } = await twoServers(RED_AND_BLUE);
      const [ada, bob, eve] = [
        await told(url, 'ada', era),
        await told(url, 'bob', era),
        await told(url, 'eve', era),
      ];
      expect(await names(ada.client)).toEqual(['red__a']);
      red.control({ command: 'setTools', tools: tools('a', 'b') });
      await expect.poll(() => ada.seen).toEqual(['tools']);
      blue.control({ command: 'setPrompts', prompts: [{ name: 'q' }] });
      await expect.poll(() => bob.seen).toEqual(['prompts']);
      red.control({ command: 'setResources', resources: [resource('more')] });
      await expect.poll(() => ada.seen).toEqual(['tools', 'resources']);
      // A search is the same as before, whatever it finds.
      await expect.poll(() => eve.seen).toEqual(['prompts', 'resources']);
      red.control({ command: 'setTools', tools: [] });
      await expect.poll(() => eve.seen).toEqual(['prompts', 'resources', 'tools']);
      expect(bob.seen).toEqual(['prompts']);
      expect(await names(bob.client)).toEqual(['blue__a']);
    });
});

describe('rules that change while the gateway runs', () => {
  it('hold at once; who sees something else is told, and hears no more of what is denied now', async () => {
    const { red, gateway, url } = await twoServers([{}]);
    const events: GatewayEvent[] = [];
    void (async () => {
      for await (const event of gateway.events()) if (event.type !== 'overflow') events.push(event);
    })();
    const [ada, bob] = [await told(url, 'ada', 'legacy'), await told(url, 'bob', 'legacy')];
    const listener = await told(url, 'ada', 'modern');
    await ada.client.subscribeResource({ uri: 'red://r' });
    red.control({ command: 'resourceUpdated', uri: 'red://r' });
    await expect.poll(() => ada.seen).toEqual(['red://r']);
    gateway.configure({ clients: [{ match: { principal: 'ada' }, servers: ['blue'] }, {}] });
    await expect.poll(() => ada.seen.toSorted()).toEqual(['prompts', 'red://r', 'resources', 'tools']);
    expect(await names(ada.client)).toEqual(['blue__a']);
    await expect(ada.client.callTool({ name: 'red__a', arguments: {} })).rejects.toThrow(/no such tool/);
    expect(events).toContainEqual({
      type: 'denied',
      principal: 'ada',
      reason: 'not-allowed',
      method: 'tools/call',
      server: 'red',
      name: 'red__a',
    });
    await bob.client.subscribeResource({ uri: 'red://r' });
    red.control({ command: 'resourceUpdated', uri: 'red://r' });
    await expect.poll(() => bob.seen).toEqual(['red://r']);
    await nextTurn();
    expect(ada.seen.filter((each) => each === 'red://r')).toHaveLength(1);
    expect(await names(listener.client)).toEqual(['blue__a']);
    // The same rules again are no change.
    gateway.configure({ clients: [{ match: { principal: 'ada' }, servers: ['blue'] }, {}] });
    gateway.configure({});
    await expect.poll(() => names(ada.client)).toEqual(['red__a', 'blue__a']);
  });

  it('are refused as a whole when one of them cannot be used', async () => {
    const { gateway, url } = await twoServers([{ servers: ['red'] }]);
    const ada = await told(url, 'ada', 'legacy');
    expect(() => gateway.configure({ clients: [{}, { allow: [{}] }] })).toThrow(/clients\[1\]\.allow\[0\]/);
    expect(await names(ada.client)).toEqual(['red__a']);
  });

  it('are told of when they name what does not exist', async () => {
    const { gateway } = await twoServers([
      { servers: ['red', 'reed'], allow: ['red__*', 'rid__a', { kind: 'prompt', server: 'none' }] },
    ]);
    const told = gateway.problems.map(({ message }) => message);
    expect(told).toHaveLength(3);
    expect(told[0]).toMatch(/clients\[0\]\.servers\[1\].*reed.*no server.*Did you mean.*red/s);
    expect(told[1]).toMatch(/clients\[0\]\.allow\[1\].*rid__a/s);
    expect(told[2]).toMatch(/clients\[0\]\.allow\[2\]/);
    gateway.configure({ clients: [{ servers: ['red'] }] });
    expect(gateway.problems).toEqual([]);
  });
});

describe('a session whose client comes with other scopes', () => {
  it('sees and reaches what these allow, from that request on', async () => {
    const { url } = await twoServers([
      { match: { scope: 'all' } },
      { match: { scope: 'some' }, servers: ['red'] },
    ]);
    const as = (scopes: string) => ({ 'x-user': 'ada', 'x-scopes': scopes });
    const id = await openSession(url, as('some'));
    const send = async (scopes: string, method: string, params: object = {}): Promise<string> =>
      (
        await post(url, { jsonrpc: '2.0', id: 1, method, params }, { ...as(scopes), 'mcp-session-id': id })
      ).text();
    expect(await send('some', 'tools/list')).not.toContain('blue__a');
    expect(await send('all', 'tools/list')).toContain('blue__a');
    expect(await send('some', 'tools/call', { name: 'blue__a' })).toContain('no such tool');
    expect(await send('all', 'tools/call', { name: 'blue__a' })).toContain('content');
    expect(await send('none', 'tools/list')).toContain('"tools":[]');
  });
});

describe('what a client is told that the gateway can do', () => {
  it('is what the servers can that it may use', async () => {
    const [a, b] = [
      await http({ era: 'legacy', tools: tools('a') }),
      await http({ era: 'legacy', prompts: [{ name: 'p' }] }),
    ];
    const { url } = await listening({
      servers: { a: { url: a.url }, b: { url: b.url } },
      auth,
      clients: [
        { match: { principal: 'ada' }, servers: ['a'] },
        { match: { principal: 'bob' }, servers: ['b'] },
      ],
    });
    for (const era of ['legacy', 'modern'] as const) {
      const can = async (user: string): Promise<string[]> =>
        Object.keys((await told(url, user, era)).client.getServerCapabilities() ?? {});
      expect(await can('ada')).toEqual(expect.not.arrayContaining(['prompts']));
      expect(await can('ada')).toContain('tools');
      expect(await can('bob')).toEqual(expect.not.arrayContaining(['tools']));
      expect(await can('bob')).toContain('prompts');
      expect(await can('eve')).toEqual([]);
    }
  });
});
