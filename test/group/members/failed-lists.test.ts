import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CatalogKind } from '../../../src/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { eventually, settled } from '../../support/eventually.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { RawServer, RpcFailure } from '../../support/raw-server.ts';
import { http, local, requestsOf, tools } from '../../support/servers.ts';

const METHODS: Readonly<Record<CatalogKind, string>> = {
  tools: 'tools/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
  prompts: 'prompts/list',
};
const KINDS: readonly CatalogKind[] = ['tools', 'resources', 'resourceTemplates', 'prompts'];

const LISTS: Readonly<Record<CatalogKind, object>> = {
  tools: { tools: [{ name: 'x', inputSchema: { type: 'object' } }] },
  resources: { resources: [{ uri: 'r:1', name: 'x' }] },
  resourceTemplates: { resourceTemplates: [{ uriTemplate: 'r:{id}', name: 'x' }] },
  prompts: { prompts: [{ name: 'x' }] },
};

type Failure = () => unknown;

const FAILURES: readonly (readonly [string, Failure])[] = [
  ['an internal error', () => fail(-32_603, 'Internal error')],
  ['an error of its own', () => fail(-32_000, 'Backend is starting')],
  ['wrong params', () => fail(-32_602, 'Invalid params')],
  ['an answer without the list', () => ({ nothing: true })],
  ['a list that is a text', () => ({ tools: 'x', resources: 'x', resourceTemplates: 'x', prompts: 'x' })],
  ['silence', () => new Promise(() => {})],
];

function fail(code: number, message: string): never {
  throw new RpcFailure(code, message);
}

/** A server whose list of this kind fails the first `times` times. It announces nothing. */
function failing(kind: CatalogKind, times: number, failure: Failure): RawServer {
  let asked = 0;
  const answers = Object.fromEntries(
    KINDS.map((each) => [METHODS[each], () => (each === kind && asked++ < times ? failure() : LISTS[each])]),
  );
  return new RawServer({ tools: {}, resources: {}, prompts: {} }, answers);
}

describe('R17 a list that fails once after connecting', () => {
  const cases = KINDS.flatMap((kind) => FAILURES.map(([name, failure]) => [kind, name, failure] as const));

  it.each(cases)(
    '%s, with %s: is there a moment later, and the other server notices nothing',
    async (kind, _name, failure) => {
      const server = failing(kind, 1, failure);
      const beside = local({ tools: tools('echo') });
      const group = await connectGroup({
        servers: { s: { server, timeoutMs: 200 }, beside: { server: beside } },
      });
      const shown = group.servers.get('s');
      expect(shown?.state).toBe('ready');
      await eventually('the list', () => group.servers.get('s')?.counts[kind] === 1);
      expect(group.servers.get('s')?.listErrors).toEqual({});
      await settled(() => server.requests.length, 100);
      expect(server.requests.filter(({ method }) => method === METHODS[kind])).toHaveLength(2);
      await group.callTool('beside__echo');
      expect(requestsOf(beside, 'tools/list')).toHaveLength(1);
    },
  );

  it.each([500, 502, 503, 404, 429])('with HTTP %i: is there a moment later', async (status) => {
    const server = await http({ tools: tools('x') });
    const group = await connectGroup({ servers: { s: { url: server.url } } });
    server.setFaults({ httpStatus: { status, times: 2, httpMethod: 'POST', body: '<html>' } });
    server.setTools(tools('x', 'y'));
    await eventually('the list', () => group.tools.has('s__y'));
    expect(group.servers.get('s')?.listErrors).toEqual({});
  });

  it('tells of it in one event and in servers, by kind', async () => {
    const server = failing('prompts', 4, () => fail(-32_603, 'down'));
    const group = newGroup();
    const log = new EventLog(group);
    await group.add('s', { server });
    expect(group.servers.get('s')?.listErrors).toMatchObject({
      prompts: { code: 'PROTOCOL', rpcMessage: 'down' },
    });
    await eventually('the list', () => group.prompts.has('s__x'));
    expect(log.of('problem').map(({ error }) => error.rpcMessage)).toEqual(['down']);
  });
});

describe('R17 a list that goes on failing', () => {
  const down = (): never => fail(-32_603, 'down');

  it('is asked for at longer and longer intervals', async () => {
    const server = failing('tools', Infinity, down);
    const group = await connectGroup({ servers: { s: { server } } });
    await after(2_500);
    const asked = server.requests.filter(({ method }) => method === 'tools/list').length;
    expect(asked).toBeGreaterThanOrEqual(3);
    expect(asked).toBeLessThan(20);
    expect(group.servers.get('s')).toMatchObject({ state: 'ready', counts: { tools: 0, prompts: 1 } });
  });

  it.each<[string, Failure]>([
    ['the server does not have the method', () => fail(-32_601, 'Method not found')],
  ])('is asked for once when %s', async (_why, failure) => {
    const server = failing('resourceTemplates', Infinity, failure);
    const group = await connectGroup({ servers: { s: { server } } });
    await after(500);
    const asked = server.requests.filter(({ method }) => method === METHODS.resourceTemplates);
    expect(asked).toHaveLength(1);
    expect(group.servers.get('s')).toMatchObject({ state: 'ready', counts: { tools: 1, resources: 1 } });
  });

  it('keeps what was known until it comes', async () => {
    const server = local({ tools: tools('old') });
    const group = await connectGroup({ servers: { s: { server } } });
    server.setFaults({ refuse: { 'tools/list': { code: -32_603, message: 'down' } } });
    server.setTools(tools('new'));
    await eventually('the failure', () => group.servers.get('s')?.listErrors.tools !== undefined);
    expect([...group.tools.keys()]).toEqual(['s__old']);
    await group.callTool('s__old').catch(() => {}); // It is gone there; what counts is that it is still routed.
    server.setFaults({ refuse: {} });
    await eventually('the new list', () => group.tools.has('s__new'));
    expect([...group.tools.keys()]).toEqual(['s__new']);
  });

  it.each<[string, (group: Awaited<ReturnType<typeof connectGroup>>) => Promise<void>]>([
    ['the server is removed', (group) => group.remove('s')],
    ['the group is closed', (group) => group.close()],
    ['the group is destroyed', (group) => group.destroy()],
    ['the session is closed', (group) => group.session('s').close()],
  ])('is not asked for any more when %s', async (_what, end) => {
    const server = failing('tools', Infinity, down);
    const group = await connectGroup({ servers: { s: { server } } });
    await end(group);
    const before = server.requests.length;
    await after(1_500);
    expect(server.requests).toHaveLength(before);
  });

  it('does not keep a lazy server up for ever', async () => {
    const server = failing('tools', Infinity, down);
    const group = await connectGroup({ servers: { s: { server, lazy: { idleMs: 50 } } } });
    await eventually('it sleeps', () => group.servers.get('s')?.state === 'idle');
    expect(server.open).toBe(0);
  });
});
