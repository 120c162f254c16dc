import {
  computeScopeUnion,
  DpopSession,
  fetchToken,
  isStrictScopeSuperset,
  type FetchLike,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/client';
import { tell } from './auth-events.ts';
import { authFailure, authRequired } from './auth-failure.ts';
import { checkDiscovery, discover, type Discovery } from './network/discovery.ts';
import { logIn } from './login/login.ts';
import { MachineFlow } from './grants/machine-flow.ts';
import { OAuthFetch } from './network/oauth-fetch.ts';
import type { ResolvedOAuthOptions } from './oauth-options.ts';
import { refresh } from './grants/refresh.ts';
import {
  clientEntry,
  discoveryEntry,
  isExpiring,
  tokensEntry,
  withExpiry,
  type StoredTokens,
} from './store/stored-tokens.ts';
import { abortable } from '../internal/limit.ts';
import { Turns } from '../internal/turns.ts';

/** What tokens are wanted for. */
export interface TokenRequest {
  /** The access token that will not do; any other that turns up meanwhile will. */
  readonly rejected: string | undefined;
  /** What the server said with its refusal; to be asked for, or undefined to go by what is known of it. */
  readonly challenge?: Challenge | 'ask';
  /** Whether the challenge was followed up before: what was found then still holds. */
  readonly isRepeated?: boolean;
  /** The scope that the token must cover, when one was refused for covering too little. */
  readonly mustCover?: string | undefined;
  /** Whether a person may be asked, or must be. */
  readonly login: 'never' | 'if-needed' | 'always';
  /** The transport's own `fetch`. */
  readonly viaTransport?: FetchLike | undefined;
  readonly signal: AbortSignal;
}

/** Gets the tokens for one server: from the store, by a refresh, by the client's own credentials, or by a login. */
export class TokenSource {
  readonly #server: URL;
  readonly #options: ResolvedOAuthOptions;
  /** Which client this is, among those in the store. */
  readonly #client: string;
  /** For a store that has no lock. */
  readonly #turns = new Turns();
  #dpop: Promise<DpopSession> | undefined;

  constructor(server: URL, options: ResolvedOAuthOptions) {
    this.#server = server;
    this.#options = options;
    const { clientId, clientMetadataUrl, clientName, account } = options;
    const parts = [clientId ?? clientMetadataUrl ?? clientName, ...(account === undefined ? [] : [account])];
    this.#client = parts.map(encodeURIComponent).join(' ');
  }

  /** The session that holds the key of DPoP; undefined when tokens are not bound to one. */
  async dpop(): Promise<DpopSession | undefined> {
    const { dpop } = this.#options;
    if (dpop === false) return undefined;
    this.#dpop ??= dpop === true ? DpopSession.create() : Promise.resolve(dpop);
    return this.#dpop;
  }

  /** What the store has, without asking anybody. */
  async stored(): Promise<StoredTokens | undefined> {
    const discovery = await this.#storedDiscovery();
    if (discovery === undefined) return undefined;
    return tokensEntry.read(this.#options.store, ...this.#keysOf(discovery));
  }

  /** Takes everything out of the store that is for this server. */
  async forget(): Promise<void> {
    const { store } = this.#options;
    const discovery = await this.#storedDiscovery();
    if (discovery !== undefined) await tokensEntry.remove(store, ...this.#keysOf(discovery));
    await discoveryEntry.remove(store, this.#server.href, this.#client);
  }

  /** Rejects with `AUTH_REQUIRED`, with `CONNECT_FAILED` when nobody answers, or with the signal's reason. */
  async get(request: TokenRequest): Promise<StoredTokens> {
    const { fetch, allowPrivateAddresses } = this.#options;
    const { viaTransport } = request;
    const asking = new OAuthFetch({ server: this.#server, viaTransport, fetch, allowPrivateAddresses });
    let discovery: Discovery | undefined;
    try {
      const asked =
        request.challenge === 'ask' ? await askForChallenge(this.#server, asking.fetch) : undefined;
      const wanted = asked === undefined ? request : { ...request, challenge: asked };
      discovery = await this.#discover(wanted, asking.fetch);
      return (
        (await this.#getAlone(discovery, wanted, asking.fetch)) ??
        (await this.#getFromPerson(discovery, wanted, asking.fetch))
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

  /** Without a person; undefined when it takes one. Whoever waited for the lock finds what its holder got. */
  async #getAlone(
    discovery: Discovery,
    request: TokenRequest,
    fetch: FetchLike,
  ): Promise<StoredTokens | undefined> {
    const { grant, store } = this.#options;
    const forPerson = grant === 'authorization_code';
    if (forPerson && request.login === 'always') return undefined;
    const keys = this.#keysOf(discovery);
    const work = async (): Promise<StoredTokens | undefined> => {
      const known = await tokensEntry.read(store, ...keys);
      if (known !== undefined && satisfies(known, request)) return known;
      const fresh = forPerson
        ? await this.#refreshed(known, discovery, request, fetch)
        : await this.#granted(discovery, request, fetch);
      if (fresh !== undefined) await tokensEntry.write(store, fresh, ...keys);
      return fresh;
    };
    const key = tokensEntry.keyOf(keys);
    return store.lock === undefined ? this.#turns.take(key, work) : store.lock(key, work);
  }

  async #refreshed(
    known: StoredTokens | undefined,
    discovery: Discovery,
    request: TokenRequest,
    fetch: FetchLike,
  ): Promise<StoredTokens | undefined> {
    // A refresh cannot widen what was granted (RFC 6749, section 6).
    if (known === undefined || isStrictScopeSuperset(request.mustCover, known.scope)) return undefined;
    const options = this.#options;
    const fresh = await refresh({ tokens: known, options, discovery, dpop: await this.dpop(), fetch });
    if (fresh === undefined) await tokensEntry.remove(options.store, ...this.#keysOf(discovery));
    else tell(options.onEvent, { type: 'refreshed', server: this.#server.href, issuer: discovery.issuer });
    return fresh;
  }

  async #granted(
    { issuer, resource, state }: Discovery,
    request: TokenRequest,
    fetch: FetchLike,
  ): Promise<StoredTokens> {
    const { authorizationServerUrl, authorizationServerMetadata: metadata, resourceMetadata } = state;
    const flow = new MachineFlow(this.#options, { issuer, resource, fetch }, await this.dpop());
    const scope = this.#scopeFor(request) ?? resourceMetadata?.scopes_supported?.join(' ');
    const tokens = await fetchToken(flow, authorizationServerUrl, {
      fetchFn: fetch,
      ...(metadata !== undefined && { metadata }),
      ...(resource !== undefined && { resource }),
      ...(scope !== undefined && { scope }),
    });
    return withExpiry({ ...tokens, scope: tokens.scope ?? scope }, issuer, undefined);
  }

  async #getFromPerson(discovery: Discovery, request: TokenRequest, fetch: FetchLike): Promise<StoredTokens> {
    const options = this.#options;
    const { issuer, resource } = discovery;
    const scope = this.#scopeFor(request);
    if (request.login === 'never') {
      const what = `a person has to sign in at ${new URL(issuer).origin}. Call "authorize()", then try again.`;
      throw authRequired('login_required', { server: this.#server, issuer, resource, scope }, what);
    }
    const keys = this.#keysOf(discovery);
    const login = inLoginQueue(issuer, async () => {
      const known = await tokensEntry.read(options.store, ...keys);
      if (request.login !== 'always' && known !== undefined && satisfies(known, request)) return known;
      const tokens = await logIn({
        server: this.#server,
        options,
        discovery,
        client: this.#client,
        scope,
        dpop: await this.dpop(),
        fetch,
        signal: request.signal,
      });
      await tokensEntry.write(options.store, tokens, ...keys);
      tell(options.onEvent, { type: 'authorized', server: this.#server.href, issuer });
      return tokens;
    });
    return abortable(login, request.signal);
  }

  /** A server that refused a token may have moved to another authorization server. */
  async #discover(request: TokenRequest, fetch: FetchLike): Promise<Discovery> {
    const { store, issuer } = this.#options;
    const challenge = challengeOf(request);
    const known =
      challenge === undefined || request.isRepeated === true ? await this.#storedDiscovery() : undefined;
    if (known !== undefined) return known;
    const resourceMetadataUrl = challenge?.resourceMetadataUrl;
    const discovery = await discover({ server: this.#server, resourceMetadataUrl, issuer, fetch });
    await discoveryEntry.write(store, discovery.state, this.#server.href, this.#client);
    return discovery;
  }

  async #storedDiscovery(): Promise<Discovery | undefined> {
    const { store, issuer } = this.#options;
    const state = await discoveryEntry.read(store, this.#server.href, this.#client);
    if (state === undefined) return undefined;
    try {
      return checkDiscovery(state, { server: this.#server, issuer });
    } catch {
      return undefined; // The options are others than they were.
    }
  }

  #keysOf({ issuer, resource }: Discovery): string[] {
    return [issuer, resource ?? this.#server.href, this.#client];
  }

  /** What to ask for; undefined leaves it to what the server offers. */
  #scopeFor(request: TokenRequest): string | undefined {
    return computeScopeUnion(this.#options.scope, challengeOf(request)?.scope, request.mustCover);
  }

  async #secrets(discovery: Discovery | undefined): Promise<string[]> {
    const { store, clientSecret, privateKey } = this.#options;
    const tokens = discovery && (await tokensEntry.read(store, ...this.#keysOf(discovery)));
    const client = discovery && (await clientEntry.read(store, discovery.issuer, this.#client));
    const key = typeof privateKey?.key === 'string' ? privateKey.key : undefined;
    const ours = [tokens?.access_token, tokens?.refresh_token, tokens?.id_token];
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
 * Runs `login` when no other login at this authorization server is under way in this process: a person can look at
 * one page at a time, and the second login often needs none.
 */
function inLoginQueue<T>(issuer: string, login: () => Promise<T>): Promise<T> {
  return logins.take(issuer, login);
}

/** What a server says with a refusal. */
interface Challenge {
  readonly resourceMetadataUrl?: URL | undefined;
  readonly scope?: string | undefined;
}

/** Asks a server for something harmless, to hear what it says to whoever has no token. */
async function askForChallenge(server: URL, fetch: FetchLike): Promise<Challenge> {
  const response = await fetch(server, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
  });
  await response.body?.cancel();
  return response.status === 401 ? extractWWWAuthenticateParams(response) : {};
}
