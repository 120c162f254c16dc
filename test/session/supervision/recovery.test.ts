import { describe, expect, it, onTestFinished } from 'vitest';
import type { GroupServerSpec, SessionGroup } from '../../../src/index.ts';
import {
  httpProcess,
  serveHttp,
  serveSse,
  serveWebSocket,
  stdioSpec,
  TcpProxy,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { eventually } from '../../support/eventually.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, tools } from '../../support/servers.ts';
import { QUICK } from './revenants.ts';

const script: ServerScript = {
  tools: [
    ...tools('echo'),
    { name: 'exit', does: { type: 'crash', code: 0 } },
    { name: 'fail', does: { type: 'crash', code: 3 } },
    { name: 'exit-after', does: { type: 'crashAfterAnswer', code: 0 } },
  ],
};

/** A server that can be lost in one way. */
interface Losable {
  readonly spec: GroupServerSpec;
  /** Makes the connection useless, and a new one possible. */
  readonly lose: (group: SessionGroup) => void | Promise<void>;
}

const dies = (tool: string) => async (group: SessionGroup) => {
  await group.callTool(`peer__${tool}`).catch(() => {});
};

function stdioKilledBy(signal: NodeJS.Signals): () => Losable {
  return () => ({
    spec: stdioSpec(script),
    lose(group) {
      const status = group.servers.get('peer');
      if (status?.state !== 'ready' || status.pid === undefined) throw new Error('There is no process');
      process.kill(status.pid, signal);
    },
  });
}

async function proxied(target: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.listen({ target });
  onTestFinished(() => proxy.close());
  return proxy;
}

const HEALTH = { intervalMs: 100, timeoutMs: 200, failures: 2 };

/** Every way in which a connection can be lost. */
const LOSSES: Record<string, (era: 'legacy' | 'modern') => Losable | Promise<Losable>> = {
  'a process that exits with code 0': () => ({ spec: stdioSpec(script), lose: dies('exit') }),
  'a process that exits with code 3': () => ({ spec: stdioSpec(script), lose: dies('fail') }),
  'a process that exits between calls': () => ({ spec: stdioSpec(script), lose: dies('exit-after') }),
  'a process ended by SIGTERM': stdioKilledBy('SIGTERM'),
  'a process ended by SIGKILL': stdioKilledBy('SIGKILL'),
  'a process ended by SIGSEGV': stdioKilledBy('SIGSEGV'),
  'a process that hangs': () => ({
    spec: { ...stdioSpec(script), health: HEALTH },
    lose: (group) =>
      void group
        .session('peer')
        .request({ method: 'testing/control', params: { command: 'hang' } })
        .catch(() => {}),
  }),
  'a server in this process that goes': () => {
    const server = local(script);
    return { spec: { server }, lose: () => server.crash() };
  },
  'a server in this process that hangs': () => {
    const server = local(script);
    return { spec: { server, health: HEALTH }, lose: () => server.hang() };
  },
  'an HTTP server that is killed and started again': async () => {
    const server = await httpProcess(script);
    onTestFinished(() => server.close());
    return {
      spec: { url: server.url, health: HEALTH },
      async lose() {
        await server.kill();
        await server.restart();
      },
    };
  },
  'an HTTP network that stalls': async () => {
    const server = await serveHttp(script);
    onTestFinished(() => server.close());
    const proxy = await proxied(server.url);
    return {
      spec: { url: proxy.url, health: HEALTH },
      async lose(group) {
        proxy.stall();
        await eventually('the stall to be noticed', () => group.servers.get('peer')?.state !== 'ready');
        proxy.resume();
      },
    };
  },
  'a WebSocket that is closed in the orderly way': async () => {
    const server = await serveWebSocket(script);
    onTestFinished(() => server.close());
    return { spec: { url: server.url }, lose: () => server.closeSockets(1001, 'going away') };
  },
  'a WebSocket that is reset': async () => {
    const server = await serveWebSocket(script);
    onTestFinished(() => server.close());
    const proxy = await proxied(server.url);
    return { spec: { url: proxy.url }, lose: () => proxy.cut() };
  },
  'a WebSocket whose network stalls': async () => {
    const server = await serveWebSocket(script);
    onTestFinished(() => server.close());
    const proxy = await proxied(server.url);
    return {
      spec: { url: proxy.url, health: HEALTH },
      async lose(group) {
        proxy.stall();
        await eventually('the stall to be noticed', () => group.servers.get('peer')?.state !== 'ready');
        proxy.resume();
      },
    };
  },
};

/** Ways that only the stateful era has. */
const LEGACY_LOSSES: typeof LOSSES = {
  'an HTTP session that expires': async () => {
    const server = await serveHttp(script);
    onTestFinished(() => server.close());
    return {
      spec: { url: server.url },
      async lose(group) {
        server.expireSessions();
        await group.callTool('peer__echo');
      },
    };
  },
  'an old SSE stream that ends': async () => {
    const server = await serveSse(script);
    onTestFinished(() => server.close());
    return { spec: { url: server.url }, lose: () => server.crash() };
  },
  'an old SSE stream that is reset': async () => {
    const server = await serveSse(script);
    onTestFinished(() => server.close());
    const proxy = await proxied(server.url);
    return { spec: { url: proxy.url }, lose: () => proxy.cut() };
  },
};

const CASES = [
  ...Object.entries(LOSSES).flatMap(([how, make]) =>
    (['legacy', 'modern'] as const).map((era) => [how, era, make] as const),
  ),
  ...Object.entries(LEGACY_LOSSES).map(([how, make]) => [how, 'legacy', make] as const),
];

describe('S8 a group brings a lost server back', () => {
  it.each(CASES)('%s (%s)', async (_how, era, make) => {
    const { spec, lose } = await make(era);
    const protocol = era === 'legacy' ? 'legacy' : '2026-07-28';
    const beside = local({ tools: tools('echo') });
    const group = await connectGroup({
      servers: { peer: { ...spec, protocol }, beside: { server: beside } },
      strict: true,
      reconnect: QUICK,
    });
    const session = group.session('peer');
    const events = new EventLog(group);
    await lose(group);
    const { status } = await events.until(
      'status',
      (event) => event.server === 'peer' && event.status.state === 'ready',
    );
    expect(status).toMatchObject({ state: 'ready', era });
    const states = events.of('status').map((event) => `${event.server} ${event.status.state}`);
    expect(states[0]).toBe('peer reconnecting');
    expect(states.filter((state) => state !== 'peer reconnecting' && state !== 'peer ready')).toEqual([]);
    expect(group.session('peer')).toBe(session);
    expect((await group.callTool('peer__echo', { back: true })).content).toEqual([
      { type: 'text', text: '{"back":true}' },
    ]);
    expect(group.servers.get('beside')?.state).toBe('ready');
    expect(events.of('catalog')).toEqual([]);
  });
});

describe('G11 the catalog of a server that comes back', () => {
  it.each(['legacy', 'modern'] as const)(
    'is fetched again, and one event tells what is new (%s)',
    async (era) => {
      const server = local({ era, tools: tools('kept', 'lost'), prompts: [{ name: 'old' }] });
      const group = await connectGroup({ servers: { peer: { server } }, reconnect: QUICK });
      const events = new EventLog(group);
      await eventually('a quiet group', () => server.running === (era === 'modern' ? 1 : 0));
      server.crash();
      server.setTools(tools('kept', 'new'));
      server.setPrompts([{ name: 'fresh' }]);
      await events.until('catalog');
      await events.until('status', ({ status }) => status.state === 'ready');
      expect([...group.tools.keys()].toSorted()).toEqual(['peer__kept', 'peer__new']);
      await group.refresh();
      expect(events.of('catalog')).toMatchObject([
        {
          server: 'peer',
          diff: {
            tools: { added: ['peer__new'], removed: ['peer__lost'], changed: [] },
            prompts: { added: ['peer__fresh'], removed: ['peer__old'], changed: [] },
          },
        },
      ]);
    },
  );

  it('stays on show while the server is away, and its calls wait', async () => {
    const server = local({ tools: tools('echo'), startDelayMs: 300 });
    const group = await connectGroup({ servers: { peer: { server } }, reconnect: QUICK });
    server.crash();
    await eventually('the loss', () => group.servers.get('peer')?.state === 'reconnecting');
    expect(group.tools.has('peer__echo')).toBe(true);
    expect((await group.callTool('peer__echo', { waited: true })).content).toEqual([
      { type: 'text', text: '{"waited":true}' },
    ]);
  });

  it('is made good when the server is well again, also after a refresh by hand that failed', async () => {
    const server = local({ tools: tools('old') });
    const group = await connectGroup({ servers: { peer: { server } }, timeoutMs: 200 });
    server.setFaults({ ignore: ['tools/list'] });
    await group.refresh({ server: 'peer' });
    expect(group.servers.get('peer')?.listErrors.tools?.code).toBe('TIMEOUT');
    expect([...group.tools.keys()]).toEqual(['peer__old']);
    server.setFaults({ ignore: [] });
    await eventually(
      'a list that could be had',
      () => group.servers.get('peer')?.listErrors.tools === undefined,
    );
  });
});
