import { describe, expect, it } from 'vitest';
import type { ServerScript } from '../../../src/testing/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { eventually, settled } from '../../support/eventually.ts';
import { connectGroup } from '../../support/groups.ts';
import { ERAS, local, requestsOf, tools } from '../../support/servers.ts';
import { QUICK, REVENANTS } from './revenants.ts';

const PLACES = Object.entries(REVENANTS);
const PLACES_AND_ERAS = PLACES.flatMap(([place, start]) => ERAS.map((era) => [place, era, start] as const));

/** A server behind a URL may be replaced and break nothing: only asking tells. */
const ATTENTIVE = {
  strict: true,
  reconnect: QUICK,
  health: { intervalMs: 100, timeoutMs: 2_000, failures: 2 },
};

function ids(script: ServerScript): string[] {
  return (script.tools ?? []).map(({ name }) => `peer__${name}`);
}

describe.each(ERAS)('G11 a server that cannot be trusted with its lists (%s)', (era) => {
  it('changes its list in every answer: other servers and its own calls do not suffer, and it ends', async () => {
    const server = local({ era, tools: tools('echo'), faults: { listStorm: true } });
    const beside = local({ era, tools: tools('echo') });
    const group = await connectGroup({ servers: { peer: { server }, beside: { server: beside } } });
    const before = requestsOf(server, 'tools/list').length;
    for (let call = 0; call < 50; call++) {
      await group.callTool('peer__echo', { call });
      await group.callTool('beside__echo', { call });
    }
    expect(requestsOf(beside, 'tools/list')).toHaveLength(1);
    // Each list is followed by a change: without a brake there would be no end of lists.
    expect(requestsOf(server, 'tools/list').length - before).toBeLessThan(20);
    server.setFaults({ listStorm: false });
    server.setTools(tools('echo', 'calm'));
    await eventually('the last list', () => group.tools.has('peer__calm'));
    await settled(() => requestsOf(server, 'tools/list').length);
    expect([...group.tools.keys()].toSorted()).toEqual(['beside__echo', 'peer__calm', 'peer__echo']);
  });

  it('claims that it tells of changes and never does: an explicit refresh finds them', async () => {
    const server = local({ era, tools: tools('old'), capabilities: { tools: { listChanged: true } } });
    const group = await connectGroup({ servers: { peer: { server } } });
    const events = new EventLog(group);
    // What it has changes, and nobody is told: to its clients it is another server by now.
    server.script.tools?.splice(0, 1, { name: 'new' });
    await settled(() => requestsOf(server, 'tools/list').length);
    expect([...group.tools.keys()]).toEqual(['peer__old']);
    await group.refresh({ server: 'peer' });
    expect([...group.tools.keys()]).toEqual(['peer__new']);
    expect((await events.until('catalog')).diff.tools).toEqual({
      added: ['peer__new'],
      removed: ['peer__old'],
      changed: [],
    });
  });

  it('tells of changes ten thousand times: a handful of fetches, no event without a change', async () => {
    const server = local({ era, tools: tools('echo') });
    const group = await connectGroup({ servers: { peer: { server } } });
    const events = new EventLog(group);
    const before = requestsOf(server, 'tools/list').length;
    for (let time = 0; time < 10_000; time++) server.notify('notifications/tools/list_changed');
    await group.callTool('peer__echo');
    await settled(() => requestsOf(server, 'tools/list').length);
    expect(requestsOf(server, 'tools/list').length - before).toBeLessThan(10);
    expect(events.of('catalog')).toEqual([]);
    expect(events.of('overflow')).toEqual([]);
  });
});

describe('S8 a server that comes back as somebody else', () => {
  it.each(PLACES_AND_ERAS)('with another name and version: %s (%s)', async (_place, era, start) => {
    const script = { era, tools: tools('echo') };
    const peer = await start({ ...script, name: 'first', version: '1.0.0' });
    const group = await connectGroup({ servers: { peer: peer.spec }, ...ATTENTIVE });
    const events = new EventLog(group);
    const session = group.session('peer');
    await peer.comeBackAs({ ...script, name: 'second', version: '2.0.0' });
    await eventually('the second', () => group.servers.get('peer')?.serverInfo?.name === 'second');
    expect(session.serverInfo).toMatchObject({ name: 'second', version: '2.0.0' });
    // A group knows its servers by the names that it gave them: nothing is renamed.
    expect([...group.tools.keys()]).toEqual(['peer__echo']);
    await group.callTool('peer__echo');
    expect(events.of('catalog')).toEqual([]);
  });

  it.each(PLACES_AND_ERAS)('with other capabilities: %s (%s)', async (_place, era, start) => {
    const first: ServerScript = { era, tools: tools('a', 'b'), resources: [{ uri: 'memo://one' }] };
    const second: ServerScript = { era, prompts: [{ name: 'ask' }] };
    const peer = await start(first);
    const group = await connectGroup({ servers: { peer: peer.spec }, ...ATTENTIVE });
    const session = group.session('peer');
    await group.subscribeResource('memo://one');
    expect([...group.tools.keys()]).toEqual(ids(first));
    await peer.comeBackAs(second);
    await eventually('the other lists', () => group.prompts.has('peer__ask') && group.tools.size === 0);
    expect(group.resources.size).toBe(0);
    expect(group.servers.get('peer')).toMatchObject({ state: 'ready', counts: { tools: 0, prompts: 1 } });
    expect(group.servers.get('peer')?.listErrors).toEqual({});
    expect(session.capabilities).toMatchObject({ prompts: {} });
    expect(session.capabilities).not.toHaveProperty('tools');
    await group.getPrompt('peer__ask');
    // And back again: what was there before has left no trace that would be in the way.
    await peer.comeBackAs(first);
    await eventually('the first lists', () => group.tools.has('peer__a') && group.prompts.size === 0);
    await group.callTool('peer__b');
  });

  it.each(PLACES)('in the other era, and in the first again: %s', async (_place, start) => {
    const script: ServerScript = { tools: tools('echo'), resources: [{ uri: 'memo://one' }] };
    const peer = await start({ ...script, era: 'legacy' });
    const group = await connectGroup({ servers: { peer: peer.spec }, ...ATTENTIVE });
    const events = new EventLog(group);
    const session = group.session('peer');
    await group.subscribeResource('memo://one');
    expect(session.era).toBe('legacy');
    for (const era of ['modern', 'legacy'] as const) {
      await peer.comeBackAs({ ...script, era, tools: tools('echo', era) });
      await eventually(`the ${era} era`, () => session.era === era && group.tools.has(`peer__${era}`));
      expect(group.servers.get('peer')).toMatchObject({ state: 'ready', era });
      await group.callTool(`peer__${era}`);
    }
    // From a server that changes its mind there is nothing to fear but some failed attempts.
    const attempts = events.of('status').map(({ status }) => status.attempt ?? 0);
    expect(Math.max(...attempts)).toBeLessThan(10);
  });
});
