/**
 * Faults that other multi-server clients have had, each with a test that this one does not. More of them stand
 * with the behaviour that they break: in connect-limits, close, events and handlers.
 */
import type { Transport } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { SessionGroup } from '../../src/index.ts';
import { readLedger, stdioSpec } from '../../src/testing/index.ts';
import { bounded, eventually, settled } from '../support/eventually.ts';
import { EventLog } from '../support/event-log.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup, newGroup } from '../support/groups.ts';
import { http, local, requestsOf, tools } from '../support/servers.ts';
import { expectGoneForGood, runningPids, startedPids } from '../support/processes.ts';
import { gate, RawServer } from '../support/raw-server.ts';
import { ledgerFile } from '../support/folders.ts';

const callsIn = (ledger: string): unknown[] => readLedger(ledger).filter(({ event }) => event === 'call');

describe('An intentional close triggers the restart hook and the server comes back', () => {
  it.each(['group.close()', 'group.destroy()', 'group.remove()', 'session.close()', 'session.destroy()'])(
    '%s: it stays away',
    async (how) => {
      const ledger = ledgerFile();
      const group = newGroup();
      const reconnect = { delayMs: 1, maxDelayMs: 1 };
      const session = await group.add('a', {
        ...stdioSpec({ ledgerFile: ledger }),
        reconnect,
        health: { intervalMs: 50 },
      });
      const log = new EventLog(group);
      const ends: Record<string, () => Promise<void>> = {
        'group.close()': () => group.close(),
        'group.destroy()': () => group.destroy(),
        'group.remove()': () => group.remove('a'),
        'session.close()': () => session.close(),
        'session.destroy()': () => session.destroy(),
      };
      await ends[how]?.();
      await expectGoneForGood(ledger);
      expect(startedPids(ledger)).toHaveLength(1);
      expect(log.of('status').filter(({ status }) => status.state === 'reconnecting')).toEqual([]);
    },
  );
});

describe('Every header change makes a new stored client that nothing evicts', () => {
  it('headers that differ with each connection: one session, and one set of sockets', async () => {
    let token = 0;
    const server = await http({ era: 'legacy', tools: tools('echo') });
    const group = await connectGroup({
      servers: { a: { url: server.url, headers: () => ({ 'x-token': `t${++token}` }) } },
    });
    for (let round = 0; round < 5; round++) {
      await group.reconnect();
      await group.callTool('a__echo');
    }
    expect(token, 'they are asked for before each connection').toBeGreaterThanOrEqual(6);
    await eventually('former sessions are ended', () => server.sessions.length === 1);
    // One connection has a stream and a few sockets for requests; six of them would have a dozen and more.
    await eventually('former sockets are closed', () => server.openSockets <= 6);
    await group.close();
    await eventually('nothing is left', () => server.openSockets === 0 && server.sessions.length === 0);
  });
});

describe('Orphans: thousands of abandoned sessions', () => {
  it.each(['a name clash', 'an add() that is aborted while it lists', 'remove()', 'close()', 'reconnect()'])(
    '%s ends the session on the remote server',
    async (how) => {
      const hold = how.startsWith('an add()') ? { ignore: ['tools/list'] } : {};
      const server = await http({ era: 'legacy', tools: tools('echo'), faults: hold });
      const group = newGroup({ naming: 'bare' });
      await group.add('incumbent', {
        server: local({ tools: tools(how === 'a name clash' ? 'echo' : 'other') }),
      });
      const controller = new AbortController();
      const adding = group.add('a', { url: server.url }, { signal: controller.signal });
      if (how.startsWith('an add()')) {
        await eventually('it lists', () => requestsOf(server, 'tools/list').length > 0);
        controller.abort();
      }
      await adding.catch(() => {});
      if (how === 'remove()') await group.remove('a');
      if (how === 'close()') await group.close();
      if (how === 'reconnect()') await group.reconnect();
      const left = how === 'reconnect()' ? 1 : 0;
      await eventually(`${left} sessions are left`, () => server.sessions.length === left);
      expect(server.requests.some(({ method }) => method === 'initialize')).toBe(true);
    },
  );
});

describe('Reconnectable errors found by matching message text; any tool replayed after "connection closed"', () => {
  it.each(['Connection closed', 'ECONNRESET', 'fetch failed', 'Session not found', 'socket hang up'])(
    'a server that answers %j is neither reconnected nor asked again',
    async (message) => {
      const server = local({ tools: [{ name: 'says', does: { type: 'rpcError', code: -32_000, message } }] });
      const group = await connectGroup({ servers: { a: { server } } });
      expect(await failureOf(group.callTool('a__says'))).toMatchObject({
        code: 'PROTOCOL',
        rpcMessage: message,
      });
      expect(requestsOf(server, 'tools/call')).toHaveLength(1);
      await group.ping();
      expect(server.connections).toBe(1);
    },
  );

  it.each(['readOnlyHint', 'destructiveHint'])(
    'a tool that its server dies of runs once (%s)',
    async (hint) => {
      const ledger = ledgerFile();
      const deadly = {
        name: 'deadly',
        does: { type: 'crash' as const },
        annotations: { [hint]: true, idempotentHint: true },
      };
      const group = await connectGroup({
        servers: { a: stdioSpec({ tools: [deadly, { name: 'echo' }], ledgerFile: ledger }) },
      });
      const error = await failureOf(group.callTool('a__deadly'));
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', server: 'a', maybeExecuted: true });
      await group.callTool('a__echo');
      expect(callsIn(ledger)).toMatchObject([{ tool: 'deadly' }, { tool: 'echo' }]);
    },
  );

  it('over HTTP as well: a connection that breaks under a call', async () => {
    const server = await http({ tools: [{ name: 'deadly', does: { type: 'crash' } }, { name: 'echo' }] });
    const group = await connectGroup({ servers: { a: { url: server.url } } });
    expect((await failureOf(group.callTool('a__deadly'))).code).toBe('CONNECTION_LOST');
    await group.callTool('a__echo');
    expect(requestsOf(server, 'tools/call').map(({ params }) => params['name'])).toEqual(['deadly', 'echo']);
  });
});

describe('After a connect timeout the connect goes on and is never closed', () => {
  it('add(): the process that came up too late is gone', async () => {
    const ledger = ledgerFile();
    const group = newGroup();
    const spec = stdioSpec({ startDelayMs: 900, tools: tools('echo'), ledgerFile: ledger });
    expect((await failureOf(group.add('a', { ...spec, connectTimeoutMs: 500 }))).code).toBe('TIMEOUT');
    await expectGoneForGood(ledger);
    expect(await settled(() => group.servers.size, 600)).toBe(0);
  });

  it('connect(): each attempt ends its own process before the next one starts', async () => {
    const ledger = ledgerFile();
    const hung = stdioSpec({ faults: { neverInitialize: true }, ledgerFile: ledger });
    const group = await connectGroup({
      servers: { a: { ...hung, connectTimeoutMs: 400, closeGraceMs: 100 } },
    });
    await eventually('a few attempts', () => startedPids(ledger).length >= 3);
    expect(runningPids(ledger).length).toBeLessThanOrEqual(1);
    await bounded('close', group.close());
    await expectGoneForGood(ledger);
  });

  it('a transport that is made too late is closed, and the server never greeted', async () => {
    const making = gate<Transport>();
    const group = newGroup();
    const adding = group.add('a', { transport: () => making.promise, connectTimeoutMs: 200 });
    expect((await bounded('add', failureOf(adding))).code).toBe('TIMEOUT');
    const did: string[] = [];
    making.open({
      start: async () => void did.push('start'),
      send: async () => void did.push('send'),
      close: async () => void did.push('close'),
    });
    await eventually('it is closed', () => did.includes('close'));
    expect(did).not.toContain('send');
  });
});

describe('One throwing list fails the whole catalog; upstreams listed one after the other', () => {
  it('every kind broken on one server: the others have everything', async () => {
    const everything = { tools: tools('t'), prompts: [{ name: 'p' }], resources: [{ uri: 'x:1' }] };
    const failLists = ['tools', 'resources', 'resourceTemplates', 'prompts'] as const;
    const group = await connectGroup({
      servers: {
        broken: { server: local({ ...everything, failLists: [...failLists] }) },
        whole: { server: local(everything) },
      },
      strict: true,
    });
    expect([...group.tools.keys(), ...group.prompts.keys()]).toEqual(['whole__t', 'whole__p']);
    expect(group.resources.get('x:1')?.server).toBe('whole');
    expect(Object.keys(group.servers.get('broken')?.listErrors ?? {}).toSorted()).toEqual(
      [...failLists].toSorted(),
    );
  });

  it('all lists of all servers are asked for side by side', async () => {
    let asked = 0;
    const all = gate();
    const held = (kind: string) => async (): Promise<unknown> => {
      if (++asked === 24) all.open();
      await all.promise;
      return { [kind]: [] };
    };
    const server = (): RawServer =>
      new RawServer(
        { tools: {}, prompts: {}, resources: {} },
        {
          'tools/list': held('tools'),
          'prompts/list': held('prompts'),
          'resources/list': held('resources'),
          'resources/templates/list': held('resourceTemplates'),
        },
      );
    const servers = Object.fromEntries(
      Array.from({ length: 6 }, (_, nr) => [`s${nr}`, { server: server() }]),
    );
    const group = await bounded('connect', SessionGroup.connect({ servers, connectTimeoutMs: 20_000 }));
    expect(asked).toBe(24);
    await group.close();
  });
});

describe('Same-named tools overwrite each other silently, or vanish', () => {
  it('prefixed: each is there and goes to its own server', async () => {
    const names = ['a', 'b', 'c'];
    const servers = names.map((name) => local({ name, tools: tools('search') }));
    const group = await connectGroup({
      servers: Object.fromEntries(names.map((name, nr) => [name, { server: servers[nr] ?? local() }])),
    });
    expect([...group.tools.keys()]).toEqual(['a__search', 'b__search', 'c__search']);
    await group.callTool('b__search');
    expect(servers.map((server) => requestsOf(server, 'tools/call').length)).toEqual([0, 1, 0]);
  });

  it('bare: the second server is refused aloud', async () => {
    const group = newGroup({ naming: 'bare' });
    await group.add('a', { server: local({ tools: tools('search') }) });
    const error = await failureOf(group.add('b', { server: local({ tools: tools('search') }) }));
    expect(error.code).toBe('NAME_COLLISION');
  });
});

describe('Name escapes that LLM providers reject; no length cap', () => {
  it('whatever servers and tools are called, the exposed names pass', async () => {
    const wild = [
      'files.read',
      'a/b:c',
      'größe',
      '読む',
      'x'.repeat(128),
      'tool name',
      '-',
      '__',
      'a\u202eb',
    ];
    const group = await connectGroup({
      servers: {
        '@scope/server.name': { server: local({ tools: tools(...wild) }) },
        ['s'.repeat(100)]: { server: local({ tools: tools(...wild) }) },
        'https://example.com/mcp': { server: local({ tools: tools(...wild) }) },
      },
    });
    expect(group.tools.size).toBe(3 * wild.length);
    for (const [key, { upstreamName, server }] of group.tools) {
      expect(key, `${server} ${upstreamName}`).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      await group.callTool(key);
    }
  });
});
