import { createHmac } from 'node:crypto';
import { base64url, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGateway, type GatewayOAuth } from '../../../src/gateway/index.ts';
import { openWith, personWith } from '../../support/sign-in/protected-server.ts';
import { startAuthorizationServer } from '../../support/sign-in/authorization-server.mjs';
import { INITIALIZE, listening, openSession, post } from '../support.ts';
import { bearer, callOf, echo, modernCall, signingKey, tokenIssuer, type TokenIssuer } from './support.ts';

const RESOURCE = 'https://mcp.example.com/mcp';

async function guarded(options: Partial<GatewayOAuth> = {}) {
  const issuer = await tokenIssuer(RESOURCE);
  const { gateway, url } = await listening({
    ...echo(),
    auth: { oauth: { issuer: issuer.issuer, resource: RESOURCE, ...options } },
  });
  const status = async (token: string): Promise<number> => {
    const response = await post(url, INITIALIZE, bearer(token));
    await response.text();
    return response.status;
  };
  return { issuer, gateway, url, status };
}

const now = (): number => Math.floor(Date.now() / 1_000);

describe('S3 a resource server of OAuth', () => {
  it('says where tokens are given, and lets in whoever has one', async () => {
    const { issuer, gateway, url } = await guarded({ scopes: ['mcp:use'] });
    const without = await post(url, INITIALIZE);
    expect(without.status).toBe(401);
    const challenge = without.headers.get('www-authenticate');
    const metadataUrl = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp';
    expect(challenge).toContain(`resource_metadata="${metadataUrl}"`);
    expect(challenge).toContain('scope="mcp:use"');
    for (const path of ['', '/', '/mcp', '/mcp/']) {
      const response = await fetch(new URL(`/.well-known/oauth-protected-resource${path}`, url));
      expect(await response.json()).toEqual({
        resource: RESOURCE,
        authorization_servers: [issuer.issuer],
        scopes_supported: ['mcp:use'],
        bearer_methods_supported: ['header'],
      });
    }
    expect((await fetch(new URL('/.well-known/oauth-protected-resource/other', url))).status).toBe(404);
    const token = await issuer.token({ scope: 'other mcp:use', email: 'ada@example.com' });
    const id = await openSession(url, bearer(token));
    expect(gateway.clients.get(id)?.identity).toMatchObject({
      principal: `oauth:${issuer.issuer} ada`,
      scopes: ['other', 'mcp:use'],
      claims: { sub: 'ada', email: 'ada@example.com' },
      expiresAt: expect.any(Number),
    });
    const [body, headers] = modernCall({ a: 1 });
    expect(await (await post(url, body, { ...headers, ...bearer(token) })).text()).toContain('\\"a\\":1');
  });

  it('refuses a token without a scope with 403 that names it', async () => {
    const { issuer, url } = await guarded({ scopes: ['mcp:use', 'mcp:more'] });
    for (const claims of [
      {},
      { scope: 'mcp:use' },
      { scope: 'mcp:use,mcp:more' },
      { scope: 7 },
      { scp: ['mcp:use'] },
    ]) {
      const response = await post(url, INITIALIZE, bearer(await issuer.token(claims)));
      expect(response.status).toBe(403);
      const challenge = response.headers.get('www-authenticate');
      expect(challenge).toContain('error="insufficient_scope"');
      expect(challenge).toContain('scope="mcp:use mcp:more"');
      expect(challenge).toContain('resource_metadata=');
    }
    const enough = await post(url, INITIALIZE, bearer(await issuer.token({ scp: ['mcp:more', 'mcp:use'] })));
    expect(enough.status).toBe(200);
  });

  it('refuses each token that is not good for it, and says nothing of why', async () => {
    const { issuer, gateway, url, status } = await guarded();
    const good = await issuer.token();
    expect(await status(good)).toBe(200);
    const [head = '', payload = '', signature = ''] = good.split('.');
    const json = (value: unknown): string => base64url.encode(JSON.stringify(value));
    const claimsOf = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const stranger = await signingKey('one');
    const elsewhere = await tokenIssuer(RESOURCE);
    const pem = await exportSPKI((await generateKeyPair('ES256')).publicKey);
    const hs = (secret: string): string => {
      const signed = `${json({ alg: 'HS256', kid: 'one', typ: 'at+jwt' })}.${payload}`;
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    };
    const bad: Record<string, string> = {
      'no algorithm': `${json({ alg: 'none' })}.${payload}.`,
      'no algorithm, in other letters': `${json({ alg: 'nOnE', kid: 'one' })}.${payload}.${signature}`,
      'a public key as a secret': hs(JSON.stringify(issuer.key.jwk)),
      'PEM as a secret': hs(pem),
      'no secret': hs(''),
      'a foreign key with a known name': await issuer.token({}, {}, stranger),
      'a key in the header': await issuer.token({}, { jwk: stranger.jwk, kid: undefined } as never, stranger),
      'keys by a URL in the header': await issuer.token(
        {},
        { jku: `${elsewhere.issuer}/jwks` },
        elsewhere.key,
      ),
      'another issuer': await elsewhere.token(),
      'another issuer, under this name': await elsewhere.token({ iss: issuer.issuer }),
      'the issuer with a slash': await issuer.token({ iss: `${issuer.issuer}/` }),
      'no issuer': await issuer.token({ iss: undefined }),
      'an issuer that is a list': await issuer.token({ iss: [issuer.issuer] }),
      'a foreign audience': await issuer.token({ aud: 'https://other.example.com/mcp' }),
      'the audience of the origin': await issuer.token({ aud: 'https://mcp.example.com' }),
      'no audience': await issuer.token({ aud: undefined }),
      'an audience that is an object': await issuer.token({ aud: { [RESOURCE]: true } }),
      expired: await issuer.token({ exp: now() - 30 }),
      'no expiry': await issuer.token({ exp: undefined }),
      'an expiry that is a text': await issuer.token({ exp: String(now() + 100) }),
      'not yet': await issuer.token({ nbf: now() + 30 }),
      'no subject': await issuer.token({ sub: undefined }),
      'an empty subject': await issuer.token({ sub: '' }),
      'a subject that is a number': await issuer.token({ sub: 7 }),
      'bound to a key': await issuer.token({ cnf: { jkt: 'x' } }),
      'another kind of token': await issuer.token({}, { typ: 'logout+jwt' }),
      'a critical header': await new SignJWT(claimsOf)
        .setProtectedHeader({ alg: 'ES256', kid: 'one', crit: ['x'], x: 1 })
        .sign(issuer.key.privateKey, { crit: { x: false } }),
      'other claims': `${head}.${json({ ...claimsOf, sub: 'eve' })}.${signature}`,
      'no signature': `${head}.${payload}.`,
      'a changed signature': `${head}.${payload}.${signature.replace(/^./, (char) => (char === 'A' ? 'B' : 'A'))}`,
      'four parts': `${good}.x`,
      'an opaque token': 'abcdefg',
      'an API key': `plenum_${'0'.repeat(16)}_${'x'.repeat(43)}`,
      'claims that are no JSON': `${head}.${base64url.encode('{')}.${signature}`,
      'claims that are a list': `${head}.${json([])}.${signature}`,
      'claims as deep as can be': `${head}.${base64url.encode('['.repeat(9_000))}.${signature}`,
      encrypted: `${head}.a.b.c.d`,
    };
    for (const [what, token] of Object.entries(bad)) {
      const response = await post(url, INITIALIZE, bearer(token));
      expect(response.status, what).toBe(401);
      expect(await response.text(), what).toBe(
        '{"error":"invalid_token","error_description":"Unauthorized"}',
      );
    }
    expect(gateway.clients.size).toBe(0);
    expect(await status(good)).toBe(200);
  });

  it('refuses 100 kB of claims before it looks at them', async () => {
    const { issuer } = await guarded();
    await using gateway = await createGateway({
      ...echo(),
      hosts: ['mcp.example.com'],
      auth: { oauth: { issuer: issuer.issuer, resource: RESOURCE } },
    });
    const token = await issuer.token({ groups: 'x'.repeat(100_000) });
    issuer.asked.length = 0;
    const headers = { host: 'mcp.example.com', ...bearer(token) };
    const response = await gateway.fetch(new Request(RESOURCE, { method: 'POST', headers, body: '{}' }));
    expect(response.status).toBe(401);
    expect(issuer.asked).toEqual([]);
  });

  it('tolerates a clock that differs a little, within what is allowed', async () => {
    const { issuer, status } = await guarded({ clockToleranceMs: 60_000 });
    expect(await status(await issuer.token({ exp: now() - 20 }))).toBe(200);
    expect(await status(await issuer.token({ nbf: now() + 20 }))).toBe(200);
    expect(await status(await issuer.token({ exp: now() - 90 }))).toBe(401);
    expect(await status(await issuer.token({ nbf: now() + 90 }))).toBe(401);
  });

  it('accepts the algorithms that are allowed, and of those only what signs', async () => {
    const { issuer, status } = await guarded({ algorithms: ['ES384', 'EdDSA'] });
    const keys = await Promise.all(['ES384', 'EdDSA', 'RS256', 'ES256'].map((alg) => signingKey(alg, alg)));
    issuer.jwks = keys.map(({ jwk }) => jwk);
    const statuses = await Promise.all(keys.map(async (key) => status(await issuer.token({}, {}, key))));
    expect(statuses).toEqual([200, 200, 401, 401]);
    for (const algorithms of [['none'], ['HS256'], ['ES256', 'HS512'], 'ES256'])
      await expect(
        createGateway({
          ...echo(),
          auth: { oauth: { issuer: issuer.issuer, algorithms: algorithms as never } },
        }),
      ).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('keys of an authorization server', () => {
  it('are read once for many tokens, and anew when a token names one that is unknown', async () => {
    const { issuer, status } = await guarded();
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, sub) => issuer.token({ sub: String(sub) })),
    );
    expect(new Set(await Promise.all(tokens.map(status)))).toEqual(new Set([200]));
    expect(issuer.asked.filter((path) => path === '/jwks')).toHaveLength(1);
    issuer.key = await signingKey('two');
    issuer.jwks = [issuer.key.jwk];
    expect(await status(await issuer.token())).toBe(200);
    expect(issuer.asked.filter((path) => path === '/jwks')).toHaveLength(2);
  });

  it('are not asked for as often as tokens name unknown ones', async () => {
    const { issuer, status } = await guarded();
    const stranger = await signingKey('x');
    for (let at = 0; at < 40; at++)
      expect(await status(await issuer.token({ at }, { kid: `unknown ${at}` }, stranger))).toBe(401);
    expect(issuer.asked.filter((path) => path === '/jwks').length).toBeLessThan(15);
    expect(await status(await issuer.token())).toBe(200);
  });

  it('that have no name are tried, each', async () => {
    const { issuer, status } = await guarded();
    const keys = await Promise.all(['a', 'b', 'c'].map((kid) => signingKey(kid)));
    issuer.jwks = keys.map(({ jwk: { kid: _, ...jwk } }) => jwk);
    for (const key of keys)
      expect(await status(await issuer.token({ by: key.kid }, { kid: undefined } as never, key))).toBe(200);
    const stranger = await signingKey('d');
    expect(await status(await issuer.token({}, { kid: undefined } as never, stranger))).toBe(401);
  });

  const broken: [string, (issuer: TokenIssuer) => void, string][] = [
    [
      'does not answer well',
      (issuer) => (issuer.answer = (_, to) => (to.writeHead(500).end(), true)),
      'HTTP status 500',
    ],
    [
      'answers with no JSON',
      (issuer) => (issuer.answer = (_, to) => (to.end('<html>'), true)),
      'is not JSON',
    ],
    [
      'redirects',
      (issuer) => (issuer.answer = (_, to) => (to.writeHead(302, { location: '/x' }).end(), true)),
      '',
    ],
    ['breaks off', (issuer) => (issuer.answer = (_, to) => (to.destroy(), true)), ''],
    [
      'never stops',
      (issuer) => (issuer.answer = (_, to) => (to.end('x'.repeat(600_000)), true)),
      'more than',
    ],
    [
      'is another one',
      (issuer) => (issuer.metadata = { issuer: 'https://x.example.com' }),
      'calls itself "https://x.example.com"',
    ],
    ['names no keys', (issuer) => (issuer.metadata = { jwks_uri: undefined }), 'name no key set'],
    [
      'names keys in the clear',
      (issuer) => (issuer.metadata = { jwks_uri: 'http://x.example.com/jwks' }),
      'name no key set',
    ],
    ['names a file', (issuer) => (issuer.metadata = { jwks_uri: 'file:///etc/passwd' }), 'name no key set'],
    ['has keys that are none', (issuer) => (issuer.jwks = 'x' as never), 'its key set is none'],
  ];
  it.each(broken)('cannot be read when it %s: the client is to try again', async (_, spoil, why) => {
    const { issuer, gateway, url } = await guarded();
    spoil(issuer);
    const events = gateway.events();
    const token = await issuer.token();
    const response = await post(url, INITIALIZE, bearer(token));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).not.toBeNull();
    expect(await response.text()).not.toContain(issuer.issuer);
    for await (const event of events) {
      if (event.type !== 'problem') continue;
      expect(event.error.message).toContain(issuer.issuer);
      expect(event.error.message).toContain(why);
      expect(event.error.message).not.toContain(token);
      break;
    }
  });

  it('serve on while the authorization server is down', async () => {
    const { issuer, status } = await guarded();
    expect(await status(await issuer.token({ sub: 'first' }))).toBe(200);
    issuer.answer = (_, response) => (response.destroy(), true);
    expect(await status(await issuer.token({ sub: 'second' }))).toBe(200);
  });

  it('are found by OpenID Connect Discovery, too, and at an issuer with a path', async () => {
    const issuer = await tokenIssuer(RESOURCE);
    const named = `${issuer.issuer}/realms/a`;
    issuer.answer = (request, response) => {
      if (request.url !== '/realms/a/.well-known/openid-configuration') return false;
      response.end(JSON.stringify({ issuer: named, jwks_uri: `${issuer.issuer}/jwks` }));
      return true;
    };
    const { url } = await listening({ ...echo(), auth: { oauth: { issuer: named, resource: RESOURCE } } });
    const response = await post(url, INITIALIZE, bearer(await issuer.token({ iss: named })));
    expect(response.status).toBe(200);
  });
});

describe('a session over OAuth', () => {
  it('goes on with the next token of the same person, and with nobody else’s', async () => {
    const { issuer, gateway, url } = await guarded({ clockToleranceMs: 0 });
    const short = await issuer.token({ exp: now() + 3, scope: 'a' });
    const id = await openSession(url, bearer(short));
    const stream = await fetch(url, {
      headers: { ...bearer(short), 'mcp-session-id': id, accept: 'text/event-stream' },
    });
    expect(stream.status).toBe(200);
    // It ends with the token that opened it.
    expect(await stream.text()).toBe('');
    const over = await post(url, callOf(1), { ...bearer(short), 'mcp-session-id': id });
    expect(over.status).toBe(401);
    expect(over.headers.get('www-authenticate')).toContain('resource_metadata=');
    const next = { ...bearer(await issuer.token({ scope: 'b' })), 'mcp-session-id': id };
    expect(await (await post(url, callOf(2), next)).text()).toContain('"content"');
    expect(gateway.clients.get(id)?.identity.scopes).toEqual(['b']);
    const eve = { ...bearer(await issuer.token({ sub: 'eve' })), 'mcp-session-id': id };
    expect((await post(url, callOf(3), eve)).status).toBe(404);
    expect((await fetch(url, { headers: { ...eve, accept: 'text/event-stream' } })).status).toBe(404);
    expect((await fetch(url, { method: 'DELETE', headers: eve })).status).toBe(404);
  });

  it('I3 belongs to a subject of an issuer: the same name of another issuer is another person', async () => {
    const [one, two] = [await tokenIssuer(RESOURCE), await tokenIssuer(RESOURCE)];
    const { gateway, url } = await listening({
      ...echo(),
      auth: { oauth: { issuer: [one.issuer, two.issuer], resource: RESOURCE } },
    });
    const claims = { sub: 'ada', email: 'ada@example.com', preferred_username: 'ada' };
    const id = await openSession(url, bearer(await one.token(claims)));
    const other = { ...bearer(await two.token(claims)), 'mcp-session-id': id };
    expect((await post(url, callOf(1), other)).status).toBe(404);
    await openSession(url, bearer(await two.token(claims)));
    const principals = [...gateway.clients.values()].map(({ identity }) => identity.principal);
    expect(new Set(principals).size).toBe(2);
    // One issuer cannot speak for the other.
    expect((await post(url, INITIALIZE, bearer(await two.token({ iss: one.issuer })))).status).toBe(401);
  });

  it('is not verified anew at each request', async () => {
    const { issuer, url } = await guarded();
    const token = await issuer.token();
    const id = await openSession(url, bearer(token));
    issuer.jwks = [];
    const [body, headers] = modernCall();
    expect((await post(url, body, { ...headers, ...bearer(token) })).status).toBe(200);
    expect((await post(url, callOf(1), { ...bearer(token), 'mcp-session-id': id })).status).toBe(200);
  });
});

describe('what a token is for', () => {
  it('is the URL that the gateway listens on, when nothing else is said', async () => {
    const issuer = await tokenIssuer();
    const { url } = await listening({ ...echo(), auth: { oauth: { issuer: issuer.issuer } } });
    expect((await post(url, INITIALIZE, bearer(await issuer.token({ aud: url })))).status).toBe(200);
    expect((await post(url, INITIALIZE, bearer(await issuer.token({ aud: [`${url}/`, 'x'] })))).status).toBe(
      200,
    );
    expect((await post(url, INITIALIZE, bearer(await issuer.token({ aud: RESOURCE })))).status).toBe(401);
  });

  it('may be named otherwise', async () => {
    const { issuer, status } = await guarded({ audience: ['api://plenum', 'other'] });
    expect(await status(await issuer.token({ aud: 'api://plenum' }))).toBe(200);
    expect(await status(await issuer.token({ aud: ['x', 'other'] }))).toBe(200);
    expect(await status(await issuer.token({ aud: RESOURCE }))).toBe(401);
  });

  it('must be known', async () => {
    const oauth = { issuer: 'https://id.example.com' };
    await using gateway = await createGateway({ ...echo(), hosts: ['a.test'], auth: { oauth } });
    const option = { code: 'CONFIG_INVALID', data: { option: 'auth.oauth.resource' } };
    await expect(gateway.fetch(new Request('http://a.test/mcp'))).rejects.toMatchObject(option);
    for (const host of ['0.0.0.0', '::'])
      await expect(gateway.listen({ port: 0, host })).rejects.toMatchObject(option);
  });

  it('is decided by options that fit each other', async () => {
    const issuer = 'https://id.example.com';
    for (const oauth of [
      {},
      { issuer: [] },
      { issuer: [issuer, 'https://b.example.com'], jwksUri: 'https://id.example.com/jwks' },
      { issuer: 'http://id.example.com' },
      { issuer: 'ftp://id.example.com' },
      { issuer, resource: 'mcp' },
      { issuer, resource: 'https://a.example.com/mcp#x' },
      { issuer, scopes: ['a b'] },
      { issuer, scope: ['a'] },
      { issuer, clockToleranceMs: 300_001 },
      { issuer, clockToleranceMs: -1 },
      { issuer, clockToleranceMs: Number.NaN },
    ])
      await expect(
        createGateway({ ...echo(), auth: { oauth: oauth as never } }),
        JSON.stringify(oauth),
      ).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

it('OAuth beside a function: tokens of its issuers are its own, others are the function’s', async () => {
  const issuer = await tokenIssuer(RESOURCE);
  const verify = (): { principal: string } => ({ principal: 'by the function' });
  const { gateway, url } = await listening({
    ...echo(),
    auth: { oauth: { issuer: issuer.issuer, resource: RESOURCE }, verify },
  });
  expect((await post(url, INITIALIZE, bearer(await issuer.token({ exp: now() - 90 })))).status).toBe(401);
  const foreign = await new SignJWT({ iss: 'https://x.example.com' })
    .setProtectedHeader({ alg: 'ES256' })
    .sign((await signingKey('x')).privateKey);
  for (const token of [foreign, 'opaque']) {
    const id = await openSession(url, bearer(token));
    expect(gateway.clients.get(id)?.identity.principal).toBe('by the function');
  }
});

it('a person signs in at a real authorization server, and uses the servers', async () => {
  const authorizationServer = await startAuthorizationServer();
  onTestFinished(() => authorizationServer.stop());
  const { issuer } = authorizationServer;
  const { gateway, url } = await listening({ ...echo(), auth: { oauth: { issuer, scopes: ['mcp:read'] } } });
  const { auth } = personWith();
  const session = await openWith(url, auth);
  const result = await session.callTool('s__echo', { hello: 'there' });
  expect(JSON.stringify(result)).toContain('there');
  for (const { identity } of gateway.clients.values())
    expect(identity.principal).toBe(`oauth:${issuer} somebody`);
});
