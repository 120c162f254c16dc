import { createServer } from 'node:net';
import { generateKeyPair, exportJWK, exportPKCS8 } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../src/index.ts';
import { oauth } from '../../src/auth/index.ts';
import { createDeferred } from '../../src/internal/deferred.ts';
import { visit } from '../support/sign-in/browser.mjs';
import { openWith, personWith, startProtected } from '../support/sign-in/protected-server.ts';
import { startResourceServer } from '../support/sign-in/resource-server.ts';
import { failureOf } from '../support/failures.ts';

const answer = (text: string) => ({ content: [{ type: 'text', text }] });

describe('A2 OAuth with a person', () => {
  it('a server that wants a token sends the person to sign in, and serves', async () => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const session = await openWith(server.url, auth);
    expect(await session.callTool('read')).toMatchObject(answer('read'));
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
    expect(server.authorizationServer.registrations).toHaveLength(1);
    expect(events.map(({ type }) => type)).toEqual(['authorize', 'authorized']);
    expect(events.map((event) => event.server)).toEqual([server.url, server.url]);
  });

  it('both eras of the protocol are served with one token', async () => {
    const server = await startProtected();
    const { auth } = personWith();
    for (const protocol of ['legacy', '2026-07-28'] as const) {
      const session = await openWith(server.url, auth, { protocol });
      expect(await session.callTool('read')).toMatchObject(answer('read'));
    }
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
  });

  it('twenty sessions that open at once want one login', async () => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const sessions = await Promise.all(Array.from({ length: 20 }, () => openWith(server.url, auth)));
    expect(sessions).toHaveLength(20);
    expect(events.filter(({ type }) => type === 'authorize')).toHaveLength(1);
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
  });

  it('two servers of one authorization server get tokens of their own, by one login after the other', async () => {
    const one = await startProtected();
    const two = await startResourceServer({ issuer: one.authorizationServer.issuer });
    let open = 0;
    let mostOpen = 0;
    const { auth } = personWith({
      onAuthorize: async (url) => {
        mostOpen = Math.max(mostOpen, ++open);
        await visit(url);
        open--;
      },
    });
    await Promise.all([openWith(one.url, auth), openWith(two.url, auth)]);
    expect(mostOpen).toBe(1);
    expect(one.authorizationServer.grants).toEqual(['authorization_code', 'authorization_code']);
    // The client is registered once for both.
    expect(one.authorizationServer.registrations).toHaveLength(1);
    expect(one.tokens.filter((token) => two.tokens.includes(token))).toEqual([]);
  });

  it('a tool that takes a wider scope has the person asked again, and keeps what was granted', async () => {
    const server = await startProtected({ writeScope: 'mcp:write' });
    const { auth, events } = personWith();
    const session = await openWith(server.url, auth);
    expect(await session.callTool('write')).toMatchObject(answer('write'));
    expect(await session.callTool('read')).toMatchObject(answer('read'));
    const scopes = events.flatMap((event) =>
      event.type === 'authorize' ? [new URL(event.url).searchParams.get('scope')?.split(' ')] : [],
    );
    expect(scopes).toHaveLength(2);
    expect(scopes[0]).not.toContain('mcp:write');
    expect(scopes[1]).toEqual(expect.arrayContaining(['mcp:read', 'mcp:write']));
  });

  it('a person who says no', async () => {
    const server = await startProtected();
    const { auth } = personWith({ onAuthorize: async (url) => void (await visit(url, { refuse: true })) });
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(error.message).toContain('"access_denied"');
    expect(server.authorizationServer.grants).toEqual([]);
  });

  it('a client that the authorization server knows is not registered', async () => {
    const clientId = 'known';
    const redirectPort = await freePort();
    const redirect_uris = [`http://127.0.0.1:${redirectPort}/callback`];
    const clients = [
      {
        client_id: clientId,
        redirect_uris,
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
    ];
    const server = await startProtected({ clients });
    const { auth } = personWith({ clientId, redirectPort });
    await openWith(server.url, auth);
    expect(server.authorizationServer.registrations).toEqual([]);
  });

  it('a registration is used again, unless its port is taken', async () => {
    const server = await startProtected();
    const { auth, events } = personWith();
    const credentials = auth.forServer(server.url);
    await credentials.authorize();
    await credentials.authorize();
    expect(server.authorizationServer.registrations).toHaveLength(1);

    const [first] = events.flatMap((event) => (event.type === 'authorize' ? [new URL(event.url)] : []));
    const redirect = new URL(first?.searchParams.get('redirect_uri') ?? '');
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(Number(redirect.port), '127.0.0.1', resolve));
    onTestFinished(() => void squatter.close());
    await credentials.authorize();
    expect(server.authorizationServer.registrations).toHaveLength(2);
  });

  it('an authorization server that registers nobody', async () => {
    const server = await startProtected({ registration: false });
    const { auth, events } = personWith();
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(events).toEqual([]);
  });

  it('a server whose authorization server is down', async () => {
    const issuer = `http://127.0.0.1:${await freePort()}`;
    const server = await startResourceServer({ issuer });
    const { auth } = personWith();
    const error = await failureOf(openSession({ url: server.url, auth }, { reconnect: false }));
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain('authorization server');
  });
});

describe('A3 a login that nobody began, or that is given up', () => {
  it('without leave to ask anybody the session fails, and opens after authorize()', async () => {
    const server = await startProtected();
    const { auth, events } = personWith({ interactive: false });
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(error.message).toContain('authorize()');
    expect(events).toEqual([]);

    await auth.forServer(server.url).authorize();
    const session = await openWith(server.url, auth);
    expect(await session.callTool('read')).toMatchObject(answer('read'));
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
  });

  it('authorize() asks the server where its metadata are', async () => {
    const server = await startProtected({ metadataPath: '/elsewhere' });
    const { auth } = personWith();
    await auth.forServer(server.url).authorize();
    expect(await auth.forServer(server.url).status()).toMatchObject({ signedIn: true });
  });

  it('ten calls that take a wider scope want one login, and share its failure', async () => {
    const server = await startProtected({ writeScope: 'mcp:write' });
    let asked = 0;
    const { auth } = personWith({
      onAuthorize: async (url) => void (await visit(url, { refuse: ++asked > 1 })),
    });
    const session = await openWith(server.url, auth);
    const calls = Array.from({ length: 10 }, () => failureOf(session.callTool('write')));
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['AUTH_REQUIRED']));
    expect(asked).toBe(2);
    // What was granted before is as good as it was.
    expect(await session.callTool('read')).toMatchObject(answer('read'));
    expect(asked).toBe(2);
  });

  it('a login that is abandoned ends at its time limit and leaves no port open', async () => {
    const server = await startProtected();
    let redirect = '';
    const { auth } = personWith({
      loginTimeoutMs: 300,
      onAuthorize: (url) => {
        redirect = url.searchParams.get('redirect_uri') ?? '';
      },
    });
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(error.message).toContain('nobody signed in within 300 ms');
    await expect(fetch(redirect)).rejects.toThrow('fetch failed');
  });

  it('a login page that cannot be shown', async () => {
    const server = await startProtected();
    const { auth } = personWith({
      onAuthorize: () => {
        throw new Error('no screen');
      },
    });
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect([error.code, error.message]).toEqual(['AUTH_REQUIRED', expect.stringContaining('no screen')]);
  });

  it('whoever stops waiting for a login leaves it to the others', async () => {
    const server = await startProtected();
    const shown = createDeferred<URL>();
    const { auth } = personWith({ onAuthorize: (url) => shown.resolve(url) });
    const credentials = auth.forServer(server.url);
    const impatient = new AbortController();
    const first = failureOfAny(credentials.authorize({ signal: impatient.signal }));
    const url = await shown.promise;
    const second = credentials.onUnauthorized?.({
      response: new Response(null, { status: 401 }),
      serverUrl: new URL(server.url),
      fetchFn: fetch,
    });
    impatient.abort(new Error('bored'));
    expect(await first).toMatchObject({ message: 'bored' });
    await visit(url);
    await second;
    expect(await credentials.status()).toMatchObject({ signedIn: true });
  });

  it('signing out ends a login under way, and forgets the tokens of one that is over', async () => {
    const server = await startProtected();
    const shown = createDeferred<void>();
    const slow = personWith({ onAuthorize: () => shown.resolve() }).auth.forServer(server.url);
    const login = failureOf(slow.authorize());
    await shown.promise;
    await slow.signOut();
    expect((await login).code).toBe('ABORTED');

    const { auth } = personWith();
    const credentials = auth.forServer(server.url);
    await credentials.authorize();
    expect(await credentials.status()).toMatchObject({
      signedIn: true,
      issuer: server.authorizationServer.issuer,
      refreshable: true,
      expiresAt: expect.any(Number),
    });
    await credentials.signOut();
    expect(await credentials.status()).toEqual({ signedIn: false });
    expect(await credentials.token()).toBeUndefined();
  });
});

describe('A2 OAuth without a person', () => {
  const machine = {
    client_id: 'machine',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  };

  it('client credentials', async () => {
    const clients = [{ ...machine, client_secret: 'a-secret-for-the-test' }];
    const server = await startProtected({ clients });
    const auth = oauth({
      grant: 'client_credentials',
      clientId: 'machine',
      clientSecret: 'a-secret-for-the-test',
      issuer: server.authorizationServer.issuer,
      scope: 'mcp:read',
    });
    const session = await openWith(server.url, auth);
    expect(await session.callTool('read')).toMatchObject(answer('read'));
    expect(server.authorizationServer.grants).toEqual(['client_credentials']);
  });

  it('a secret that is wrong', async () => {
    const clients = [{ ...machine, client_secret: 'a-secret-for-the-test' }];
    const server = await startProtected({ clients });
    const auth = oauth({ grant: 'client_credentials', clientId: 'machine', clientSecret: 'another-one' });
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect([error.code, error.message]).toEqual([
      'AUTH_REQUIRED',
      expect.stringContaining('"invalid_client"'),
    ]);
  });

  it('a secret goes to no other authorization server than the one it is for', async () => {
    const server = await startProtected({
      clients: [{ ...machine, client_secret: 'a-secret-for-the-test' }],
    });
    const auth = oauth({
      grant: 'client_credentials',
      clientId: 'machine',
      clientSecret: 'a-secret-for-the-test',
      issuer: 'https://login.example.com',
    });
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect([error.code, error.message]).toEqual(['AUTH_REQUIRED', expect.stringContaining('"issuer"')]);
    expect(server.authorizationServer.refusals).toEqual([]);
    expect(server.authorizationServer.grants).toEqual([]);
  });

  it.each(['a PEM', 'a JWK'])('a private key, as %s', async (form) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] };
    const clients = [
      {
        ...machine,
        jwks,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
      },
    ];
    const server = await startProtected({ clients });
    const key = form === 'a PEM' ? await exportPKCS8(privateKey) : { ...(await exportJWK(privateKey)) };
    const auth = oauth({
      grant: 'client_credentials',
      clientId: 'machine',
      privateKey: { key, algorithm: 'ES256' },
    });
    const session = await openWith(server.url, auth);
    expect(await session.callTool('read')).toMatchObject(answer('read'));
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function failureOfAny(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}
