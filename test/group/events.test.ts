import { describe, expect, it } from 'vitest';
import { stdioSpec, type ServerScript } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { EventLog } from '../support/event-log.ts';
import { connectGroup, newGroup, newSession } from '../support/groups.ts';
import { ERAS, http, local, tools } from '../support/servers.ts';
import { fixture } from '../support/fixtures.ts';

const TALKING: ServerScript = {
  tools: [{ name: 'log', does: { type: 'log', level: 'warning', data: 'low disk' } }],
  resources: [{ uri: 'x:1' }],
};

describe('Servers added later get no event forwarding', () => {
  it.each(ERAS)('here they do: log, resource, list, notification, status (%s)', async (era) => {
    const group = await connectGroup({ servers: { first: { server: local(TALKING) } } });
    const log = new EventLog(group);
    const later = local({ era, ...TALKING });
    await group.add('later', { server: later });
    await group.setLoggingLevel('debug');
    await group.subscribeResource('x:1', { server: 'later' });
    await group.callTool('later__log');
    later.notify('notifications/weather', { wind: 7 });
    later.setTools([...(TALKING.tools ?? []), { name: 'new' }]);
    await eventually('a resource event', () => {
      later.resourceUpdated('x:1');
      return log.of('resource-updated').length > 0;
    });
    await log.until('log');
    await log.until('notification');
    await log.until('catalog', ({ diff }) => diff.tools.added.includes('later__new'));
    later.crash();
    await log.until('status', ({ status }) => status.state === 'reconnecting');
    await log.until('status', ({ status }) => status.state === 'ready');
    expect(log.of('log')[0]).toMatchObject({ server: 'later', level: 'warning', data: 'low disk' });
    expect(log.of('resource-updated')[0]).toEqual({ type: 'resource-updated', server: 'later', uri: 'x:1' });
    expect(log.of('notification')[0]).toEqual({
      type: 'notification',
      server: 'later',
      method: 'notifications/weather',
      params: { wind: 7 },
    });
    expect(log.all.every((event) => event.type === 'overflow' || event.server === 'later')).toBe(true);
  });

  it('and adopted ones, until they leave', async () => {
    const group = newGroup();
    const log = new EventLog(group);
    const server = local();
    const mine = await newSession({ server });
    await group.adopt('adopted', mine);
    server.notify('notifications/weather', { wind: 7 });
    expect(await log.until('notification')).toMatchObject({ server: 'adopted', params: { wind: 7 } });
    await group.remove('adopted');
    const heard = mine.events();
    server.notify('notifications/weather', { wind: 8 });
    await heard.next();
    expect(log.of('notification')).toHaveLength(1);
  });

  it('and what a process writes on stderr', async () => {
    const group = newGroup();
    const log = new EventLog(group);
    await group.add('child', stdioSpec({ faults: { stderr: 'cache is cold\n' } }));
    expect(await log.until('stderr')).toEqual({ type: 'stderr', server: 'child', line: 'cache is cold' });
  });

  it('onLog and onNotification of the group hear them, too', async () => {
    const heard: string[] = [];
    const group = newGroup({
      onLog: ({ server }, { data }) => void heard.push(`${server}: ${String(data)}`),
      onNotification: ({ server }, { method }) => void heard.push(`${server}: ${method}`),
    });
    await group.add('a', { server: local(TALKING) });
    const later = local(TALKING);
    await group.add('b', { server: later });
    await group.setLoggingLevel('debug');
    await group.callTool('b__log');
    later.notify('notifications/weather');
    await eventually('both', () => heard.length === 2);
    expect(heard).toEqual(['b: low disk', 'b: notifications/weather']);
  });
});

describe('events() of a group', () => {
  it('are told to every reader, each from when it began', async () => {
    const group = newGroup();
    const [one, two] = [new EventLog(group), new EventLog(group)];
    await group.add('a', { server: local() });
    const late = new EventLog(group);
    await group.remove('a');
    for (const log of [one, two, late]) await log.until('server-removed');
    expect(one.all).toEqual(two.all);
    expect(one.of('server-added')).toHaveLength(1);
    expect(late.of('server-added')).toEqual([]);
  });

  it('come in the order in which things happened', async () => {
    const group = newGroup();
    const log = new EventLog(group);
    const server = local({ tools: tools('t') });
    await group.add('a', { server });
    await group.remove('a');
    await log.until('server-removed');
    const story = log.all.map((event) => (event.type === 'status' ? event.status.state : event.type));
    expect(story.indexOf('server-added')).toBe(0);
    expect(story.indexOf('ready')).toBeGreaterThan(story.indexOf('connecting'));
    expect(story.indexOf('catalog')).toBeGreaterThan(story.indexOf('ready'));
    expect(story.lastIndexOf('catalog')).toBeLessThan(story.indexOf('server-removed'));
  });

  it('show the way of a server down and up again, with attempts and the error', async () => {
    const server = await http({ era: 'legacy', tools: tools('t') });
    const group = await connectGroup({ servers: { a: { url: server.url } } });
    const log = new EventLog(group);
    server.crash();
    await group.callTool('a__t').catch(() => {});
    const down = await log.until('status', ({ status }) => status.state === 'reconnecting');
    expect(down).toMatchObject({ server: 'a', status: { attempt: 1, error: { server: 'a' } } });
    const up = await log.until('status', ({ status }) => status.state === 'ready');
    expect(up).toMatchObject({ server: 'a', status: { era: 'legacy' } });
    expect(group.servers.get('a')).toMatchObject({ state: 'ready', since: up.status.since });
  });

  it('end when the group is closed, for a waiting reader as well', async () => {
    const group = newGroup();
    const events = group.events();
    const next = events.next();
    await group.close();
    expect(await bounded('next', next)).toEqual({ value: undefined, done: true });
    expect(await bounded('a new reader', group.events().next())).toEqual({ value: undefined, done: true });
  });

  it('a reader that leaves its loop hears no more, and harms nobody', async () => {
    const group = newGroup();
    const steady = new EventLog(group);
    const reading = (async () => {
      for await (const event of group.events()) return event.type;
      return 'nothing';
    })();
    await group.add('a', { server: local() });
    expect(await reading).toBe('server-added');
    await group.remove('a');
    await steady.until('server-removed');
  });

  it('a reader that does not keep up loses the oldest, and is told how many', async () => {
    const server = local();
    const group = await connectGroup({ servers: { a: { server } } });
    const events = group.events();
    const count = 12_000;
    for (let nr = 0; nr < count; nr++) server.notify('notifications/tick', { nr });
    await eventually('all are through', async () => {
      await group.ping({ server: 'a' });
      return true;
    });
    const first = await events.next();
    expect(first.value).toMatchObject({ type: 'overflow' });
    const dropped = first.value?.type === 'overflow' ? first.value.dropped : 0;
    const second = await events.next();
    expect(second.value).toMatchObject({ type: 'notification', params: { nr: dropped } });
    expect(dropped).toBeLessThan(count);
    await events.return?.();
  });

  it('garbage from one server is a problem of that server, and it goes on', async () => {
    const group = newGroup();
    const log = new EventLog(group);
    const garbage = { at: 'start' as const, lines: ['Starting server on port 3000...', '{"half":'] };
    await group.add('chatty', stdioSpec({ tools: tools('echo'), faults: { garbage } }));
    await group.add('tiny', fixture('group-tiny.mjs', 'echo'));
    await log.until('problem');
    expect(
      log.of('problem').every(({ server, error }) => server === 'chatty' && error.server === 'chatty'),
    ).toBe(true);
    await Promise.all([group.callTool('chatty__echo'), group.callTool('tiny__echo')]);
  });
});
