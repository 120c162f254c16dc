import { describe, expect, it, onTestFinished } from 'vitest';
import {
  openSession,
  SessionGroup,
  SessionManager,
  type GroupEvent,
  type ManagerEvent,
  type SessionEvent,
} from '../../src/index.ts';
import { EventLog } from '../support/event-log.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup, newGroup } from '../support/groups.ts';
import { jsonOf } from '../support/results.ts';
import { local, tools } from '../support/servers.ts';

const server = () => local({ tools: tools('echo') });

function statesOf(events: readonly { readonly type: string }[], name?: string): string[] {
  return events.flatMap((event) => {
    if (event.type !== 'status') return [];
    const { status, server: of } = event as { status: { state: string }; server?: string } & typeof event;
    return of === name ? [status.state] : [];
  });
}

const noServers = {};

describe('C8 events from the very first one', () => {
  it('openSession tells of connecting and closing', async () => {
    const events: SessionEvent[] = [];
    const session = await openSession(server(), { onEvent: (event) => events.push(event) });
    expect(statesOf(events)).toEqual(['connecting', 'ready']);
    await session.close();
    expect(statesOf(events)).toEqual(['connecting', 'ready', 'draining', 'closed']);
  });

  it('openSession tells of an attempt that fails', async () => {
    const events: SessionEvent[] = [];
    const command = 'this-command-does-not-exist';
    await failureOf(openSession({ command }, { onEvent: (event) => events.push(event) }));
    expect(statesOf(events)).toEqual(['connecting', 'failed', 'draining', 'closed']);
  });

  it('SessionGroup.connect tells of each server from its first attempt on', async () => {
    const events: GroupEvent[] = [];
    const group = await connectGroup({
      servers: { a: { server: server() }, b: { server: server() } },
      onEvent: (event) => events.push(event),
    });
    const seen = [...events];
    expect(seen.filter(({ type }) => type === 'server-added').map((event) => event.server)).toEqual([
      'a',
      'b',
    ]);
    for (const name of ['a', 'b']) expect(statesOf(seen, name)).toEqual(['connecting', 'ready']);
    expect(seen.filter(({ type }) => type === 'catalog')).toHaveLength(2);
    await group.remove('a');
    expect(events.at(-1)).toMatchObject({ type: 'server-removed', server: 'a' });
  });

  it('sees what events() gives', async () => {
    const events: GroupEvent[] = [];
    const group = newGroup({ onEvent: (event) => events.push(event) });
    const log = new EventLog(group);
    await group.add('a', { server: server() });
    await group.remove('a');
    await log.until('server-removed');
    expect(log.all).toEqual(events);
  });

  it('a manager tells of its sessions, and of one that it opens', async () => {
    const events: ManagerEvent[] = [];
    const manager = new SessionManager({
      servers: { a: { server: () => server() } },
      onEvent: (event) => events.push(event),
    });
    onTestFinished(() => manager.destroy());
    const lease = await manager.acquire('a');
    expect(events.map(({ type }) => type)).toEqual(['session-opened']);
    await lease.release();
    const own: SessionEvent[] = [];
    await manager.openSession('a', { onEvent: (event) => own.push(event) });
    expect(statesOf(own)).toEqual(['connecting', 'ready']);
  });

  it.each([
    ['throws', () => expect.fail('on purpose')],
    ['rejects', () => Promise.reject(new Error('on purpose'))],
  ])('one that %s is reported once, and disturbs nothing', async (_, fail) => {
    let calls = 0;
    const onEvent = (): unknown => {
      calls++;
      return fail();
    };
    const group = newGroup({ onEvent });
    const log = new EventLog(group);
    await group.add('a', { server: server() });
    await group.add('b', { server: server() });
    expect(jsonOf(await group.callTool('a__echo', { x: 1 }))).toEqual({ x: 1 });
    const { error } = await log.until('problem');
    expect(error.message).toMatch(/"onEvent" of the group threw.*on purpose/);
    expect(log.of('problem')).toHaveLength(1);
    expect(calls).toBeGreaterThanOrEqual(log.all.length);

    const problems: SessionEvent[] = [];
    const session = await openSession(server(), { onEvent });
    onTestFinished(() => session.destroy());
    void (async () => {
      for await (const event of session.events()) if (event.type === 'problem') problems.push(event);
    })();
    await session.reconnect().catch(() => {});
    expect(session.status.state).toBe('ready');
    expect(problems.length).toBeLessThanOrEqual(1);

    const manager = new SessionManager({ servers: { a: { server: () => server() } }, onEvent });
    onTestFinished(() => manager.destroy());
    const told = new EventLog(manager);
    await manager.run('a', (leased) => leased.callTool('echo'));
    expect((await told.until('problem')).error.message).toMatch(/"onEvent" of the manager threw/);
    await manager.close();
    await eventually('the end of events', () => told.ended);
    expect(told.of('problem')).toHaveLength(1);
  });

  it.each([5, 'x', {}, null])('one that is %o is refused', async (onEvent) => {
    const wrong = { onEvent } as never;
    expect((await failureOf(openSession(server(), wrong))).code).toBe('CONFIG_INVALID');
    expect((await failureOf(SessionGroup.connect({ servers: noServers, ...(wrong as object) }))).code).toBe(
      'CONFIG_INVALID',
    );
    expect(() => new SessionGroup(wrong)).toThrow(/onEvent/);
    expect(() => new SessionManager({ servers: noServers, ...(wrong as object) })).toThrow(/onEvent/);
  });

  it('is no option of one server', async () => {
    const spec = { server: server(), onEvent: () => {} };
    expect((await failureOf(newGroup().add('a', spec as never))).code).toBe('CONFIG_INVALID');
  });
});

describe('H2 a server that logs more than a reader takes', () => {
  it.each([
    { options: {}, most: 32 },
    { options: { eventBacklog: { maxBytes: 8 * 1024 * 1024 } }, most: 4 },
    { options: { eventBacklog: { maxEvents: 3 } }, most: 3 },
  ])('250 log messages of 1 MB and readers that do not read: $options', async ({ options, most }) => {
    const data = 'x'.repeat(1024 * 1024);
    const noisy = local({
      era: 'legacy',
      tools: [...tools('echo'), { name: 'log', does: { type: 'log', level: 'info', data, times: 250 } }],
    });
    const servers = { noisy: { server: noisy }, quiet: { server: server() } };
    const group = await connectGroup({ servers, ...options });
    const readers = [group.events(), group.session('noisy').events()];
    await group.callTool('noisy__log');
    expect(jsonOf(await group.callTool('quiet__echo', { a: 1 }))).toEqual({ a: 1 });
    await group.close();
    for (const reader of readers) {
      let [logs, dropped] = [0, 0];
      for await (const event of reader) {
        if (event.type === 'log') logs++;
        if (event.type === 'overflow') dropped += event.dropped;
      }
      expect(logs).toBeLessThanOrEqual(most);
      expect(logs + dropped).toBeGreaterThanOrEqual(250);
    }
  });

  it.each([{ maxBytes: 0 }, { maxEvents: -1 }, { max: 5 }, { maxBytes: '64 MiB' }, true])(
    'a bound that is none is refused: %o',
    async (eventBacklog) => {
      const options = { servers: {}, eventBacklog } as never;
      expect((await failureOf(SessionGroup.connect(options))).code).toBe('CONFIG_INVALID');
    },
  );
});
