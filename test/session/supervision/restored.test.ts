import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { GroupEvent, GroupServerSpec, OverflowEvent, SessionGroup } from '../../../src/index.ts';
import {
  serveHttp,
  serveSse,
  serveWebSocket,
  TcpProxy,
  type ScriptedHttpServer,
  type ScriptedServer,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { eventually } from '../../support/eventually.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, tools } from '../../support/servers.ts';
import { gate, RawServer } from '../../support/raw-server.ts';
import { QUICK } from './revenants.ts';

const URI = 'memo://one';
const script: ServerScript = {
  tools: [...tools('echo'), { name: 'log', does: { type: 'log', level: 'warning', data: 'hot' } }],
  resources: [{ uri: URI }],
};

interface Placed {
  readonly spec: GroupServerSpec;
  readonly server: ScriptedServer;
}

async function owned<S extends ScriptedServer>(starting: Promise<S>): Promise<S> {
  const server = await starting;
  onTestFinished(() => server.close());
  return server;
}

const PLACES: Record<string, () => Promise<Placed>> = {
  async 'this process'() {
    const server = local(script);
    return { server, spec: { server } };
  },
  async 'HTTP with JSON answers'() {
    const server = await owned(serveHttp(script));
    return { server, spec: { url: server.url } };
  },
  async 'HTTP with event streams'() {
    const server = await owned(serveHttp(script, { answers: 'sse' }));
    return { server, spec: { url: server.url } };
  },
  async WebSocket() {
    const server = await owned(serveWebSocket(script));
    return { server, spec: { url: server.url } };
  },
};

const CASES = [
  ...Object.entries(PLACES).flatMap(([place, start]) =>
    (['legacy', 'modern'] as const).map((era) => [place, era, start] as const),
  ),
  [
    'the old SSE transport',
    'legacy',
    async (): Promise<Placed> => {
      const server = await owned(serveSse(script));
      return { server, spec: { url: server.url } };
    },
  ] as const,
];

const protocolOf = (era: 'legacy' | 'modern') => (era === 'legacy' ? 'legacy' : '2026-07-28');

/** A change may fall into the moment in which a stream is opened again: it is announced until it shows. */
async function expectListChange(group: SessionGroup, server: ScriptedServer): Promise<void> {
  await eventually('a list change', () => {
    server.setTools(tools('echo', 'new'));
    return group.tools.has('peer__new');
  });
}

async function expectUpdate(
  events: EventLog<GroupEvent | OverflowEvent>,
  server: ScriptedServer,
): Promise<void> {
  await eventually('an update', () => {
    server.resourceUpdated(URI);
    return events.of('resource-updated').length > 0;
  });
}

describe('S8 what a server was asked for, its next connection is asked for again', () => {
  it.each(CASES)('a subscription, the log level, list changes: %s (%s)', async (_place, era, start) => {
    const { server, spec } = await start();
    const group = await connectGroup({
      servers: { peer: spec },
      strict: true,
      protocol: protocolOf(era),
      reconnect: QUICK,
    });
    const events = new EventLog(group);
    await group.subscribeResource(URI);
    await group.setLoggingLevel('warning');
    await group.reconnect();
    await events.until('status', ({ status }) => status.state === 'ready');
    // A server that is told nothing of it would send no update and, in the modern era, no log.
    await group.callTool('peer__log');
    expect(await events.until('log')).toMatchObject({ level: 'warning', data: 'hot' });
    await expectUpdate(events, server);
    await expectListChange(group, server);
  });

  it.each(['legacy', 'modern'] as const)('what was given up is not (%s)', async (era) => {
    const server = local(script);
    const group = await connectGroup({
      servers: { peer: { server } },
      protocol: protocolOf(era),
      reconnect: QUICK,
    });
    const events = new EventLog(group);
    await group.subscribeResource(URI);
    await group.unsubscribeResource(URI);
    await group.reconnect();
    server.resourceUpdated(URI);
    await group.callTool('peer__echo');
    expect(events.of('resource-updated')).toEqual([]);
  });

  it('roots are there for the asking, and a change of them is told', async () => {
    const server = local({ tools: [{ name: 'roots', does: { type: 'roots' } }] });
    let uri = 'file:///before';
    const group = await connectGroup({
      servers: { peer: { server } },
      protocol: 'legacy',
      reconnect: QUICK,
      onRoots: () => [{ uri }],
    });
    await group.reconnect();
    uri = 'file:///after';
    await group.session('peer').sendRootsListChanged();
    const [block] = (await group.callTool('peer__roots')).content;
    expect(JSON.parse(block?.type === 'text' ? block.text : '')).toEqual({ roots: [{ uri }] });
    expect(server.notifications.map(({ method }) => method)).toContain('notifications/roots/list_changed');
  });
});

async function slowHttp(): Promise<{ server: ScriptedHttpServer; proxy: TcpProxy }> {
  // Time in which a request has arrived and is not answered.
  const server = await owned(serveHttp(script, { latencyMs: 150 }));
  const proxy = await TcpProxy.listen({ target: server.url });
  onTestFinished(() => proxy.close());
  return { server, proxy };
}

describe('S8 a network that breaks while a connection stays of use', () => {
  it('the stream of a stateful session is broken before it is open: it is opened again', async () => {
    const { server, proxy } = await slowHttp();
    const connecting = connectGroup({
      servers: { peer: { url: proxy.url, type: 'http' } },
      protocol: 'legacy',
      reconnect: QUICK,
    });
    await eventually('a GET', () => server.httpRequests.some(({ method }) => method === 'GET'));
    proxy.cut();
    const group = await connecting;
    await eventually('readiness', () => group.servers.get('peer')?.state === 'ready');
    await expectListChange(group, server);
  });

  it('the listen stream is broken, and again while it is opened again: it is opened once more', async () => {
    const { server, proxy } = await slowHttp();
    const group = await connectGroup({
      servers: { peer: { url: proxy.url, type: 'http' } },
      protocol: '2026-07-28',
      reconnect: QUICK,
    });
    const listens = (): number =>
      server.httpRequests.filter(({ headers }) => headers['mcp-method'] === 'subscriptions/listen').length;
    expect(listens()).toBe(1);
    proxy.cut();
    await eventually('a second stream', () => listens() === 2);
    proxy.cut();
    await expectListChange(group, server);
  });

  it('a subscription is broken while it is restored: it is restored all the same', async () => {
    const { server, proxy } = await slowHttp();
    const group = await connectGroup({
      servers: { peer: { url: proxy.url, type: 'http' } },
      strict: true,
      protocol: 'legacy',
      reconnect: QUICK,
    });
    const events = new EventLog(group);
    await group.subscribeResource(URI);
    const before = server.httpRequests.length;
    server.expireSessions();
    const call = group.callTool('peer__echo');
    // The lost call, initialize, initialized, the GET stream, and then the subscription.
    await eventually('the subscription to be on its way', () => server.httpRequests.length >= before + 5);
    proxy.cut();
    await call;
    await expectUpdate(events, server);
  });
});

describe('S8 a connection that dies while its state is restored', () => {
  it('is found out by its health checks', async () => {
    const never = gate<object>();
    let lives = 0;
    const server = new RawServer(
      { resources: { subscribe: true } },
      {
        initialize: ({ protocolVersion }) => {
          lives++;
          return {
            protocolVersion,
            capabilities: { resources: { subscribe: true } },
            serverInfo: { name: 'raw', version: '1' },
          };
        },
        'resources/list': () => ({ resources: [{ uri: URI, name: 'one' }] }),
        'resources/templates/list': () => ({ resourceTemplates: [] }),
        // Long enough for a health check to fail meanwhile.
        'resources/subscribe': () => (lives === 2 ? sleep(500, {}) : {}),
        ping: () => (lives === 2 ? never.promise : {}),
      },
    );
    onTestFinished(() => server.close());
    const group = await connectGroup({
      servers: { peer: { server } },
      strict: true,
      protocol: 'legacy',
      reconnect: QUICK,
      health: { intervalMs: 100, timeoutMs: 100, failures: 1 },
    });
    await group.subscribeResource(URI);
    await server.close();
    await eventually('a third life', () => lives === 3);
    await group.ping({ server: 'peer' });
    expect(lives).toBe(3);
  });
});
