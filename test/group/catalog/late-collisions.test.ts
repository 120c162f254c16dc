import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { ERAS, http, local, requestsOf, tools } from '../../support/servers.ts';

describe.each(ERAS)('G6 a clash that appears later, by list_changed (%s)', (era) => {
  async function clashing() {
    const [incumbent, newcomer] = [
      local({ era, tools: tools('taken', 'own') }),
      await http({ era, tools: tools('harmless') }),
    ];
    const group = await connectGroup({
      servers: { incumbent: { server: incumbent }, newcomer: { url: newcomer.url } },
      naming: 'bare',
    });
    const log = new EventLog(group);
    newcomer.setTools(tools('harmless', 'taken', 'fresh'));
    await eventually('the change', () => group.tools.has('fresh'));
    return { group, incumbent, newcomer, log };
  }

  it('keeps the incumbent, takes the rest in, and reports the newcomer', async () => {
    const { group, incumbent, newcomer, log } = await clashing();
    expect([...group.tools.keys()].toSorted()).toEqual(['fresh', 'harmless', 'own', 'taken']);
    expect(group.tools.get('taken')?.server).toBe('incumbent');
    await group.callTool('taken');
    expect([incumbent, newcomer].map((each) => requestsOf(each, 'tools/call').length)).toEqual([1, 0]);
    const collision = { kind: 'tools', key: 'taken', owner: 'incumbent', newcomer: 'newcomer' };
    expect(await log.until('collision')).toEqual({ type: 'collision', server: 'newcomer', ...collision });
    expect(group.servers.get('newcomer')).toMatchObject({
      state: 'ready',
      collisions: [collision],
      counts: { tools: 2 },
    });
    expect(log.of('catalog').flatMap(({ diff }) => diff.tools.added)).toEqual(['fresh']);
  });

  it('is reported once, not with every further change', async () => {
    const { group, newcomer, log } = await clashing();
    await log.until('collision');
    newcomer.setTools(tools('harmless', 'taken', 'fresh', 'fresher'));
    await eventually('the next change', () => group.tools.has('fresher'));
    expect(log.of('collision')).toHaveLength(1);
  });

  it('is over when the newcomer drops the name', async () => {
    const { group, newcomer } = await clashing();
    newcomer.setTools(tools('harmless'));
    await eventually('no collision any more', () => group.servers.get('newcomer')?.collisions.length === 0);
    expect(group.tools.get('taken')?.server).toBe('incumbent');
  });

  it('the name goes over when the incumbent leaves', async () => {
    const { group, newcomer, log } = await clashing();
    await group.remove('incumbent');
    await eventually('the name goes over', () => group.tools.get('taken')?.server === 'newcomer');
    await group.callTool('taken');
    expect(requestsOf(newcomer, 'tools/call')).toHaveLength(1);
    expect(group.servers.get('newcomer')?.collisions).toEqual([]);
    await log.until(
      'catalog',
      ({ server, diff }) => server === 'newcomer' && diff.tools.added.includes('taken'),
    );
  });

  it('the name goes over when the incumbent lists it no more, and does not come back', async () => {
    const { group, incumbent, newcomer, log } = await clashing();
    incumbent.setTools(tools('own'));
    await eventually('the name goes over', () => group.tools.get('taken')?.server === 'newcomer');
    incumbent.setTools(tools('own', 'taken'));
    const back = await log.until('collision', ({ server }) => server === 'incumbent');
    expect(back).toMatchObject({ key: 'taken', owner: 'newcomer', newcomer: 'incumbent' });
    await group.callTool('taken');
    expect(requestsOf(newcomer, 'tools/call')).toHaveLength(1);
  });
});

describe('G6 who has a name keeps it', () => {
  it('while it is away and comes back', async () => {
    const incumbent = await http({ era: 'legacy', tools: tools('taken') });
    const newcomer = local({ tools: tools('other') });
    const group = await connectGroup({
      servers: { incumbent: { url: incumbent.url }, newcomer: { server: newcomer } },
      naming: 'bare',
    });
    incumbent.crash();
    newcomer.setTools(tools('other', 'taken'));
    await eventually('the clash', () => group.servers.get('newcomer')?.collisions.length === 1);
    await group.callTool('taken');
    expect(requestsOf(incumbent, 'tools/call')).toHaveLength(1);
    expect(group.tools.get('taken')?.server).toBe('incumbent');
  });

  it('against a newcomer that adds the same name at the same moment as it is listed', async () => {
    const incumbent = local({ tools: tools('a') });
    const group = await connectGroup({ servers: { incumbent: { server: incumbent } }, naming: 'bare' });
    incumbent.setTools(tools('a', 'b'));
    const adding = group.add('late', { server: local({ tools: tools('b') }) });
    const outcome = await adding.then(
      () => 'in',
      (error: unknown) => error,
    );
    await eventually('the incumbent has its list', () => {
      const status = group.servers.get('incumbent');
      return (status?.counts.tools ?? 0) + (status?.collisions.length ?? 0) === 2;
    });
    const owner = group.tools.get('b')?.server;
    if (outcome === 'in') expect(owner).toBe('late');
    else expect([owner, outcome]).toEqual(['incumbent', expect.objectContaining({ code: 'NAME_COLLISION' })]);
  });

  it('prefixed: URIs are shared, and reported nowhere as a collision', async () => {
    const script = { resources: [{ uri: 'shared:1' }], resourceTemplates: [{ uriTemplate: 'shared:{id}' }] };
    const group = await connectGroup({
      servers: { a: { server: local(script) }, b: { server: local(script) } },
    });
    expect([...group.servers.values()].flatMap(({ collisions }) => collisions)).toEqual([]);
    expect(group.resources.get('shared:1')?.server).toBe('a');
    const error = await failureOf(group.readResource('shared:1'));
    expect(error.code).toBe('AMBIGUOUS_RESOURCE');
    await group.remove('a');
    expect(group.resources.get('shared:1')?.server).toBe('b');
    await group.readResource('shared:1');
  });
});
