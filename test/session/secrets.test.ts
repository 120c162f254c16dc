import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { SessionTarget } from '../../src/index.ts';
import {
  serveHttp,
  serveSse,
  serveWebSocket,
  stdioSpec,
  type ServerScript,
  type WhoAmI,
} from '../../src/testing/index.ts';
import { unusedOrigin } from '../support/loopback.ts';
import { open, openFailure, type OpenedSession } from './support/open.ts';
import { failureOf } from '../support/failures.ts';
import { jsonOf } from '../support/results.ts';

const SECRET = 'hush-5ecret-c0ffee';
const script: ServerScript = {
  tools: [
    { name: 'whoami', does: { type: 'whoami' } },
    { name: 'crash', does: { type: 'crash' } },
    { name: 'hang', does: { type: 'hang' } },
    { name: 'refused', does: { type: 'rpcError', code: -32000, message: 'no' } },
  ],
};

/** All that a program could print of a value: messages, fields and causes. */
function printed(value: unknown): string {
  return inspect(value, { depth: 12, showHidden: false, maxStringLength: 100_000 });
}

/** Lets everything go wrong that can, and returns all errors and events. */
async function everythingSeen({ session, events }: OpenedSession): Promise<string> {
  const errors = [
    await failureOf(session.callTool('refused')),
    await failureOf(session.callTool('hang', {}, { timeoutMs: 50 })),
    await failureOf(session.callTool('crash')),
  ];
  await session.callTool('whoami').catch(() => {});
  const { status, name, serverInfo } = session;
  await session.destroy(new Error('over'));
  errors.push(await failureOf(session.ping()));
  return printed({ errors, events, status, name, serverInfo });
}

describe('S14 secrets stay out of errors and events', () => {
  it('variables of a process', async () => {
    const opened = await open({ ...stdioSpec(script), env: { API_KEY: SECRET } });
    expect((jsonOf(await opened.session.callTool('whoami')) as WhoAmI).env?.['API_KEY']).toBe(SECRET);
    expect(await everythingSeen(opened)).not.toContain(SECRET);
  });

  it('variables of a process that does not start, or dies at once', async () => {
    const env = { API_KEY: SECRET };
    const errors = [
      await openFailure({ command: 'no-such-program-anywhere', env }),
      await openFailure({ ...stdioSpec({ faults: { exitAtStart: { code: 2 } } }), env }),
      await openFailure(
        { ...stdioSpec({ faults: { neverInitialize: true } }), env },
        { connectTimeoutMs: 200 },
      ),
    ];
    expect(printed(errors)).not.toContain(SECRET);
  });

  it.each([
    { over: 'HTTP', type: 'http', serve: serveHttp },
    { over: 'SSE', type: 'sse', serve: serveSse },
    { over: 'WebSocket', type: 'websocket', serve: serveWebSocket },
  ] as const)('headers, over $over', async ({ type, serve }) => {
    await using server = await serve(script);
    const headers = { authorization: `Bearer ${SECRET}`, 'x-api-key': SECRET };
    const opened = await open(
      { url: server.url, type, headers },
      { protocol: 'legacy', reconnect: { delayMs: 10 } },
    );
    const { headers: sent } = jsonOf(await opened.session.callTool('whoami')) as WhoAmI;
    expect(sent?.['x-api-key']).toBe(SECRET);
    expect(await everythingSeen(opened)).not.toContain(SECRET);
  });

  it.each(['http', 'sse', 'websocket'] as const)('headers of a %s server that is not there', async (type) => {
    const origin = (await unusedOrigin()).replace('http', type === 'websocket' ? 'ws' : 'http');
    const target: SessionTarget = { url: origin, type, headers: { 'x-api-key': SECRET } };
    expect(printed(await openFailure(target))).not.toContain(SECRET);
  });

  it('headers of a server that refuses them', async () => {
    for (const status of [401, 403, 404, 500]) {
      await using server = await serveHttp({ faults: { httpStatus: { status } } });
      const error = await openFailure({ url: server.url, headers: { 'x-api-key': SECRET } });
      expect(printed(error)).not.toContain(SECRET);
    }
  });

  it('a key in the query or the user part of a URL, in messages and names', async () => {
    const url = new URL(await unusedOrigin());
    url.searchParams.set('key', SECRET);
    const error = await openFailure({ url });
    expect(error.message).not.toContain(SECRET);
    const withUser = new URL(await unusedOrigin());
    withUser.username = 'me';
    withUser.password = SECRET;
    expect((await openFailure({ url: withUser })).message).not.toContain(SECRET);
  });
});
