import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { Random } from '../../support/random.ts';

const VALID = /^[a-zA-Z0-9_-]{1,64}$/;

type Fleet = Record<string, string[]>;

/** The exposed name of every tool, by server and upstream name. */
async function namesIn(fleet: Fleet): Promise<Map<string, string>> {
  const specs = Object.entries(fleet).map(
    ([name, list]) => [name, { server: local({ tools: tools(...list) }) }] as const,
  );
  const group = await connectGroup({ servers: Object.fromEntries(specs) });
  const names = [...group.tools].map(
    ([key, { server, upstreamName }]) => [JSON.stringify([server, upstreamName]), key] as const,
  );
  await group.close();
  return new Map(names);
}

async function nameOf(server: string, tool: string): Promise<string> {
  const [name = ''] = (await namesIn({ [server]: [tool] })).values();
  return name;
}

/** Whether the name can stay as it is, by what the documents say. */
function isLegal(server: string, tool: string): boolean {
  const ownUnderscores = server.includes('__') || server.endsWith('_');
  return VALID.test(`${server}__${tool}`) && server !== '' && tool !== '' && !ownUnderscores;
}

/** Pieces that names are made of: legal ones, and what names should not hold. */
const PIECES = [
  'a',
  'b',
  'Z',
  '0',
  '-',
  '_',
  '__',
  '.',
  '/',
  ' ',
  ':',
  'ö',
  '日本',
  '🦊',
  '\u0007',
  '\u202e',
  'echo',
];

/** A name: mostly short and harmless, sometimes long, sometimes odd. */
function randomName(random: Random): string {
  const length = random.below(5) === 0 ? 20 + random.below(80) : 1 + random.below(4);
  const harmless = random.below(2) === 0;
  const pieces = harmless ? PIECES.slice(0, 7) : PIECES;
  return Array.from({ length }, () => pieces[random.below(pieces.length)]).join('');
}

function randomFleet(random: Random): Fleet {
  const fleet: Fleet = {};
  while (Object.keys(fleet).length < 12) {
    const list = new Set<string>();
    while (list.size < 8) list.add(randomName(random));
    fleet[randomName(random)] = [...list];
  }
  return fleet;
}

describe('G17 prefixed names of any servers and tools', () => {
  it.each([1, 2, 3, 4, 5, 6])('are valid, unique and stable (seed %i)', async (seed) => {
    const random = new Random(seed);
    const fleet = randomFleet(random);
    const pairs = Object.entries(fleet).flatMap(([server, list]) =>
      list.map((tool) => [server, tool] as const),
    );
    const names = await namesIn(fleet);
    expect(names.size).toBe(pairs.length);
    expect(new Set(names.values()).size, 'no two are the same').toBe(pairs.length);
    for (const [server, tool] of pairs) {
      const name = names.get(JSON.stringify([server, tool])) ?? '';
      expect(name, `${server} ${tool}`).toMatch(VALID);
      if (isLegal(server, tool)) expect(name).toBe(`${server}__${tool}`);
      else expect(name).not.toBe(`${server}__${tool}`);
    }
    const otherOrder = Object.fromEntries(
      random.shuffled(Object.entries(fleet)).map(([server, list]) => [server, random.shuffled(list)]),
    );
    expect(Object.fromEntries(await namesIn(otherOrder))).toEqual(Object.fromEntries(names));
    // Who else is there makes no difference either.
    const some = Object.fromEntries(Object.entries(fleet).filter((_, index) => index % 3 === 0));
    for (const [pair, name] of await namesIn(some)) expect(name).toBe(names.get(pair));
  });

  it.each([
    [
      ['a', 'b_echo'],
      ['a_b', 'echo'],
    ],
    [
      ['a', 'b__echo'],
      ['a__b', 'echo'],
    ],
    [
      ['a_', 'x'],
      ['a', '_x'],
    ],
    [
      ['a__', 'x'],
      ['a_', '_x'],
    ],
    [
      ['a', '__x'],
      ['a__', 'x'],
    ],
    [
      ['a.b', 'x'],
      ['a_b', 'x'],
    ],
    [
      ['a b', 'x'],
      ['a.b', 'x'],
    ],
    [
      ['é', 'x'],
      ['è', 'x'],
    ],
    [
      ['a', 'x.y'],
      ['a', 'x_y'],
    ],
    [
      ['a', 'x y'],
      ['a', 'x/y'],
    ],
    [
      ['S', 'x'],
      ['s', 'x'],
    ],
    [
      ['s', `${'x'.repeat(80)}1`],
      ['s', `${'x'.repeat(80)}2`],
    ],
    [
      [`${'s'.repeat(80)}1`, 'x'],
      [`${'s'.repeat(80)}2`, 'x'],
    ],
  ])('%j and %j do not meet', async ([server1 = '', tool1 = ''], [server2 = '', tool2 = '']) => {
    const [one, two] = [await nameOf(server1, tool1), await nameOf(server2, tool2)];
    expect(one).not.toBe(two);
    expect([one, two]).toEqual([expect.stringMatching(VALID), expect.stringMatching(VALID)]);
  });

  it('keeps what needs no change, up to 64 characters', async () => {
    expect(await nameOf('github', 'create_issue')).toBe('github__create_issue');
    expect(await nameOf('a', '_x')).toBe('a___x');
    expect(await nameOf('a-b', 'x__y')).toBe('a-b__x__y');
    const longest = 'x'.repeat(64 - 'server__'.length);
    expect(await nameOf('server', longest)).toBe(`server__${longest}`);
    expect(await nameOf('server', `${longest}x`)).toHaveLength(64);
  });

  it('routes every one of them to its owner under its upstream name', async () => {
    const random = new Random(99);
    const fleet = randomFleet(random);
    const servers = new Map(
      Object.entries(fleet).map(([name, list]) => [name, local({ tools: tools(...list) })]),
    );
    const group = await connectGroup({
      servers: Object.fromEntries([...servers].map(([name, server]) => [name, { server }])),
    });
    await Promise.all([...group.tools.keys()].map((name) => group.callTool(name)));
    for (const [name, server] of servers) {
      const called = requestsOf(server, 'tools/call').map(({ params }) => params['name']);
      expect(called).toHaveLength(fleet[name]?.length ?? 0);
      expect(new Set(called)).toEqual(new Set(fleet[name]));
    }
  });

  it('prompts are named in the same way, resources by their URI', async () => {
    const script = {
      prompts: [{ name: 'say.hello' }, { name: 'plain' }],
      resources: [{ uri: 'file:///a b' }],
      resourceTemplates: [{ uriTemplate: 'x:{id}' }],
    };
    const group = await connectGroup({ servers: { s: { server: local(script) } } });
    const [odd = '', plain] = group.prompts.keys();
    expect(plain).toBe('s__plain');
    expect(odd).toMatch(VALID);
    await group.getPrompt(odd);
    expect([...group.resources.keys(), ...group.resourceTemplates.keys()]).toEqual(['file:///a b', 'x:{id}']);
  });
});

describe('G17 a name that is made to look like another one', () => {
  it('of the same server: both are called, or one is reported as a collision', async () => {
    const cleaned = (await nameOf('s', 'read file')).slice('s__'.length);
    for (const list of [
      ['read file', cleaned],
      [cleaned, 'read file'],
    ]) {
      const server = local({ tools: tools(...list) });
      const group = await connectGroup({ servers: { s: { server } } });
      const { collisions } = group.servers.get('s') ?? { collisions: [] };
      expect(group.tools.size + collisions.length).toBe(2);
      for (const [key, { upstreamName }] of group.tools) {
        await group.callTool(key);
        expect(requestsOf(server, 'tools/call').at(-1)?.params['name']).toBe(upstreamName);
      }
    }
  });

  it('of another server: nothing that is there is ever taken over', async () => {
    const taken = await nameOf('my server', 'x');
    const lookalike = taken.slice(0, taken.lastIndexOf('__'));
    const group = newGroup();
    await group.add('my server', { server: local({ tools: tools('x') }) });
    const second = group.add(lookalike, { server: local({ tools: tools('x') }) });
    await second.catch(() => {});
    expect(group.tools.get(taken)?.server).toBe('my server');
  });

  it('nothing is renamed while the group lives', async () => {
    const group = newGroup();
    const server = local({ tools: tools('x.y') });
    await group.add('a', { server });
    const [before] = group.tools.keys();
    await group.add('b', { server: local({ tools: tools('x.y', 'x_y') }) });
    server.setTools(tools('x_y', 'x.y', 'x/y'));
    await eventually('the new ones', () => group.servers.get('a')?.counts.tools === 3);
    const found = [...group.tools].find(
      ([, { server: owner, upstreamName }]) => owner === 'a' && upstreamName === 'x.y',
    );
    expect(found?.[0]).toBe(before);
  });
});

describe('H12 names whose hashes begin alike', () => {
  const STEM = 'an_unusually_long_name_of_a_tool_that_has_to_be_cut_to_fit_into_';
  // The SHA-256 of both of a pair begins with the same 32 bits.
  const PAIRS = [
    ['38m', '1i74'],
    ['a93', '1p9t'],
    ['1n3u', '1z6d'],
    ['2dks', '2gdf'],
    ['1wcf', '3xwg'],
    ['v03', '4yyi'],
  ].map((ends) => ends.map((end) => STEM + end));

  it('the pairs are what they are said to be', () => {
    for (const pair of PAIRS) expect(new Set(pair.map(startOfHash)).size).toBe(1);
  });

  it('all tools and prompts are there, under names of their own, and can be called', async () => {
    const names = PAIRS.flat();
    const server = local({ tools: tools(...names), prompts: names.map((name) => ({ name })) });
    const beside = local({ tools: tools(...names) });
    const group = await connectGroup({ servers: { s: { server }, beside: { server: beside } } });
    expect(group.tools.size).toBe(names.length * 2);
    expect(group.prompts.size).toBe(names.length);
    expect(group.servers.get('s')?.collisions).toEqual([]);
    for (const key of group.tools.keys()) {
      expect(key).toMatch(VALID);
      await group.callTool(key);
    }
    const called = requestsOf(server, 'tools/call').map(({ params }) => params?.['name']);
    expect(new Set(called)).toEqual(new Set(names));
  });

  it('of servers get prefixes of their own', async () => {
    const long = PAIRS.flat();
    const names = await namesIn(Object.fromEntries(long.map((name) => [name, ['x', 'y'.repeat(70)]])));
    expect(new Set(names.values()).size).toBe(long.length * 2);
  });
});

function startOfHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
