import { inspect } from 'node:util';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../src/index.ts';
import { bearer } from '../../src/auth/index.ts';
import { serve } from '../support/loopback.ts';
import { openWith } from '../support/sign-in/protected-server.ts';
import { failureOf } from '../support/failures.ts';

const SECRET = 'open-sesame';

/** An official server that serves whoever has a token that is good now. */
async function startGuarded(isGood: (token: string) => boolean) {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'guarded', version: '1.0.0' });
    server.registerTool('echo', {}, () => ({ content: [] }));
    return server;
  });
  const handle = toNodeHandler(handler);
  onTestFinished(() => handler.close());
  const seen: string[] = [];
  const { url } = await serve(async (request, response, body) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    seen.push(token);
    if (!isGood(token)) {
      response.statusCode = 401;
      response.end();
      return;
    }
    const { method = 'GET', url: path = '/' } = request;
    await handle(
      Object.assign(request, { method, url: path }),
      response,
      body === '' ? undefined : JSON.parse(body),
    );
  });
  return { url, seen };
}

describe('A1 a bearer token', () => {
  it('that is fixed is shown with every request', async () => {
    const server = await startGuarded((token) => token === SECRET);
    const session = await openWith(server.url, bearer(SECRET));
    await session.callTool('echo', {});
    expect(new Set(server.seen)).toEqual(new Set([SECRET]));
  });

  it('that a function knows is asked for with every connection, not with every request', async () => {
    const server = await startGuarded(() => true);
    let asked = 0;
    const auth = bearer(() => `token-${++asked}`);
    for (const _ of [1, 2]) {
      const session = await openWith(server.url, auth);
      await session.callTool('echo', {});
    }
    expect(new Set(server.seen)).toEqual(new Set(['token-1', 'token-2']));
    expect(asked).toBe(2);
  });

  it('that was refused is asked for again, once for all calls', async () => {
    let good = 'token-1';
    const server = await startGuarded((token) => token === good);
    let asked = 0;
    const session = await openWith(
      server.url,
      bearer(async () => `token-${++asked}`),
    );
    good = 'token-2';
    await Promise.all(Array.from({ length: 10 }, () => session.callTool('echo', {})));
    expect(asked).toBe(2);
  });
});

describe('A5 a bearer token that the server refuses', () => {
  it.each([
    ['fixed', bearer(SECRET)],
    ['from a function', bearer(() => SECRET)],
  ])('%s', async (_, auth) => {
    const server = await startGuarded(() => false);
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(SECRET);
  });

  it('from a function that fails', async () => {
    const server = await startGuarded(() => true);
    const auth = bearer(() => Promise.reject(new Error('no keychain')));
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(server.seen).toEqual([]);
  });

  it('is not one at all', async () => {
    expect(() => bearer('')).toThrow('"token" must be a non-empty string');
    const server = await startGuarded(() => true);
    const error = await failureOf(openSession({ url: server.url, auth: bearer(() => '') }));
    expect(error.code).toBe('CONFIG_INVALID');
  });
});
