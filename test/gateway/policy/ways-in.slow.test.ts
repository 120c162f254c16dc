import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientRule, Gateway } from '../../../src/gateway/index.ts';
import type { ScriptedInProcessServer, ServerScript } from '../../../src/testing/index.ts';
import { local } from '../../support/servers.ts';
import { listening, openSession, post } from '../support.ts';

const SERVERS = ['red', 'green', 'blue'] as const;
const NAMES = ['one', 'two'] as const;

function scriptOf(server: string): ServerScript {
  return {
    name: server,
    era: 'legacy',
    tools: NAMES.map((name) => ({
      name,
      description: `The ${name} tool of ${server}.`,
      annotations: { readOnlyHint: name === 'one' },
    })),
    prompts: NAMES.map((name) => ({ name, arguments: [{ name: 'x' }], messages: [] })),
    resources: NAMES.map((name) => ({ uri: `${server}://${name}`, text: name })),
    resourceTemplates: [{ name: 't', uriTemplate: `${server}://of/{x}` }],
    completions: [
      ...NAMES.map((name) => ({ ref: name, argument: 'x', values: ['y'] })),
      { ref: `${server}://of/{x}`, argument: 'x', values: ['y'] },
    ],
  };
}

/** One thing that a server has, and what the rules know of it. */
interface Thing {
  readonly server: string;
  readonly kind: 'tool' | 'prompt' | 'resource' | 'template';
  readonly name: string;
  readonly isReadOnly: boolean;
}

const THINGS: readonly Thing[] = SERVERS.flatMap((server) => [
  ...NAMES.flatMap((name): Thing[] => [
    { server, kind: 'tool', name: `${server}__${name}`, isReadOnly: name === 'one' },
    { server, kind: 'prompt', name: `${server}__${name}`, isReadOnly: false },
    { server, kind: 'resource', name: `${server}://${name}`, isReadOnly: false },
  ]),
  { server, kind: 'template', name: `${server}://of/{x}`, isReadOnly: false },
]);

/** A part of a rule, and which things it means: said anew here, without the globs of the product. */
interface Part {
  readonly rule: NonNullable<ClientRule['allow']>[number];
  readonly means: (thing: Thing) => boolean;
}

const part = fc.oneof(
  fc.constantFrom(...THINGS).map(({ name }): Part => ({ rule: name, means: (thing) => thing.name === name })),
  fc.constantFrom(...SERVERS).map((server): Part => ({
    rule: `${server}__*`,
    means: (thing) => thing.name.startsWith(`${server}__`),
  })),
  fc
    .constantFrom(...SERVERS)
    .map((server): Part => ({ rule: { server }, means: (thing) => thing.server === server })),
  fc
    .constantFrom('tool' as const, 'prompt' as const)
    .map((kind): Part => ({ rule: { kind }, means: (thing) => thing.kind === kind })),
  fc.constant<Part>({
    rule: { kind: 'resource' },
    means: ({ kind }) => kind === 'resource' || kind === 'template',
  }),
  fc.constant<Part>({
    rule: { readOnlyHint: true },
    means: (thing) => thing.kind === 'tool' && thing.isReadOnly,
  }),
);

const drawn = fc.record({
  servers: fc.option(fc.subarray([...SERVERS], { minLength: 1 })),
  allow: fc.option(fc.array(part, { maxLength: 4 })),
  deny: fc.option(fc.array(part, { maxLength: 3 })),
});

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

interface Answer {
  readonly status: number;
  readonly result?: Record<string, unknown>;
  readonly error?: object;
}

/** Asks as a client of one era. */
function asking(url: string, session: string | undefined) {
  return async (method: string, params: Record<string, unknown>): Promise<Answer> => {
    const name = params['name'] ?? params['uri'];
    const headers: Record<string, string> =
      session === undefined
        ? {
            'mcp-protocol-version': '2026-07-28',
            'mcp-method': method,
            ...(typeof name === 'string' && { 'mcp-name': name }),
          }
        : { 'mcp-session-id': session };
    const body = { ...params, ...(session === undefined && { _meta: META }) };
    const response = await post(url, { jsonrpc: '2.0', id: 1, method, params: body }, headers);
    const text = await response.text();
    const json: unknown = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text);
    return { status: response.status, ...(json as object) };
  };
}

/** Each way in which a client can meet a thing. */
function waysTo(
  { kind, name }: Thing,
  era: 'legacy' | 'modern',
): [method: string, params: Record<string, unknown>][] {
  const argument = { name: 'x', value: '' };
  switch (kind) {
    case 'tool':
      return [['tools/call', { name, arguments: {} }]];
    case 'prompt':
      return [
        ['prompts/get', { name, arguments: { x: 'y' } }],
        ['completion/complete', { ref: { type: 'ref/prompt', name }, argument }],
      ];
    case 'resource':
      return [
        ['resources/read', { uri: name }],
        ...(era === 'legacy' ? [['resources/subscribe', { uri: name }] as [string, { uri: string }]] : []),
      ];
    case 'template':
      return [['completion/complete', { ref: { type: 'ref/resource', uri: name }, argument }]];
  }
}

const LISTS = {
  tool: ['tools/list', 'tools', 'name'],
  prompt: ['prompts/list', 'prompts', 'name'],
  resource: ['resources/list', 'resources', 'uri'],
  template: ['resources/templates/list', 'resourceTemplates', 'uriTemplate'],
} as const;

function heard(servers: Iterable<ScriptedInProcessServer>): number {
  return [...servers].reduce((sum, { requests }) => sum + requests.length, 0);
}

describe('S5 one decision for every way in', () => {
  for (const era of ['legacy', 'modern'] as const)
    it(`what a rule denies can be neither seen nor reached by a ${era} client, what it allows can`, async () => {
      const servers = new Map(SERVERS.map((server) => [server, local(scriptOf(server))]));
      const { gateway, url } = await listening({
        servers: Object.fromEntries([...servers].map(([name, server]) => [name, { server }])),
      });
      const ask = asking(url, era === 'legacy' ? await openSession(url) : undefined);
      await fc.assert(
        fc.asyncProperty(drawn, async ({ servers: served, allow, deny }) => {
          const rule: ClientRule = {
            ...(served && { servers: served }),
            ...(allow && { allow: allow.map(({ rule: each }) => each) }),
            ...(deny && { deny: deny.map(({ rule: each }) => each) }),
          };
          const mayUse = (thing: Thing): boolean =>
            (served?.includes(thing.server as (typeof SERVERS)[number]) ?? true) &&
            (allow?.some(({ means }) => means(thing)) ?? true) &&
            !(deny?.some(({ means }) => means(thing)) ?? false);
          gateway.configure({ clients: [rule] });
          await expectSeen(gateway, ask, mayUse);
          for (const thing of THINGS) {
            for (const [method, params] of waysTo(thing, era)) {
              const theirs = [...servers].filter(([name]) => name === thing.server).map(([, each]) => each);
              const before = heard(theirs);
              const answer = await ask(method, params);
              const told = { method, params, rule, answer };
              if (mayUse(thing)) expect(answer, JSON.stringify(told)).toHaveProperty('result');
              else {
                // A server that is allowed may be asked about a resource that it does not list.
                if (method !== 'resources/subscribe')
                  expect(answer, JSON.stringify(told)).toHaveProperty('error');
                expect(heard(theirs), JSON.stringify(told)).toBe(before);
              }
            }
          }
        }),
        { numRuns: 20 },
      );
    });

  it('is answered as if there were no such thing, by every way', async () => {
    const { url } = await listening({
      servers: Object.fromEntries(SERVERS.map((name) => [name, { server: local(scriptOf(name)) }])),
      clients: [{ servers: ['red', 'green'] }],
    });
    for (const era of ['legacy', 'modern'] as const) {
      const ask = asking(url, era === 'legacy' ? await openSession(url) : undefined);
      for (const thing of THINGS.filter(({ server }) => server === 'blue')) {
        const unknown = { ...thing, name: thing.name.replace('blue', 'mauve') };
        const others = waysTo(unknown, era);
        for (const [nr, [method, params]] of waysTo(thing, era).entries()) {
          const [, other = {}] = others[nr] ?? [];
          expect(await ask(method, params), `${era} ${method}`).toEqual(await ask(method, other));
        }
      }
    }
  });

  it('a search finds, describes and calls what is allowed, and no more', async () => {
    const servers = new Map(SERVERS.map((server) => [server, local(scriptOf(server))]));
    const { url } = await listening({
      servers: Object.fromEntries([...servers].map(([name, server]) => [name, { server }])),
      clients: [{ view: 'search', servers: ['red', 'green'], deny: ['green__two'] }],
    });
    for (const era of ['legacy', 'modern'] as const) {
      const ask = asking(url, era === 'legacy' ? await openSession(url) : undefined);
      const call = async (name: string, args: object): Promise<string> =>
        JSON.stringify(await ask('tools/call', { name, arguments: args }));
      const { result } = await ask('tools/list', {});
      const listed = JSON.stringify(result);
      expect(listed).toMatch(/search_tools.*describe_tools.*call_tool/);
      expect(listed).not.toMatch(/blue|red__one/);
      const found = await call('search_tools', { query: 'one two tool' });
      for (const name of ['red__one', 'red__two', 'green__one']) expect(found).toContain(name);
      expect(found).not.toMatch(/blue|green__two/);
      expect(await call('search_tools', { query: 'blue', server: 'blue' })).not.toContain('blue__');
      expect(await call('search_tools', {})).toContain('"isError":true');
      expect(await call('describe_tools', { names: ['red__one'] })).toContain('The one tool of red');
      for (const name of ['blue__one', 'green__two']) {
        const before = heard(servers.values());
        expect(await call('describe_tools', { names: [name] })).not.toContain('The ');
        expect(await call('call_tool', { name, arguments: {} })).toContain('no such tool');
        expect(await call(name, {})).toContain('no such tool');
        expect(heard(servers.values())).toBe(before);
      }
      expect(await call('call_tool', { name: 'red__one', arguments: { x: 'ran here' } })).toContain(
        'ran here',
      );
      expect(await call('call_tool', { name: 'red__one', arguments: '{"x":"as text"}' })).toContain(
        'as text',
      );
      for (const args of [{}, { name: 5 }, { name: 'red__one', arguments: 'no JSON' }])
        expect(await call('call_tool', args)).toContain('"isError":true');
      // A name that is known needs no search.
      expect(await call('red__one', { x: 'at once' })).toContain('at once');
    }
  });
});

/** The lists and the catalog hold what may be used, and nothing else. */
async function expectSeen(
  gateway: Gateway,
  ask: ReturnType<typeof asking>,
  mayUse: (thing: Thing) => boolean,
): Promise<void> {
  const { tools, prompts, resources, resourceTemplates } = gateway.catalogFor({ principal: 'local' });
  const catalog = { tool: tools, prompt: prompts, resource: resources, template: resourceTemplates };
  for (const [kind, [method, member, field]] of Object.entries(LISTS)) {
    const allowed = THINGS.filter((thing) => thing.kind === kind && mayUse(thing)).map(({ name }) => name);
    const { result } = await ask(method, {});
    const listed = (result?.[member] ?? []) as Record<string, string>[];
    expect(listed.map((each) => String(each[field])).toSorted()).toEqual(allowed.toSorted());
    expect([...catalog[kind as Thing['kind']].keys()].toSorted()).toEqual(allowed.toSorted());
  }
}
