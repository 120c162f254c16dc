import {
  computeScopeUnion,
  DpopSession,
  fetchToken,
  isStrictScopeSuperset,
  type FetchLike,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/client';
import { authRequired } from '../errors/auth.ts';
import { tell } from './auth-events.ts';
import { authFailure } from './auth-failure.ts';
import { checkDiscovery, discover, type Discovery } from './network/discovery.ts';
import { logIn } from './login/login.ts';
import { readLeniently } from './network/lenient-answers.ts';
import { NonInteractiveFlow } from './grants/non-interactive-flow.ts';
import { OAuthFetch } from './network/oauth-fetch.ts';
import type { ResolvedOAuthOptions } from './oauth-options.ts';
import { refresh } from './grants/refresh.ts';
import {
  clientEntry,
  discoveryEntry,
  isExpiring,
  signInEntry,
  tokensEntry,
  withExpiry,
  type StoredTokens,
} from './store/stored-tokens.ts';
import { abortable } from '../internal/limit.ts';
import type { ConnectionFetch } from '../server-spec.ts';
import { Turns } from '../internal/turns.ts';

/** A request for tokens. */
export interface TokenRequest {
  /** The access token that the server refused; any other one is accepted. */
  readonly rejected: string | undefined;
  /** The challenge of the server's refusal. `ask` sends a request to get one; undefined uses the stored discovery. */
  readonly challenge?: Challenge | 'ask';
  /** Whether the same challenge was used for discovery before; that result is used again. */
  readonly isRepeated?: boolean;
  /** The scope that the token must cover, after a refusal for insufficient scope. */
  readonly mustCover?: string | undefined;
  /** Whether the user may be asked to log in, or must be. */
  readonly login: 'never' | 'if-needed' | 'always';
  /** The transport's own `fetch`. */
  readonly viaTransport?: ConnectionFetch | undefined;
  readonly signal: AbortSignal;
}

/** Gets the tokens for one server: from the store, by a refresh, by the client's own credentials, or by a login. */
export class TokenSource {
  readonly #server: URL;
  readonly #options: ResolvedOAuthOptions;
  /** The key of this client in the store. */
  readonly #client: string;
  /** The key of its registration there: accounts may share one. */
  readonly #registration: string;
  /** Orders requests when the store has no `lock`. */
  readonly #turns = new Turns();
  #dpop: Promise<DpopSession> | undefined;

  constructor(server: URL, options: ResolvedOAuthOptions) {
    this.#server = server;
    this.#options = options;
    const { clientId, clientMetadataUrl, clientName, account } = options;
    const parts = [clientId ?? clientMetadataUrl ?? clientName, ...(account === undefined ? [] : [account])];
    this.#client = parts.map(encodeURIComponent).join(' ');
    this.#registration = options.perIssuer === true ? encodeURIComponent(parts[0] ?? '') : this.#client;
  }

  /** The official client's DPoP session, which holds the key; undefined without DPoP. */
  async dpop(): Promise<DpopSession | undefined> {
    const { dpop } = this.#options;
    if (dpop === false) return undefined;
    this.#dpop ??= dpop === true ? DpopSession.create() : Promise.resolve(dpop);
    return this.#dpop;
  }

  /** The tokens in the store; makes no request. */
  async stored(): Promise<StoredTokens | undefined> {
    const discovery = await this.#storedDiscovery();
    if (discovery === undefined) return undefined;
    return tokensEntry.read(this.#options.store, ...this.#keysOf(discovery));
  }

  /** Asks the server where its users sign in, and for what resource. */
  async describe(signal: AbortSignal): Promise<Pick<Discovery, 'issuer' | 'resource'>> {
    const { fetch, allowPrivateAddresses } = this.#options;
    const asking = new OAuthFetch({ server: this.#server, fetch, allowPrivateAddresses });
    try {
      const send = readLeniently(asking.fetch);
      const known = await this.#storedDiscovery();
      if (known !== undefined) return known;
      const challenge = await askForChallenge(this.#server, send);
      return await this.#discover({ challenge, rejected: undefined, login: 'never', signal }, send, asking);
    } finally {
      await asking.close();
    }
  }

  /** Removes this server's entries from the store. */
  async forget(): Promise<void> {
    const { store } = this.#options;
    const discovery = await this.#storedDiscovery();
    if (discovery !== undefined) {
      await tokensEntry.remove(store, ...this.#keysOf(discovery));
      await signInEntry.remove(store, discovery.issuer, this.#client);
    }
    await discoveryEntry.remove(store, this.#server.href, this.#client);
  }

  /** Rejects with `AUTH_REQUIRED`, with `CONNECT_FAILED` when a server does not answer, or with the signal's reason. */
  async get(request: TokenRequest): Promise<StoredTokens> {
    const { fetch, allowPrivateAddresses } = this.#options;
    const { viaTransport } = request;
    const asking = new OAuthFetch({ server: this.#server, viaTransport, fetch, allowPrivateAddresses });
    const send = readLeniently(asking.fetch);
    let discovery: Discovery | undefined;
    try {
      const asked = request.challenge === 'ask' ? await askForChallenge(this.#server, send) : undefined;
      const wanted = asked === undefined ? request : { ...request, challenge: asked };
      discovery = await this.#discover(wanted, send, asking);
      return (
        (await this.#getWithoutLogin(discovery, wanted, send, asking.fetch)) ??
        (await this.#getByLogin(discovery, wanted, send))
      );
    } catch (error) {
      if (request.signal.aborted && error === request.signal.reason) throw error;
      const { issuer, resource } = discovery ?? {};
      const target = { server: this.#server, issuer, resource };
      throw authFailure(error, target, await this.#secrets(discovery));
    } finally {
      await asking.close();
    }
  }

  /**
   * Gets tokens without a login; undefined when a login is needed. After waiting for the lock, it uses what the
   * holder got.
   */
  async #getWithoutLogin(
    discovery: Discovery,
    request: TokenRequest,
    fetch: FetchLike,
    assertionFetch: FetchLike,
  ): Promise<StoredTokens | undefined> {
    const { grant, store } = this.#options;
    const isInteractive = grant === 'authorization_code';
    if (isInteractive && request.login === 'always') return undefined;
    const keys = this.#keysOf(discovery);
    const perIssuer = isInteractive && this.#options.perIssuer === true;
    const work = async (): Promise<StoredTokens | undefined> => {
      const known = await tokensEntry.read(store, ...keys);
      if (known !== undefined && satisfies(known, request)) return known;
      const fresh = isInteractive
        ? await this.#refreshed(known, discovery, request, fetch)
        : await this.#granted(discovery, request, fetch, assertionFetch);
      if (fresh !== undefined) await tokensEntry.write(store, fresh, ...keys);
      return fresh;
    };
    // A refresh token that all servers of an issuer share is used by one of them at a time.
    const key = perIssuer ? signInEntry.keyOf([discovery.issuer, this.#client]) : tokensEntry.keyOf(keys);
    return store.lock === undefined ? this.#turns.take(key, work) : store.lock(key, work);
  }

  async #refreshed(
    known: StoredTokens | undefined,
    discovery: Discovery,
    request: TokenRequest,
    fetch: FetchLike,
  ): Promise<StoredTokens | undefined> {
    const options = this.#options;
    if (options.perIssuer === true && known?.refresh_token === undefined)
      return this.#refreshedOfIssuer(discovery, request, fetch);
    // A refresh cannot widen what was granted (RFC 6749, section 6).
    if (known === undefined || isStrictScopeSuperset(request.mustCover, known.scope)) return undefined;
    const { store, onEvent } = options;
    const fresh = await refresh({ tokens: known, options, discovery, dpop: await this.dpop(), fetch });
    if (typeof fresh === 'object') {
      tell(onEvent, { type: 'refreshed', server: this.#server.href, issuer: discovery.issuer });
      return fresh;
    }
    await tokensEntry.remove(store, ...this.#keysOf(discovery));
    // A login page would show an error to a client that is not known, and nobody would come back from it.
    if (fresh === 'client-refused') await clientEntry.remove(store, discovery.issuer, this.#registration);
    return undefined;
  }

  /**
   * Tokens for this server by the sign-in of its issuer, whichever server that was for. Where the issuer gives none for this
   * server by it (RFC 8707: `invalid_target`), a sign-in for this server is needed, and the others keep theirs.
   */
  async #refreshedOfIssuer(
    discovery: Discovery,
    request: TokenRequest,
    fetch: FetchLike,
  ): Promise<StoredTokens | undefined> {
    const options = this.#options;
    const { store, onEvent } = options;
    const { issuer } = discovery;
    const known = await signInEntry.read(store, issuer, this.#client);
    if (known === undefined || isStrictScopeSuperset(request.mustCover, known.scope)) return undefined;
    const fresh = await refresh({ tokens: known, options, discovery, dpop: await this.dpop(), fetch });
    if (typeof fresh === 'object') {
      tell(onEvent, { type: 'refreshed', server: this.#server.href, issuer });
      // The old refresh token may be used up, or may still be the one.
      const next = {
        ...known,
        ...(fresh.refresh_token !== undefined && { refresh_token: fresh.refresh_token }),
      };
      await signInEntry.write(store, next, issuer, this.#client);
      const { refresh_token: _, ...tokens } = fresh;
      return tokens;
    }
    await tokensEntry.remove(store, ...this.#keysOf(discovery));
    if (fresh === 'no-target') return undefined;
    await signInEntry.remove(store, issuer, this.#client);
    if (fresh === 'client-refused') await clientEntry.remove(store, issuer, this.#registration);
    return undefined;
  }

  /** Keeps what a person who signed in was given. A sign-in that is good for other servers of the issuer stays. */
  async #keep(tokens: StoredTokens, keys: string[], issuer: string): Promise<StoredTokens> {
    const { store, perIssuer } = this.#options;
    const isForIssuer =
      perIssuer === true &&
      tokens.refresh_token !== undefined &&
      (await signInEntry.read(store, issuer, this.#client)) === undefined;
    if (!isForIssuer) {
      await tokensEntry.write(store, tokens, ...keys);
      return tokens;
    }
    await signInEntry.write(store, tokens, issuer, this.#client);
    const { refresh_token: _, ...own } = tokens;
    await tokensEntry.write(store, own, ...keys);
    return own;
  }

  async #granted(
    { issuer, resource, state }: Discovery,
    request: TokenRequest,
    fetch: FetchLike,
    assertionFetch: FetchLike,
  ): Promise<StoredTokens> {
    const { authorizationServerUrl, authorizationServerMetadata: metadata, resourceMetadata } = state;
    const assertionContext = { issuer, resource, fetch: assertionFetch };
    const flow = new NonInteractiveFlow(this.#options, assertionContext, await this.dpop());
    const scope = this.#scopeFor(request) ?? resourceMetadata?.scopes_supported?.join(' ');
    const tokens = await fetchToken(flow, authorizationServerUrl, {
      fetchFn: fetch,
      ...(metadata !== undefined && { metadata }),
      ...(resource !== undefined && { resource }),
      ...(scope !== undefined && { scope }),
    });
    return withExpiry({ ...tokens, scope: tokens.scope ?? scope }, issuer, undefined);
  }

  async #getByLogin(discovery: Discovery, request: TokenRequest, fetch: FetchLike): Promise<StoredTokens> {
    const options = this.#options;
    const { issuer, resource } = discovery;
    const scope = this.#scopeFor(request);
    if (request.login === 'never') {
      const what = `a person has to sign in at ${new URL(issuer).origin}.`;
      throw authRequired('login_required', { server: this.#server, issuer, resource, scope }, what);
    }
    const keys = this.#keysOf(discovery);
    const login = inLoginQueue(issuer, options.account, async () => {
      const known = await tokensEntry.read(options.store, ...keys);
      if (request.login !== 'always' && known !== undefined && satisfies(known, request)) return known;
      const tokens = await logIn({
        server: this.#server,
        options,
        discovery,
        client: this.#registration,
        scope,
        dpop: await this.dpop(),
        fetch,
        signal: request.signal,
      });
      const kept = await this.#keep(tokens, keys, issuer);
      tell(options.onEvent, { type: 'authorized', server: this.#server.href, issuer });
      return kept;
    });
    return abortable(login, request.signal);
  }

  /** A server that refused a token may have moved to another authorization server. */
  async #discover(request: TokenRequest, fetch: FetchLike, asking: OAuthFetch): Promise<Discovery> {
    const { store, issuer } = this.#options;
    const challenge = challengeOf(request);
    const known =
      challenge === undefined || request.isRepeated === true ? await this.#storedDiscovery() : undefined;
    if (known !== undefined) {
      asking.wasPrivate = known.wasPrivate;
      return known;
    }
    const resourceMetadataUrl = challenge?.resourceMetadataUrl;
    const discovery = await discover({ server: this.#server, resourceMetadataUrl, issuer, fetch });
    const wasPrivate = await asking.serverIsPrivate();
    await discoveryEntry.write(store, { ...discovery.state, wasPrivate }, this.#server.href, this.#client);
    return discovery;
  }

  async #storedDiscovery(): Promise<(Discovery & { wasPrivate: boolean | undefined }) | undefined> {
    const { store, issuer } = this.#options;
    const state = await discoveryEntry.read(store, this.#server.href, this.#client);
    if (state === undefined) return undefined;
    try {
      return { ...checkDiscovery(state, { server: this.#server, issuer }), wasPrivate: state.wasPrivate };
    } catch {
      return undefined; // The options have changed since.
    }
  }

  #keysOf({ issuer, resource }: Discovery): string[] {
    return [issuer, resource ?? this.#server.href, this.#client];
  }

  /** The scope to request; undefined for the scopes of the server's metadata. */
  #scopeFor(request: TokenRequest): string | undefined {
    return computeScopeUnion(this.#options.scope, challengeOf(request)?.scope, request.mustCover);
  }

  async #secrets(discovery: Discovery | undefined): Promise<string[]> {
    const { store, clientSecret, privateKey } = this.#options;
    const tokens = discovery && (await tokensEntry.read(store, ...this.#keysOf(discovery)));
    const client = discovery && (await clientEntry.read(store, discovery.issuer, this.#registration));
    const signIn = discovery && (await signInEntry.read(store, discovery.issuer, this.#client));
    const key = typeof privateKey?.key === 'string' ? privateKey.key : undefined;
    const ours = [tokens?.access_token, tokens?.refresh_token, tokens?.id_token, signIn?.refresh_token];
    const found = [clientSecret, key, client?.client_secret, ...ours];
    return found.filter((secret) => secret !== undefined && secret !== '') as string[];
  }
}

function satisfies(tokens: StoredTokens, { rejected, mustCover }: TokenRequest): boolean {
  if (tokens.access_token === rejected || isExpiring(tokens)) return false;
  return !isStrictScopeSuperset(mustCover, tokens.scope);
}

function challengeOf({ challenge }: TokenRequest): Challenge | undefined {
  return challenge === 'ask' ? undefined : challenge;
}

const logins = new Turns();

/**
 * Runs one login at a time for each authorization server and account in this process: a user can handle one page at a time, and
 * a second login often finds the tokens of the first.
 */
function inLoginQueue<T>(issuer: string, account: string | undefined, login: () => Promise<T>): Promise<T> {
  return logins.take(JSON.stringify([issuer, account]), login);
}

/** The parameters of `WWW-Authenticate` in a refusal. */
interface Challenge {
  readonly resourceMetadataUrl?: URL | undefined;
  readonly scope?: string | undefined;
}

/** Sends a `ping` without a token, to get the server's challenge. */
async function askForChallenge(server: URL, fetch: FetchLike): Promise<Challenge> {
  const response = await fetch(server, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
  });
  await response.body?.cancel();
  return response.status === 401 ? extractWWWAuthenticateParams(response) : {};
}
