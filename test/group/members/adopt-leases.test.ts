import { describe, expect, it, onTestFinished } from 'vitest';
import type { CallToolResult, Lease, Session, SessionGroup, SessionManager } from '../../../src/index.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import { createToolkit } from '../../../src/toolkit/index.ts';
import { Fleet } from '../../manager/support/fleet.ts';
import { expectNothingHeld, newManager, statsOf } from '../../manager/support/managers.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup, newSession } from '../../support/groups.ts';
import { local, tools } from '../../support/servers.ts';
import { gate, RawServer } from '../../support/raw-server.ts';

const SCRIPT: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'whoami', does: { type: 'whoami' } },
    { name: 'hang', does: { type: 'hang' } },
    { name: 'slow', does: { type: 'slow', ms: 300 } },
  ],
  prompts: [{ name: 'p' }],
};

const ENDS = ['release', 'discard'] as const;

interface Adopted {
  readonly fleet: Fleet;
  readonly manager: SessionManager;
  readonly lease: Lease;
  readonly group: SessionGroup;
}

/** A group that has adopted the session of a lease as "x". */
async function adoptedLease(protocol: 'legacy' | '2026-07-28' = 'legacy', max = 1): Promise<Adopted> {
  const fleet = new Fleet(SCRIPT);
  const manager = newManager({ servers: { a: fleet.spec(protocol) }, pool: { maxPerServer: max } });
  const lease = await manager.acquire('a', { principal: 'ada' });
  const group = newGroup();
  expect(await group.adopt('x', lease.session)).toBe(lease.session);
  return { fleet, manager, lease, group };
}

function textOf({ content: [first] }: CallToolResult): string {
  return first?.type === 'text' ? first.text : '';
}

describe.each(['legacy', '2026-07-28'] as const)('the session of a lease, adopted, %s', (protocol) => {
  it('is part of the group, over the connection that it has', async () => {
    const { fleet, group } = await adoptedLease(protocol);
    expect([...group.tools.keys()]).toEqual(['x__echo', 'x__whoami', 'x__hang', 'x__slow']);
    expect(group.servers.get('x')).toMatchObject({ state: 'ready', adopted: true });
    expect(textOf(await group.callTool('x__echo', { nr: 1 }))).toBe('{"nr":1}');
    await group.ping({ server: 'x' });
    await group.refresh({ server: 'x' });
    expect(fleet.made).toBe(1);
  });

  it('brings changes of its lists along', async () => {
    const { fleet, group } = await adoptedLease(protocol);
    fleet.members[0]?.scripted.setTools(tools('new'));
    await eventually('the change', () => group.tools.has('x__new'));
    expect([...group.tools.keys()]).toEqual(['x__new']);
  });

  it.each(['remove', 'close', 'destroy'] as const)('survives %s() of the group', async (end) => {
    const { manager, lease, group } = await adoptedLease(protocol);
    await (end === 'remove' ? group.remove(lease.session) : group[end]());
    await lease.session.callTool('echo');
    await lease.release();
    expect(statsOf(manager, 'a')).toMatchObject({ leases: 0, idle: 1 });
  });

  it.each(ENDS)('after %s() it is a closed session of the group', async (end) => {
    const { fleet, lease, group, manager } = await adoptedLease(protocol);
    const log = new EventLog(group);
    await bounded(end, lease[end]());
    expect(group.servers.get('x')).toMatchObject({ state: 'closed', adopted: true });
    expect([group.tools.size, group.prompts.size]).toEqual([0, 0]);
    await eventually('the event', () =>
      log.all.some((event) => event.type === 'status' && event.status.state === 'closed'),
    );
    const asked = fleet.requests('tools/call').length;
    expect((await failureOf(group.callTool('x__echo'))).code).toBe('UNKNOWN_TOOL');
    expect((await failureOf(group.session('x').callTool('echo'))).code).toBe('SESSION_CLOSED');
    expect((await failureOf(group.ping({ server: 'x' }))).code).toBe('SESSION_CLOSED');
    expect((await failureOf(group.readResource('a:1', { server: 'x' }))).code).toBe('SESSION_CLOSED');
    await group.refresh({ server: 'x' });
    await group.refresh();
    await group.reconnect();
    expect(fleet.requests('tools/call')).toHaveLength(asked);
    await group.remove('x');
    expect(group.servers.size).toBe(0);
    await manager.close();
    await expectNothingHeld(manager);
  });
});

describe('the session of a lease that ends while a group calls it', () => {
  it('on release() calls under way finish, and no new one passes', async () => {
    const { fleet, lease, group } = await adoptedLease();
    const slow = group.callTool('x__slow', { nr: 1 });
    const released = lease.release();
    expect((await failureOf(group.session('x').callTool('echo'))).code).toBe('SESSION_CLOSED');
    await slow;
    await bounded('release', released);
    expect(fleet.requests('tools/call')).toHaveLength(1);
  });

  it('on discard() calls under way reject with SESSION_CLOSED', async () => {
    const { fleet, lease, group } = await adoptedLease();
    const hung = failureOf(group.callTool('x__hang'));
    await eventually('it arrived', () => fleet.requests('tools/call').length === 1);
    await bounded('discard', lease.discard('it misbehaves'));
    expect((await bounded('the call', hung)).code).toBe('SESSION_CLOSED');
    expect(fleet.open).toBe(0);
  });

  it('reaches nobody when the session is lent to somebody else', async () => {
    const { fleet, manager, lease, group } = await adoptedLease();
    const mine = group.session('x');
    await lease.release();
    await using next = await manager.acquire('a', { principal: 'ada' });
    const other = newGroup();
    await other.adopt('x', next.session);
    expect(textOf(await other.callTool('x__whoami'))).toContain('"member-0"');
    const asked = fleet.requests('tools/call').length;
    expect((await failureOf(group.callTool('x__whoami'))).code).toBe('UNKNOWN_TOOL');
    expect((await failureOf(mine.callTool('whoami'))).code).toBe('SESSION_CLOSED');
    expect((await failureOf(mine.reconnect())).code).toBe('SESSION_CLOSED');
    expect(fleet.requests('tools/call')).toHaveLength(asked);
    // What happens to the session now is no concern of the group that had it before.
    const log = new EventLog(group);
    fleet.members[0]?.scripted.setTools(tools('new'));
    await eventually('the change', () => other.tools.has('x__new'));
    expect(log.all).toEqual([]);
    expect(group.tools.size).toBe(0);
  });

  it('rejects an adopt() that is on its way', async () => {
    const held = gate();
    onTestFinished(() => held.open());
    const list = async (): Promise<unknown> => {
      await held.promise;
      return { tools: [] };
    };
    const server = new RawServer({ tools: {} }, { 'tools/list': list });
    const manager = newManager({ servers: { a: { server } } });
    const lease = await manager.acquire('a');
    const group = newGroup();
    const adopting = failureOf(group.adopt('x', lease.session));
    await eventually('it lists', () => server.requests.some(({ method }) => method === 'tools/list'));
    await bounded('discard', lease.discard());
    expect((await bounded('adopt', adopting)).code).toBe('SESSION_CLOSED');
    expect(group.servers.size).toBe(0);
  });

  it('before adopt() is refused with SESSION_CLOSED', async () => {
    const { manager } = await adoptedLease('legacy', 2);
    const lease = await manager.acquire('a');
    await lease.release();
    const group = newGroup();
    expect((await failureOf(group.adopt('x', lease.session))).code).toBe('SESSION_CLOSED');
    expect(group.servers.size).toBe(0);
  });

  it('is one of many, each with its own calls', async () => {
    const fleet = new Fleet(SCRIPT);
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 4 } });
    const group = newGroup();
    const leases = await Promise.all([1, 2, 3, 4].map(() => manager.acquire('a')));
    await Promise.all(leases.map((lease, nr) => group.adopt(`s${nr}`, lease.session)));
    const names = await Promise.all(leases.map((_, nr) => group.callTool(`s${nr}__whoami`)));
    expect(new Set(names.map(textOf)).size).toBe(4);
    await Promise.all(leases.slice(0, 2).map((lease) => lease.release()));
    expect([...group.tools.values()].map(({ server }) => server)).not.toContain('s0');
    expect(textOf(await group.callTool('s3__whoami'))).toBe(textOf(names[3] ?? { content: [] }));
  });
});

describe('the toolkit of a lease', () => {
  it.each(ENDS)('calls its tools until %s(), and then none', async (end) => {
    const fleet = new Fleet(SCRIPT);
    const manager = newManager({ servers: { a: fleet.spec() } });
    const lease = await manager.acquire('a');
    await using toolkit = await createToolkit(lease.session);
    expect([...toolkit.tools.keys()]).toEqual(['echo', 'whoami', 'hang', 'slow']);
    expect(textOf(await toolkit.callTool('echo', { nr: 1 }))).toBe('{"nr":1}');
    await lease[end]();
    expect(toolkit.tools.size).toBe(0);
    expect((await failureOf(toolkit.callTool('echo'))).code).toBe('UNKNOWN_TOOL');
    expect(fleet.requests('tools/call')).toHaveLength(1);
  });

  it('leaves the lease to its holder', async () => {
    const { manager, lease } = await adoptedLease();
    const toolkit = await createToolkit(lease.session);
    await toolkit.close();
    await lease.session.ping();
    await lease.release();
    expect(statsOf(manager, 'a')).toMatchObject({ leases: 0, idle: 1 });
  });
});

describe('the session of another group, adopted', () => {
  it('is closed for both when its owner removes it', async () => {
    const owner = await connectGroup({ servers: { a: { server: local({ tools: tools('echo') }) } } });
    const group = newGroup();
    await group.adopt('b', owner.session('a'));
    await group.callTool('b__echo');
    await owner.remove('a');
    expect(group.servers.get('b')).toMatchObject({ state: 'closed' });
    expect(group.tools.size).toBe(0);
  });

  it('is woken when its owner has let it sleep, and may sleep again', async () => {
    const server = local({ tools: tools('echo') });
    const owner = await connectGroup({ servers: { a: { server, lazy: { idleMs: 50 } } } });
    await eventually('it sleeps', () => owner.servers.get('a')?.state === 'idle');
    const group = newGroup();
    await group.adopt('b', owner.session('a'));
    expect([...group.tools.keys()]).toEqual(['b__echo']);
    await eventually('it sleeps again', () => group.servers.get('b')?.state === 'idle');
    expect([...group.tools.keys()]).toEqual(['b__echo']);
    await group.callTool('b__echo');
  });
});

/** A session of a class that the caller wrote, around one of Plenum's. */
function wrapped(session: Session): Session {
  return new Proxy(session, {
    has: (_, key) => typeof key === 'string' && key in session,
    get: (_, key) => {
      if (typeof key === 'symbol') return undefined;
      const value: unknown = Reflect.get(session, key, session);
      return typeof value === 'function' ? value.bind(session) : value;
    },
  });
}

describe('a session of a class of the caller, adopted', () => {
  it('is part of the group, changes and end included', async () => {
    const server = local({ tools: tools('old') });
    const mine = await newSession({ server });
    const group = newGroup();
    await group.adopt('x', wrapped(mine));
    expect([...group.tools.keys()]).toEqual(['x__old']);
    server.setTools(tools('new'));
    await eventually('the change', () => group.tools.has('x__new'));
    await group.callTool('x__new');
    await mine.close();
    await eventually('its end', () => group.tools.size === 0);
  });
});

describe('what is no session', () => {
  it.each([
    ['text', 'x'],
    ['null', null],
    ['a lease', { session: {}, release: () => {} }],
    ['a promise of one', Promise.resolve()],
    ['a group', newGroupLike()],
  ])('is CONFIG_INVALID: %s', async (_what, given) => {
    const group = newGroup();
    // @ts-expect-error What a program without types would pass.
    const error = await failureOf(group.adopt('x', given));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain('give a session');
    expect(group.servers.size).toBe(0);
  });
});

function newGroupLike(): object {
  return { callTool: () => {}, tools: new Map(), close: () => {}, events: () => {} };
}
