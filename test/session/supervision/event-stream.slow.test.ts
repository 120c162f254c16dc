import { describe, expect, it, onTestFinished } from 'vitest';
import { serveHttp, TcpProxy, type ScriptedHttpServer } from '../../../src/testing/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { eventually } from '../../support/eventually.ts';
import { connectGroup } from '../../support/groups.ts';
import { tools } from '../../support/servers.ts';
import { QUICK } from './revenants.ts';

const slow = { name: 'slow', does: { type: 'slow' as const, ms: 2_000 } };

async function behindProxy(): Promise<{ server: ScriptedHttpServer; proxy: TcpProxy }> {
  const server = await serveHttp({ tools: [...tools('echo'), slow] }, { answers: 'sse', retryMs: 100 });
  onTestFinished(() => server.close());
  const proxy = await TcpProxy.listen({ target: server.url });
  onTestFinished(() => proxy.close());
  return { server, proxy };
}

const gets = (server: ScriptedHttpServer) => server.httpRequests.filter(({ method }) => method === 'GET');

describe('S8 the event stream of a stateful session', () => {
  it('is broken together with that of a call, and both again: the call is answered, changes are heard', async () => {
    const { server, proxy } = await behindProxy();
    const group = await connectGroup({
      servers: { peer: { url: proxy.url, type: 'http' } },
      strict: true,
      protocol: 'legacy',
      reconnect: QUICK,
    });
    await eventually('the stream', () => gets(server).length === 1);
    const call = group.callTool('peer__slow', { word: 'hello' });
    await eventually('the call', () => server.running === 1);
    for (const streams of [3, 5]) {
      await group.ping({ server: 'peer' }); // By its answer, what came before has arrived.
      proxy.cut();
      await eventually('both streams again', () => gets(server).length >= streams);
    }
    expect(await call).not.toHaveProperty('isError', true);
    const resumed = gets(server).filter(({ headers }) => headers['last-event-id'] !== undefined);
    expect(resumed.length).toBeGreaterThanOrEqual(2);
    await eventually('a list change', () => {
      server.setTools(tools('echo', 'new'));
      return group.tools.has('peer__new');
    });
    expect(server.sessions).toHaveLength(1);
  });

  it('is served no more: the connection is replaced, and what changed meanwhile shows', async () => {
    const { server, proxy } = await behindProxy();
    const group = await connectGroup({
      servers: { peer: { url: proxy.url, type: 'http' } },
      strict: true,
      protocol: 'legacy',
      reconnect: QUICK,
    });
    const events = new EventLog(group);
    await eventually('the stream', () => gets(server).length === 1);
    server.setFaults({ httpStatus: { status: 405, httpMethod: 'GET' } });
    server.breakStreams();
    server.setTools(tools('echo', 'new'));
    await events.until('status', ({ status }) => status.state === 'ready');
    await eventually('the new tool', () => group.tools.has('peer__new'));
    expect(await group.callTool('peer__new')).not.toHaveProperty('isError', true);
    await eventually('the end of the session before', () => server.sessions.length === 1);
  });
});
