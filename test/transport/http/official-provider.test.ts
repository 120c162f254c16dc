import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  OAuthClientInformationMixed,
  OAuthClientProvider,
  OAuthTokens,
} from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSession } from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { serve } from '../../support/loopback.ts';

const REDIRECT = 'http://127.0.0.1/callback';

/** A provider that stores only what it knows of, and has private fields. */
class OldProvider implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT;
  readonly clientMetadata = { redirect_uris: [REDIRECT] };
  readonly saved: OAuthTokens[] = [];
  readonly redirects: URL[] = [];
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

/** A server that wants other credentials, and its authorization server on the same origin. */
async function protectedServer(): Promise<string> {
  let origin = '';
  const answer = ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
    const json = (status: number, body: object, headers: Record<string, string> = {}): void =>
      void response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
    if (url.includes('oauth-protected-resource'))
      return json(200, { resource: `${origin}/mcp`, authorization_servers: [origin] });
    if (url.includes('.well-known'))
      return json(200, {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
      });
    if (url === '/token') return json(200, { access_token: 'fresh', token_type: 'Bearer' });
    return json(401, {}, { 'www-authenticate': `Bearer resource_metadata="${metadata}"` });
  };
  ({ origin } = await serve(answer));
  return origin;
}

describe('an official OAuthClientProvider that stores no issuer', () => {
  const STORED: [string, OAuthTokens | undefined, number][] = [
    ['nothing', undefined, 1],
    ['a token', { access_token: 'a', token_type: 'Bearer' }, 1],
    ['a token that can be refreshed', { access_token: 'a', token_type: 'Bearer', refresh_token: 'r' }, 0],
  ];

  it.each(STORED)('with %s: the console of the host stays empty', async (_, tokens, redirects) => {
    const seen = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => seen.mockRestore());
    const provider = new OldProvider(tokens);
    const origin = await protectedServer();
    const error = await failureOf(
      openSession({ url: `${origin}/mcp`, auth: provider }, { reconnect: false, protocol: 'legacy' }),
    );
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(seen).not.toHaveBeenCalled();
    expect(provider.redirects.length).toBeGreaterThanOrEqual(redirects);
    // What it has is told to belong to this authorization server, for a provider that keeps that.
    for (const { issuer } of provider.saved) expect(issuer).toBe(origin);
  });
});
