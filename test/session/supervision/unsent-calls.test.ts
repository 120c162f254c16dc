import { describe, expect, it, onTestFinished } from 'vitest';
import { PlenumError } from '../../../src/index.ts';
import { httpProcess } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf, rejectionOf } from '../../support/failures.ts';
import { tools } from '../../support/servers.ts';
import { reply, serveWebSocket } from '../../transport/support/websocket-server.ts';
import { open } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';
import { QUICK } from './revenants.ts';

describe('C13 a call that cannot be sent', () => {
  it('waits for its own time limit only, and is not sent', async () => {
    const server = await httpProcess({ tools: tools('echo') });
    onTestFinished(() => server.close());
    const { session } = await open(server.url, { protocol: 'legacy', reconnect: QUICK });
    await server.kill();
    const error = await failureOf(session.callTool('echo', {}, { timeoutMs: 300 }));
    // A socket that was kept alive may take the call before its end is noticed.
    expect(['TIMEOUT', 'CONNECTION_LOST']).toContain(error.code);
    const next = await failureOf(session.callTool('echo', {}, { timeoutMs: 300 }));
    expect(next).toMatchObject({ code: 'TIMEOUT', maybeExecuted: false });
  });

  it('ends with its signal', async () => {
    const server = await httpProcess({ tools: tools('echo') });
    onTestFinished(() => server.close());
    const { session } = await open(server.url, { protocol: 'legacy', reconnect: QUICK });
    await server.kill();
    await rejectionOf(session.callTool('echo', {}, { timeoutMs: 300 }));
    const controller = new AbortController();
    const call = failureOf(session.callTool('echo', {}, { signal: controller.signal }));
    controller.abort();
    expect(await call).toMatchObject({ code: 'ABORTED', maybeExecuted: false });
  });

  it('over a WebSocket that its server closes and does not end waits for two seconds, not for thirty', async () => {
    let lives = 0;
    let closing = false;
    const server = await serveWebSocket((message, socket) => {
      if (message.method !== 'tools/call') return reply(socket, message, {});
      if (++lives > 1) return reply(socket, message, { content: [] });
      socket.close(1001);
      // The library sees neither the answer to that nor the client's end, so the connection stays half closed.
      const wire = server.handshakes[0]?.socket.removeAllListeners('data').removeAllListeners('end');
      wire?.on('data', () => {
        closing = true;
      });
    });
    const { session } = await open(server.url, { protocol: 'legacy', reconnect: QUICK });
    const first = failureOf(session.callTool('any'));
    await eventually('the answer to the close', () => closing);
    const second = session.callTool('any', {}, { timeoutMs: 20_000 });
    expect(await first).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(await second).toEqual({ content: [] });
  });

  it('fails when its session closes', async () => {
    const server = new RawServer();
    let reachable = true;
    const transport = async () => {
      if (!reachable) throw new Error('no way');
      return server.spec.transport();
    };
    const { session } = await open({ transport }, { protocol: 'legacy', reconnect: QUICK });
    reachable = false;
    const call = server.drop().then(() => session.callTool('any'));
    const failure = failureOf(call);
    await eventually('the loss', () => session.status.state === 'reconnecting');
    await session.close();
    expect(await failure).toMatchObject({ code: 'SESSION_CLOSED', maybeExecuted: false });
  });

  it('by a transport that is disturbed for a moment is sent over the same connection', async () => {
    const server = new RawServer(({ method }) => (method === 'tools/call' ? { content: [] } : undefined));
    let refusals = 3;
    const transport = async () => {
      const inner = await server.spec.transport();
      const send = inner.send.bind(inner);
      inner.send = (message) => {
        if (!('method' in message) || message.method !== 'tools/call' || refusals-- <= 0)
          return send(message);
        return Promise.reject(
          new PlenumError('CONNECTION_LOST', 'No socket is free.', { maybeExecuted: false }),
        );
      };
      return inner;
    };
    const { session, states } = await open({ transport }, { protocol: 'legacy', reconnect: QUICK });
    expect(await session.callTool('any')).toEqual({ content: [] });
    expect(server.requests('tools/call')).toHaveLength(1);
    expect(server.connections).toBe(1);
    expect(states()).toEqual([]);
  });
});
