import type { ReadResourceResult } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { ERAS, http, local, PLACES, requestsOf, tools } from '../../support/servers.ts';

async function text(reading: Promise<ReadResourceResult>): Promise<unknown> {
  const [content] = (await reading).contents;
  return content !== undefined && 'text' in content ? content.text : undefined;
}

describe.each(ERAS)('G12 resources by URI (%s)', (era) => {
  it('are read from the server that lists them', async () => {
    const one = local({ era, resources: [{ uri: 'file:///one', text: 'ONE', mimeType: 'text/plain' }] });
    const two = local({ era, resources: [{ uri: 'file:///two', text: 'TWO' }] });
    const group = await connectGroup({ servers: { one: { server: one }, two: { server: two } } });
    expect([...group.resources]).toMatchObject([
      [
        'file:///one',
        { uri: 'file:///one', server: 'one', upstreamName: 'file:///one', mimeType: 'text/plain' },
      ],
      ['file:///two', { server: 'two' }],
    ]);
    expect(await text(group.readResource('file:///two'))).toBe('TWO');
    expect([one, two].map((server) => requestsOf(server, 'resources/read').length)).toEqual([0, 1]);
  });

  it('one URI on two servers is AMBIGUOUS_RESOURCE, unless the call names one', async () => {
    const servers = {
      a: { server: local({ era, resources: [{ uri: 'x:1', text: 'of a' }] }) },
      b: { server: local({ era, resources: [{ uri: 'x:1', text: 'of b' }] }) },
      c: { server: local({ era, resources: [{ uri: 'x:2' }] }) },
    };
    const group = await connectGroup({ servers });
    const error = await failureOf(group.readResource('x:1'));
    expect(error.code).toBe('AMBIGUOUS_RESOURCE');
    for (const word of ['"x:1"', '"a"', '"b"', 'server']) expect(error.message).toContain(word);
    expect(error.message).not.toContain('"c"');
    expect(await text(group.readResource('x:1', { server: 'a' }))).toBe('of a');
    expect(await text(group.readResource('x:1', { server: 'b' }))).toBe('of b');
    expect((await failureOf(group.subscribeResource('x:1'))).code).toBe('AMBIGUOUS_RESOURCE');
    expect((await failureOf(group.unsubscribeResource('x:1'))).code).toBe('AMBIGUOUS_RESOURCE');
    expect((await failureOf(group.readResource('x:1', { server: 'nobody' }))).code).toBe('UNKNOWN_SERVER');
    await group.remove('a');
    expect(await text(group.readResource('x:1'))).toBe('of b');
  });

  it('a templated URI finds its owner', async () => {
    const group = await connectGroup({
      servers: {
        users: {
          server: local({ era, resourceTemplates: [{ uriTemplate: 'db://users/{id}', text: 'a user' }] }),
        },
        files: {
          server: local({ era, resourceTemplates: [{ uriTemplate: 'file:///{+path}', text: 'a file' }] }),
        },
        other: { server: local({ era, tools: tools('echo') }) },
      },
    });
    expect([...group.resourceTemplates]).toMatchObject([
      [
        'db://users/{id}',
        { server: 'users', upstreamName: 'db://users/{id}', uriTemplate: 'db://users/{id}' },
      ],
      ['file:///{+path}', { server: 'files' }],
    ]);
    expect(await text(group.readResource('db://users/17'))).toBe('a user');
    expect(await text(group.readResource('file:///home/me/notes.txt'))).toBe('a file');
    expect((await failureOf(group.readResource('db://users/17/posts'))).code).toBe('UNKNOWN_RESOURCE');
  });

  it('what is listed goes before what a template of another server would fit', async () => {
    const group = await connectGroup({
      servers: {
        wide: {
          server: local({ era, resourceTemplates: [{ uriTemplate: 'file:///{+path}', text: 'wide' }] }),
        },
        exact: { server: local({ era, resources: [{ uri: 'file:///a', text: 'exact' }] }) },
      },
    });
    expect(await text(group.readResource('file:///a'))).toBe('exact');
    expect(await text(group.readResource('file:///a', { server: 'wide' }))).toBe('wide');
    expect(await text(group.readResource('file:///b'))).toBe('wide');
  });

  it('templates of two servers that both fit are AMBIGUOUS_RESOURCE', async () => {
    const script = { era, resourceTemplates: [{ uriTemplate: 'x:{id}' }] };
    const group = await connectGroup({
      servers: { a: { server: local(script) }, b: { server: local(script) } },
    });
    expect((await failureOf(group.readResource('x:1'))).code).toBe('AMBIGUOUS_RESOURCE');
    expect(await text(group.readResource('x:1', { server: 'b' }))).toBe('x:1');
  });

  it('a URI that nobody has is UNKNOWN_RESOURCE with the nearest ones, and no server is asked', async () => {
    const server = local({ era, resources: [{ uri: 'file:///notes.txt' }, { uri: 'file:///todo.txt' }] });
    const group = await connectGroup({ servers: { s: { server } } });
    const error = await failureOf(group.readResource('file:///note.txt'));
    expect(error.code).toBe('UNKNOWN_RESOURCE');
    expect(error.message).toContain('"file:///notes.txt"');
    expect(requestsOf(server, 'resources/read')).toEqual([]);
  });

  it('the options of a read are forwarded', async () => {
    const server = local({ era, resources: [{ uri: 'x:1' }], faults: { ignore: ['resources/read'] } });
    const group = await connectGroup({ servers: { s: { server } } });
    const error = await failureOf(
      group.readResource('x:1', { timeoutMs: 100, meta: { 'example.com/t': 1 } }),
    );
    expect(error).toMatchObject({ code: 'TIMEOUT', server: 's' });
    expect(requestsOf(server, 'resources/read')[0]?.params).toMatchObject({
      uri: 'x:1',
      _meta: { 'example.com/t': 1 },
    });
    const aborted = group.readResource('x:1', { signal: AbortSignal.abort('no') });
    expect(await failureOf(aborted)).toMatchObject({ code: 'ABORTED' });
  });
});

describe.each(ERAS)('G12 subscriptions (%s)', (era) => {
  it('bring events with the name of the server, until they end', async () => {
    const script = { era, resources: [{ uri: 'x:1' }, { uri: 'x:2' }] };
    const [a, b] = [local(script), await http(script)];
    const group = await connectGroup({ servers: { a: { server: a }, b: { url: b.url } } });
    const log = new EventLog(group);
    await group.subscribeResource('x:1', { server: 'a' });
    await group.subscribeResource('x:2', { server: 'b' });
    await eventually('both are told', () => {
      a.resourceUpdated('x:1');
      b.resourceUpdated('x:2');
      return new Set(log.of('resource-updated').map(({ server }) => server)).size === 2;
    });
    for (const server of [a, b]) for (const uri of ['x:1', 'x:2']) server.resourceUpdated(uri);
    await group.ping();
    const told = new Set(log.of('resource-updated').map(({ server, uri }) => `${server} ${uri}`));
    expect(told, 'only what was asked for').toEqual(new Set(['a x:1', 'b x:2']));
    await group.unsubscribeResource('x:1', { server: 'a' });
    await group.ping();
    const before = log.of('resource-updated').length;
    a.resourceUpdated('x:1');
    b.resourceUpdated('x:2');
    await eventually('b goes on', () => log.of('resource-updated').length > before);
    expect(log.of('resource-updated').slice(before)).toMatchObject([{ server: 'b', uri: 'x:2' }]);
  });

  it('find the owner of a templated URI', async () => {
    const server = local({ era, resourceTemplates: [{ uriTemplate: 'x:{id}' }] });
    const group = await connectGroup({ servers: { other: { server: local({ era }) }, owner: { server } } });
    const log = new EventLog(group);
    await group.subscribeResource('x:77');
    await eventually('the event', () => {
      server.resourceUpdated('x:77');
      return log.of('resource-updated').length > 0;
    });
    expect(log.of('resource-updated')[0]).toEqual({ type: 'resource-updated', server: 'owner', uri: 'x:77' });
  });

  it('are there again when the server is', async () => {
    const server = local({ era, resources: [{ uri: 'x:1' }] });
    const group = await connectGroup({ servers: { s: { server } } });
    await group.subscribeResource('x:1');
    const log = new EventLog(group);
    server.crash();
    await log.until('status', ({ status }) => status.state === 'ready');
    const [event] = await eventually('the event', () => {
      server.resourceUpdated('x:1');
      return log.of('resource-updated').length > 0 && log.of('resource-updated');
    });
    expect(event).toEqual({ type: 'resource-updated', server: 's', uri: 'x:1' });
  });
});

describe('G12 subscriptions over every transport', () => {
  it.each(Object.entries(PLACES))('%s', async (_place, start) => {
    const announce = {
      type: 'control' as const,
      command: { command: 'resourceUpdated' as const, uri: 'x:1' },
    };
    const { spec } = await start({
      resources: [{ uri: 'x:1' }],
      tools: [{ name: 'announce', does: announce }],
    });
    const group = newGroup();
    const log = new EventLog(group);
    await group.add('s', spec);
    await group.subscribeResource('x:1');
    await eventually('the event', async () => {
      await group.callTool('s__announce');
      return log.of('resource-updated').length > 0;
    });
    expect(log.of('resource-updated')[0]).toEqual({ type: 'resource-updated', server: 's', uri: 'x:1' });
  });
});
