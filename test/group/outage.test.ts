import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stdioSpec, TcpProxy } from '../../src/testing/index.ts';
import { bounded, eventually, settled } from '../support/eventually.ts';
import { EventLog } from '../support/event-log.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup } from '../support/groups.ts';
import { ERAS, http, local, requestsOf, tools } from '../support/servers.ts';
import { runningPids, startedPids } from '../support/processes.ts';
import { gate, RawServer } from '../support/raw-server.ts';
import { ledgerFile } from '../support/folders.ts';

describe('G16 a known route works while an unrelated server is down', () => {
  it('one that crashed, one that hangs, one behind a dead network', async () => {
    const ledger = ledgerFile();
    const hung = local({ tools: tools('echo') });
    const remote = await http({ tools: tools('echo') });
    await using proxy = await TcpProxy.listen({ target: remote.url });
    const group = await connectGroup({
      servers: {
        crashed: { ...stdioSpec({ tools: tools('echo'), ledgerFile: ledger }), reconnect: false },
        hung: { server: hung },
        cut: { url: proxy.url },
        well: stdioSpec({ tools: tools('echo') }),
        here: { server: local({ tools: tools('echo') }) },
      },
      strict: true,
    });
    process.kill(runningPids(ledger)[0] ?? 0, 'SIGKILL');
    hung.hang();
    await proxy.refuse();
    proxy.cut();
    await eventually('the crash is noticed', () => group.servers.get('crashed')?.state === 'failed');
    for (let nr = 0; nr < 50; nr++) {
      await bounded(
        'calls',
        Promise.all([group.callTool('well__echo', { nr }), group.callTool('here__echo', { nr })]),
      );
    }
    expect((await failureOf(group.callTool('crashed__echo'))).code).toBe('NOT_CONNECTED');
    expect(group.tools.size, 'what is known stays known').toBe(5);
    hung.resume();
  });

  it('a server that flaps does not shake the others', async () => {
    const flapping = local({ tools: tools('echo'), faults: { flap: { afterMs: 60 } } });
    const steady = local({ tools: tools('echo') });
    const group = await connectGroup({
      servers: { flapping: { server: flapping }, steady: { server: steady } },
    });
    const log = new EventLog(group);
    while (flapping.connections < 5) {
      await group.callTool('steady__echo');
      await after(5);
    }
    expect(steady.connections).toBe(1);
    expect(requestsOf(steady, 'tools/list')).toHaveLength(1);
    expect(log.of('status').every(({ server }) => server === 'flapping')).toBe(true);
    expect(log.of('catalog'), 'its entries did not come and go').toEqual([]);
  });

  it('a call made while its server comes back waits for it', async () => {
    const ledger = ledgerFile();
    const group = await connectGroup({
      servers: { s: stdioSpec({ tools: tools('echo'), ledgerFile: ledger }) },
    });
    const [pid = 0] = startedPids(ledger);
    process.kill(pid, 'SIGKILL');
    await eventually('the loss is noticed', () => group.servers.get('s')?.state !== 'ready');
    const { content } = await bounded('the call', group.callTool('s__echo', { nr: 1 }));
    expect(content).toEqual([{ type: 'text', text: '{"nr":1}' }]);
    expect(startedPids(ledger)).toHaveLength(2);
  });
});

/** A server whose lists can be changed without a word; each list takes `ms`. */
function quiet(ms = 0): { server: RawServer; become: (name: string) => void } {
  let current = 'one';
  const server = new RawServer(
    { tools: {}, prompts: {} },
    {
      'tools/list': () => after(ms, { tools: [{ name: current, inputSchema: { type: 'object' } }] }),
      'prompts/list': () => after(ms / 2, { prompts: [{ name: current }] }),
    },
  );
  return {
    server,
    become: (name) => {
      current = name;
    },
  };
}

describe('G16 refresh()', () => {
  it('fetches what changed without a word, and commits all kinds in one go', async () => {
    const { server, become } = quiet();
    const group = await connectGroup({ servers: { s: { server } } });
    const log = new EventLog(group);
    become('two');
    await group.refresh();
    expect([...group.tools.keys(), ...group.prompts.keys()]).toEqual(['s__two', 's__two']);
    await log.until('catalog');
    expect(log.of('catalog')).toMatchObject([
      {
        server: 's',
        diff: {
          tools: { added: ['s__two'], removed: ['s__one'] },
          prompts: { added: ['s__two'], removed: ['s__one'] },
        },
      },
    ]);
  });

  it('no reader ever sees one server refreshed and the other not', async () => {
    // They answer one after the other, so that there is a time between.
    const peers = Array.from({ length: 5 }, (_, nr) => quiet(nr * 10));
    const group = await connectGroup({
      servers: Object.fromEntries(peers.map(({ server }, nr) => [`s${nr}`, { server }])),
    });
    const seen = new Set<string>();
    const watching = setInterval(() => {
      const { catalog } = group;
      const names = [...catalog.tools.values(), ...catalog.prompts.values()].map(({ name }) => name);
      seen.add([...new Set(names)].join(' and '));
    });
    onTestFinished(() => clearInterval(watching));
    for (const name of ['two', 'three', 'four']) {
      for (const { become } of peers) become(name);
      await group.refresh();
      expect([...group.tools.values()].map((tool) => tool.name)).toEqual(Array(5).fill(name));
    }
    for (const mixture of seen) expect(mixture).not.toContain(' and ');
  });

  it('of one server leaves the others alone', async () => {
    const [a, b] = [quiet(), quiet()];
    const group = await connectGroup({ servers: { a: { server: a.server }, b: { server: b.server } } });
    const before = b.server.requests.length;
    a.become('two');
    b.become('two');
    await group.refresh({ server: 'a' });
    expect([...group.tools.keys()].toSorted()).toEqual(['a__two', 'b__one']);
    expect(b.server.requests).toHaveLength(before);
    expect((await failureOf(group.refresh({ server: 'c' }))).code).toBe('UNKNOWN_SERVER');
  });

  it.each(ERAS)('goes past what the server said may be kept (%s)', async (era) => {
    const server = await http({ era, ttlMs: 3_600_000, tools: tools('t') });
    const group = await connectGroup({ servers: { s: { url: server.url } } });
    await group.refresh();
    await group.refresh();
    expect(requestsOf(server, 'tools/list')).toHaveLength(3);
  });

  it('while a server is down: the others are refreshed, what it had stays', async () => {
    const { server, become } = quiet();
    const lost = await http({ era: 'legacy', tools: tools('kept') });
    const group = await connectGroup({
      servers: { s: { server }, lost: { url: lost.url, timeoutMs: 1_000 } },
    });
    await lost.close();
    become('two');
    await bounded(
      'refresh',
      group.refresh().catch(() => {}),
    );
    expect([...group.tools.keys()].toSorted()).toEqual(['lost__kept', 's__two']);
  });

  it('a list that was asked for earlier and comes later does not undo a newer one', async () => {
    const held = gate();
    let asked = 0;
    const list = async (): Promise<unknown> => {
      const name = `t${asked++}`;
      if (name === 't1') await held.promise;
      return { tools: [{ name, inputSchema: { type: 'object' } }] };
    };
    const server = new RawServer({ tools: {} }, { 'tools/list': list });
    const group = await connectGroup({ servers: { s: { server } } });
    const slow = group.refresh();
    await eventually('the slow one is asked for', () => asked === 2);
    await group.refresh();
    expect([...group.tools.keys()]).toEqual(['s__t2']);
    held.open();
    await bounded('the slow one', slow);
    expect([...group.tools.keys()]).toEqual(['s__t2']);
  });

  it('twice at once, in the midst of changes: the last state wins', async () => {
    const server = local({ tools: tools('t0') });
    const group = await connectGroup({ servers: { s: { server } } });
    const refreshing: Promise<void>[] = [];
    for (let nr = 1; nr <= 20; nr++) {
      server.setTools(tools(`t${nr}`));
      refreshing.push(group.refresh());
      await new Promise((resolve) => setImmediate(resolve));
    }
    await bounded('all', Promise.all(refreshing));
    await eventually('the last state', () => group.tools.has('s__t20'));
    await settled(() => group.catalog.version, 100);
    expect([...group.tools.keys()]).toEqual(['s__t20']);
  });
});
