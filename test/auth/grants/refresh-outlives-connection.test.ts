import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession, SessionGroup, type Session } from '../../../src/index.ts';
import { createDeferred } from '../../../src/internal/deferred.ts';
import { openWith, personWith, startProtected } from '../../support/sign-in/protected-server.ts';

type Ending = (session: Session) => Promise<void>;

const ENDINGS: [string, Ending][] = [
  ['is destroyed', (session) => session.destroy()],
  ['is destroyed for a reason', (session) => session.destroy(new Error('bored'))],
  ['is disposed of while it drains', async (session) => void session.close()],
];

/** Holds the next request to the token endpoint until `release` is called. */
function holdTokenRequest(server: Awaited<ReturnType<typeof startProtected>>) {
  const arrived = createDeferred<void>();
  const { promise, resolve: release } = createDeferred<void>();
  server.authorizationServer.onTokenRequest = async () => {
    arrived.resolve();
    await promise;
  };
  return { arrived: arrived.promise, release };
}

describe('A4 a refresh at an authorization server on the origin of the MCP server', () => {
  it.each([true, false])('outlives the connection that began it (on one origin: %s)', async (onOneOrigin) => {
    for (const [, end] of ENDINGS) {
      const server = await startProtected({ onOneOrigin });
      const { auth, events } = personWith();
      const session = await openWith(server.url, auth);
      server.expireTokens();
      const { arrived, release } = holdTokenRequest(server);
      const call = session.callTool('read').catch((error: unknown) => error);
      await arrived;
      const ended = end(session);
      release();
      await ended;
      await session.destroy();
      await call;
      await expect.poll(() => events.map(({ type }) => type)).toContain('refreshed');

      const next = await openWith(server.url, auth);
      expect(await next.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
      // The new refresh token was kept: with the old one, which was used, all tokens would have been revoked.
      server.expireTokens();
      await next.callTool('read');
      expect(server.authorizationServer.grants).toEqual([
        'authorization_code',
        'refresh_token',
        'refresh_token',
      ]);
      expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(1);
    }
  });

  it('sends the headers of the spec, which a gateway in front of both may want', async () => {
    const server = await startProtected({ onOneOrigin: true });
    const { authorizationServer } = server;
    const keys: unknown[] = [];
    const { serveElse } = authorizationServer;
    authorizationServer.serveElse = (request, response) => {
      if (request.url === '/token') keys.push(request.headers['x-gateway-key']);
      return serveElse(request, response);
    };
    const { auth } = personWith();
    const session = await openSession({ url: server.url, auth, headers: { 'x-gateway-key': 'k' } });
    onTestFinished(() => session.destroy());
    server.expireTokens();
    await session.callTool('read');
    expect(keys.at(-1)).toBe('k');
  });

  it('leaves the other servers of the group alone when its server is removed', async () => {
    const [one, two] = [await startProtected({ onOneOrigin: true }), await startProtected()];
    const { auth, events } = personWith();
    const servers = { one: { url: one.url, auth }, two: { url: two.url, auth } };
    await using group = await SessionGroup.connect({ servers });
    await expect.poll(() => group.tools.size).toBe(4);
    one.expireTokens();
    const { arrived, release } = holdTokenRequest(one);
    const call = group.callTool('one__read').catch((error: unknown) => error);
    await arrived;
    const removed = group.remove('one');
    release();
    await Promise.all([removed, call]);
    await expect.poll(() => events.map(({ type }) => type)).toContain('refreshed');
    expect(await group.callTool('two__read')).toMatchObject({ content: [{ text: 'read' }] });
    expect(await auth.forServer(one.url).status()).toMatchObject({ signedIn: true, refreshable: true });
  });
});
