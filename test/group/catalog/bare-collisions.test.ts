import { describe, expect, it } from 'vitest';
import { SessionGroup } from '../../../src/index.ts';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { http, local, requestsOf, tools } from '../../support/servers.ts';
import { expectGoneForGood, runningPids } from '../../support/processes.ts';
import { RawServer } from '../../support/raw-server.ts';
import { ledgerFile } from '../../support/folders.ts';

describe('G6 bare naming keeps upstream names', () => {
  it('as long as they do not clash', async () => {
    const group = await connectGroup({
      servers: {
        a: { server: local({ tools: tools('one', 'x.y z'), prompts: [{ name: 'p' }] }) },
        b: { server: local({ tools: tools('p'), resources: [{ uri: 'b:1' }] }) },
      },
      naming: 'bare',
    });
    // A tool and a prompt of one name are different things.
    expect([...group.tools.keys()]).toEqual(['one', 'x.y z', 'p']);
    expect([...group.prompts.keys()]).toEqual(['p']);
    await group.callTool('x.y z');
    await group.getPrompt('p');
  });
});

describe('G6 bare naming: a clash rejects the newcomer whole', () => {
  const clashes: [string, ServerScript, ServerScript, string][] = [
    ['a tool', { tools: tools('x', 'same') }, { tools: tools('same', 'y') }, 'same'],
    ['a prompt', { prompts: [{ name: 'same' }] }, { tools: tools('y'), prompts: [{ name: 'same' }] }, 'same'],
    [
      'a resource',
      { resources: [{ uri: 'r:1' }] },
      { tools: tools('y'), resources: [{ uri: 'r:1' }] },
      'r:1',
    ],
    [
      'a resource template',
      { resourceTemplates: [{ uriTemplate: 'r:{id}' }] },
      { tools: tools('y'), resourceTemplates: [{ uriTemplate: 'r:{id}' }] },
      'r:{id}',
    ],
  ];

  it.each(clashes)('%s', async (_kind, incumbent, newcomer, key) => {
    const group = newGroup({ naming: 'bare' });
    await group.add('incumbent', { server: local(incumbent) });
    const { catalog, tools: toolsBefore, resources, resourceTemplates, prompts } = group;
    const log = new EventLog(group);
    const server = await http(newcomer);
    const error = await failureOf(group.add('newcomer', { url: server.url }));
    expect(error).toMatchObject({ code: 'NAME_COLLISION', server: 'newcomer' });
    for (const word of [`"${key}"`, '"incumbent"', '"newcomer"']) expect(error.message).toContain(word);
    expect(group.catalog).toBe(catalog);
    expect(group.tools).toBe(toolsBefore);
    expect([group.resources, group.resourceTemplates, group.prompts]).toEqual([
      resources,
      resourceTemplates,
      prompts,
    ]);
    expect([...group.servers.keys()]).toEqual(['incumbent']);
    await eventually('the newcomer is closed', () => server.openSockets === 0);
    expect(log.of('catalog')).toEqual([]);
  });

  it('all clashing names and their owners are told', async () => {
    const group = newGroup({ naming: 'bare' });
    await group.add('a', { server: local({ tools: tools('one') }) });
    await group.add('b', { server: local({ tools: tools('two') }) });
    const error = await failureOf(group.add('c', { server: local({ tools: tools('one', 'two', 'three') }) }));
    for (const word of ['"one"', '"two"', '"a"', '"b"']) expect(error.message).toContain(word);
    expect(error.message).not.toContain('"three"');
  });

  it('the process of the newcomer is gone, and the name is free', async () => {
    const group = newGroup({ naming: 'bare' });
    const ledger = ledgerFile();
    await group.add('a', { server: local({ tools: tools('echo') }) });
    await failureOf(group.add('b', stdioSpec({ tools: tools('echo'), ledgerFile: ledger })));
    await expectGoneForGood(ledger);
    await group.add('b', { server: local({ tools: tools('other') }) });
    expect([...group.tools.keys()]).toEqual(['echo', 'other']);
  });

  it('of several added at once exactly one wins, whatever their pace', async () => {
    for (const delays of [
      [0, 0, 0, 0],
      [40, 30, 20, 0],
      [0, 20, 30, 40],
    ]) {
      const group = newGroup({ naming: 'bare' });
      const outcomes = await Promise.allSettled(
        delays.map((startDelayMs, index) =>
          group.add(`s${index}`, {
            server: local({ startDelayMs, tools: tools('contested', `own${index}`) }),
          }),
        ),
      );
      const winners = outcomes.filter(({ status }) => status === 'fulfilled');
      expect(winners).toHaveLength(1);
      const owner = group.tools.get('contested')?.server;
      expect([...group.servers.keys()]).toEqual([owner]);
      expect(group.tools.size).toBe(2);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'NAME_COLLISION' });
      }
      await group.close();
    }
  });

  it('the winner left: the loser can be added', async () => {
    const group = newGroup({ naming: 'bare' });
    const loser = local({ name: 'loser', tools: tools('echo') });
    await group.add('a', { server: local({ tools: tools('echo') }) });
    await failureOf(group.add('b', { server: loser }));
    await group.remove('a');
    await group.add('b', { server: loser });
    await group.callTool('echo');
    expect(requestsOf(loser, 'tools/call')).toHaveLength(1);
  });
});

describe('G6 two entries of one server that clash', () => {
  function twice(): RawServer {
    const list = [
      { name: 'same', description: 'the first', inputSchema: { type: 'object' } },
      { name: 'other', inputSchema: { type: 'object' } },
      { name: 'same', description: 'the second', inputSchema: { type: 'object' } },
    ];
    return new RawServer(
      { tools: {} },
      { 'tools/list': () => ({ tools: list }), 'tools/call': () => ({ content: [] }) },
    );
  }

  it.each(['bare', 'prefixed'] as const)('are reported, and the first one stays (%s)', async (naming) => {
    const group = newGroup({ naming });
    const log = new EventLog(group);
    await group.add('a', { server: twice() });
    const key = naming === 'bare' ? 'same' : 'a__same';
    expect(group.tools.get(key)?.description).toBe('the first');
    expect(group.tools.size).toBe(2);
    const collision = { kind: 'tools', key, owner: 'a', newcomer: 'a' };
    expect(group.servers.get('a')).toMatchObject({ collisions: [collision], counts: { tools: 2 } });
    expect(await log.until('collision')).toEqual({ type: 'collision', server: 'a', ...collision });
  });

  it('by a naming function that tells two apart no more: the same', async () => {
    const server = local({ tools: tools('Echo', 'echo') });
    const group = await connectGroup({ servers: { a: { server } }, naming: (name) => name.toLowerCase() });
    expect(group.tools.get('echo')?.upstreamName).toBe('Echo');
    expect(group.servers.get('a')?.collisions).toEqual([
      { kind: 'tools', key: 'echo', owner: 'a', newcomer: 'a' },
    ]);
    await group.callTool('echo');
    expect(requestsOf(server, 'tools/call')[0]?.params['name']).toBe('Echo');
  });
});

describe('G6 connect() with contested names', () => {
  const CONTESTED = { tools: tools('contested') };

  it.each([
    ['the first is the slowest', [300, 150, 0]],
    ['the first is the fastest', [0, 150, 300]],
    ['all come at once', [0, 0, 0]],
  ])('the first in the order of the specs keeps them: %s', async (_how, delays) => {
    const peers = delays.map((startDelayMs) => local({ ...CONTESTED, startDelayMs }));
    const servers = Object.fromEntries(peers.map((server, index) => [`s${index}`, { server }]));
    const group = await connectGroup({ servers, naming: 'bare' });
    expect(group.tools.get('contested')?.server).toBe('s0');
    expect([...group.servers.values()].map(({ state }) => state)).toEqual(['ready', 'failed', 'failed']);
    for (const name of ['s1', 's2']) {
      expect(group.servers.get(name)).toMatchObject({ error: { code: 'NAME_COLLISION', server: name } });
    }
    // What was refused is not kept open.
    for (const peer of peers.slice(1)) {
      await eventually('it is closed', async () => (await peer.ask('ping')).length === 0);
    }
  });

  it('one that did not come up in time finds its name taken, and is refused then', async () => {
    const ledger = ledgerFile();
    const moody = stdioSpec({ ...CONTESTED, ledgerFile: ledger, faults: { exitAtStart: { times: 1 } } });
    const servers = { moody: { ...moody, protocol: 'legacy' as const }, quick: { server: local(CONTESTED) } };
    const group = await connectGroup({ servers, naming: 'bare' });
    const log = new EventLog(group);
    await log.until('status', ({ server, status }) => server === 'moody' && status.state === 'failed');
    expect(group.servers.get('moody')).toMatchObject({ state: 'failed', error: { code: 'NAME_COLLISION' } });
    expect(group.tools.get('contested')?.server).toBe('quick');
    await eventually('it is not kept open', () => runningPids(ledger).length === 0);
    await expectGoneForGood(ledger);
  });

  it('a refused one can be removed', async () => {
    const servers = { a: { server: local(CONTESTED) }, b: { server: local(CONTESTED) } };
    const group = await connectGroup({ servers, naming: 'bare' });
    await group.remove('b');
    expect([...group.servers.keys()]).toEqual(['a']);
    await group.callTool('contested');
  });

  it('strict: rejects with the collision, and closes all', async () => {
    const [one, two] = [ledgerFile(), ledgerFile()];
    const servers = {
      a: stdioSpec({ ...CONTESTED, ledgerFile: one }),
      b: stdioSpec({ ...CONTESTED, ledgerFile: two }),
    };
    const error = await failureOf(SessionGroup.connect({ servers, naming: 'bare', strict: true }));
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.errors).toMatchObject([{ code: 'NAME_COLLISION', server: 'b' }]);
    await Promise.all([expectGoneForGood(one), expectGoneForGood(two)]);
  });
});
