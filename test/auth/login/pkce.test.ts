import { describe, expect, it } from 'vitest';
import { SessionGroup } from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { openWith, personWith, startProtected } from '../../support/sign-in/protected-server.ts';

const ABSENT: [string, unknown][] = [
  ['are absent', undefined],
  ['are null', null],
  ['are an empty list', []],
  ['are an empty text', ''],
  ['are a number', 256],
  ['are an object', { S256: true }],
  ['are a list of null', [null]],
];

/** A server whose authorization server says this of its code challenge methods. */
async function startWith(methods: unknown, options: Parameters<typeof startProtected>[0] = {}) {
  const server = await startProtected(options);
  server.authorizationServer.alter = (path, body) =>
    path.startsWith('/.well-known/') ? { ...body, code_challenge_methods_supported: methods } : body;
  return server;
}

describe('A2 an authorization server that does not say that it supports PKCE', () => {
  it.each(ABSENT)(
    'is refused when its methods %s, before anything is registered or shown',
    async (_, methods) => {
      const server = await startWith(methods);
      const { auth, events } = personWith();
      const error = await failureOf(auth.forServer(server.url).authorize());
      expect([error.code, error.data]).toEqual([
        'AUTH_REQUIRED',
        expect.objectContaining({ reason: 'pkce_missing', issuer: server.authorizationServer.issuer }),
      ]);
      expect(error.advice).toEqual([{ do: 'set', option: 'allowMissingPkce', value: 'true' }]);
      expect(server.authorizationServer.registrations).toEqual([]);
      expect(events).toEqual([]);
    },
  );

  it.each([[['plain']], ['plain'], [['s256']], [['S512', 'plain']]])(
    'is refused when its methods are %j, whatever is allowed',
    async (methods) => {
      const server = await startWith(methods);
      const { auth } = personWith({ allowMissingPkce: true });
      const error = await failureOf(auth.forServer(server.url).authorize());
      expect(error.data).toMatchObject({ reason: 'pkce_missing' });
      expect(error.message).toContain('"S256"');
      expect(server.authorizationServer.registrations).toEqual([]);
    },
  );

  it.each([[['S256']], [['plain', 'S256', null]], ['S256']])(
    'is asked when its methods are %j',
    async (methods) => {
      const server = await startWith(methods);
      const session = await openWith(server.url, personWith().auth);
      expect(await session.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
    },
  );

  it('is asked where that is allowed, with a challenge', async () => {
    const server = await startWith(undefined);
    const { auth, events } = personWith({ allowMissingPkce: true });
    const session = await openWith(server.url, auth);
    expect(await session.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
    const [shown] = events.flatMap((event) => (event.type === 'authorize' ? [new URL(event.url)] : []));
    expect(shown?.searchParams.get('code_challenge_method')).toBe('S256');
    expect(shown?.searchParams.get('code_challenge')).toMatch(/.{43}/);
  });

  it('is asked for tokens of a grant without a code, which needs no PKCE', async () => {
    const client = {
      client_id: 'machine',
      client_secret: 'a-secret-for-the-test',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    };
    const server = await startWith(undefined, { clients: [client] });
    const { auth } = personWith({
      grant: 'client_credentials',
      clientId: 'machine',
      clientSecret: 'a-secret-for-the-test',
      issuer: server.authorizationServer.issuer,
      scope: 'mcp:read',
    });
    const session = await openWith(server.url, auth);
    expect(await session.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
  });

  it('is refused again on a later login by what was discovered before', async () => {
    const server = await startWith(undefined);
    const credentials = personWith().auth.forServer(server.url);
    await failureOf(credentials.authorize());
    expect((await failureOf(credentials.authorize({ ifNeeded: true }))).data).toMatchObject({
      reason: 'pkce_missing',
    });
  });

  it('is refused, and the other servers of the group notice nothing', async () => {
    const [odd, well] = [await startWith(undefined), await startProtected()];
    const { auth } = personWith();
    const servers = { odd: { url: odd.url, auth }, well: { url: well.url, auth } };
    await using group = await SessionGroup.connect({ servers });
    await expect.poll(() => [...group.tools.keys()]).toEqual(['well__read', 'well__write']);
    await expect.poll(() => group.servers.get('odd')).toMatchObject({ state: 'failed' });
    expect(await group.callTool('well__read')).toMatchObject({ content: [{ text: 'read' }] });
  });
});
