import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { memoryCatalogCache } from '../../../src/group/cache/memory-catalog-cache.ts';
import type { SessionGroup } from '../../../src/index.ts';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { bounded, eventually, settled } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { connectKnown, learn, stateOf, untilState } from '../support/lazy.ts';
import { ERAS, http, local, requestsOf, tools } from '../../support/servers.ts';
import { expectGoneForGood, runningPids, startedPids } from '../../support/processes.ts';
import { gate, RawServer } from '../../support/raw-server.ts';
import { ledgerFile } from '../../support/folders.ts';

const SCRIPT: ServerScript = {
  name: 'lazybones',
  instructions: 'Sleep well.',
  tools: [
    { name: 'echo' },
    { name: 'slow', does: { type: 'slow', ms: 150 } },
    { name: 'hang', does: { type: 'hang' } },
    { name: 'crash', does: { type: 'crash' } },
  ],
  resources: [{ uri: 'file:///a' }],
  resourceTemplates: [{ uriTemplate: 'file:///t/{name}' }],
  prompts: [{ name: 'summary', arguments: [{ name: 'length' }] }],
  completions: [{ ref: 'summary', argument: 'length', values: ['short'] }],
  capabilities: {
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    prompts: {},
    completions: {},
    logging: {},
  },
};

describe('a lazy server that is not known yet', () => {
  it('is started once, and closed when nobody has used it; its entries stay', async () => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ ...SCRIPT, ledgerFile: ledger }), lazy: { idleMs: 200 } };
    const group = await connectGroup({ servers: { s: spec }, strict: true });
    expect(stateOf(group)).toBe('ready');
    await untilState(group, 'idle');
    await eventually('the process is gone', () => runningPids(ledger).length === 0);
    expect(group.tools.size).toBe(4);
    expect(group.servers.get('s')).toMatchObject({ serverInfo: { name: 'lazybones' }, counts: { tools: 4 } });
    await expectGoneForGood(ledger);
    expect((await group.callTool('s__echo', { nr: 1 })).content).toEqual([
      { type: 'text', text: '{"nr":1}' },
    ]);
    await untilState(group, 'idle');
    expect(new Set(startedPids(ledger)).size).toBeGreaterThan(1);
    await group.close();
    expect(runningPids(ledger)).toEqual([]);
  });

  it('goes on being tried until its catalog is known, as any other', async () => {
    const late = local({ ...SCRIPT, faults: { dieOnInitialize: true, dieOnDiscover: true } });
    const group = await connectGroup({
      servers: { s: { server: late, lazy: { idleMs: 50 }, reconnect: { maxDelayMs: 50 } } },
    });
    expect(stateOf(group)).toBe('connecting');
    late.setFaults({ dieOnInitialize: null, dieOnDiscover: null });
    await eventually('its tools', () => group.tools.has('s__echo'));
    await untilState(group, 'idle');
  });

  it('does not sleep, and is not noted, while a list of it is still to come', async () => {
    const server = local({ ...SCRIPT, faults: { ignore: ['prompts/list'] } });
    const servers = { s: { server, lazy: { idleMs: 20 }, timeoutMs: 100, reconnect: { maxDelayMs: 50 } } };
    const catalogCache = memoryCatalogCache();
    const group = await connectGroup({ servers, catalogCache });
    expect(group.servers.get('s')).toMatchObject({ listErrors: { prompts: { code: 'TIMEOUT' } } });
    server.crash();
    await eventually('it is back', () => server.connections === 2 && stateOf(group) === 'ready');
    const other = await connectGroup({ servers, catalogCache });
    expect(server.connections, 'nothing was noted').toBe(3);
    await other.close();
    server.setFaults({ ignore: [] });
    await eventually('its prompts', () => group.prompts.has('s__summary'));
    await untilState(group, 'idle');
  });

  it('sleeps, and is noted, when a list is refused for good', async () => {
    const server = local({ ...SCRIPT, failLists: ['prompts'] });
    const servers = { s: { server, lazy: { idleMs: 20 } } };
    const catalogCache = memoryCatalogCache();
    const group = await connectGroup({ servers, catalogCache });
    await untilState(group, 'idle');
    const other = await connectGroup({ servers, catalogCache });
    expect([stateOf(other), other.tools.size, server.connections]).toEqual(['idle', 4, 1]);
  });

  it('strict: one that does not come up fails the whole', async () => {
    const failing = connectGroup({
      servers: { s: { ...stdioSpec({ faults: { exitAtStart: {} } }), lazy: true } },
      strict: true,
    });
    expect((await failureOf(failing)).code).toBe('CONNECT_FAILED');
  });

  it('add() starts it, and knows it when it is added again', async () => {
    const server = local(SCRIPT);
    const group = newGroup();
    await group.add('s', { server, lazy: true });
    await group.remove('s');
    const session = await group.add('s', { server, lazy: true });
    expect([session.status.state, server.connections, group.tools.size]).toEqual(['idle', 1, 4]);
    await group.callTool('s__echo');
    expect(server.connections).toBe(2);
  });
});

describe('a lazy server that is known', () => {
  it('is shown and not started, a hundred of them', async () => {
    const ledger = ledgerFile();
    const one = { ...stdioSpec({ ...SCRIPT, ledgerFile: ledger }), lazy: true };
    const seed = await connectGroup({ servers: { s0: one }, strict: true });
    const record = {
      listing: { tools: [...seed.tools.values()].map(({ name, inputSchema }) => ({ name, inputSchema })) },
    };
    await seed.close();
    const starts = startedPids(ledger).length;

    const catalogCache = {
      read: (fingerprints: readonly string[]) => new Map(fingerprints.map((each) => [each, record])),
      write: () => {},
    };
    const servers = Object.fromEntries(Array.from({ length: 100 }, (_, nr) => [`s${nr}`, one]));
    const group = await connectGroup({ servers, catalogCache, strict: true });
    expect(group.tools.size).toBe(400);
    expect(new Set([...group.servers.values()].map(({ state }) => state))).toEqual(new Set(['idle']));
    expect(await settled(() => startedPids(ledger).length)).toBe(starts);
    await group.close();
    expect(startedPids(ledger)).toHaveLength(starts);
  });

  it('shows what the server said of itself', async () => {
    const server = local(SCRIPT);
    const group = await connectKnown({ servers: { s: { server, lazy: true } } });
    expect(group.servers.get('s')).toMatchObject({
      state: 'idle',
      serverInfo: { name: 'lazybones' },
      capabilities: { tools: { listChanged: true } },
      counts: { tools: 4, resources: 1, resourceTemplates: 1, prompts: 1 },
    });
    expect(group.session('s').instructions).toBe('Sleep well.');
    expect(server.connections).toBe(1);
  });

  const needs: Record<string, (group: SessionGroup) => Promise<unknown>> = {
    callTool: (group) => group.callTool('s__echo'),
    readResource: (group) => group.readResource('file:///a'),
    'readResource by template': (group) => group.readResource('file:///t/x'),
    getPrompt: (group) => group.getPrompt('s__summary'),
    complete: (group) =>
      group.complete({ type: 'ref/prompt', name: 's__summary' }, { name: 'length', value: 's' }),
    subscribeResource: (group) => group.subscribeResource('file:///a'),
    'ping by name': (group) => group.ping({ server: 's' }),
    'refresh by name': (group) => group.refresh({ server: 's' }),
    reconnect: (group) => group.reconnect(),
    'its session': (group) => group.session('s').listTools(),
  };
  it.each(Object.entries(needs))('is started by %s', async (_, use) => {
    const server = local(SCRIPT);
    const group = await connectKnown({ servers: { s: { server, lazy: true } } });
    await bounded('the call', use(group));
    expect([stateOf(group), server.connections]).toEqual(['ready', 2]);
  });

  it('is not started by what concerns only servers that are up', async () => {
    const server = local(SCRIPT);
    const group = await connectKnown({ servers: { s: { server, lazy: true } } });
    await group.setLoggingLevel('warning');
    await group.setLoggingLevel('warning', { server: 's' });
    await group.ping();
    await group.refresh();
    await group.reconnect({ failedOnly: true });
    expect((await failureOf(group.callTool('s__nothing'))).code).toBe('UNKNOWN_TOOL');
    expect([...group.catalog.tools.keys()]).toHaveLength(4);
    expect([stateOf(group), server.connections]).toEqual(['idle', 1]);
  });

  it('is started once by many calls at a time', async () => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ ...SCRIPT, ledgerFile: ledger }), protocol: 'legacy' as const, lazy: true };
    const group = await connectKnown({ servers: { s: spec } });
    const calls = Array.from({ length: 50 }, (_, nr) => group.callTool('s__echo', { nr }));
    const answers = await Promise.all(calls);
    expect(answers.map(({ content }) => content)).toEqual(
      Array.from({ length: 50 }, (_, nr) => [{ type: 'text', text: JSON.stringify({ nr }) }]),
    );
    expect(startedPids(ledger)).toHaveLength(2);
  });

  it.each(ERAS)('is told the log level when it comes up (%s)', async (era) => {
    const server = local({ ...SCRIPT, era });
    const group = await connectKnown({ servers: { s: { server, lazy: true } } });
    await group.setLoggingLevel('warning');
    await group.setLoggingLevel('error', { server: 's' });
    await group.callTool('s__echo');
    if (era === 'legacy')
      expect(requestsOf(server, 'logging/setLevel').at(-1)).toMatchObject({ params: { level: 'error' } });
    else
      expect(requestsOf(server, 'tools/call').at(-1)).toMatchObject({
        params: { _meta: { 'io.modelcontextprotocol/logLevel': 'error' } },
      });
  });

  it('brings its lists when it comes up: one event with what has changed, and the cache knows it', async () => {
    const server = local(SCRIPT);
    const servers = { s: { server, lazy: { idleMs: 50 } } };
    const catalogCache = await learn({ servers });
    server.setTools(tools('echo', 'fresh'));
    server.setPrompts([{ name: 'other' }]);
    const group = await connectGroup({ servers, catalogCache });
    const log = new EventLog(group);
    await group.callTool('s__echo');
    await log.until('catalog');
    await untilState(group, 'idle');
    expect(log.of('catalog')).toMatchObject([
      {
        server: 's',
        diff: {
          tools: { added: ['s__fresh'], removed: ['s__slow', 's__hang', 's__crash'] },
          prompts: { added: ['s__other'], removed: ['s__summary'] },
        },
      },
    ]);
    const next = await connectGroup({ servers, catalogCache });
    expect([...next.tools.keys(), ...next.prompts.keys()]).toEqual(['s__echo', 's__fresh', 's__other']);
    expect(server.connections).toBe(2);
  });

  it.each(ERAS)('no event when nothing has changed (%s)', async (era) => {
    const server = await http({ ...SCRIPT, era });
    const group = await connectKnown({ servers: { s: { url: server.url, lazy: { idleMs: 50 } } } });
    const log = new EventLog(group);
    await group.callTool('s__echo');
    await untilState(group, 'idle');
    await eventually('no sockets', () => server.openSockets === 0);
    expect(requestsOf(server, 'tools/list')).toHaveLength(2);
    expect([log.of('catalog'), log.of('problem')]).toEqual([[], []]);
  });

  it('follows changes while it is up', async () => {
    const server = local(SCRIPT);
    const group = await connectKnown({ servers: { s: { server, lazy: true } } });
    await group.callTool('s__echo');
    server.setTools(tools('echo', 'fresh'));
    await eventually('the change', () => group.tools.has('s__fresh'));
    expect([...group.tools.keys()]).toEqual(['s__echo', 's__fresh']);
  });

  it('gives a naming function what it said of itself', async () => {
    const server = local(SCRIPT);
    const servers = { s: { server, lazy: true } };
    const naming = (name: string, { serverInfo }: { serverInfo: { name: string } | undefined }) =>
      `${serverInfo?.name}:${name}`;
    const group = await connectKnown({ servers, naming });
    expect([...group.tools.keys()]).toContain('lazybones:echo');
    expect(server.connections).toBe(1);
  });

  it('under bare naming, its names clash as those of any other', async () => {
    const [a, b] = [local(SCRIPT), local({ tools: tools('echo') })];
    const catalogCache = memoryCatalogCache();
    await learn({ servers: { a: { server: a, lazy: true } }, catalogCache });
    await learn({ servers: { b: { server: b, lazy: true } }, catalogCache });
    const servers = { a: { server: a, lazy: true }, b: { server: b, lazy: true } };
    const group = await connectGroup({ servers, naming: 'bare', catalogCache });
    expect(group.servers.get('a')?.state).toBe('idle');
    expect(group.servers.get('b')).toMatchObject({ state: 'failed', error: { code: 'NAME_COLLISION' } });
    expect(group.tools.get('echo')?.server).toBe('a');
  });

  it('is known by what is declared to it, too', async () => {
    const server = local(SCRIPT);
    const servers = { s: { server, lazy: true } };
    const catalogCache = await learn({ servers });
    await learn({ servers, catalogCache, onRoots: () => [] });
    expect(server.connections).toBe(2);
    await learn({ servers, catalogCache });
    expect(server.connections).toBe(2);
  });

  it('is known by its environment, too: another account has another catalog', async () => {
    const ledger = ledgerFile();
    const spec = (token: string) => {
      const base = stdioSpec({ ...SCRIPT, ledgerFile: ledger });
      return { ...base, env: { ...base.env, TOKEN: token }, lazy: true };
    };
    const catalogCache = await learn({ servers: { s: spec('alice') } });
    const starts = startedPids(ledger).length;
    await learn({
      servers: { s: { ...spec('alice'), lazy: { idleMs: 1 }, timeoutMs: 9_000 } },
      catalogCache,
    });
    expect(startedPids(ledger)).toHaveLength(starts);
    await learn({ servers: { s: spec('bob') }, catalogCache });
    expect(startedPids(ledger).length).toBeGreaterThan(starts);
  });
});

describe('a lazy server that does not start', () => {
  const broken = async () => {
    const server = local({ ...SCRIPT, era: 'legacy' });
    const servers = { s: { server, lazy: true, protocol: 'legacy' as const } };
    const catalogCache = await learn({ servers });
    server.setFaults({ dieOnInitialize: true });
    return { server, group: await connectGroup({ servers, catalogCache }) };
  };

  it('the calls that wait are told, and the status shows it', async () => {
    const { server, group } = await broken();
    const errors = await Promise.all(Array.from({ length: 10 }, () => failureOf(group.callTool('s__echo'))));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['CONNECT_FAILED']));
    expect(errors[0]).toMatchObject({ server: 's', maybeExecuted: false });
    expect(group.servers.get('s')).toMatchObject({ state: 'failed', error: { code: 'CONNECT_FAILED' } });
    expect(server.connections, 'they shared one attempt').toBe(2);
    expect(await settled(() => server.connections)).toBe(2);
    expect(group.tools.size).toBe(4);
  });

  it('the next call tries again', async () => {
    const { server, group } = await broken();
    await failureOf(group.callTool('s__echo'));
    await failureOf(group.refresh({ server: 's' }));
    expect(server.connections).toBe(3);
    server.setFaults({ dieOnInitialize: null });
    await group.callTool('s__echo');
    expect([stateOf(group), server.connections]).toEqual(['ready', 4]);
  });

  it('a call waits no longer than it may, nor after it was given up', async () => {
    const server = local(SCRIPT);
    const catalogCache = await learn({ servers: { s: { server, lazy: true } } });
    server.setFaults({ neverInitialize: true });
    const group = await connectGroup({ servers: { s: { server, lazy: true } }, catalogCache });
    const controller = new AbortController();
    const given = failureOf(group.callTool('s__echo', {}, { signal: controller.signal }));
    const error = await bounded('the call', failureOf(group.callTool('s__echo', {}, { timeoutMs: 100 })));
    expect(error).toMatchObject({ code: 'TIMEOUT', maybeExecuted: false });
    controller.abort();
    expect(await bounded('the other', given)).toMatchObject({ code: 'ABORTED', maybeExecuted: false });
    await bounded('close', group.close());
  });
});

describe('a lazy server that nobody uses', () => {
  it('stays while a call is in flight', async () => {
    const server = local(SCRIPT);
    const group = await connectKnown({ servers: { s: { server, lazy: { idleMs: 20 } } } });
    const log = new EventLog(group);
    await group.callTool('s__slow', { nr: 1 });
    expect(stateOf(group)).toBe('ready');
    await untilState(group, 'idle');
    const states = log.of('status').map(({ status }) => status.state);
    expect(states).toEqual(['connecting', 'ready', 'idle']);
  });

  it.each(ERAS)('stays while a resource is subscribed to, and no longer (%s)', async (era) => {
    const server = local({ ...SCRIPT, era });
    const group = await connectKnown({ servers: { s: { server, lazy: { idleMs: 20 } } } });
    const log = new EventLog(group);
    await group.subscribeResource('file:///a');
    await after(200);
    server.resourceUpdated('file:///a');
    await log.until('resource-updated');
    expect(stateOf(group)).toBe('ready');
    await group.unsubscribeResource('file:///a');
    await untilState(group, 'idle');
    expect(server.connections).toBe(2);
  });

  it('goes also with idleMs 0, after its lists have come', async () => {
    const server = local(SCRIPT);
    const group = await connectKnown({ servers: { s: { server, lazy: { idleMs: 0 } } } });
    server.setTools(tools('echo', 'fresh'));
    await group.callTool('s__echo');
    await untilState(group, 'idle');
    expect(group.tools.has('s__fresh')).toBe(true);
  });

  it('a call that comes while it is being closed waits for that, and starts it anew', async () => {
    const ledger = ledgerFile();
    const script = { ...SCRIPT, ledgerFile: ledger, faults: { ignoreTermination: true } };
    const spec = {
      ...stdioSpec(script),
      protocol: 'legacy' as const,
      lazy: { idleMs: 20 },
      closeGraceMs: 300,
      terminateGraceMs: 300,
    };
    const group = await connectKnown({ servers: { s: spec } });
    await group.callTool('s__echo');
    await untilState(group, 'idle');
    expect(runningPids(ledger)).toHaveLength(1);
    const { content } = await group.callTool('s__echo', { nr: 2 });
    expect(content).toEqual([{ type: 'text', text: '{"nr":2}' }]);
    expect(runningPids(ledger), 'never two at a time').toHaveLength(1);
    expect(startedPids(ledger)).toHaveLength(3);
  });

  it('calls at any moment around its going are never lost', async () => {
    const server = local({ ...SCRIPT, tools: tools('echo') });
    const group = await connectKnown({ servers: { s: { server, lazy: { idleMs: 1 } } } });
    for (let nr = 0; nr < 150; nr++) {
      await group.callTool('s__echo', { nr });
      await after(nr % 5);
    }
    expect(server.connections).toBeGreaterThan(2);
  });

  it('does not come back when it dies idle, and reports it', async () => {
    const server = local(SCRIPT);
    const group = await connectKnown({ servers: { s: { server, lazy: true } } });
    const log = new EventLog(group);
    await group.callTool('s__echo');
    await eventually('its lists', () => requestsOf(server, 'tools/list').length === 2);
    server.crash();
    await untilState(group, 'idle');
    expect((await log.until('problem')).error.code).toBe('CONNECTION_LOST');
    expect(await settled(() => server.connections)).toBe(2);
    await group.callTool('s__echo');
    expect(server.connections).toBe(3);
  });

  it('a call in flight when it dies is CONNECTION_LOST; the next one starts it', async () => {
    const ledger = ledgerFile();
    const spec = { ...stdioSpec({ ...SCRIPT, ledgerFile: ledger }), protocol: 'legacy' as const, lazy: true };
    const group = await connectKnown({ servers: { s: spec } });
    expect(await failureOf(group.callTool('s__crash'))).toMatchObject({
      code: 'CONNECTION_LOST',
      maybeExecuted: true,
    });
    await untilState(group, 'idle');
    expect(await settled(() => startedPids(ledger).length)).toBe(2);
    await group.callTool('s__echo');
    expect(startedPids(ledger)).toHaveLength(3);
  });

  it('comes back when it dies while a resource is subscribed to', async () => {
    const server = local({ ...SCRIPT, era: 'legacy' });
    const group = await connectKnown({ servers: { s: { server, lazy: { idleMs: 20 } } } });
    await group.subscribeResource('file:///a');
    server.crash();
    await eventually('it is back', () => server.connections === 3 && stateOf(group) === 'ready');
    await eventually('it is asked again', () => requestsOf(server, 'resources/subscribe').length === 2);
    expect(await settled(() => server.connections), 'it does not sleep').toBe(3);
  });
});

describe('closing a group with lazy servers leaves nothing', () => {
  it('that sleep', async () => {
    const server = local(SCRIPT);
    const group = await connectKnown({ servers: { s: { server, lazy: true } } });
    await bounded('close', group.close());
    expect(server.connections).toBe(1);
    expect((await failureOf(group.callTool('s__echo'))).code).toBe('SESSION_CLOSED');
  });

  it.each(['close', 'destroy'] as const)('%s while one wakes up', async (exit) => {
    const ledger = ledgerFile();
    const script = { ...SCRIPT, ledgerFile: ledger };
    const catalogCache = memoryCatalogCache();
    const raw = new RawServer({ tools: {} }, { 'tools/list': () => ({ tools: [] }) });
    await learn({ servers: { raw: { server: raw, lazy: true } }, catalogCache });
    const held = gate();
    const slow = new RawServer(
      { tools: {} },
      {
        'tools/list': () => ({ tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }),
        initialize: async ({ protocolVersion }) => {
          if (slow.requests.filter(({ method }) => method === 'initialize').length > 1) await held.promise;
          return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } };
        },
      },
    );
    const servers = {
      s: { server: slow, lazy: true, protocol: 'legacy' as const },
      p: { ...stdioSpec(script), lazy: true },
    };
    await learn({ servers, catalogCache });
    const group = await connectGroup({ servers, catalogCache });
    const calls = [failureOf(group.callTool('s__echo')), failureOf(group.callTool('p__hang'))];
    await eventually(
      'both are coming up',
      () => stateOf(group, 's') === 'connecting' && stateOf(group, 'p') !== 'idle',
    );
    const closing = exit === 'close' ? group.close() : group.destroy();
    await bounded(exit, closing);
    for (const error of await Promise.all(calls)) expect(error.code).toBe('SESSION_CLOSED');
    held.open();
    expect(slow.open).toBe(0);
    await expectGoneForGood(ledger);
  });

  it.each(['close', 'destroy'] as const)('%s while one is being put to sleep', async (exit) => {
    const ledger = ledgerFile();
    const spec = {
      ...stdioSpec({ ...SCRIPT, ledgerFile: ledger, faults: { ignoreTermination: true } }),
      lazy: { idleMs: 20 },
      closeGraceMs: 500,
      terminateGraceMs: 500,
    };
    const group = await connectGroup({ servers: { s: spec } });
    await untilState(group, 'idle');
    expect(runningPids(ledger)).toHaveLength(1);
    const late = failureOf(group.callTool('s__echo'));
    await bounded(exit, group[exit]());
    expect((await late).code).toBe('SESSION_CLOSED');
    await expectGoneForGood(ledger);
  });

  it('destroy() does not wait for a process that takes its time to leave, nor for who waits for it', async () => {
    const ledger = ledgerFile();
    const spec = {
      ...stdioSpec({ ...SCRIPT, ledgerFile: ledger, faults: { ignoreTermination: true } }),
      lazy: { idleMs: 20 },
      closeGraceMs: 600_000,
    };
    const group = await connectGroup({ servers: { s: spec } });
    await untilState(group, 'idle');
    const late = failureOf(group.callTool('s__echo'));
    expect(stateOf(group)).toBe('connecting');
    await bounded('destroy', group.destroy());
    expect((await late).code).toBe('SESSION_CLOSED');
    await expectGoneForGood(ledger);
  });

  it('that failed, and whose start is retried by calls', async () => {
    const server = local({ ...SCRIPT, era: 'legacy' });
    const group = await connectKnown({ servers: { s: { server, lazy: true, protocol: 'legacy' } } });
    server.setFaults({ dieOnInitialize: true });
    await failureOf(group.callTool('s__echo'));
    expect(stateOf(group)).toBe('failed');
    await bounded('close', group.close());
    expect(await settled(() => server.connections)).toBe(2);
  });

  it('remove() of one that sleeps takes its entries out', async () => {
    const server = local(SCRIPT);
    const group = await connectKnown({ servers: { s: { server, lazy: true } } });
    await group.remove('s');
    expect([group.tools.size, group.servers.size, server.connections]).toEqual([0, 0, 1]);
  });
});

describe('lazy is checked', () => {
  it.each([['yes'], [null], [{ idleMs: -1 }], [{ idleMs: '5' }]])('%o is CONFIG_INVALID', async (lazy) => {
    const spec = { server: local(SCRIPT), lazy } as object;
    expect((await failureOf(newGroup().add('s', spec as { server: RawServer }))).code).toBe('CONFIG_INVALID');
  });
});
