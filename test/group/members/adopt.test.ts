import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../../src/index.ts';
import { stdioSpec, type ScriptedInProcessServer } from '../../../src/testing/index.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { newGroup, newSession } from '../../support/groups.ts';
import { ERAS, http, local, tools } from '../../support/servers.ts';
import { runningPids } from '../../support/processes.ts';
import { gate, RawServer } from '../../support/raw-server.ts';
import { ledgerFile } from '../../support/folders.ts';

/** An official client of the caller's own, connected. */
async function officialClient(server: ScriptedInProcessServer, era: (typeof ERAS)[number]): Promise<Client> {
  const mode = era === 'legacy' ? 'legacy' : { pin: '2026-07-28' };
  const client = new Client({ name: 'mine', version: '1.0.0' }, { versionNegotiation: { mode } });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await server.connect(theirs);
  await client.connect(ours);
  onTestFinished(() => client.close());
  return client;
}

describe('G3 a session that the caller opened', () => {
  it('is aggregated as it is, without another connection', async () => {
    const group = newGroup();
    const server = local({ tools: tools('echo'), prompts: [{ name: 'p' }], resources: [{ uri: 'a:1' }] });
    const mine = await newSession({ server }, { name: 'my-own-name' });
    expect(await group.adopt('theirs', mine)).toBe(mine);
    expect(group.session('theirs')).toBe(mine);
    expect(server.connections).toBe(1);
    expect([...group.tools.keys()]).toEqual(['theirs__echo']);
    expect(group.servers.get('theirs')).toMatchObject({
      state: 'ready',
      adopted: true,
      counts: { tools: 1, prompts: 1, resources: 1, resourceTemplates: 0 },
    });
    await group.callTool('theirs__echo');
  });

  it.each(['remove', 'close', 'destroy'] as const)('survives %s() of the group', async (end) => {
    const group = newGroup();
    const ledger = ledgerFile();
    const mine = await newSession(stdioSpec({ tools: tools('echo'), ledgerFile: ledger }));
    await group.adopt('a', mine);
    await (end === 'remove' ? group.remove('a') : group[end]());
    expect(group.tools.size === 0 || end !== 'remove').toBe(true);
    expect(mine.status.state).toBe('ready');
    await mine.callTool('echo', { still: 'here' });
    expect(runningPids(ledger)).toHaveLength(1);
  });

  it('may be in several groups, under several names', async () => {
    const [one, two] = [newGroup(), newGroup()];
    const mine = await newSession({ server: local({ tools: tools('echo') }) });
    await Promise.all([one.adopt('a', mine), two.adopt('b', mine)]);
    await one.close();
    await two.callTool('b__echo');
    await two.remove(mine);
    await mine.ping();
    expect(mine.status.state).toBe('ready');
  });

  it('brings its changes along, and after it left no more', async () => {
    const group = newGroup();
    const server = local({ tools: tools('old') });
    const mine = await newSession({ server });
    await group.adopt('a', mine);
    server.setTools(tools('new'));
    await eventually('the change', () => group.tools.has('a__new') && !group.tools.has('a__old'));
    await group.remove('a');
    const log = new EventLog(group);
    server.setTools(tools('newer'));
    await eventually('the session sees it', async () => (await mine.listTools()).tools[0]?.name === 'newer');
    await group.refresh();
    expect(group.tools.size).toBe(0);
    expect(log.all).toEqual([]);
  });

  it('comes back with its entries when it was lost meanwhile', async () => {
    const group = newGroup();
    const server = await http({ era: 'legacy', tools: tools('old') });
    const mine = await newSession({ url: server.url });
    await group.adopt('a', mine);
    server.setTools(tools('changed-while-away'));
    server.crash();
    await mine.ping().catch(() => {});
    await eventually('the new list', () => group.tools.has('a__changed-while-away'));
    await group.callTool('a__changed-while-away');
    expect([...group.tools.keys()]).toEqual(['a__changed-while-away']);
  });

  it('closed by its owner, it offers nothing more but is known until it is removed', async () => {
    const group = newGroup();
    const mine = await openSession({ server: local({ tools: tools('echo') }) });
    await group.adopt('a', mine);
    await mine.close();
    await eventually('its entries are gone', () => group.tools.size === 0);
    expect(group.servers.get('a')).toMatchObject({ state: 'closed', adopted: true });
    expect((await failureOf(group.callTool('a__echo'))).code).toBe('UNKNOWN_TOOL');
    await group.remove('a');
    expect(group.servers.size).toBe(0);
  });
});

describe.each(ERAS)('G3 an official Client of the caller, %s', (era) => {
  it('is aggregated, and left alone by remove() and close()', async () => {
    const server = local({ era, tools: tools('echo'), prompts: [{ name: 'p' }] });
    const client = await officialClient(server, era);
    const first = newGroup();
    const session = await first.adopt('a', client);
    expect([session.name, session.era, first.servers.get('a')?.adopted]).toEqual(['a', era, true]);
    expect((await first.callTool('a__echo', { nr: 1 })).content).toEqual([
      { type: 'text', text: '{"nr":1}' },
    ]);
    await first.remove('a');
    expect(first.servers.size).toBe(0);
    await client.callTool({ name: 'echo' });
    const second = newGroup();
    await second.adopt('b', client);
    await second.close();
    await client.callTool({ name: 'echo' });
    expect(server.connections).toBe(1);
  });

  it('brings its changes along', async () => {
    const server = local({ era, tools: tools('old') });
    const group = newGroup();
    await group.adopt('a', await officialClient(server, era));
    server.setTools(tools('new'));
    await eventually('the change', () => group.tools.has('a__new'));
    expect(group.tools.has('a__old')).toBe(false);
  });

  it.each(['toString', '__proto__', 'constructor'])(
    'may be told of "%s", which means nothing',
    async (word) => {
      const server = local({ era: 'legacy', tools: tools('old') });
      const session = await newGroup().adopt('a', await officialClient(server, 'legacy'));
      const log = new EventLog(session);
      server.notify(word);
      server.setTools(tools('new'));
      await log.until('list-changed', ({ kind }) => kind === 'tools');
      expect(log.of('list-changed').map(({ kind }) => kind)).toEqual(['tools']);
    },
  );

  it('gets its own handlers back', async () => {
    const server = local({ era: 'legacy', tools: tools('old') });
    const client = await officialClient(server, 'legacy');
    const heard: string[] = [];
    client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'));
    client.fallbackNotificationHandler = async ({ method }) => void heard.push(method);
    const group = newGroup();
    await group.adopt('a', client);
    await group.close();
    server.setTools(tools('new'));
    server.notify('notifications/custom');
    await eventually('both', () => heard.length >= 2);
    expect(heard).toEqual(['tools', 'notifications/custom']);
  });
});

describe('G3 an adopted server with nothing to offer', () => {
  it.each(['by name', 'by session'])('is known and can be removed %s', async (how) => {
    const group = newGroup();
    const server = local({ capabilities: {} });
    const mine = await newSession({ server });
    await group.adopt('mute', mine);
    expect([...group.servers.keys()]).toEqual(['mute']);
    expect(group.servers.get('mute')).toMatchObject({
      state: 'ready',
      counts: { tools: 0, resources: 0, resourceTemplates: 0, prompts: 0 },
    });
    await group.remove(how === 'by name' ? 'mute' : mine);
    expect(group.servers.size).toBe(0);
    await mine.ping();
  });
});

describe('G3 an adopt() that is overtaken', () => {
  it.each(['remove', 'close', 'destroy'] as const)(
    'by %s(): it rejects, and leaves no entry',
    async (end) => {
      const held = gate();
      const list = async (): Promise<unknown> => {
        await held.promise;
        return { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
      };
      const server = new RawServer({ tools: {} }, { 'tools/list': list });
      const mine = await newSession({ server });
      const group = newGroup();
      const adopting = failureOf(group.adopt('a', mine));
      await eventually('it lists', () => server.requests.some(({ method }) => method === 'tools/list'));
      await bounded(end, end === 'remove' ? group.remove('a') : group[end]());
      held.open();
      await bounded('adopt', adopting);
      expect(group.tools.size).toBe(0);
      expect(end === 'remove' ? group.servers.size : 0).toBe(0);
      await mine.ping();
    },
  );
});

describe('G3 what cannot be adopted stays as it was', () => {
  it('a session that is closed', async () => {
    const group = newGroup();
    const mine = await openSession({ server: local({ tools: tools('echo') }) });
    await mine.close();
    expect((await failureOf(group.adopt('a', mine))).code).toMatch(/^(SESSION_CLOSED|CONFIG_INVALID)$/);
    expect(group.servers.size).toBe(0);
  });

  it('under a name that is taken', async () => {
    const group = newGroup();
    await group.add('a', { server: local() });
    const mine = await newSession({ server: local({ tools: tools('echo') }) });
    expect((await failureOf(group.adopt('a', mine))).code).toBe('NAME_COLLISION');
    await mine.callTool('echo');
    await group.adopt('b', mine);
  });

  it('with a tool name that is taken: it is not closed', async () => {
    const group = newGroup({ naming: 'bare' });
    await group.add('a', { server: local({ tools: tools('echo') }) });
    const mine = await newSession({ server: local({ tools: tools('echo', 'other') }) });
    const client = await officialClient(local({ tools: tools('echo') }), 'modern');
    const before = group.catalog;
    expect((await failureOf(group.adopt('b', mine))).code).toBe('NAME_COLLISION');
    expect((await failureOf(group.adopt('c', client))).code).toBe('NAME_COLLISION');
    expect(group.catalog).toBe(before);
    expect([...group.servers.keys()]).toEqual(['a']);
    await mine.callTool('echo');
    await client.callTool({ name: 'echo' });
  });

  it.each([
    ['a client that is not connected', () => new Client({ name: 'idle', version: '1.0.0' })],
    ['a spec', () => ({ command: 'node' })],
    ['nothing', () => undefined],
  ])('%s is CONFIG_INVALID', async (_what, make) => {
    const group = newGroup();
    // @ts-expect-error What a program without types would pass.
    expect((await failureOf(group.adopt('a', make()))).code).toBe('CONFIG_INVALID');
    expect(group.servers.size).toBe(0);
  });

  it('when the group is closed', async () => {
    const group = newGroup();
    await group.close();
    const mine = await newSession({ server: local({ tools: tools('echo') }) });
    expect((await failureOf(group.adopt('a', mine))).code).toBe('SESSION_CLOSED');
    await mine.ping();
  });
});
