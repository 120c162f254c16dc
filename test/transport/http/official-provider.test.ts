import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ClientCredentialsProvider,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthTokens,
} from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSession } from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { serve, type Loopback, type SeenRequest } from '../../support/loopback.ts';
import { connectBeside } from '../../support/neighbour.ts';
import { makeServer } from '../support/official-servers.ts';

const REDIRECT = 'http://127.0.0.1/callback';

/** A provider that stores only what it knows of, and has private fields. */
class OldProvider implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT;
  readonly clientMetadata = { redirect_uris: [REDIRECT] };
  readonly saved: OAuthTokens[] = [];
  readonly redirects: URL[] = [];
  readonly dropped: string[] = [];
  #tokens: OAuthTokens | undefined;

  constructor(tokens?: OAuthTokens) {
    this.#tokens = tokens;
  }
  clientInformation(): OAuthClientInformationMixed {
    return { client_id: 'c' };
  }
  saveClientInformation(): void {}
  tokens(): OAuthTokens | undefined {
    return this.#tokens;
  }
  saveTokens(tokens: OAuthTokens): void {
    this.saved.push(tokens);
    const { access_token, token_type, refresh_token } = tokens;
    this.#tokens = { access_token, token_type, ...(refresh_token !== undefined && { refresh_token }) };
  }
  redirectToAuthorization(url: URL): void {
    this.redirects.push(url);
  }
  saveCodeVerifier(): void {}
  codeVerifier(): string {
    return 'v';
  }
}

/** A provider that drops what it is told to. */
class DroppingProvider extends OldProvider {
  #client: OAuthClientInformationMixed | undefined = { client_id: 'c' };
  #isEmpty = false;

  override clientInformation(): OAuthClientInformationMixed {
    return this.#client as OAuthClientInformationMixed;
  }
  override saveClientInformation(client?: OAuthClientInformationMixed): void {
    this.#client = client;
  }
  override tokens(): OAuthTokens | undefined {
    return this.#isEmpty ? undefined : super.tokens();
  }
  invalidateCredentials(scope: string): void {
    this.dropped.push(scope);
    if (scope === 'client') this.#client = undefined;
    if (scope === 'tokens') this.#isEmpty = true;
  }
}

type TokenAnswer = (response: ServerResponse, body: URLSearchParams) => void;

const json = (
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void =>
  void response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify(body));

const fresh: TokenAnswer = (response) =>
  json(response, 200, { access_token: 'fresh', token_type: 'Bearer', refresh_token: 'r2' });

/** A server that wants the token `accepts`, and its authorization server on the same origin. */
async function protectedServer(answerToken: TokenAnswer = fresh, accepts?: string): Promise<Loopback> {
  const handler = createMcpHandler(() => makeServer());
  const handle = toNodeHandler(handler);
  onTestFinished(() => handler.close());
  const server = await serve(async (request: IncomingMessage, response: ServerResponse, body: string) => {
    const { url = '', headers } = request;
    const { origin } = server;
    const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
    if (url.includes('oauth-protected-resource'))
      return json(response, 200, { resource: `${origin}/mcp`, authorization_servers: [origin] });
    if (url.includes('.well-known'))
      return json(response, 200, {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        registration_endpoint: `${origin}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
      });
    if (url === '/register')
      return json(response, 201, { ...(JSON.parse(body) as object), client_id: 'new' });
    if (url === '/token') return answerToken(response, new URLSearchParams(body));
    if (accepts !== undefined && headers.authorization === `Bearer ${accepts}`) {
      const { method = 'GET' } = request;
      const parsed: unknown = body === '' ? undefined : JSON.parse(body);
      return handle(Object.assign(request, { method, url }), response, parsed);
    }
    if (headers.authorization === 'Bearer narrow') {
      const challenge = `Bearer error="insufficient_scope", scope="write", resource_metadata="${metadata}"`;
      return json(response, 403, {}, { 'www-authenticate': challenge });
    }
    return json(response, 401, {}, { 'www-authenticate': `Bearer resource_metadata="${metadata}"` });
  });
  return server;
}

/** What was written to the console of the host. */
function consoleOf(): () => unknown[] {
  const methods = ['debug', 'error', 'info', 'log', 'warn'] as const;
  const spies = methods.map((method) => vi.spyOn(console, method).mockImplementation(() => {}));
  onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
  return () => spies.flatMap((spy) => spy.mock.calls);
}

describe('an official OAuthClientProvider that stores no issuer', () => {
  const STORED: [string, OAuthTokens | undefined, number][] = [
    ['nothing', undefined, 1],
    ['a token', { access_token: 'a', token_type: 'Bearer' }, 1],
    ['a token that can be refreshed', { access_token: 'a', token_type: 'Bearer', refresh_token: 'r' }, 0],
  ];

  it.each(STORED)('with %s: the console of the host stays empty', async (_, tokens, redirects) => {
    const written = consoleOf();
    const provider = new OldProvider(tokens);
    const { origin } = await protectedServer();
    const error = await failureOf(
      openSession({ url: `${origin}/mcp`, auth: provider }, { reconnect: false, protocol: 'legacy' }),
    );
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(written()).toEqual([]);
    expect(provider.redirects.length).toBeGreaterThanOrEqual(redirects);
    // What it has is told to belong to this authorization server, for a provider that keeps that.
    for (const { issuer } of provider.saved) expect(issuer).toBe(origin);
  });
});

const DEAD: OAuthTokens = { access_token: 'dead', token_type: 'Bearer', refresh_token: 'r' };

const refused =
  (status: number, error: string): TokenAnswer =>
  (response) =>
    json(response, status, { error });
const page =
  (status: number, text: string): TokenAnswer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'text/html' }).end(text);

describe('an official OAuthClientProvider whose refresh token is refused', () => {
  /** What the token endpoint answers, what of the provider is dropped, and by which client a person is asked. */
  const REFUSALS: [string, TokenAnswer, string[], string][] = [
    ['invalid_grant', refused(400, 'invalid_grant'), ['tokens'], 'c'],
    ['500 with invalid_grant', refused(500, 'invalid_grant'), ['tokens'], 'c'],
    ['invalid_client', refused(401, 'invalid_client'), ['client', 'tokens'], 'new'],
    ['unauthorized_client', refused(400, 'unauthorized_client'), ['client', 'tokens'], 'new'],
    ['invalid_request', refused(400, 'invalid_request'), ['tokens'], 'c'],
    ['access_denied', refused(403, 'access_denied'), ['tokens'], 'c'],
    ['invalid_dpop_proof', refused(400, 'invalid_dpop_proof'), ['tokens'], 'c'],
    ['404 with a page', page(404, '<h1>Gone</h1>'), ['tokens'], 'c'],
    ['200 with a page', page(200, '<h1>Hello</h1>'), ['tokens'], 'c'],
    ['200 with an error', refused(200, 'invalid_grant'), ['tokens'], 'c'],
    ['200 without tokens', (response) => json(response, 200, {}), ['tokens'], 'c'],
    ['500 with a page', page(500, '<h1>Oops</h1>'), [], 'c'],
    ['503 without a body', page(503, ''), [], 'c'],
    ['429', refused(429, 'slow_down'), [], 'c'],
    ['server_error', refused(500, 'server_error'), [], 'c'],
    ['400 with temporarily_unavailable', refused(400, 'temporarily_unavailable'), [], 'c'],
    ['a connection that is cut', (response) => void response.destroy(), [], 'c'],
    [
      'half an answer',
      (response) => void response.writeHead(200).write('{"acc', () => response.destroy()),
      [],
      'c',
    ],
  ];

  it.each(REFUSALS)('%s: a person is asked, and nothing is written', async (_, answer, dropped, client) => {
    const written = consoleOf();
    const { url } = await protectedServer(answer);
    for (const provider of [new DroppingProvider(DEAD), new OldProvider(DEAD)]) {
      for (const type of ['http', 'sse'] as const) {
        const spec = { url: new URL('/mcp', url), type, auth: provider };
        const error = await failureOf(openSession(spec, { reconnect: false, protocol: 'legacy' }));
        expect(error.code).toBe('AUTH_REQUIRED');
      }
      const keeps = provider instanceof DroppingProvider;
      expect(provider.dropped).toEqual(keeps ? dropped : []);
      expect(provider.redirects.length).toBeGreaterThan(0);
      for (const { searchParams } of provider.redirects)
        expect(searchParams.get('client_id')).toBe(keeps ? client : 'c');
    }
    expect(written()).toEqual([]);
  });

  it('in a group: the other servers notice nothing', async () => {
    const written = consoleOf();
    const { origin } = await protectedServer(refused(400, 'invalid_grant'));
    const provider = new DroppingProvider(DEAD);
    const beside = await connectBeside({ servers: { shut: { url: `${origin}/mcp`, auth: provider } } });
    expect(beside.group.servers.get('shut')?.error?.code).toBe('AUTH_REQUIRED');
    expect(provider.dropped).toEqual(['tokens']);
    await beside.expectUntouched();
    expect(written()).toEqual([]);
  });
});

describe('an official OAuthClientProvider whose refresh token is good', () => {
  it('gets one new token for all its sessions that need it at once', async () => {
    const written = consoleOf();
    let used = 0;
    const once: TokenAnswer = (response, body) => {
      if (body.get('refresh_token') !== 'r') return refused(400, 'invalid_grant')(response, body);
      used++;
      setTimeout(() => fresh(response, body), 50);
    };
    const { origin } = await protectedServer(once, 'fresh');
    const provider = new DroppingProvider(DEAD);
    const sessions = await Promise.all(
      Array.from({ length: 4 }, () => openSession({ url: `${origin}/mcp`, auth: provider })),
    );
    for (const session of sessions) {
      await session.callTool('echo', {});
      await session.close();
    }
    expect(used).toBe(1);
    expect(provider.dropped).toEqual([]);
    expect(written()).toEqual([]);
  });
});

describe('an official OAuthClientProvider whose token has too small a scope', () => {
  it('asks a person for the wider scope, and the refused request is sent once', async () => {
    const written = consoleOf();
    const server = await protectedServer(fresh, 'wide');
    const narrow: OAuthTokens = { ...DEAD, access_token: 'narrow', scope: 'read' };
    const provider = new OldProvider(narrow);
    const error = await failureOf(
      openSession({ url: `${server.origin}/mcp`, auth: provider }, { reconnect: false, protocol: 'legacy' }),
    );
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(provider.redirects.map(({ searchParams }) => searchParams.get('scope'))).toEqual(['read write']);
    expect(server.seen.filter(({ url }) => url === '/token')).toEqual([]);
    expect(server.seen.filter(({ url, method }) => url === '/mcp' && method === 'POST').length).toBe(1);
    expect(written()).toEqual([]);
  });

  it('goes on with the wider token where no person is needed', async () => {
    const server = await protectedServer(
      (response) =>
        json(response, 200, {
          access_token: server.saw('POST').some(hasNarrow) ? 'wide' : 'narrow',
          token_type: 'Bearer',
        }),
      'wide',
    );
    const hasNarrow = ({ headers }: SeenRequest): boolean => headers.authorization === 'Bearer narrow';
    const auth = new ClientCredentialsProvider({
      clientId: 'c',
      clientSecret: 's',
      expectedIssuer: server.origin,
    });
    const session = await openSession({ url: `${server.origin}/mcp`, auth }, { protocol: 'legacy' });
    await session.callTool('echo', {});
    await session.close();
    expect(server.saw('POST').filter(hasNarrow).length).toBe(1);
  });
});

describe('an official ClientCredentialsProvider', () => {
  const ANSWERS: [string, TokenAnswer, string][] = [
    ['invalid_client', refused(401, 'invalid_client'), 'AUTH_REQUIRED'],
    ['invalid_grant', refused(400, 'invalid_grant'), 'AUTH_REQUIRED'],
    ['invalid_scope', refused(400, 'invalid_scope'), 'AUTH_REQUIRED'],
    ['an outage', page(500, '<h1>Oops</h1>'), 'CONNECT_FAILED'],
    ['a connection that is cut', (response) => void response.destroy(), 'CONNECT_FAILED'],
  ];

  it.each(ANSWERS)(
    'refused with %s: an error that holds no secret, and nothing is written',
    async (_, answer, code) => {
      const written = consoleOf();
      const { origin } = await protectedServer(answer);
      const auth = new ClientCredentialsProvider({
        clientId: 'c',
        clientSecret: 'sesame-open',
        expectedIssuer: origin,
      });
      const error = await failureOf(openSession({ url: `${origin}/mcp`, auth }, { reconnect: false }));
      expect(error.code).toBe(code);
      expect(JSON.stringify(error)).not.toContain('sesame-open');
      expect(written()).toEqual([]);
    },
  );

  it('is let in', async () => {
    const { origin } = await protectedServer(fresh, 'fresh');
    const auth = new ClientCredentialsProvider({ clientId: 'c', clientSecret: 's', expectedIssuer: origin });
    const session = await openSession({ url: `${origin}/mcp`, auth });
    expect(await session.callTool('echo', {})).toBeDefined();
    await session.close();
  });
});
