import {
  OAuthError,
  refreshAuthorization,
  type DpopSession,
  type FetchLike,
} from '@modelcontextprotocol/client';
import type { Discovery } from '../network/discovery.ts';
import { clientSigner, knownClient } from './known-client.ts';
import type { ResolvedOAuthOptions } from '../oauth-options.ts';
import { withExpiry, type StoredTokens } from '../store/stored-tokens.ts';

/**
 * Error codes after which a refresh can never succeed: the tokens were revoked, or the key or client is no longer
 * known.
 */
const FINAL_CODES: ReadonlySet<string> = new Set([
  'invalid_grant',
  'invalid_dpop_proof',
  'invalid_client',
  'unauthorized_client',
]);

interface RefreshRequest {
  readonly tokens: StoredTokens;
  readonly options: ResolvedOAuthOptions;
  readonly discovery: Discovery;
  readonly dpop: DpopSession | undefined;
  readonly fetch: FetchLike;
}

/**
 * Gets new tokens for a refresh token. Returns undefined when there is no refresh token, or the authorization server
 * no longer accepts it.
 */
export async function refresh(request: RefreshRequest): Promise<StoredTokens | undefined> {
  const { tokens, options, discovery, dpop, fetch } = request;
  const clientInformation = tokens.client ?? knownClient(options);
  if (tokens.refresh_token === undefined || clientInformation === undefined) return undefined;
  const { authorizationServerUrl, authorizationServerMetadata: metadata } = discovery.state;
  const sign = clientSigner(options);
  try {
    const fresh = await refreshAuthorization(authorizationServerUrl, {
      clientInformation,
      refreshToken: tokens.refresh_token,
      fetchFn: fetch,
      ...(metadata !== undefined && { metadata }),
      ...(discovery.resource !== undefined && { resource: discovery.resource }),
      ...(sign !== undefined && { addClientAuthentication: sign }),
      ...(dpop !== undefined && { dpop }),
    });
    // An answer without a scope grants the scope of before (RFC 6749, section 5.1).
    const scope = fresh.scope ?? tokens.scope;
    return withExpiry({ ...fresh, ...(scope !== undefined && { scope }) }, discovery.issuer, tokens.client);
  } catch (error) {
    if (error instanceof OAuthError && FINAL_CODES.has(error.code)) return undefined;
    throw error;
  }
}
