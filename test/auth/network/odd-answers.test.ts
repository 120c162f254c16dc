import {
  discoverAuthorizationServerMetadata,
  exchangeAuthorization,
  registerClient,
  type FetchLike,
} from '@modelcontextprotocol/client';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionGroup } from '../../../src/index.ts';
import { readLeniently } from '../../../src/auth/network/lenient-answers.ts';
import { failureOf } from '../../support/failures.ts';
import { serve } from '../../support/loopback.ts';
import { openWith, personWith, startProtected } from '../../support/sign-in/protected-server.ts';

type Body = Record<string, unknown>;

const isMetadata = (path: string): boolean => path.startsWith('/.well-known/');

/** Sets the members that `names` has and that nobody needs. */
const setting = (names: readonly string[], value: unknown): Body =>
  Object.fromEntries(names.map((name) => [name, value]));

const OPTIONAL_METADATA = [
  'scopes_supported',
  'response_types_supported',
  'response_modes_supported',
  'grant_types_supported',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'service_documentation',
  'op_policy_uri',
  'op_tos_uri',
  'revocation_endpoint',
  'revocation_endpoint_auth_methods_supported',
  'introspection_endpoint',
  'introspection_endpoint_auth_methods_supported',
  'introspection_endpoint_auth_signing_alg_values_supported',
  'client_id_metadata_document_supported',
  'dpop_signing_alg_values_supported',
  'claims_supported',
  'ui_locales_supported',
  'userinfo_endpoint',
];
const OPTIONAL_TOKENS = [
  'expires_in',
  'scope',
  'refresh_token',
  'id_token',
  'token_type',
  'issuer',
  'error_uri',
];
const OPTIONAL_REGISTRATION = [
  'client_secret',
  'client_id_issued_at',
  'client_secret_expires_at',
  'token_endpoint_auth_method',
  'grant_types',
  'response_types',
  'client_name',
  'client_uri',
  'logo_uri',
  'scope',
  'contacts',
  'tos_uri',
  'policy_uri',
  'jwks_uri',
  'software_id',
  'software_version',
  'software_statement',
  'application_type',
  'redirect_uris',
];

describe('A2 the issuer of an authorization server and a slash', () => {
  it.each([
    ['named without one, and its metadata have one', true],
    ['named with one, and its metadata have none', false],
  ])('%s', async (_, slash) => {
    const server = await startProtected({
      slash,
      metadata: () => ({ authorization_servers: [slash ? withoutSlash(server) : `${issuerOf(server)}/`] }),
    });
    const session = await openWith(server.url, personWith().auth);
    expect(await session.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
    server.expireTokens();
    await session.callTool('read');
    expect(server.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
  });

  it('the option "issuer" may have one or none', async () => {
    const server = await startProtected();
    const { auth } = personWith({ issuer: `${issuerOf(server)}/` });
    const session = await openWith(server.url, auth);
    expect(await session.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
  });

  it('the resource of a server may have one, too', async () => {
    const server = await startProtected({ metadata: (url) => ({ resource: `${url}/` }) });
    const { auth } = personWith({ loginTimeoutMs: 2_000, onAuthorize: (url) => void asked.push(url) });
    const asked: URL[] = [];
    const error = await failureOf(auth.forServer(server.url).authorize());
    expect(error.data).toMatchObject({ reason: 'login_abandoned' });
    expect(asked.map((url) => url.searchParams.get('resource'))).toEqual([`${server.url}/`]);
  });

  it.each(['https://login.example.com', 'http://127.0.0.1:1/', 'an issuer without a scheme'])(
    'another one, %s, is refused, and the message names both',
    async (told) => {
      const server = await startProtected();
      server.authorizationServer.alter = (path, body) =>
        isMetadata(path) ? { ...body, issuer: told } : body;
      const error = await failureOf(personWith().auth.forServer(server.url).authorize());
      expect([error.code, error.data]).toEqual([
        'AUTH_REQUIRED',
        expect.objectContaining({ reason: 'issuer_mismatch' }),
      ]);
      expect(error.message).toContain(`"${issuerOf(server)}"`);
      expect(error.message).toContain(`"${told}"`);
    },
  );

  it('one that the option "issuer" does not allow is refused, and the message names both', async () => {
    const server = await startProtected();
    const { auth } = personWith({ issuer: 'https://login.example.com/tenant' });
    const error = await failureOf(auth.forServer(server.url).authorize());
    expect(error.message).toContain(`"${issuerOf(server)}"`);
    expect(error.message).toContain('"https://login.example.com/tenant"');
  });
});

describe('A2 odd members in answers of an authorization server', () => {
  it.each([null, ''])(
    'a login, calls and a refresh succeed with every member %j that is not needed',
    async (odd) => {
      const server = await startProtected({
        metadata: () => ({ ...setting(['jwks_uri', 'resource_name', 'resource_documentation'], odd) }),
      });
      server.authorizationServer.alter = (path, body) => {
        // This server gives a refresh token only to whoever asks for a scope that its metadata name.
        const { scopes_supported } = body;
        if (isMetadata(path)) return { ...body, ...setting(OPTIONAL_METADATA, odd), scopes_supported };
        if (path === '/reg') {
          const { client_secret, token_endpoint_auth_method } = body;
          return {
            ...body,
            ...setting(OPTIONAL_REGISTRATION, odd),
            client_secret,
            token_endpoint_auth_method,
          };
        }
        if (path !== '/token') return body;
        const { access_token, refresh_token } = body;
        return { ...setting(OPTIONAL_TOKENS, odd), access_token, refresh_token };
      };
      const { auth } = personWith();
      const session = await openWith(server.url, auth);
      server.expireTokens();
      expect(await session.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
      expect(server.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
      expect(await auth.forServer(server.url).status()).toMatchObject({ signedIn: true, refreshable: true });
    },
  );

  it('a refresh without a new refresh token, which is null, keeps the old one', async () => {
    const server = await startProtected();
    const { auth } = personWith();
    const session = await openWith(server.url, auth);
    server.expireTokens();
    const answer = { access_token: 'new', token_type: 'Bearer', refresh_token: null, expires_in: null };
    server.authorizationServer.tokenAnswers.push({ status: 200, body: JSON.stringify(answer) });
    // The server does not know this token.
    await failureOf(session.callTool('read'));
    expect(await session.callTool('read')).toMatchObject({ content: [{ text: 'read' }] });
    expect(server.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
  });

  it.each(['access_token', 'token_endpoint'])('without "%s" the message names it', async (name) => {
    const server = await startProtected();
    server.authorizationServer.alter = (_, body) => ({ ...body, ...(name in body && { [name]: null }) });
    const error = await failureOf(personWith().auth.forServer(server.url).authorize());
    expect([error.code, error.message]).toEqual(['AUTH_REQUIRED', expect.stringContaining(`"${name}"`)]);
  });

  it('the other servers of the group notice nothing of one that cannot be used', async () => {
    const [odd, well] = [await startProtected(), await startProtected()];
    odd.authorizationServer.alter = (path, body) =>
      path === '/token' ? { ...body, access_token: null } : body;
    const { auth } = personWith();
    const servers = { odd: { url: odd.url, auth }, well: { url: well.url, auth } };
    await using group = await SessionGroup.connect({ servers });
    await expect.poll(() => [...group.tools.keys()]).toEqual(['well__read', 'well__write']);
    await expect.poll(() => group.servers.get('odd')).toMatchObject({ state: 'failed' });
    expect(await group.callTool('well__read')).toMatchObject({ content: [{ text: 'read' }] });
  });
});

describe('A2 whatever stands in a member that is not needed', () => {
  const anything = fc.oneof(
    fc.constantFrom(null, '', ' ', 0, -1, true, 'x', 'true', [], [null], ['x', null, 3], {}, { a: null }),
    fc.jsonValue(),
  );
  const odd = (names: readonly string[]) =>
    fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 6 });
  const issuer = 'https://login.example.com';
  const answering = (body: Body): FetchLike => readLeniently(async () => Response.json(body));

  it('metadata are read', async () => {
    await fc.assert(
      fc.asyncProperty(odd(OPTIONAL_METADATA), async (members) => {
        const needed = {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          code_challenge_methods_supported: ['S256', null],
        };
        const fetchFn = answering({ ...members, ...needed });
        expect(await discoverAuthorizationServerMetadata(issuer, { fetchFn })).toMatchObject({
          ...needed,
          code_challenge_methods_supported: ['S256'],
        });
      }),
    );
  });

  it('tokens are read', async () => {
    await fc.assert(
      fc.asyncProperty(odd(OPTIONAL_TOKENS), async (members) => {
        const tokens = await exchangeAuthorization(issuer, {
          clientInformation: { client_id: 'x' },
          authorizationCode: 'code',
          codeVerifier: 'verifier',
          redirectUri: 'http://127.0.0.1/callback',
          fetchFn: answering({ ...members, access_token: 'a-token' }),
        });
        expect(tokens.access_token).toBe('a-token');
        expect(tokens.expires_in ?? 1).toBeGreaterThan(0);
        expect(tokens.refresh_token).not.toBe('');
      }),
    );
  });

  it('a registration is read, and has the redirect URIs that were asked for', async () => {
    const redirect_uris = ['http://127.0.0.1:1234/callback'];
    await fc.assert(
      fc.asyncProperty(odd(OPTIONAL_REGISTRATION), async (members) => {
        const { redirect_uris: _, ...rest } = members;
        const client = await registerClient(issuer, {
          clientMetadata: { redirect_uris },
          fetchFn: answering({ ...rest, client_id: 'x' }),
        });
        expect(client).toMatchObject({ client_id: 'x', redirect_uris });
      }),
    );
  });

  it('what is no object of JSON goes on as it is', async () => {
    const bodies = ['', 'null', '[1]', '"text"', '<html>', '{'];
    const server = await serve(
      (request, response) => void response.end(bodies[Number(request.url?.slice(1))]),
    );
    for (const [index, body] of bodies.entries()) {
      const response = await readLeniently(fetch)(`${server.origin}/${index}`);
      expect(await response.text()).toBe(body);
    }
  });
});

function issuerOf(server: Awaited<ReturnType<typeof startProtected>>): string {
  return server.authorizationServer.issuer;
}

function withoutSlash(server: Awaited<ReturnType<typeof startProtected>>): string {
  return issuerOf(server).replace(/\/$/, '');
}
