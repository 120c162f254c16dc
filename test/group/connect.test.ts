import { describe, expect, it } from 'vitest';
import { SessionGroup, type GroupServerSpec } from '../../src/index.ts';
import { stdioSpec } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { EventLog } from '../support/event-log.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup, newGroup } from '../support/groups.ts';
import { http, local, PLACES, tools } from '../support/servers.ts';
import { expectGoneForGood, startedPids } from '../support/processes.ts';
import { gate, RawServer } from '../support/raw-server.ts';
import { ledgerFile } from '../support/folders.ts';

const HUNG = { tools: tools('never'), faults: { neverInitialize: true } };

describe('G13 connect() opens servers side by side', () => {
  it('each may wait until all the others are being greeted, too', async () => {
    let arrived = 0;
    const all = gate();
    const greet = async ({ protocolVersion }: Record<string, unknown>): Promise<unknown> => {
      if (++arrived === 12) all.open();
      await all.promise;
      return { protocolVersion, capabilities: {}, serverInfo: { name: 'waits', version: '1.0.0' } };
    };
    const servers = Object.fromEntries(
      Array.from({ length: 12 }, (_, nr) => [`s${nr}`, { server: new RawServer({}, { initialize: greet }) }]),
    );
    const group = await connectGroup({ servers });
    expect([...group.servers.values()].every(({ state }) => state === 'ready')).toBe(true);
  });

  it('of every transport and both eras at once', async () => {
    const servers: Record<string, GroupServerSpec> = {};
    for (const era of ['legacy', 'modern'] as const) {
      for (const [place, start] of Object.entries(PLACES)) {
        servers[`${place} ${era}`] = (await start({ era, tools: tools('echo') })).spec;
      }
    }
    const group = await connectGroup({ servers, strict: true });
    expect([...group.servers.keys()]).toEqual(Object.keys(servers));
    const answers = await Promise.all([...group.tools.keys()].map((name) => group.callTool(name)));
    expect(answers).toHaveLength(12);
  });

  it('none at all is fine', async () => {
    const group = await connectGroup({ servers: {} });
    expect(group.servers.size).toBe(0);
  });

  it('one wrong spec among many: CONFIG_INVALID, and nothing is opened', async () => {
    const ledger = ledgerFile();
    const remote = await http();
    const servers = {
      good: stdioSpec({ ledgerFile: ledger }),
      remote: { url: remote.url },
      bad: { url: 'nowhere' },
    };
    expect((await failureOf(SessionGroup.connect({ servers }))).code).toBe('CONFIG_INVALID');
    await expectGoneForGood(ledger);
    expect([startedPids(ledger).length, remote.connections]).toEqual([0, 0]);
  });
});

describe('G13 one server that hangs or fails costs the others nothing', () => {
  it('connect() resolves when the hung one has used up its time', async () => {
    const ledger = ledgerFile();
    const servers = {
      hung: { ...stdioSpec({ ...HUNG, ledgerFile: ledger }), connectTimeoutMs: 700 },
      good: { server: local({ tools: tools('echo') }) },
    };
    const group = await bounded('connect', connectGroup({ servers }));
    expect([...group.tools.keys()]).toEqual(['good__echo']);
    expect(group.servers.get('hung')).toMatchObject({
      state: 'connecting',
      error: { code: 'TIMEOUT', server: 'hung' },
      counts: { tools: 0 },
    });
    await bounded('close', group.close());
    await expectGoneForGood(ledger);
  });

  it('connect() resolves at once when the first attempt has failed', async () => {
    const servers = {
      exits: stdioSpec({ faults: { exitAtStart: { code: 3, stderr: 'no licence' } } }),
      missing: { command: 'no-such-program-anywhere' },
      refused: { url: (await http({ faults: { httpStatus: { status: 401 } } })).url },
      good: { server: local({ tools: tools('echo') }) },
    };
    // Far less than the 30 s that each of them would have.
    const group = await bounded('connect', connectGroup({ servers }));
    await group.callTool('good__echo');
    const { exits, missing, refused } = Object.fromEntries(group.servers);
    expect(exits).toMatchObject({ state: 'connecting', error: { code: 'CONNECT_FAILED' } });
    expect(exits?.error?.message).toContain('no licence');
    // What trying again cannot mend is not tried again.
    expect(missing).toMatchObject({ state: 'failed', error: { code: 'CONNECT_FAILED', server: 'missing' } });
    expect(refused).toMatchObject({ state: 'failed', error: { code: 'AUTH_REQUIRED', server: 'refused' } });
  });

  it('add() of a good one does not wait for a hung one', async () => {
    const group = newGroup();
    const hung = failureOf(group.add('hung', { ...stdioSpec(HUNG), connectTimeoutMs: 60_000 }));
    await bounded('add', group.add('good', stdioSpec({ tools: tools('echo') })));
    await group.callTool('good__echo');
    expect(group.servers.get('hung')?.state).toBe('connecting');
    await bounded('close', group.close());
    expect((await hung).code).toBe('SESSION_CLOSED');
  });

  it('a server that never lists does not hold up connect() beyond its time', async () => {
    const silent = await http({ tools: tools('echo'), faults: { ignore: ['tools/list'] } });
    const servers = {
      silent: { url: silent.url, connectTimeoutMs: 500 },
      good: { server: local({ tools: tools('echo') }) },
    };
    const group = await bounded('connect', connectGroup({ servers }));
    await group.callTool('good__echo');
    silent.setFaults({ ignore: [] });
    await eventually('its tools', () => group.tools.has('silent__echo'));
    expect([...group.tools.keys()].toSorted()).toEqual(['good__echo', 'silent__echo']);
  });
});

describe('G13 a server that did not come up goes on being tried, and appears later', () => {
  it('a process that fails twice', async () => {
    const ledger = ledgerFile();
    const servers = {
      // Greeted as an old one: a probe that it dies of would be a start more.
      moody: {
        protocol: 'legacy' as const,
        ...stdioSpec({
          name: 'moody',

          tools: tools('echo'),
          ledgerFile: ledger,
          faults: { exitAtStart: { times: 2, stderr: 'not yet' } },
        }),
      },
    };
    const group = await connectGroup({ servers });
    const log = new EventLog(group);
    const status = group.servers.get('moody');
    expect(status?.state).toBe('connecting');
    expect(status?.attempt).toBeGreaterThan(0);
    expect(status?.error?.message).toContain('not yet');
    await log.until('catalog');
    expect(group.servers.get('moody')?.state).toBe('ready');
    await group.callTool('moody__echo');
    expect(startedPids(ledger)).toHaveLength(3);
    expect(
      log.of('status').some(({ server, status: { state } }) => server === 'moody' && state === 'ready'),
    ).toBe(true);
  });

  it('a remote server whose port opens later', async () => {
    const first = await http();
    const { port, url } = first;
    await first.close();
    const group = await connectGroup({
      servers: { late: { url, reconnect: { maxDelayMs: 100 } }, good: { server: local() } },
    });
    expect(group.servers.get('late')?.state).toBe('connecting');
    await http({ tools: tools('echo') }, { port });
    await eventually('it is there', () => group.tools.has('late__echo'));
    await group.callTool('late__echo');
  });

  it('reconnect: false, for one server: it stays failed until it is told to try again', async () => {
    const ledger = ledgerFile();
    const script = {
      name: 's',
      tools: tools('echo'),
      ledgerFile: ledger,
      faults: { exitAtStart: { times: 1 } },
    };
    const group = await connectGroup({
      servers: { s: { ...stdioSpec(script), protocol: 'legacy', reconnect: false } },
    });
    expect(group.servers.get('s')).toMatchObject({ state: 'failed', error: { code: 'CONNECT_FAILED' } });
    await expectGoneForGood(ledger);
    await group.reconnect({ failedOnly: true });
    await eventually('it is there', () => group.tools.has('s__echo'));
  });
});

describe('G13 strict', () => {
  it('rejects with every cause, and unwinds what had opened', async () => {
    const ledgers = { good: ledgerFile(), exits: ledgerFile(), hung: ledgerFile() };
    const remote = await http({ tools: tools('echo') });
    const closes = new RawServer({}, {});
    const servers = {
      good: stdioSpec({ tools: tools('echo'), ledgerFile: ledgers.good }),
      exits: stdioSpec({ faults: { exitAtStart: { stderr: 'no licence' } }, ledgerFile: ledgers.exits }),
      hung: { ...stdioSpec({ ...HUNG, ledgerFile: ledgers.hung }), connectTimeoutMs: 700 },
      remote: { url: remote.url },
      locked: { url: (await http({}, { token: 'secret' })).url },
      here: { server: closes },
    };
    const error = await failureOf(SessionGroup.connect({ servers, strict: true }));
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.errors?.map(({ code, server }) => `${server} ${code}`)).toEqual([
      'exits CONNECT_FAILED',
      'hung TIMEOUT',
      'locked AUTH_REQUIRED',
    ]);
    for (const word of ['"exits"', '"hung"', '"locked"', 'no licence']) expect(error.message).toContain(word);
    await Promise.all(Object.values(ledgers).map(expectGoneForGood));
    await eventually('the sockets are closed', () => remote.openSockets === 0);
    expect(closes).toMatchObject({ open: 0, closes: 1 });
  });

  it('resolves when all are well', async () => {
    const servers = { a: { server: local() }, b: stdioSpec() };
    const group = await connectGroup({ servers, strict: true });
    expect(group.servers.size).toBe(2);
  });
});

describe('G13 connect() that is aborted', () => {
  it.each(['at once', 'while some are up and some hang'])(
    '%s: ABORTED, and nothing is left',
    async (when) => {
      const ledgers = [ledgerFile(), ledgerFile()] as const;
      const controller = new AbortController();
      const reason = new Error('the user left');
      if (when === 'at once') controller.abort(reason);
      const here = new RawServer({}, {});
      const servers = {
        here: { server: here },
        good: stdioSpec({ ledgerFile: ledgers[0] }),
        hung: stdioSpec({ ...HUNG, ledgerFile: ledgers[1] }),
      };
      const connecting = failureOf(SessionGroup.connect({ servers, signal: controller.signal }));
      if (when !== 'at once') {
        await eventually('both processes run', () =>
          ledgers.every((ledger) => startedPids(ledger).length > 0),
        );
        controller.abort(reason);
      }
      expect(await bounded('connect', connecting)).toMatchObject({ code: 'ABORTED', cause: reason });
      await Promise.all(ledgers.map(expectGoneForGood));
      expect(here.open).toBe(0);
      if (when === 'at once') expect(ledgers.flatMap(startedPids)).toEqual([]);
    },
  );
});
