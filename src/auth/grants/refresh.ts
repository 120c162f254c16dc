import {
  OAuthError,
  refreshAuthorization,
  type DpopSession,
  type FetchLike,
} from '@modelcontextprotocol/client';
import { isRecord } from '../../internal/checks.ts';
import { OUTAGE_CODES } from '../auth-failure.ts';
import type { Discovery } from '../network/discovery.ts';
import { clientSigner, knownClient } from './known-client.ts';
import type { ResolvedOAuthOptions } from '../oauth-options.ts';
import { withExpiry, type StoredTokens } from '../store/stored-tokens.ts';

/** Codes that are final whatever the status: servers send some of them with a 5xx. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  'access_denied',
  'invalid_client',
  'invalid_dpop_proof',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
  'unauthorized_client',
  'unsupported_grant_type',
]);

/** Codes that say that the client, not the token, is no longer known. */
const CLIENT_CODES: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client']);

/** Request timeout, too early, too many requests: the same request may succeed later. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

interface RefreshRequest {
  readonly tokens: StoredTokens;
  readonly options: ResolvedOAuthOptions;
  readonly discovery: Discovery;
  readonly dpop: DpopSession | undefined;
  readonly fetch: FetchLike;
}

/**
 * Why a refresh got no tokens and never will: there is no refresh token, it was refused, the client is no longer known, or
 * the token is not good for this resource.
 */
export type NoRefresh = 'no-refresh-token' | 'token-refused' | 'client-refused' | 'no-target';

/**
 * Gets new tokens for a refresh token. Rejects when the authorization server cannot be reached or is out of order, so
 * that a later attempt may succeed.
 */
export async function refresh(request: RefreshRequest): Promise<StoredTokens | NoRefresh> {
  const { tokens, options, discovery, dpop, fetch } = request;
  const clientInformation = tokens.client ?? knownClient(options);
  if (tokens.refresh_token === undefined || clientInformation === undefined) return 'no-refresh-token';
  const { authorizationServerUrl, authorizationServerMetadata: metadata } = discovery.state;
  const sign = clientSigner(options);
  let answer: Response | undefined;
  const fetchFn: FetchLike = async (url, init) => {
    answer = undefined;
    const response = await fetch(url, init);
    answer = response.clone();
    return response;
  };
  try {
    const fresh = await refreshAuthorization(authorizationServerUrl, {
      clientInformation,
      refreshToken: tokens.refresh_token,
      fetchFn,
      ...(metadata !== undefined && { metadata }),
      ...(discovery.resource !== undefined && { resource: discovery.resource }),
      ...(sign !== undefined && { addClientAuthentication: sign }),
      ...(dpop !== undefined && { dpop }),
    });
    // An answer without a scope grants the scope of before (RFC 6749, section 5.1).
    const scope = fresh.scope ?? tokens.scope;
    return withExpiry({ ...fresh, ...(scope !== undefined && { scope }) }, discovery.issuer, tokens.client);
  } catch (error) {
    // Without an answer nothing is known of the token.
    if (answer === undefined) throw error;
    const refusal = await refusalIn(answer);
    if (refusal !== 'out-of-order') return refusal;
    throw new OAuthError('temporarily_unavailable', `HTTP ${answer.status}`);
  }
}

/**
 * What an answer without tokens says of them. Servers refuse a dead token with many codes and statuses, some without
 * JSON: what does not look like an outage counts as a refusal.
 */
async function refusalIn(answer: Response): Promise<NoRefresh | 'out-of-order'> {
  const { status } = answer;
  const code = await errorCodeIn(answer);
  if (code !== undefined && FINAL_CODES.has(code))
    return CLIENT_CODES.has(code)
      ? 'client-refused'
      : code === 'invalid_target'
        ? 'no-target'
        : 'token-refused';
  const isRedirect = status >= 300 && status < 400;
  if (isRedirect || status >= 500 || PASSING_STATUSES.has(status)) return 'out-of-order';
  if (code !== undefined && OUTAGE_CODES.has(code)) return 'out-of-order';
  // A token endpoint answers with 401 when it does not know the client (RFC 6749, section 5.2).
  return status === 401 && code === undefined ? 'client-refused' : 'token-refused';
}

async function errorCodeIn(answer: Response): Promise<string | undefined> {
  try {
    const body: unknown = await answer.json();
    return isRecord(body) && typeof body['error'] === 'string' ? body['error'] : undefined;
  } catch {
    return undefined;
  }
}
