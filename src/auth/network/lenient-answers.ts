import type { FetchLike } from '@modelcontextprotocol/client';
import { isRecord } from '../../internal/checks.ts';

/** Reads one member; undefined when its value is of no use. */
type Reader = (value: unknown) => unknown;

const text: Reader = (value) => {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
};

const url: Reader = (value) => (typeof value === 'string' && URL.canParse(value) ? value : undefined);

const flag: Reader = (value) => {
  if (value === 'true' || value === 'false') return value === 'true';
  return typeof value === 'boolean' ? value : undefined;
};

const number: Reader = (value) => {
  const isText = typeof value === 'string' && value.trim() !== '';
  const read = isText ? Number(value) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : undefined;
};

/** A lifetime that is over at once means that the server does not know it: a refusal shows when it is over. */
const seconds: Reader = (value) => {
  const read = number(value);
  return typeof read === 'number' && read > 0 ? read : undefined;
};

const listOf =
  (each: Reader): Reader =>
  (value) => {
    const items = typeof value === 'string' ? value.split(/\s+/) : value;
    if (!Array.isArray(items)) return undefined;
    const usable = items.map(each).filter((item) => item !== undefined);
    return usable.length > 0 ? usable : undefined;
  };

const words: Reader = (value) =>
  Array.isArray(value) ? text(value.map(text).filter(Boolean).join(' ')) : text(value);

/** The members that are read here or by the official client. All others could only be wrong, and are left out. */
const MEMBERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  // Metadata of a resource (RFC 9728).
  ['resource', text],
  ['authorization_servers', listOf(url)],
  ['dpop_bound_access_tokens_required', flag],
  // Metadata of an authorization server (RFC 8414, OpenID Connect Discovery).
  ['issuer', text],
  ['authorization_endpoint', text],
  ['token_endpoint', text],
  ['registration_endpoint', url],
  ['jwks_uri', url],
  ['scopes_supported', listOf(text)],
  ['response_types_supported', listOf(text)],
  ['grant_types_supported', listOf(text)],
  ['token_endpoint_auth_methods_supported', listOf(text)],
  ['token_endpoint_auth_signing_alg_values_supported', listOf(text)],
  ['code_challenge_methods_supported', listOf(text)],
  ['dpop_signing_alg_values_supported', listOf(text)],
  ['subject_types_supported', listOf(text)],
  ['id_token_signing_alg_values_supported', listOf(text)],
  ['client_id_metadata_document_supported', flag],
  ['authorization_response_iss_parameter_supported', flag],
  // Tokens (RFC 6749, RFC 8693).
  ['access_token', text],
  ['refresh_token', text],
  ['id_token', text],
  ['token_type', text],
  ['issued_token_type', text],
  ['expires_in', seconds],
  ['scope', words],
  // A registration (RFC 7591).
  ['client_id', text],
  ['client_secret', text],
  ['client_id_issued_at', number],
  ['client_secret_expires_at', number],
  ['token_endpoint_auth_method', text],
  ['redirect_uris', listOf(url)],
  ['grant_types', listOf(text)],
  ['application_type', text],
  // An error.
  ['error', text],
  ['error_description', text],
  ['error_uri', text],
]);

/**
 * Wraps the `fetch` of the official OAuth functions, which refuse a whole answer for one odd member. A member that is
 * null, empty or of the wrong type is left out, so that only what is needed can be missing.
 */
export function readLeniently(fetch: FetchLike): FetchLike {
  return async (target, init) => {
    const response = await fetch(target, init);
    const body = await objectIn(response);
    if (body === undefined) return response;
    const { status, statusText, headers } = response;
    const known = withDefaults(knownMembers(body), new URL(target), init?.body);
    return new Response(JSON.stringify(known), { status, statusText, headers });
  };
}

/** Reads the body of a copy: what is no JSON object goes on as it is. */
async function objectIn(response: Response): Promise<Record<string, unknown> | undefined> {
  if (response.body === null) return undefined;
  try {
    const body: unknown = await response.clone().json();
    return isRecord(body) && !Array.isArray(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function knownMembers(body: Record<string, unknown>): Record<string, unknown> {
  const known: Record<string, unknown> = {};
  for (const [name, read] of MEMBERS) {
    const value = body[name];
    const usable = value === undefined || value === null ? undefined : read(value);
    if (usable !== undefined) known[name] = usable;
  }
  return known;
}

/** Adds members that the official client demands, where what they have to be follows from the rest. */
function withDefaults(
  known: Record<string, unknown>,
  url: URL,
  sent: RequestInit['body'],
): Record<string, unknown> {
  if ('access_token' in known) return { token_type: 'Bearer', ...known };
  if ('client_id' in known) return { ...known, redirect_uris: registeredUris(known, sent) };
  if (!('token_endpoint' in known)) return known;
  const metadata = { response_types_supported: ['code'], ...known };
  if (!url.pathname.includes('/.well-known/openid-configuration')) return metadata;
  // Nothing here reads them.
  const ofOpenId = { subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'] };
  return { ...ofOpenId, jwks_uri: known['token_endpoint'], ...metadata };
}

/** An answer without redirect URIs registered those of the request. */
function registeredUris(known: Record<string, unknown>, sent: RequestInit['body']): unknown {
  if (known['redirect_uris'] !== undefined) return known['redirect_uris'];
  const request: unknown = typeof sent === 'string' ? JSON.parse(sent) : undefined;
  return isRecord(request) ? request['redirect_uris'] : [];
}
