import { describe, expect, it } from 'vitest';
import { openSession } from '../../../src/index.ts';
import { oauth, type OAuthOptions } from '../../../src/auth/index.ts';
import type { FetchLike } from '@modelcontextprotocol/client';
import { serve, type Loopback } from '../../support/loopback.ts';
import { personWith, startProtected } from '../../support/sign-in/protected-server.ts';
import { failureOf } from '../../support/failures.ts';

/** What an authorization server says of itself; nobody checks that it is true. */
type Metadata = Record<string, unknown>;

interface Claims {
  /** Replaces or adds to the metadata. */
  metadata?: (origin: string) => Metadata;
  /** What the browser brings back beside the code. */
  callback?: (origin: string) => Record<string, string>;
}

/** An authorization server that says what it likes, and gives a token to whoever asks. */
async function startImpostor({ metadata = () => ({}), callback = () => ({}) }: Claims): Promise<Loopback> {
  const server: Loopback = await serve((request, response) => {
    const url = new URL(request.url ?? '/', server.origin);
    const json = (body: unknown): void => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    };
    if (url.pathname === '/.well-known/oauth-authorization-server') {
      return json({
        issuer: server.origin,
        authorization_endpoint: `${server.origin}/authorize`,
        token_endpoint: `${server.origin}/token`,
        registration_endpoint: `${server.origin}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        ...metadata(server.origin),
      });
    }
    if (url.pathname === '/register')
      return json({ client_id: 'x', redirect_uris: ['http://127.0.0.1/callback'] });
    if (url.pathname === '/token') return json({ access_token: 'worthless', token_type: 'Bearer' });
    if (url.pathname === '/authorize') {
      const target = new URL(url.searchParams.get('redirect_uri') ?? '');
      const params = { code: 'code', state: url.searchParams.get('state') ?? '', ...callback(server.origin) };
      for (const [name, value] of Object.entries(params)) target.searchParams.set(name, value);
      response.writeHead(302, { location: target.href });
    } else {
      response.statusCode = 404;
    }
    response.end();
  });
  return server;
}

/** A server that wants a token, and sends whoever has none to `authorizationServer`. */
async function startServer(authorizationServer: string, more: Metadata = {}): Promise<Loopback> {
  const server: Loopback = await serve((request, response) => {
    if (request.url?.startsWith('/.well-known/oauth-protected-resource') === true) {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ resource: server.url, authorization_servers: [authorizationServer], ...more }),
      );
      return;
    }
    response.statusCode = 401;
    response.end();
  });
  return server;
}

async function refusal(url: string, options: OAuthOptions = {}, fetch?: FetchLike) {
  const auth = oauth({ onAuthorize: follow, ...options });
  const spec = { url, auth, ...(fetch !== undefined && { fetch }) };
  return failureOf(openSession(spec, { reconnect: false }));
}

async function follow(url: URL): Promise<void> {
  await (await fetch(url)).text();
}

const tokenRequests = (server: Loopback) => server.seen.filter(({ url }) => url === '/token');

describe('A2 an authorization server that lies about its issuer', () => {
  it('in its metadata', async () => {
    const impostor = await startImpostor({ metadata: () => ({ issuer: 'https://login.example.com' }) });
    const server = await startServer(impostor.origin);
    const error = await refusal(server.url);
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(error.message).toContain('not the one that it should be');
    expect(impostor.saw('POST')).toEqual([]);
  });

  it.each<[string, Claims]>([
    ['by another name', { callback: () => ({ iss: 'https://login.example.com' }) }],
    ['by nearly the same name', { callback: (origin) => ({ iss: `${origin}/` }) }],
    [
      'by no name, where it promised one',
      { metadata: () => ({ authorization_response_iss_parameter_supported: true }) },
    ],
  ])('when the browser comes back, %s: the code is not redeemed', async (_, claims) => {
    const impostor = await startImpostor(claims);
    const server = await startServer(impostor.origin);
    const error = await refusal(server.url);
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(error.message).not.toContain('login.example.com');
    expect(tokenRequests(impostor)).toEqual([]);
  });

  it('an answer with another state is not taken for the login', async () => {
    const server = await startProtected();
    const { auth } = personWith({
      loginTimeoutMs: 300,
      onAuthorize: async (url) => {
        const redirect = url.searchParams.get('redirect_uri') ?? '';
        const response = await fetch(`${redirect}?code=stolen&state=guessed`);
        expect(response.status).toBe(400);
        await response.text();
      },
    });
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect(error.message).toContain('nobody signed in');
    expect(server.authorizationServer.refusals).toEqual([]);
  });
});

describe('A2 addresses that are refused', () => {
  it.each(['http://login.example.com/token', 'http://192.0.2.1/token'])(
    'a token endpoint without TLS: %s',
    async (endpoint) => {
      const impostor = await startImpostor({ metadata: () => ({ token_endpoint: endpoint }) });
      const server = await startServer(impostor.origin);
      const error = await refusal(server.url);
      expect([error.code, error.message]).toEqual(['AUTH_REQUIRED', expect.stringContaining('not https')]);
    },
  );

  it('an authorization server without TLS is not even asked', async () => {
    const server = await startServer('http://192.0.2.1');
    const error = await refusal(server.url);
    expect([error.code, error.message]).toEqual(['AUTH_REQUIRED', expect.stringContaining('not https')]);
  });

  it.each(['http://login.example.com/', 'javascript:alert(1)', 'file:///etc/passwd', 'ms-settings:x'])(
    'a login page at %s is not shown',
    async (page) => {
      const impostor = await startImpostor({ metadata: () => ({ authorization_endpoint: page }) });
      const server = await startServer(impostor.origin);
      const shown: URL[] = [];
      const error = await refusal(server.url, { onAuthorize: (url) => void shown.push(url) });
      expect(error.code).toBe('AUTH_REQUIRED');
      expect(shown).toEqual([]);
    },
  );

  it('an authorization server that redirects to another origin is not followed', async () => {
    const target = await startImpostor({});
    const impostor = await serve((request, response) => {
      response.writeHead(307, { location: new URL(request.url ?? '/', target.origin).href });
      response.end();
    });
    const server = await startServer(impostor.origin);
    const error = await refusal(server.url);
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(impostor.seen).not.toEqual([]);
    expect(target.seen).toEqual([]);
  });

  it('a token endpoint that redirects to another origin: the code does not go there', async () => {
    const target = await startImpostor({});
    const moved = await serve((_, response) => {
      response.writeHead(307, { location: `${target.origin}/token` });
      response.end();
    });
    const impostor = await startImpostor({ metadata: () => ({ token_endpoint: `${moved.origin}/token` }) });
    const server = await startServer(impostor.origin);
    const error = await refusal(server.url);
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(moved.seen).toHaveLength(1);
    expect(target.seen).toEqual([]);
  });

  describe('named by a server at a public address', () => {
    /** What the network would do if `mcp.example.com` were on it, at a public address. */
    function asPublic(server: Loopback): FetchLike {
      return (url, init) => {
        const { pathname } = new URL(url);
        return fetch(new URL(pathname, server.origin), init);
      };
    }

    it.each([
      'https://127.0.0.1:8443',
      'https://10.0.0.1',
      'https://[::1]',
      'https://[::ffff:192.168.0.1]',
      'https://169.254.169.254',
      'https://0x7f.1',
      'https://localhost:8443',
      'http://localhost:8080',
    ])('a private authorization server: %s', async (address) => {
      const server = await startServer(address, { resource: 'https://mcp.example.com/mcp' });
      const error = await refusal('https://mcp.example.com/mcp', {}, asPublic(server));
      expect(error.code).toBe('AUTH_REQUIRED');
      expect(error.message).toContain('private address');
    });

    it('a private token endpoint of a public authorization server', async () => {
      const server = await startServer('https://mcp.example.com', {
        resource: 'https://mcp.example.com/mcp',
      });
      const metadata = {
        issuer: 'https://mcp.example.com',
        authorization_endpoint: 'https://mcp.example.com/authorize',
        token_endpoint: 'https://10.1.2.3/token',
        response_types_supported: ['code'],
      };
      const network: FetchLike = async (url, init) =>
        new URL(url).pathname.startsWith('/.well-known/oauth-authorization-server')
          ? Response.json(metadata)
          : asPublic(server)(url, init);
      const options: OAuthOptions = { grant: 'client_credentials', clientId: 'x', clientSecret: 'sesame' };
      const error = await refusal('https://mcp.example.com/mcp', options, network);
      expect([error.code, error.message]).toEqual([
        'AUTH_REQUIRED',
        expect.stringContaining('private address'),
      ]);
      expect(error.message).not.toContain('sesame');
    });

    it('unless that is allowed', async () => {
      const impostor = await startImpostor({});
      const server = await startServer(impostor.origin, { resource: 'https://mcp.example.com/mcp' });
      const error = await refusal(
        'https://mcp.example.com/mcp',
        { allowPrivateAddresses: true },
        asPublic(server),
      );
      // The login goes through; it is the server that is content with nothing.
      expect(error.message).not.toContain('private address');
      expect(tokenRequests(impostor)).toHaveLength(1);
    });
  });
});
