import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SessionGroup } from '../../../src/index.ts';
import type { ScriptedServer, ServerScript } from '../../../src/testing/index.ts';
import { eventually, settled } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup, newSession } from '../../support/groups.ts';
import { ERAS, http, local, methodsOf, PLACES, requestsOf, tools } from '../../support/servers.ts';
import { gate, RawServer } from '../../support/raw-server.ts';

const EVERYTHING: ServerScript = {
  tools: [{ name: 'stays' }, { name: 'goes' }, { name: 'alters', description: 'before' }],
  prompts: [{ name: 'p' }],
  resources: [{ uri: 'r:1' }],
  resourceTemplates: [{ uriTemplate: 'r:{id}' }],
};

const NOTHING = { added: [], removed: [], changed: [] };

/** What each way of changing a list refetches, and what it brings. */
const CHANGES: [string, (server: ScriptedServer) => void, string[], (group: SessionGroup) => boolean][] = [
  ['tools', (server) => server.setTools(tools('new')), ['tools/list'], (group) => group.tools.has('a__new')],
  [
    'prompts',
    (server) => server.setPrompts([{ name: 'new' }]),
    ['prompts/list'],
    (group) => group.prompts.has('a__new'),
  ],
  [
    'resources',
    (server) => server.setResources([{ uri: 'r:new' }]),
    ['resources/list', 'resources/templates/list'],
    (group) => group.resources.has('r:new'),
  ],
  [
    'resource templates',
    (server) => server.setResourceTemplates([{ uriTemplate: 'new:{id}' }]),
    ['resources/list', 'resources/templates/list'],
    (group) => group.resourceTemplates.has('new:{id}'),
  ],
];

describe.each(ERAS)('G11 list_changed (%s)', (era) => {
  it.each(CHANGES)(
    'of %s: that list of that server is fetched, nothing else',
    async (_kind, change, lists, there) => {
      const [server, other] = [await http({ era, ...EVERYTHING }), local({ era, ...EVERYTHING })];
      const group = await connectGroup({ servers: { a: { url: server.url }, b: { server: other } } });
      const before = [methodsOf(server.requests).length, methodsOf(other.requests).length] as const;
      change(server);
      await eventually('the change', () => there(group));
      await settled(() => server.requests.length, 100);
      expect(methodsOf(server.requests).slice(before[0]).toSorted()).toEqual(lists);
      expect(methodsOf(other.requests)).toHaveLength(before[1]);
    },
  );

  it('makes one event with what was added, removed and changed', async () => {
    const server = local({ era, ...EVERYTHING });
    const group = await connectGroup({ servers: { a: { server }, b: { server: local(EVERYTHING) } } });
    const log = new EventLog(group);
    const { version } = group.catalog;
    server.setTools([{ name: 'stays' }, { name: 'alters', description: 'after' }, { name: 'comes' }]);
    await log.until('catalog');
    await settled(() => log.all.length, 100);
    expect(log.of('catalog')).toEqual([
      {
        type: 'catalog',
        server: 'a',
        version: group.catalog.version,
        diff: {
          tools: { added: ['a__comes'], removed: ['a__goes'], changed: ['a__alters'] },
          resources: NOTHING,
          resourceTemplates: NOTHING,
          prompts: NOTHING,
        },
      },
    ]);
    expect(group.catalog.version).toBe(version + 1);
    expect(group.tools.get('a__alters')?.description).toBe('after');
    expect((await failureOf(group.callTool('a__goes'))).code).toBe('UNKNOWN_TOOL');
    await group.callTool('a__comes');
  });

  it('without a change makes neither an event nor a new catalog', async () => {
    const server = local({ era, ...EVERYTHING });
    const group = await connectGroup({ servers: { a: { server } } });
    const log = new EventLog(group);
    const { catalog } = group;
    server.setTools(EVERYTHING.tools ?? []);
    await eventually('the list is fetched', () => requestsOf(server, 'tools/list').length === 2);
    await group.refresh();
    expect(group.catalog).toBe(catalog);
    expect(log.of('catalog')).toEqual([]);
  });

  it('many in a row are fetched together, and the last state wins', async () => {
    const server = local({ era, ...EVERYTHING });
    const group = await connectGroup({ servers: { a: { server } } });
    for (let nr = 0; nr < 50; nr++) {
      server.setTools(tools(`t${nr}`));
      server.setPrompts([{ name: `p${nr}` }]);
    }
    await eventually('the last state', () => group.tools.has('a__t49') && group.prompts.has('a__p49'));
    await settled(() => server.requests.length, 100);
    expect(requestsOf(server, 'tools/list').length).toBeLessThanOrEqual(4);
    expect(requestsOf(server, 'prompts/list').length).toBeLessThanOrEqual(4);
    expect([group.tools.size, group.prompts.size]).toEqual([1, 1]);
  });

  it('a change while the list is under way is not lost', async () => {
    const server = local({ era, tools: tools('one'), answerDelayMs: 60 });
    const group = await connectGroup({ servers: { a: { server } } });
    server.setTools(tools('two'));
    await eventually('the list is asked for', () => requestsOf(server, 'tools/list').length === 2);
    server.setTools(tools('three'));
    await eventually('the last state', () => group.tools.has('a__three'));
    expect(group.tools.size).toBe(1);
  });

  it('what a tool declared goes with it', async () => {
    const outputSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
    const unstructured = { type: 'result' as const, result: { content: [] } };
    const server = local({ era, tools: [{ name: 'x', outputSchema, does: unstructured }] });
    const group = await connectGroup({ servers: { a: { server } } });
    expect((await failureOf(group.callTool('a__x'))).code).toBe('INVALID_RESULT');
    server.setTools([{ name: 'x', does: unstructured }]);
    await eventually('the new definition', () => group.tools.get('a__x')?.outputSchema === undefined);
    expect(await group.callTool('a__x')).toMatchObject({ content: [] });
    server.setTools([]);
    await eventually('no tool at all', () => group.tools.size === 0);
    expect((await failureOf(group.callTool('a__x'))).code).toBe('UNKNOWN_TOOL');
    // The session asks whatever it is asked for, but knows no schema any more.
    expect((await failureOf(group.session('a').callTool('x'))).code).toBe('PROTOCOL');
  });
});

describe('G11 list_changed over every transport', () => {
  it.each(Object.entries(PLACES))('%s', async (_place, start) => {
    const { spec } = await start({
      tools: [{ name: 'grow', does: { type: 'setTools', tools: tools('grown') } }],
    });
    const group = await connectGroup({ servers: { a: spec } });
    await group.callTool('a__grow');
    await eventually('the change', () => group.tools.has('a__grown'));
    expect(group.tools.has('a__grow')).toBe(false);
    await group.callTool('a__grown');
  });
});

describe('G11 a server that lists slowly and changes quickly', () => {
  it('is asked for one list at a time', async () => {
    let [now, most, lists] = [0, 0, 0];
    const list = async (): Promise<unknown> => {
      most = Math.max(most, ++now);
      lists++;
      await after(100);
      now--;
      return { tools: [{ name: `t${lists}`, inputSchema: { type: 'object' } }] };
    };
    const server = new RawServer({ tools: { listChanged: true } }, { 'tools/list': list });
    const group = await connectGroup({ servers: { a: { server } } });
    for (let nr = 0; nr < 60; nr++) {
      await server.notify('notifications/tools/list_changed');
      await after(10);
    }
    await settled(() => lists, 500);
    expect(most).toBe(1);
    expect(lists).toBeGreaterThan(2);
    expect([...group.tools.keys()]).toEqual([`a__t${lists}`]);
  });
});

describe('G11 what is announced while a server is on its way in', () => {
  /** A server whose prompts come when the gate opens, and whose tools change after they were listed. */
  function changing() {
    const held = gate();
    let names = ['old'];
    const server = new RawServer(
      { tools: { listChanged: true }, prompts: {} },
      {
        'tools/list': () => ({ tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) }),
        'prompts/list': async () => {
          await held.promise;
          return { prompts: [] };
        },
      },
    );
    const change = async (): Promise<void> => {
      await eventually('its tools are listed', () =>
        server.requests.some(({ method }) => method === 'tools/list'),
      );
      await settled(() => server.requests.length, 50);
      names = ['new'];
      await server.notify('notifications/tools/list_changed');
      held.open();
    };
    return { server, change };
  }

  it('by add()', async () => {
    const group = newGroup();
    const { server, change } = changing();
    await Promise.all([group.add('a', { server }), change()]);
    await eventually('the change', () => group.tools.has('a__new'));
    expect(group.tools.size).toBe(1);
  });

  it('by adopt()', async () => {
    const group = newGroup();
    const { server, change } = changing();
    const mine = await newSession({ server });
    await Promise.all([group.adopt('a', mine), change()]);
    await eventually('the change', () => group.tools.has('a__new'));
    expect(group.tools.size).toBe(1);
  });

  it('by connect(), while it waits for a slower server', async () => {
    const quick = local({ tools: tools('old') });
    const slow = local({ startDelayMs: 500 });
    const connecting = connectGroup({ servers: { quick: { server: quick }, slow: { server: slow } } });
    await eventually('its tools are listed', () => requestsOf(quick, 'tools/list').length > 0);
    await settled(() => quick.requests.length, 50);
    quick.setTools(tools('new'));
    const group = await connecting;
    await eventually('the change', () => group.tools.has('quick__new'));
    expect(group.tools.size).toBe(1);
  });
});

describe.each(ERAS)('G11 what changed while nobody could say so (%s)', (era) => {
  it('a fetch that fails in passing is made again', async () => {
    const server = await http({ era, tools: tools('old') });
    const group = await connectGroup({ servers: { a: { url: server.url } } });
    server.setFaults({ httpStatus: { status: 503, times: 1, httpMethod: 'POST' } });
    server.setTools(tools('new'));
    await eventually('the change', () => group.tools.has('a__new'));
    expect(group.servers.get('a')?.listErrors).toEqual({});
  });

  it('what changed while the stream was down is seen when it is back', async () => {
    const server = await http({ era, tools: tools('old') });
    const group = await connectGroup({ servers: { a: { url: server.url, health: { intervalMs: 100 } } } });
    // Sockets are reset; the announcement reaches nobody.
    server.crash();
    server.setTools(tools('changed-while-away'));
    await eventually('the change', () => group.tools.has('a__changed-while-away'));
    expect(group.tools.size).toBe(1);
  });

  it('what is announced after a reconnect is seen as well', async () => {
    const server = local({ era, tools: tools('old') });
    const group = await connectGroup({ servers: { a: { server } } });
    server.crash();
    await eventually(
      'it is back',
      () => server.connections === 2 && group.servers.get('a')?.state === 'ready',
    );
    await group.callTool('a__old');
    server.setTools(tools('new'));
    await eventually('the change', () => group.tools.has('a__new'));
    expect(group.tools.size).toBe(1);
  });
});
