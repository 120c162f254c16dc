import { describe, expect, it } from 'vitest';
import type { CatalogKind } from '../../../src/index.ts';
import type { ListKind, ServerScript } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { ERAS, http, local, methodsOf, PLACES, requestsOf, tools } from '../../support/servers.ts';

const EVERYTHING: ServerScript = {
  tools: tools('t'),
  prompts: [{ name: 'p' }],
  resources: [{ uri: 'r:1' }],
  resourceTemplates: [{ uriTemplate: 'r:{id}' }],
};

const KINDS: readonly CatalogKind[] = ['tools', 'resources', 'resourceTemplates', 'prompts'];

describe.each(ERAS)('G8 one list that fails (%s)', (era) => {
  it.each<ListKind>(['tools', 'resources', 'resourceTemplates', 'prompts'])(
    '%s: the other three are there, and the failure is told by server and kind',
    async (kind) => {
      const group = newGroup();
      await group.add('whole', { server: local({ era, ...EVERYTHING, resources: [{ uri: 'w:1' }] }) });
      await group.add('broken', { server: local({ era, ...EVERYTHING, failLists: [kind] }) });
      const status = group.servers.get('broken');
      expect(status?.state).toBe('ready');
      expect(status?.listErrors[kind]).toMatchObject({ code: 'PROTOCOL', server: 'broken' });
      expect(status?.listErrors[kind]?.message).toContain(`The list of ${kind} is broken`);
      expect(Object.keys(status?.listErrors ?? {})).toEqual([kind]);
      const expected = Object.fromEntries(KINDS.map((each) => [each, each === kind ? 0 : 1]));
      expect(status?.counts).toEqual(expected);
      expect(group.servers.get('whole')?.listErrors).toEqual({});
      if (kind !== 'tools') await group.callTool('broken__t');
    },
  );

  it('is mended by the next refresh', async () => {
    const script: ServerScript = {
      era,
      ...EVERYTHING,
      faults: { refuse: { 'tools/list': { code: -32_000, message: 'busy' } } },
    };
    const server = local(script);
    const group = await connectGroup({ servers: { s: { server } } });
    expect(group.servers.get('s')?.listErrors.tools?.rpcMessage).toBe('busy');
    server.setFaults({ refuse: {} });
    await group.refresh({ server: 's' });
    expect(group.servers.get('s')?.listErrors).toEqual({});
    expect([...group.tools.keys()]).toEqual(['s__t']);
  });

  it('that is slow is waited for as long as the caller of refresh says', async () => {
    const server = local({ era, ...EVERYTHING });
    const group = await connectGroup({ servers: { s: { server } } });
    server.hang();
    await bounded('refresh', group.refresh({ timeoutMs: 50 }));
    expect(group.servers.get('s')?.listErrors.tools?.code).toBe('TIMEOUT');
    expect([...group.tools.keys()]).toEqual(['s__t']);
    server.resume();
  });

  it('of a refresh that is given up is forgotten', async () => {
    const server = local({ era, ...EVERYTHING });
    const group = await connectGroup({ servers: { s: { server } } });
    server.hang();
    const giveUp = new AbortController();
    const refreshed = failureOf(group.refresh({ server: 's', signal: giveUp.signal }));
    giveUp.abort();
    expect((await bounded('refresh', refreshed)).code).toBe('ABORTED');
    expect(group.servers.get('s')?.listErrors).toEqual({});
    server.resume();
  });

  it('that fails only later keeps what was known', async () => {
    const server = local({ era, ...EVERYTHING });
    const group = await connectGroup({ servers: { s: { server } } });
    server.setFaults({ refuse: { 'tools/list': { code: -32_000, message: 'busy' } } });
    server.setTools(tools('t', 'new'));
    await eventually('the failure shows', () => group.servers.get('s')?.listErrors.tools !== undefined);
    expect([...group.tools.keys()]).toEqual(['s__t']);
    await group.callTool('s__t');
  });
});

describe('G8 a list that never comes', () => {
  it('costs its own server the time limit, and the other kinds nothing', async () => {
    const group = newGroup();
    const server = await http({ ...EVERYTHING, faults: { ignore: ['prompts/list'] } });
    await group.add('s', { url: server.url, timeoutMs: 300 });
    expect(group.servers.get('s')).toMatchObject({
      state: 'ready',
      counts: { tools: 1, prompts: 0 },
      listErrors: { prompts: { code: 'TIMEOUT', server: 's' } },
    });
    await group.callTool('s__t');
  });

  it('is there as soon as the server answers', async () => {
    const server = local({ ...EVERYTHING, faults: { ignore: ['prompts/list'] } });
    const group = newGroup();
    await group.add('s', { server, timeoutMs: 200 });
    server.setFaults({ ignore: [] });
    await eventually('the prompts', () => group.prompts.has('s__p'));
    expect(group.servers.get('s')?.listErrors).toEqual({});
  });
});

describe('G9 every page of every list', () => {
  it.each(Object.entries(PLACES))('is followed: %s', async (_place, start) => {
    const many = Array.from({ length: 23 }, (_, index) => index);
    const { spec } = await start({
      pageSize: 4,
      fillerTools: 23,
      prompts: many.map((nr) => ({ name: `p${nr}` })),
      resources: many.map((nr) => ({ uri: `r:${nr}` })),
      resourceTemplates: many.map((nr) => ({ uriTemplate: `r${nr}:{id}` })),
    });
    const group = await connectGroup({ servers: { s: spec } });
    expect(group.servers.get('s')?.counts).toEqual({
      tools: 23,
      resources: 23,
      resourceTemplates: 23,
      prompts: 23,
    });
    expect([...group.tools.keys()]).toEqual(many.map((nr) => `s__filler_${nr}`));
    await group.callTool('s__filler_22');
  });

  it.each(ERAS)('a cursor that repeats itself ends it (%s)', async (era) => {
    const server = local({ era, tools: tools('a', 'b', 'c'), pageSize: 2, repeatCursor: true });
    const group = await connectGroup({ servers: { s: { server } } });
    expect(group.tools.has('s__a')).toBe(true);
    expect(group.tools.size).toBe(2);
    expect(requestsOf(server, 'tools/list').length).toBeLessThan(5);
    await group.callTool('s__b');
  });

  it.each(ERAS)('pages without end are cut off, and cost the others nothing (%s)', async (era) => {
    const endless = local({ era, tools: tools('a'), endlessPages: true });
    const group = await connectGroup({
      servers: { endless: { server: endless, maxPages: 20 }, other: { server: local(EVERYTHING) } },
    });
    expect(requestsOf(endless, 'tools/list').length).toBeLessThanOrEqual(21);
    await group.callTool('other__t');
    const { counts, listErrors } = group.servers.get('endless') ?? {};
    // Either the first pages are taken or the failure is told: nothing is hidden.
    expect(counts?.tools === 1 || listErrors?.tools !== undefined).toBe(true);
  });
});

describe.each(ERAS)('G10 kinds that a server does not advertise (%s)', (era) => {
  it.each<[string, ServerScript, string[]]>([
    ['tools only', { tools: tools('t') }, ['tools/list']],
    ['prompts only', { prompts: [{ name: 'p' }] }, ['prompts/list']],
    ['resources only', { resources: [{ uri: 'r:1' }] }, ['resources/list', 'resources/templates/list']],
    ['everything', EVERYTHING, ['prompts/list', 'resources/list', 'resources/templates/list', 'tools/list']],
    ['less than it has', { ...EVERYTHING, capabilities: { prompts: {} } }, ['prompts/list']],
  ])('are never asked for: %s', async (_what, script, expected) => {
    const server = await http({ era, ...script });
    const group = await connectGroup({ servers: { s: { url: server.url } } });
    expect(methodsOf(server.requests).toSorted()).toEqual(expected);
    await group.refresh();
    expect(new Set(methodsOf(server.requests))).toEqual(new Set(expected));
    expect(group.servers.get('s')).toMatchObject({ state: 'ready', listErrors: {} });
  });

  it('are never asked for, except for tools, once, if it advertises nothing', async () => {
    const server = await http({ era, capabilities: {} });
    const group = await connectGroup({ servers: { s: { url: server.url } } });
    await group.refresh();
    expect(methodsOf(server.requests)).toEqual(['tools/list']);
    expect(group.servers.get('s')).toMatchObject({ state: 'ready', listErrors: {} });
  });

  it('nor subscribed to, nor told a log level', async () => {
    const server = local({ era, tools: tools('t'), capabilities: { tools: {} } });
    const group = newGroup();
    const log = new EventLog(group);
    await group.setLoggingLevel('debug');
    await group.add('s', { server });
    await group.setLoggingLevel('info');
    await group.ping();
    expect(log.of('problem')).toEqual([]);
    expect(methodsOf(server.requests)).toEqual(['tools/list']);
    expect((await failureOf(group.readResource('r:1'))).code).toBe('UNKNOWN_RESOURCE');
    expect(methodsOf(server.requests)).toEqual(['tools/list']);
  });
});
