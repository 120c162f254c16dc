import { unusableServer } from '../errors/options.ts';
import type { AuthorizeOptions, ServerAuth } from '../server-spec.ts';
import { type AuthStatus, type UnauthorizedContext, ServerCredentials } from './server-credentials.ts';
import type { LoginRedirect } from './login/loopback-redirect.ts';
import { memoryTokenStore, type TokenStore } from './store/token-store.ts';
import {
  resolveOAuthOptions,
  type OAuthOptions,
  type ResolvedOAuthOptions,
  type SiblingResources,
} from './oauth-options.ts';

/** OAuth credentials for any number of servers; each has tokens of its own. */
export interface OAuth extends ServerAuth {
  /** The credentials for one server. A session uses them; so do `authorize()` and `signOut()`. */
  forServer(url: string | URL): ServerOAuth;
}

export interface ServerOAuth extends ServerAuth {
  /**
   * Signs in; with `ifNeeded` only when there is no usable token. Sessions that wait for a login reconnect then.
   * Rejects with `AUTH_REQUIRED` when the login fails, and with `CONNECT_FAILED` when the authorization server does
   * not answer.
   */
  authorize(options?: AuthorizeOptions): Promise<void>;
  /** Removes the tokens from memory and from the store. They are not revoked. */
  signOut(): Promise<void>;
  status(): Promise<AuthStatus>;
}

/**
 * OAuth 2.1 for `auth` of a server spec, by the official client: discovery, PKCE, resource indicators, client
 * metadata documents or registration, refresh, step-up. By default a user signs in with the browser of this machine,
 * and tokens are kept in memory. Throws `CONFIG_INVALID`.
 */
export function oauth(options: OAuthOptions = {}): OAuth {
  return new OAuthCredentials(resolveOAuthOptions(options, memoryTokenStore()));
}

/** How one user of several signs in. */
export interface UserSignIn {
  /** Whose tokens they are. */
  readonly account: string;
  readonly store: TokenStore;
  /** How long the user may take, in milliseconds. */
  readonly loginTimeoutMs: number;
  /** Where the browser comes back to; undefined for a loopback port. */
  readonly openRedirect: () => LoginRedirect | undefined;
  readonly onAuthorize: (url: URL) => void;
  readonly siblings: SiblingResources;
}

/**
 * Credentials of one user for one server. What was said of the client to `oauth()` holds, when `auth` is of it; with any other
 * `auth`, or none, the client introduces itself. One sign-in serves all servers of an issuer.
 */
export function credentialsOfUser(url: string | URL, auth: unknown, signIn: UserSignIn): ServerCredentials {
  const given = OAuthCredentials.optionsOf(auth);
  const template = given?.grant === 'authorization_code' ? given : resolveOAuthOptions({}, signIn.store);
  return new ServerCredentials(serverUrl(url), {
    ...template,
    ...signIn,
    interactive: false,
    perIssuer: true,
  });
}

/** Whether these are credentials of `oauth()` with which a user signs in. */
export function signsInUsers(auth: unknown): boolean {
  return OAuthCredentials.optionsOf(auth)?.grant === 'authorization_code';
}

class OAuthCredentials implements OAuth {
  readonly #options: ResolvedOAuthOptions;
  readonly #servers = new Map<string, ServerCredentials>();
  /** The server that the methods without a URL are about. */
  #only: { readonly href: string; readonly credentials: ServerCredentials } | undefined;

  constructor(options: ResolvedOAuthOptions) {
    this.#options = options;
  }

  /** The options of `auth` when it is of `oauth()`. They hold secrets, so that the object does not show them. */
  static optionsOf(auth: unknown): ResolvedOAuthOptions | undefined {
    return typeof auth === 'object' && auth !== null && #options in auth ? auth.#options : undefined;
  }

  forServer(url: string | URL): ServerCredentials {
    const server = serverUrl(url);
    const known = this.#servers.get(server.href);
    if (known !== undefined) return known;
    const credentials = new ServerCredentials(server, this.#options);
    this.#servers.set(server.href, credentials);
    return credentials;
  }

  /** For an official transport, which does not say which server it talks to: the first refused request shows it. */
  async token(): Promise<string | undefined> {
    return this.#only?.credentials.token();
  }

  async onUnauthorized(context: UnauthorizedContext): Promise<void> {
    const { href } = serverUrl(context.serverUrl);
    this.#only ??= { href, credentials: this.forServer(href) };
    if (this.#only.href !== href) {
      const what = 'One oauth() object was given to official transports of several servers.';
      throw unusableServer(`${what} Give each what "forServer(url)" returns.`);
    }
    await this.#only.credentials.onUnauthorized(context);
  }
}

function serverUrl(url: string | URL): URL {
  if (!URL.canParse(String(url))) throw unusableServer('The URL of a server is not a URL.');
  const server = new URL(url);
  server.hash = '';
  return server;
}
