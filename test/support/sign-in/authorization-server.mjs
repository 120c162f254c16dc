// A real authorization server on loopback: PKCE, resource indicators, JWT access tokens, refresh rotation.
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const SCOPE = 'mcp:read mcp:write';

/**
 * Starts one. `slash` puts one at the end of its issuer.
 *
 * @param {{ clients?: object[], registration?: boolean, slash?: boolean }} [options]
 */
export async function startAuthorizationServer({ clients = [], registration = true, slash = false } = {}) {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'test' };
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${server.address().port}${slash ? '/' : ''}`;

  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: [key] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: ['test'] },
    scopes: ['openid', 'offline_access', ...SCOPE.split(' ')],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      registration: { enabled: registration },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => ({
          scope: SCOPE,
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  /** @type {string[]} */
  const grants = [];
  /** @type {string[]} */
  const issued = [];
  /** @type {string[]} */
  const refusals = [];
  provider.on('grant.success', ({ oidc, body }) => {
    grants.push(oidc.params.grant_type);
    for (const name of ['access_token', 'refresh_token'])
      if (body[name] !== undefined) issued.push(body[name]);
  });
  provider.on('grant.error', (_context, error) => refusals.push(error.error));
  /** @type {string[]} */
  const registrations = [];
  provider.on('registration_create.success', (_context, client) => registrations.push(client.clientId));
  const handle = provider.callback();
  /** @type {{ status: number, body: string, type?: string }[]} */
  const tokenAnswers = [];
  const authorizationServer = {
    issuer,
    /** Whether its token endpoint is out of order. */
    isBroken: false,
    /**
     * Changes what it answers with JSON: metadata, registrations, tokens.
     *
     * @type {(path: string, body: Record<string, unknown>) => unknown}
     */
    alter: (_path, body) => body,
    /** Called with each request to the token endpoint, which is served when it resolves. */
    onTokenRequest: async () => {},
    /** Serves the requests to it for which this returns true: an MCP server on the same origin. */
    serveElse: (_request, _response) => false,
    /** What the token endpoint answers the next requests with, one each, instead of serving them. */
    tokenAnswers,
    /** The kinds of grants for which tokens were given, in order. */
    grants,
    /** Every token that was given. */
    issued,
    refusals,
    registrations,
    async revokeRefreshTokens() {
      for (const token of issued) await (await provider.RefreshToken.find(token))?.destroy();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('request', async (request, response) => {
    if (authorizationServer.serveElse(request, response)) return;
    alterJson(response, (body) => authorizationServer.alter(request.url, body));
    if (request.url !== '/token') return handle(request, response);
    await authorizationServer.onTokenRequest();
    const outOfOrder = { status: 503, body: 'out of order', type: 'text/plain' };
    const answer = authorizationServer.isBroken ? outOfOrder : tokenAnswers.shift();
    if (answer === undefined) return handle(request, response);
    request.resume();
    response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' });
    response.end(answer.body);
  });
  return authorizationServer;
}

/** Changes the answer when it is an object of JSON; the provider sends such a one as a whole. */
function alterJson(response, alter) {
  const end = response.end.bind(response);
  response.end = (body) => {
    const isJson = String(response.getHeader('content-type')).startsWith('application/json');
    if (!isJson || body === undefined) return end(body);
    const altered = JSON.stringify(alter(JSON.parse(String(body))));
    response.setHeader('content-length', Buffer.byteLength(altered));
    return end(altered);
  };
}
