import { describe, expect, it } from 'vitest';
import {
  httpProcess,
  TcpProxy,
  serveHttp,
  serveSse,
  serveWebSocket,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { ERAS, open } from '../support/open.ts';
import { WAYS } from '../support/transports.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf } from '../../support/results.ts';

const script: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'hang', does: { type: 'hang' } },
    { name: 'crash', does: { type: 'crash' } },
    { name: 'last-gasp', does: { type: 'crashAfterAnswer' } },
  ],
};

/** Far beyond what any of this takes, and far below the timeout of a request. */
const SOON_MS = 10_000;

const cases = WAYS.flatMap((way) => ERAS.map((era) => ({ ...way, ...era }))).filter(
  // The old SSE transport is older than the new era.
  ({ over, era }) => over !== 'SSE' || era === 'legacy',
);

describe.each(cases)('S17 a server that dies, over $over, $era', ({ protocol, start }) => {
  it('fails the calls that wait for it, soon and truly', { timeout: SOON_MS }, async () => {
    const { session } = await open(await start(script), { protocol, reconnect: false });
    const hanging = Array.from({ length: 3 }, () => failureOf(session.callTool('hang')));
    await session.callTool('echo');
    const errors = await Promise.all([...hanging, failureOf(session.callTool('crash'))]);
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', server: 'tested', maybeExecuted: true });
    }
  });

  it('makes an error that says what was being done, and where', { timeout: SOON_MS }, async () => {
    const { session } = await open(await start(script), { protocol, reconnect: false });
    const { message } = await failureOf(session.callTool('crash'));
    expect(message).toContain('"crash"');
    expect(message).toContain('"tested"');
  });

  it('is replaced, and later calls work', { timeout: SOON_MS }, async () => {
    const { session } = await open(await start(script), { protocol, reconnect: { delayMs: 10 } });
    expect((await failureOf(session.callTool('crash'))).code).toBe('CONNECTION_LOST');
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
    expect(session.status.state).toBe('ready');
  });

  it('right after its answer costs nobody that answer', { timeout: SOON_MS }, async () => {
    const { session } = await open(await start(script), { protocol, reconnect: { delayMs: 10 } });
    expect(jsonOf(await session.callTool('last-gasp', { a: 1 }))).toEqual({ a: 1 });
    await expect
      .poll(() => session.callTool('echo', { b: 2 }).then(jsonOf, () => undefined))
      .toEqual({
        b: 2,
      });
  });
});

describe('S17 a server whose process is killed', () => {
  it.each(ERAS.flatMap((era) => (['json', 'sse'] as const).map((answers) => ({ ...era, answers }))))(
    'HTTP with $answers answers, $era',
    async ({ protocol, answers }) => {
      await using server = await httpProcess(script, { answers });
      const { session } = await open(server.url, {
        protocol,
        reconnect: { delayMs: 10, maxDelayMs: 50 },
      });
      const call = failureOf(session.callTool('hang'));
      await session.callTool('echo');
      await server.kill();
      expect(await call).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });

      // Nobody listens: a call waits no longer than it may.
      const early = await failureOf(session.callTool('echo', {}, { timeoutMs: 300 }));
      expect(['TIMEOUT', 'CONNECTION_LOST']).toContain(early.code);

      await server.restart();
      await expect
        .poll(() => session.callTool('echo', { a: 1 }).then(jsonOf, () => undefined))
        .toEqual({
          a: 1,
        });
    },
  );
});

describe('S17 a network that breaks', () => {
  it.each([
    { over: 'HTTP', type: 'http', serve: serveHttp },
    { over: 'SSE', type: 'sse', serve: serveSse },
    { over: 'WebSocket', type: 'websocket', serve: serveWebSocket },
  ] as const)('$over: connections that are reset fail their calls', async ({ type, serve }) => {
    await using server = await serve(script);
    const proxy = await TcpProxy.listen({ target: server.url });
    await using _closing = { [Symbol.asyncDispose]: () => proxy.close() };
    const { session } = await open(
      { url: proxy.url, type },
      { protocol: 'legacy', reconnect: { delayMs: 10 } },
    );
    const call = failureOf(session.callTool('hang'));
    await session.callTool('echo');
    proxy.cut();
    expect(await call).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });
});
