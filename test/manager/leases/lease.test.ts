import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { nameOf, TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { EventLog } from '../../support/event-log.ts';
import { expectAtRest, newManager, statsOf, untilWaiting, watched } from '../support/managers.ts';

const RESOURCES = [{ uri: 'file:///a' }];
const PROMPTS = [{ name: 'greet' }];

/** Everything that a session can be asked for. */
const REQUESTS: [string, (session: Session) => Promise<unknown>][] = [
  ['ping', (session) => session.ping()],
  ['listTools', (session) => session.listTools()],
  ['listResources', (session) => session.listResources()],
  ['listResourceTemplates', (session) => session.listResourceTemplates()],
  ['listPrompts', (session) => session.listPrompts()],
  ['callTool', (session) => session.callTool('echo', {})],
  ['readResource', (session) => session.readResource('file:///a')],
  ['subscribeResource', (session) => session.subscribeResource('file:///a')],
  ['unsubscribeResource', (session) => session.unsubscribeResource('file:///a')],
  ['getPrompt', (session) => session.getPrompt('greet')],
  [
    'complete',
    (session) => session.complete({ type: 'ref/prompt', name: 'greet' }, { name: 'who', value: '' }),
  ],
  ['setLoggingLevel', (session) => session.setLoggingLevel('info')],
  ['sendProgress', (session) => session.sendProgress({ progressToken: 1, progress: 1 })],
  ['sendRootsListChanged', (session) => session.sendRootsListChanged()],
  ['request', (session) => session.request({ method: 'ping' })],
  ['notify', (session) => session.notify({ method: 'notifications/custom' })],
];

function oneServer(script = {}): { fleet: Fleet; manager: ReturnType<typeof newManager> } {
  const fleet = new Fleet({
    tools: TOOLS,
    resources: RESOURCES,
    prompts: PROMPTS,
    capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, logging: {}, completions: {} },
    ...script,
  });
  return { fleet, manager: newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } }) };
}

describe('M4 a lease', () => {
  it('says for whom and of what it is', async () => {
    const { manager } = oneServer();
    const lease = await manager.acquire('a', { principal: 'ada' });
    expect([lease.server, lease.principal, lease.session.name]).toEqual(['a', 'ada', 'a']);
    expect(lease.session.status.state).toBe('ready');
  });

  it.each(REQUESTS)('its session can be asked for %s', async (_what, ask) => {
    const { manager } = oneServer();
    await using lease = await manager.acquire('a');
    await bounded(
      'the answer',
      ask(lease.session).catch((error: unknown) => expect(error).toMatchObject({ code: 'PROTOCOL' })),
    );
  });

  it('release waits for the calls under way through it', async () => {
    const fleet = new Fleet({ tools: [{ name: 'slow', does: { type: 'slow', ms: 300 } }] });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    const call = watched(lease.session.callTool('slow', { nr: 1 }));
    const next = watched(manager.acquire('a'));
    await bounded('release', lease.release());
    expect(call.settled, 'the call came first').toBe(true);
    await call.promise;
    await bounded('the next', next.promise);
    expect(fleet.made).toBe(1);
  });

  it('nothing new passes once it was released, while old calls still run', async () => {
    const { fleet, manager } = oneServer();
    const lease = await manager.acquire('a');
    const slow = failureOf(lease.session.callTool('hang', {}, { timeoutMs: 500 }));
    await eventually('it arrived', () => fleet.requests('tools/call').length === 1);
    const released = lease.release();
    expect((await failureOf(lease.session.callTool('echo'))).code).toBe('SESSION_CLOSED');
    await bounded('release', released);
    expect((await slow).code).toBe('TIMEOUT');
    expect(fleet.requests('tools/call')).toHaveLength(1);
  });

  it('discard fails the calls under way, and the session is gone', async () => {
    const { fleet, manager } = oneServer();
    const lease = await manager.acquire('a');
    const hung = failureOf(lease.session.callTool('hang'));
    await eventually('it arrived', () => fleet.requests('tools/call').length === 1);
    await bounded('discard', lease.discard('it misbehaves'));
    expect((await hung).code).toBe('SESSION_CLOSED');
    expect(fleet.open).toBe(0);
    expect(statsOf(manager, 'a').closed.discarded).toBe(1);
    expect(await manager.run('a', nameOf)).toBe('member-1');
  });

  it.each<['close' | 'destroy', string]>([
    ['close', 'member-0'],
    ['destroy', 'member-1'],
  ])("the session's own %s() ends the lease, the next caller gets %s", async (end, expected) => {
    const { manager } = oneServer();
    const lease = await manager.acquire('a');
    await bounded(end, lease.session[end]());
    expect(statsOf(manager, 'a').leases).toBe(0);
    expect(await manager.run('a', nameOf)).toBe(expected);
    await lease.release();
  });

  it('await using on its session releases, too', async () => {
    const { manager } = oneServer();
    const lease = await manager.acquire('a');
    {
      await using session = lease.session;
      await session.ping();
    }
    expect(statsOf(manager, 'a')).toMatchObject({ leases: 0, idle: 1 });
  });

  it('its session knows that it is over', async () => {
    const { manager } = oneServer();
    const lease = await manager.acquire('a');
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of lease.session.events()) seen.push(event.type);
    })();
    await lease.release();
    expect(lease.session.status.state).toBe('closed');
    expect(lease.session.client).toBeUndefined();
    await bounded('closed', lease.session.closed);
    await bounded('events', reading);
  });
});

describe('bad input: a lease that has ended', () => {
  it('a second release is harmless: the session is not free twice', async () => {
    const { manager } = oneServer();
    const lease = await manager.acquire('a');
    await Promise.all([lease.release(), lease.release()]);
    await lease.release();
    expect(statsOf(manager, 'a')).toMatchObject({ idle: 1, leases: 0, leased: 0 });
    const one = await manager.acquire('a');
    const two = watched(manager.acquire('a'));
    await untilWaiting(manager, 'a', 1);
    expect(two.settled).toBe(false);
    await one.release();
    await bounded('the second', two.promise);
  });

  it.each<['release' | 'discard', 'release' | 'discard']>([
    ['release', 'release'],
    ['release', 'discard'],
    ['discard', 'release'],
    ['discard', 'discard'],
  ])('%s, and later %s: whoever has the session now keeps it', async (first, second) => {
    const { fleet, manager } = oneServer();
    const old = await manager.acquire('a');
    await old[first]();
    const now = await manager.acquire('a');
    const name = await nameOf(now.session);
    await bounded(second, old[second]());
    await old[Symbol.asyncDispose]();
    expect(await nameOf(now.session)).toBe(name);
    expect(statsOf(manager, 'a')).toMatchObject({ leases: 1, leased: 1, idle: 0 });
    expect(fleet.open).toBe(1);
  });

  it('release and discard at the same moment: one of them counts', async () => {
    const { manager } = oneServer();
    const lease = await manager.acquire('a');
    await bounded('both', Promise.all([lease.release(), lease.discard(), lease.release()]));
    await expectAtRest(manager);
    const next = await bounded('the next', manager.acquire('a'));
    expect(await nameOf(next.session)).toMatch(/^member-[01]$/);
  });

  it.each(['release', 'discard'] as const)(
    'use after %s is SESSION_CLOSED, whatever is asked',
    async (end) => {
      const { fleet, manager } = oneServer();
      const old = await manager.acquire('a');
      await old[end]();
      const now = await manager.acquire('a');
      const before = fleet.members.map(({ scripted }) => [
        scripted.requests.length,
        scripted.notifications.length,
      ]);
      for (const [what, ask] of REQUESTS) {
        const error = await bounded(what, failureOf(ask(old.session)));
        expect(error, what).toMatchObject({ code: 'SESSION_CLOSED', server: 'a' });
      }
      const after = fleet.members.map(({ scripted }) => [
        scripted.requests.length,
        scripted.notifications.length,
      ]);
      expect(after, 'nothing reached the server').toEqual(before);
      expect(await nameOf(now.session)).toMatch(/^member-/);
    },
  );

  it('close, destroy and reconnect of its session do nothing to whoever has it now', async () => {
    const { fleet, manager } = oneServer();
    const old = await manager.acquire('a');
    await old.release();
    const now = await manager.acquire('a');
    const call = now.session.callTool('echo', { still: 'here' });
    await old.session.close();
    await old.session.destroy('revenge');
    expect((await bounded('reconnect', failureOf(old.session.reconnect()))).code).toBe('SESSION_CLOSED');
    await call;
    expect(await nameOf(now.session)).toBe('member-0');
    expect([fleet.made, now.session.status.state]).toEqual([1, 'ready']);
  });

  it('events of the session do not reach whoever had it before', async () => {
    const { fleet, manager } = oneServer();
    const old = await manager.acquire('a');
    const stale: string[] = [];
    void (async () => {
      for await (const event of old.session.events()) stale.push(event.type);
    })();
    await old.release();
    const now = await manager.acquire('a');
    const fresh: string[] = [];
    void (async () => {
      for await (const event of now.session.events()) fresh.push(event.type);
    })();
    fleet.members[0]?.scripted.notify('notifications/secret', { of: 'the new one' });
    await eventually('it arrived', () => fresh.includes('notification'));
    expect(stale).not.toContain('notification');
  });
});

describe('M4 a session that would remember its caller', () => {
  it.each<[string, (session: Session) => Promise<unknown>]>([
    ['a subscription', (session) => session.subscribeResource('file:///a')],
    ['a log level', (session) => session.setLoggingLevel('debug')],
    [
      'a raw subscription',
      (session) => session.request({ method: 'resources/subscribe', params: { uri: 'file:///a' } }),
    ],
    [
      'a raw log level',
      (session) => session.request({ method: 'logging/setLevel', params: { level: 'debug' } }),
    ],
    ['a subscription that failed', (session) => session.subscribeResource('file:///none').catch(() => {})],
  ])('%s: it is closed, and not handed on', async (_what, alter) => {
    const { fleet, manager } = oneServer();
    const lease = await manager.acquire('a');
    await alter(lease.session);
    await lease.release();
    await expectAtRest(manager);
    expect(await manager.run('a', nameOf)).toBe('member-1');
    expect(statsOf(manager, 'a').closed.altered).toBe(1);
    expect(fleet.open).toBe(1);
  });

  it('what leaves no trace does not', async () => {
    const { manager } = oneServer();
    const lease = await manager.acquire('a');
    for (const [what, ask] of REQUESTS) {
      if (/subscribe|Logging|sendProgress|notify|Roots/i.test(what)) continue;
      await ask(lease.session).catch(() => {});
    }
    await lease.release();
    expect(await manager.run('a', nameOf)).toBe('member-0');
  });
});

describe('a lease that is never given back', () => {
  it('is reported once, with where it was taken', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { reportLeasesAfterMs: 100 } });
    const events = new EventLog(manager);
    const prompt = await manager.acquire('a');
    await prompt.release();
    async function takenByTheForgetfulOne(): Promise<void> {
      await manager.acquire('a', { principal: 'ada' });
    }
    await takenByTheForgetfulOne();
    const report = await events.until('lease-overdue');
    expect(report).toMatchObject({ server: 'a', principal: 'ada' });
    expect(report.heldMs).toBeGreaterThanOrEqual(100);
    expect(report.takenAt).toContain('lease.test.ts');
    expect(report.takenAt).toContain('takenByTheForgetfulOne');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(events.of('lease-overdue')).toHaveLength(1);
  });

  it('each of several is reported, whether it waited in line or came by a new session', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({
      servers: { a: fleet.spec() },
      pool: { reportLeasesAfterMs: 100, maxPerServer: 2 },
    });
    const events = new EventLog(manager);
    const held = [await manager.acquire('a'), await manager.acquire('a')];
    const third = manager.acquire('a', { principal: undefined });
    await eventually('two reports', () => events.of('lease-overdue').length === 2);
    await held[0]?.release();
    await third;
    await eventually('three reports', () => events.of('lease-overdue').length === 3);
    expect(events.of('lease-overdue').every(({ takenAt }) => takenAt.includes('lease.test.ts'))).toBe(true);
  });

  it('a run that takes too long is reported, too', async () => {
    const fleet = new Fleet({ tools: TOOLS });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { reportLeasesAfterMs: 50 } });
    const events = new EventLog(manager);
    async function runByTheSlowOne(): Promise<void> {
      await manager.run('a', (session) => session.callTool('hang', {}, { timeoutMs: 400 }));
    }
    const run = failureOf(runByTheSlowOne());
    expect((await events.until('lease-overdue')).takenAt).toContain('runByTheSlowOne');
    await run;
  });

  it('nothing is reported unless asked for', async () => {
    const { manager } = oneServer();
    const events = new EventLog(manager);
    await manager.acquire('a');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(events.of('lease-overdue')).toEqual([]);
  });
});

describe('M4 a release that waits for a call', () => {
  it('is cut short by discard: the call is cancelled, the session closed, its place free', async () => {
    const fleet = new Fleet({ tools: [...TOOLS, { name: 'hang', does: { type: 'hang' } }] });
    const manager = newManager({ servers: { a: fleet.spec() }, pool: { maxPerServer: 1 } });
    const lease = await manager.acquire('a');
    const call = failureOf(lease.session.callTool('hang', {}, { timeoutMs: Infinity }));
    const released = lease.release();
    await lease.discard('enough');
    expect((await bounded('the call', call)).code).toBe('SESSION_CLOSED');
    await bounded('the release', released);
    expect(await bounded('the next', manager.run('a', nameOf))).toBe('member-1');
  });
});
