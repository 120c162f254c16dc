import { describe, expect, it } from 'vitest';
import { bounded, eventually } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { newGroup } from '../../support/groups.ts';
import { ERAS, local, PLACES, tools } from '../../support/servers.ts';

describe('G1 a group is empty at first', () => {
  it('has nothing, says so of every name, and closes at once', async () => {
    const group = newGroup();
    const { servers, tools, resources, resourceTemplates, prompts, catalog } = group;
    for (const map of [servers, tools, resources, resourceTemplates, prompts, catalog.tools]) {
      expect([...map]).toEqual([]);
    }
    expect((await failureOf(group.callTool('echo'))).code).toBe('UNKNOWN_TOOL');
    expect((await failureOf(group.getPrompt('greet'))).code).toBe('UNKNOWN_PROMPT');
    expect((await failureOf(group.readResource('file:///a'))).code).toBe('UNKNOWN_RESOURCE');
    expect((await failureOf(group.remove('a'))).code).toBe('UNKNOWN_SERVER');
    await bounded('close', group.close());
    expect(await group.closed).toBeUndefined();
  });

  it('can be refreshed, pinged and told a log level', async () => {
    const group = newGroup();
    await bounded('all three', Promise.all([group.refresh(), group.ping(), group.setLoggingLevel('debug')]));
    expect(group.servers.size).toBe(0);
  });

  it('refuses options that are wrong, before anything is opened', () => {
    const wrong = [
      { naming: 'short' },
      { timeoutMs: -1 },
      { connectTimeoutMs: 'soon' },
      { concurrency: { processes: 0 } },
      { onLog: 'print' },
    ];
    for (const options of wrong) {
      // @ts-expect-error What a program without types would pass.
      expect(() => newGroup(options), JSON.stringify(options)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    }
  });
});

describe('G1 servers join and leave at any moment', () => {
  it('over every transport and in both eras, with exactly the tools of those present', async () => {
    const group = newGroup();
    const present: string[] = [];
    for (const era of ERAS) {
      for (const [place, start] of Object.entries(PLACES)) {
        if (era === 'modern' && place === 'the old SSE transport') continue;
        const { spec } = await start({ name: 'echoing', era, tools: tools('echo', 'again') });
        const name = `s${present.length}`;
        const session = await group.add(name, spec);
        present.push(name);
        expect([session.name, session.status.state, session.era], `${place}, ${era}`).toEqual([
          name,
          'ready',
          era,
        ]);
        expect(group.servers.get(name)).toMatchObject({
          state: 'ready',
          era,
          adopted: false,
          counts: { tools: 2 },
        });
        const answer = await group.callTool(`${name}__echo`, { from: place });
        expect(answer.content).toEqual([{ type: 'text', text: JSON.stringify({ from: place }) }]);
      }
    }
    expect(present).toHaveLength(11);
    while (present.length > 0) {
      // From the middle outwards: neither the order of coming nor its reverse.
      const [leaving = ''] = present.splice(Math.floor(present.length / 2), 1);
      await group.remove(leaving);
      expect([...group.servers.keys()]).toEqual(present);
      expect([...group.tools.keys()]).toEqual(present.flatMap((name) => [`${name}__echo`, `${name}__again`]));
      for (const name of present) await group.callTool(`${name}__echo`);
    }
    expect(group.tools.size).toBe(0);
  });

  it('while a call to another server is under way', async () => {
    const group = newGroup();
    const steady = local({ tools: [{ name: 'wait', does: { type: 'slow', ms: 400 } }] });
    const other = local({ tools: tools('echo') });
    await group.add('steady', { server: steady });
    const waiting = group.callTool('steady__wait', { nr: 1 });
    await eventually('the call arrives', () => steady.running > 0);
    await group.add('other', { server: other });
    await group.callTool('other__echo');
    await group.remove('other');
    expect(steady.running, 'the first call still runs').toBeGreaterThan(0);
    expect((await waiting).content).toEqual([{ type: 'text', text: '{"nr":1}' }]);
  });

  it('a name that was left can be taken again by another server', async () => {
    const group = newGroup();
    await group.add('a', { server: local({ tools: tools('old') }) });
    await group.remove('a');
    await group.add('a', { server: local({ tools: tools('new') }) });
    expect([...group.tools.keys()]).toEqual(['a__new']);
    await group.callTool('a__new');
    expect((await failureOf(group.callTool('a__old'))).code).toBe('UNKNOWN_TOOL');
  });

  it('tells who came, what that brought, and who went', async () => {
    const group = newGroup();
    const log = new EventLog(group);
    await group.add('a', { server: local({ tools: tools('x', 'y'), prompts: [{ name: 'p' }] }) });
    await group.remove('a');
    await log.until('server-removed');
    expect(log.of('server-added')).toEqual([{ type: 'server-added', server: 'a' }]);
    expect(log.of('server-removed')).toEqual([{ type: 'server-removed', server: 'a' }]);
    const [came, went] = log.of('catalog');
    expect(came).toMatchObject({
      server: 'a',
      diff: { tools: { added: ['a__x', 'a__y'], removed: [], changed: [] }, prompts: { added: ['a__p'] } },
    });
    expect(went).toMatchObject({
      server: 'a',
      diff: { tools: { added: [], removed: ['a__x', 'a__y'], changed: [] }, prompts: { removed: ['a__p'] } },
    });
    expect(went?.version).toBeGreaterThan(came?.version ?? Infinity);
    expect(group.catalog.version).toBe(went?.version);
  });

  it('no more once the group is closed', async () => {
    const group = newGroup();
    await group.close();
    const server = local({ tools: tools('echo') });
    expect((await failureOf(group.add('late', { server }))).code).toBe('SESSION_CLOSED');
    expect(server.connections).toBe(0);
    expect(group.servers.size).toBe(0);
  });
});
