import { gatewayAuthEmpty, gatewayIssuersTooMany } from '../../errors/gateway.ts';
import type { ApiKeyRecord } from './api-key.ts';
import type { Identity } from './identity.ts';

/** @inline */
type Awaitable<T> = T | Promise<T>;

/** Accepts the access tokens of authorization servers. */
export interface GatewayOAuth {
  /** The authorization server whose access tokens are accepted, by its issuer, or several. */
  issuer: string | readonly string[];
  /**
   * The URL of the endpoint as clients know it: behind a proxy the proxy's. Needed with `fetch`, and when the gateway
   * listens on all addresses.
   * @default the URL that `listen` resolves with
   */
  resource?: string;
  /**
   * What the audience of a token must contain: one of these.
   * @default `resource`
   */
  audience?: string | readonly string[];
  /**
   * Scopes that each token must have; a request without them is refused with 403.
   * @default []
   */
  scopes?: readonly string[];
  /**
   * Where the issuer's public keys are (JWKS). Only with one issuer.
   * @default what the issuer's metadata say
   */
  jwksUri?: string;
  /**
   * The algorithms with which a token may be signed, such as `ES256`.
   * @default all that sign with a private key
   */
  algorithms?: readonly string[];
  /**
   * By how much the clock of the authorization server may differ, in milliseconds; 300 000 at most.
   * @default 5000
   */
  clockToleranceMs?: number;
  /**
   * A `fetch` for the authorization server; it must honour `redirect: 'error'`.
   * @default that of the runtime
   */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * Says who may come in. With several ways, what a request shows decides: an API key is judged by `keys` alone, a token of
 * one of the issuers by `oauth` alone, anything else by `verify`.
 */
export interface GatewayAuth {
  /**
   * API keys: the path of the file that `plenum keys add` writes, or the records of keys. Changes of the file are taken up
   * while the gateway runs.
   */
  keys?: string | readonly ApiKeyRecord[];
  /** Makes the gateway an OAuth resource server (RFC 9728) that accepts access tokens in the form of a JWT. */
  oauth?: GatewayOAuth;
  /**
   * Called for each HTTP request that shows neither an API key nor a token of one of the issuers. Returns who sent it, or
   * undefined to refuse it with 401. So does an error that it throws, an identity whose `principal` is not a text with at
   * least one character, and 30 seconds without an answer. With `keys` or `oauth` beside it, so does a principal that
   * begins with `key:` or `oauth:`, as theirs do.
   */
  verify?: (request: Request) => Awaitable<Identity | undefined>;
}

/** Throws `CONFIG_INVALID` for options that let nobody in, or exclude each other. Their kinds have been checked. */
export function checkAuth({ keys, oauth, verify }: GatewayAuth): void {
  if (keys === undefined && oauth === undefined && verify === undefined) throw gatewayAuthEmpty();
  if (oauth === undefined) return;
  const issuers = issuersOf(oauth);
  if (issuers.length === 0 || (oauth.jwksUri !== undefined && issuers.length > 1))
    throw gatewayIssuersTooMany(issuers.length);
}

export function issuersOf({ issuer }: GatewayOAuth): readonly string[] {
  return typeof issuer === 'string' ? [issuer] : [...new Set(issuer)];
}
