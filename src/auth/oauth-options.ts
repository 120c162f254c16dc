import type { DpopSession, FetchLike } from '@modelcontextprotocol/client';
import { oauthOptionInvalid } from '../errors/auth.ts';
import { checkOptions } from '../options/check-options.ts';
import { oauthOptions } from '../options/tables/auth.ts';
import type { AuthEvent, AuthorizeContext } from './auth-events.ts';
import type { LoginRedirect } from './login/loopback-redirect.ts';
import type { TokenStore } from './store/token-store.ts';

/** The grant types: a user signs in, the client uses its own credentials, or it presents an assertion. */
export type OAuthGrant = 'authorization_code' | 'client_credentials' | 'jwt_bearer';

export interface OAuthOptions {
  /**
   * How access is granted: a user signs in with a browser, the client uses its own credentials, or it presents an
   * `assertion` (enterprise-managed authorization, workload identity).
   * @default 'authorization_code'
   */
  grant?: OAuthGrant;
  /** The client id. Without it the client uses `clientMetadataUrl` or registers itself. */
  clientId?: string;
  /**
   * The client secret. Give `issuer` with it: otherwise it is sent to whichever authorization server the MCP server
   * names.
   */
  clientSecret?: string;
  /** Instead of a secret: a key that signs an assertion for each token request (`private_key_jwt`). */
  privateKey?: PrivateKey;
  /** An https URL with this client's metadata. It is the client id at authorization servers that support such ids. */
  clientMetadataUrl?: string;
  /**
   * The client name in a registration.
   * @default 'Plenum'
   */
  clientName?: string;
  /** The issuer of the only authorization server that is accepted. Without it, any that the MCP server names. */
  issuer?: string;
  /**
   * Scopes to request in addition to those that the server demands. Without it, the scopes that the server's metadata
   * list.
   */
  scope?: string | readonly string[];
  /** For the grant `jwt_bearer`: makes the assertion; called for each token. */
  assertion?: (context: AssertionContext) => string | Promise<string>;
  /** Where tokens are kept. @default {@link memoryTokenStore} */
  store?: TokenStore;
  /** A name that keeps the tokens of several users apart in one store. */
  account?: string;
  /**
   * Whether a login begins when a server asks for one. Without it the session fails with `AUTH_REQUIRED`, until
   * `authorize()` was called.
   * @default true
   */
  interactive?: boolean;
  /**
   * Shows the login page to the user; a rejection ends the login. @default it is opened in the browser of this
   * machine
   */
  onAuthorize?: (url: URL, context: AuthorizeContext) => void | Promise<void>;
  /** Called with each login and refresh. */
  onEvent?: (event: AuthEvent) => void;
  /**
   * How long a person may take to sign in, in milliseconds.
   * @default 300000
   */
  loginTimeoutMs?: number;
  /**
   * The port on 127.0.0.1 that the browser comes back to, for a client id that is registered with one; 0 for any.
   * @default 0
   */
  redirectPort?: number;
  /**
   * Whether to ask for tokens that are bound to a key (DPoP, RFC 9449), or a session of the official client that
   * holds the key.
   * @default false
   */
  dpop?: boolean | DpopSession;
  /**
   * Whether a server at a public address may name authorization servers at private ones.
   * @default false
   */
  allowPrivateAddresses?: boolean;
  /**
   * Whether a user may sign in at an authorization server whose metadata do not say that it supports PKCE: they have no
   * `code_challenge_methods_supported`. The MCP specification demands a refusal. A challenge is sent in any case.
   * @default false
   */
  allowMissingPkce?: boolean;
  /** A `fetch` for authorization servers, instead of the built-in one; it must honour `redirect: 'manual'`. */
  fetch?: FetchLike;
}

export interface PrivateKey {
  /** PEM (PKCS #8), or a JWK. */
  readonly key: string | Readonly<Record<string, unknown>>;
  /** A JWS algorithm such as `ES256`. */
  readonly algorithm: string;
}

/** What an assertion is for. */
export interface AssertionContext {
  /** The issuer of the authorization server that receives it. */
  readonly issuer: string;
  /** The resource indicator, when the server's metadata have one. */
  readonly resource: string | undefined;
  readonly scope: string | undefined;
  readonly fetch: FetchLike;
}

type Defaulted =
  | 'grant'
  | 'clientName'
  | 'interactive'
  | 'loginTimeoutMs'
  | 'redirectPort'
  | 'dpop'
  | 'allowPrivateAddresses'
  | 'allowMissingPkce';

/** The other servers of an issuer. */
export interface SiblingResources {
  resourcesOf(issuer: string): Promise<readonly string[]>;
  /** A sign-in for all of them failed: the authorization server may allow one resource only. */
  onFailed(issuer: string): void;
}

/** {@link OAuthOptions} with defaults; the store has been chosen by the caller. */
export type ResolvedOAuthOptions = Omit<OAuthOptions, Defaulted | 'scope' | 'store'> &
  Required<Pick<OAuthOptions, Defaulted>> & {
    readonly scope: string | undefined;
    readonly store: TokenStore;
    /** Where the browser comes back to; undefined for a loopback port of this process. */
    readonly openRedirect?: () => LoginRedirect | undefined;
    /**
     * Whether one sign-in serves all servers of an issuer: its refresh token is kept for the issuer, and gets the access
     * tokens of every server there. The accounts share one registration of the client.
     */
    readonly perIssuer?: boolean;
    /** With `perIssuer`: what else a sign-in is to be good for (RFC 8707, section 2). */
    readonly siblings?: SiblingResources;
  };

/** Checks options and fills in the defaults. Throws `CONFIG_INVALID`. */
export function resolveOAuthOptions(options: OAuthOptions, store: TokenStore): ResolvedOAuthOptions {
  checkOptions(oauthOptions, options, 'OAuth options');
  const { grant = oauthOptions.grant.default } = options;
  checkGrant(grant, options);
  return {
    ...options,
    grant,
    store: options.store ?? store,
    scope: typeof options.scope === 'string' ? options.scope : options.scope?.join(' '),
    clientName: options.clientName ?? oauthOptions.clientName.default,
    interactive: options.interactive ?? oauthOptions.interactive.default,
    loginTimeoutMs: options.loginTimeoutMs ?? oauthOptions.loginTimeoutMs.default,
    redirectPort: options.redirectPort ?? oauthOptions.redirectPort.default,
    dpop: options.dpop ?? oauthOptions.dpop.default,
    allowPrivateAddresses: options.allowPrivateAddresses ?? oauthOptions.allowPrivateAddresses.default,
    allowMissingPkce: options.allowMissingPkce ?? oauthOptions.allowMissingPkce.default,
  };
}

function checkGrant(grant: OAuthGrant, options: OAuthOptions): void {
  const { clientId, clientSecret, privateKey, assertion } = options;
  if ((clientSecret !== undefined || privateKey !== undefined) && clientId === undefined)
    throw oauthOptionInvalid('A client secret or private key needs its "clientId"');
  if (clientSecret !== undefined && privateKey !== undefined)
    throw oauthOptionInvalid('Give "clientSecret" or "privateKey", not both');
  if (grant === 'client_credentials' && clientSecret === undefined && privateKey === undefined)
    throw oauthOptionInvalid('The grant "client_credentials" needs "clientSecret" or "privateKey"');
  if ((grant === 'jwt_bearer') !== (assertion !== undefined))
    throw oauthOptionInvalid('The grant "jwt_bearer" and the option "assertion" need each other');
  if (grant === 'jwt_bearer' && clientId === undefined)
    throw oauthOptionInvalid('The grant "jwt_bearer" needs "clientId"');
}
