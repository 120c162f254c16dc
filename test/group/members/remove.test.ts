import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup, newSession } from '../../support/groups.ts';
import { http, local, tools } from '../../support/servers.ts';
import { expectGoneForGood, runningPids } from '../../support/processes.ts';
import { ledgerFile } from '../../support/folders.ts';

const ORDERS = ['abc', 'acb', 'bac', 'bca', 'cab', 'cba'];

describe('G4 remove() takes out one server, and closes what the group opened', () => {
  it('the process has ended when it resolves, and does not come back', async () => {
    const group = newGroup();
    const ledger = ledgerFile();
    const session = await group.add('a', stdioSpec({ tools: tools('echo'), ledgerFile: ledger }));
    await bounded('remove', group.remove('a'));
    expect(runningPids(ledger)).toEqual([]);
    expect(session.status.state).toBe('closed');
    expect((await failureOf(session.callTool('echo'))).code).toBe('SESSION_CLOSED');
    await expectGoneForGood(ledger);
  });

  it.each(ORDERS)('in the order %s, with every kind', async (order) => {
    const servers = Object.fromEntries(
      ['a', 'b', 'c'].map((name) => {
        const server = local({
          tools: tools('t'),
          prompts: [{ name: 'p' }],
          resources: [{ uri: `${name}:1` }, { uri: 'shared:1' }],
          resourceTemplates: [{ uriTemplate: `${name}:{id}` }],
        });
        return [name, { server }];
      }),
    );
    const group = await connectGroup({ servers });
    const left = new Set(['a', 'b', 'c']);
    for (const name of order) {
      await group.remove(name);
      left.delete(name);
      const names = [...left];
      expect([...group.servers.keys()]).toEqual(names);
      expect([...group.tools.keys()]).toEqual(names.map((each) => `${each}__t`));
      expect([...group.prompts.keys()]).toEqual(names.map((each) => `${each}__p`));
      expect([...group.resourceTemplates.keys()]).toEqual(names.map((each) => `${each}:{id}`));
      const uris = names.length === 0 ? [] : [...names.map((each) => `${each}:1`), 'shared:1'];
      expect([...group.resources.keys()].toSorted()).toEqual(uris);
      const shared = group.resources.get('shared:1');
      expect(shared === undefined ? names : names.includes(shared.server)).toEqual(
        names.length === 0 ? [] : true,
      );
      for (const each of names) {
        await group.callTool(`${each}__t`);
        await group.readResource('shared:1', { server: each });
      }
    }
  });

  it('of several at once, whatever they are made of', async () => {
    const remote = await http({ tools: tools('t') });
    const specs = {
      p1: stdioSpec({ tools: tools('t') }),
      p2: stdioSpec({ tools: tools('t') }),
      h: { url: remote.url },
      l1: { server: local({ tools: tools('t') }) },
      l2: { server: local({ tools: tools('t') }) },
    };
    const group = await connectGroup({
      servers: { ...specs, stays: { server: local({ tools: tools('t') }) } },
    });
    await bounded('all removals', Promise.all(Object.keys(specs).map((name) => group.remove(name))));
    expect([...group.tools.keys()]).toEqual(['stays__t']);
    expect([...group.servers.keys()]).toEqual(['stays']);
    await eventually('the sockets are closed', () => remote.openSockets === 0);
  });

  it('twice: the second time it is UNKNOWN_SERVER, also while the first is under way', async () => {
    const group = newGroup();
    await group.add('a', stdioSpec({ tools: tools('t') }));
    const outcomes = await Promise.allSettled([group.remove('a'), group.remove('a')]);
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'UNKNOWN_SERVER', server: 'a' } },
    ]);
    expect((await failureOf(group.remove('a'))).code).toBe('UNKNOWN_SERVER');
  });

  it('by session object; one that is not in this group is UNKNOWN_SERVER, whatever its name', async () => {
    const [one, two] = [newGroup(), newGroup()];
    const here = await one.add('a', { server: local({ tools: tools('t') }) });
    const there = await two.add('a', { server: local({ tools: tools('t') }) });
    const loose = await newSession({ server: local() }, { name: 'a' });
    for (const stranger of [there, loose]) {
      expect((await failureOf(one.remove(stranger))).code).toBe('UNKNOWN_SERVER');
    }
    expect([...one.tools.keys()]).toEqual(['a__t']);
    await one.remove(here);
    expect(one.servers.size).toBe(0);
    expect((await failureOf(one.remove(here))).code).toBe('UNKNOWN_SERVER');
    expect(two.tools.size).toBe(1);
  });

  it('an unknown name is told with the nearest ones', async () => {
    const group = await connectGroup({
      servers: { github: { server: local() }, gitlab: { server: local() }, weather: { server: local() } },
    });
    const error = await failureOf(group.remove('githab'));
    expect(error.code).toBe('UNKNOWN_SERVER');
    expect(error.message).toMatch(/"github".*"gitlab"/);
    expect(error.message).not.toContain('weather');
    for (const name of ['__proto__', 'constructor', 'GitHub']) {
      expect((await failureOf(group.remove(name))).code, name).toBe('UNKNOWN_SERVER');
    }
  });
});

describe('G4 a session that is closed behind the back of the group', () => {
  it.each(['close', 'destroy'] as const)(
    'by %s(): it offers nothing more, and can be removed',
    async (end) => {
      const group = newGroup();
      const session = await group.add('a', { server: local({ tools: tools('echo') }) });
      await session[end]();
      await eventually('its entries are gone', () => group.tools.size === 0);
      expect(group.servers.get('a')?.state).toBe('closed');
      await group.remove('a');
      expect(group.servers.size).toBe(0);
    },
  );
});

describe('G4 remove() in the midst of things', () => {
  it('lets a call in flight finish, while new ones are refused', async () => {
    const group = newGroup();
    const server = local({ tools: [{ name: 'slow', does: { type: 'slow', ms: 300 } }] });
    await group.add('a', { server });
    const call = group.callTool('a__slow', { nr: 1 });
    await eventually('the call arrives', () => server.running > 0);
    const removed = group.remove('a');
    expect(group.tools.size, 'entries go at once').toBe(0);
    expect((await failureOf(group.callTool('a__slow'))).code).toBe('UNKNOWN_TOOL');
    expect((await call).content).toEqual([{ type: 'text', text: '{"nr":1}' }]);
    await removed;
  });

  it('a server that is still being added: the add rejects and nothing is left', async () => {
    const group = newGroup();
    const ledger = ledgerFile();
    const adding = failureOf(group.add('a', stdioSpec({ startDelayMs: 60_000, ledgerFile: ledger })));
    await eventually('the process runs', () => runningPids(ledger).length > 0);
    await bounded('remove', group.remove('a'));
    const error = await bounded('add rejects', adding);
    expect(error.code).toMatch(/^(SESSION_CLOSED|ABORTED)$/);
    await expectGoneForGood(ledger);
    expect(group.servers.size).toBe(0);
  });

  it('a server that never came up, and one that is lost', async () => {
    const [dud, lost] = [ledgerFile(), ledgerFile()];
    const group = await connectGroup({
      servers: {
        dud: stdioSpec({ faults: { exitAtStart: {} }, ledgerFile: dud }),
        lost: stdioSpec({ tools: tools('t'), faults: { flap: { afterMs: 500 } }, ledgerFile: lost }),
      },
    });
    await eventually('it is lost', () => group.servers.get('lost')?.state === 'reconnecting');
    await Promise.all([group.remove('dud'), group.remove('lost')]);
    await Promise.all([expectGoneForGood(dud), expectGoneForGood(lost)]);
    expect([group.servers.size, group.tools.size]).toEqual([0, 0]);
  });

  it('a server whose list is being fetched: it does not come back with the list', async () => {
    const group = newGroup();
    const server = local({ tools: tools('old') });
    await group.add('a', { server });
    const log = new EventLog(group);
    server.hang();
    server.setTools(tools('new'));
    const refreshed = group.refresh({ server: 'a' });
    const removed = group.remove('a');
    server.resume();
    await bounded('both', Promise.allSettled([refreshed, removed]));
    await log.until('server-removed');
    expect([...group.tools.keys()]).toEqual([]);
    expect(log.of('catalog').flatMap(({ diff }) => diff.tools.added)).toEqual([]);
  });
});
