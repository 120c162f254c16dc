import {
  computeScopeUnion,
  extractWWWAuthenticateParams,
  isStrictScopeSuperset,
  withDpop,
  type FetchLike,
  type AuthProvider,
} from '@modelcontextprotocol/client';
import { signedOut } from '../errors/auth.ts';
import { abortable, Limit } from '../internal/limit.ts';
import { LONGEST_TIMER_MS, startTimer } from '../internal/timers.ts';
import type { AuthorizeOptions, ConnectionFetch, ServerAuth, SignInWatch } from '../server-spec.ts';
import type { ResolvedOAuthOptions } from './oauth-options.ts';
import { bearerOf, SentTokens } from './network/sent-tokens.ts';
import { isExpiring, type StoredTokens } from './store/stored-tokens.ts';
import { TokenSource, type TokenRequest } from './token-source.ts';
import { watchStore } from './store/watch-store.ts';

/** What the official client passes with a refused request. */
export type UnauthorizedContext = Parameters<NonNullable<AuthProvider['onUnauthorized']>>[0];

/** Whether there are tokens for a server, and what for. */
export type AuthStatus =
  | { readonly signedIn: false }
  | {
      readonly signedIn: true;
      readonly issuer: string;
      readonly scope?: string;
      /** In epoch milliseconds; absent when the authorization server gave no lifetime. */
      readonly expiresAt?: number;
      /** Whether there is a refresh token or a grant that needs no user. */
      readonly refreshable: boolean;
    };

type WantedTokens = Omit<TokenRequest, 'signal'>;
type LoginMode = TokenRequest['login'];

/** A request for tokens that is under way. */
interface Getting extends Pick<WantedTokens, 'login' | 'mustCover'> {
  readonly promise: Promise<void>;
}

/** Whether a request for tokens may ask the user to log in, in rising order. */
const LOGIN_MODES: readonly LoginMode[] = ['never', 'if-needed', 'always'];

/** How often one request is repeated with a wider token after it was refused for a missing scope. */
const MAX_STEP_UPS = 1;

/** The credentials of one client for one server, used by any number of connections. */
export class ServerCredentials implements ServerAuth {
  readonly #options: ResolvedOAuthOptions;
  readonly #source: TokenSource;
  readonly #sent = new SentTokens();
  #tokens: StoredTokens | undefined;
  #loading: Promise<void> | undefined;
  /** Two requests for tokens can be under way: one that needs no login, and one that waits for the user. */
  #gettingWithoutLogin: Getting | undefined;
  #getting: Getting | undefined;
  /** The last challenge for which no token was got. */
  #unmetRequest: WantedTokens | undefined;
  /** Listeners that wait until a user has signed in. */
  readonly #waiting = new Set<() => void>();
  /** Aborts all requests for tokens. */
  #ending = new AbortController();

  constructor(server: URL, options: ResolvedOAuthOptions) {
    this.#options = options;
    this.#source = new TokenSource(server, options);
  }

  async token(): Promise<string | undefined> {
    this.#loading ??= this.#load();
    await this.#loading;
    const tokens = this.#tokens;
    if (tokens === undefined || !isExpiring(tokens)) return tokens?.access_token;
    // A failure is ignored here: the server then refuses the old token, and that refusal is handled.
    const request = { rejected: tokens.access_token, login: 'never' } as const;
    await this.#get(request).catch(() => {});
    return this.#tokens?.access_token;
  }

  get interactive(): boolean {
    return this.#options.grant === 'authorization_code' && this.#options.interactive;
  }

  async onUnauthorized(context: UnauthorizedContext): Promise<void> {
    await this.#renew(context, this.#loginMode);
  }

  /** Adds the DPoP proof, and repeats a request with a wider token when the scope was insufficient (step-up). */
  wrapFetch(fetch: ConnectionFetch): FetchLike {
    return this.#wrap(fetch, this.#loginMode);
  }

  unattended(): ServerAuth {
    return {
      token: () => this.token(),
      onUnauthorized: (context) => this.#renew(context, 'never'),
      wrapFetch: (fetch) => this.#wrap(fetch, 'never'),
    };
  }

  awaitSignIn(onSignedIn: () => void): SignInWatch {
    const found = (): void => {
      this.#waiting.delete(found);
      watch.stop();
      onSignedIn();
    };
    const watch = watchStore(() => this.#findSignIn(), found);
    // Without a user no login will ever put a token into the store.
    if (this.#options.grant !== 'authorization_code') watch.stop();
    else if (this.#mayBeAccepted(this.#tokens)) queueMicrotask(() => this.#waiting.has(found) && found());
    this.#waiting.add(found);
    const stop = (): void => {
      this.#waiting.delete(found);
      watch.stop();
    };
    return { look: () => watch.look(), stop };
  }

  /** Whether a call may start a login. Grants that need no user never do. */
  get #loginMode(): LoginMode {
    return this.interactive ? 'if-needed' : 'never';
  }

  async #renew({ response, fetchFn }: UnauthorizedContext, login: LoginMode): Promise<void> {
    const sent = this.#sent.of(response) ?? {
      token: this.#tokens?.access_token,
      signal: undefined,
      via: fetchFn,
    };
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response);
    const request = {
      rejected: sent.token,
      challenge: { resourceMetadataUrl, scope },
      viaTransport: sent.via,
      login,
    };
    await abortable(this.#get(request), sent.signal);
  }

  #wrap(fetch: ConnectionFetch, login: LoginMode): FetchLike {
    return this.#sent.watch(this.#withStepUp(this.#withProof(fetch), fetch, login), fetch);
  }

  async authorize({ signal, ifNeeded = false }: AuthorizeOptions = {}): Promise<void> {
    // A timer that keeps the process running while the user signs in; nothing else may do so.
    const stopTimer = startTimer(LONGEST_TIMER_MS, () => {}, { keepAlive: true });
    try {
      await abortable(ifNeeded ? this.#signInIfNeeded() : this.#signIn(), signal);
    } finally {
      stopTimer();
    }
  }

  async signOut(): Promise<void> {
    this.#ending.abort(signedOut());
    this.#ending = new AbortController();
    await Promise.allSettled([this.#getting?.promise, this.#gettingWithoutLogin?.promise]);
    this.#tokens = undefined;
    await this.#source.forget();
  }

  async status(): Promise<AuthStatus> {
    const tokens = this.#tokens ?? (await this.#source.stored());
    if (tokens === undefined) return { signedIn: false };
    const { issuer, scope, expires_at: expiresAt, refresh_token: refreshToken } = tokens;
    return {
      signedIn: true,
      issuer,
      refreshable: refreshToken !== undefined,
      ...(scope !== undefined && { scope }),
      ...(expiresAt !== undefined && { expiresAt }),
    };
  }

  /** Where the users of the server sign in, and for what resource. Rejects when that cannot be found out in time. */
  async describe(ms: number): Promise<{ readonly issuer: string; readonly resource: string | undefined }> {
    const limit = new Limit({ ms });
    try {
      return await limit.hold(this.#source.describe(limit.signal));
    } finally {
      limit.stop();
    }
  }

  async #signIn(): Promise<void> {
    await this.#get({ rejected: this.#tokens?.access_token, challenge: 'ask', login: 'always' });
  }

  async #signInIfNeeded(): Promise<void> {
    const unmet = this.#unmetRequest;
    if (unmet !== undefined) return this.#get({ ...unmet, login: 'if-needed' });
    if ((await this.token()) !== undefined) return;
    await this.#get({ rejected: undefined, challenge: 'ask', login: 'if-needed' });
  }

  /** Reads the store: another process may have signed in. */
  async #findSignIn(): Promise<boolean> {
    const stored = await this.#source.stored();
    if (!this.#mayBeAccepted(stored)) return false;
    this.#tokens = stored;
    return true;
  }

  /** Whether these tokens differ from the refused ones, so that the server may accept them. */
  #mayBeAccepted(tokens: StoredTokens | undefined): boolean {
    if (tokens === undefined || tokens.access_token === this.#sent.refused) return false;
    return !isStrictScopeSuperset(this.#unmetRequest?.mustCover, tokens.scope);
  }

  async #load(): Promise<void> {
    try {
      this.#tokens ??= await this.#source.stored();
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  /** The official client adds the proof to requests whose token is bound to a key. */
  #withProof(fetch: FetchLike): FetchLike {
    if (this.#options.dpop === false) return fetch;
    const isBound = (): boolean => this.#tokens?.token_type.toLowerCase() === 'dpop';
    const boundToken = (): string | undefined => (isBound() ? this.#tokens?.access_token : undefined);
    const prove = withDpop(() => this.#source.dpop(), boundToken)(fetch);
    return (url, init) => (bearerOf(new Headers(init?.headers)) === undefined ? fetch : prove)(url, init);
  }

  #withStepUp(send: FetchLike, viaTransport: ConnectionFetch, login: LoginMode): FetchLike {
    return async (url, init) => {
      const headers = new Headers(init?.headers);
      for (let stepUps = 0; ; stepUps++) {
        const token = bearerOf(headers);
        const response = await send(url, { ...init, headers });
        const challenge = extractWWWAuthenticateParams(response);
        const isStepUp = response.status === 403 && challenge.error === 'insufficient_scope';
        if (token === undefined || !isStepUp || stepUps === MAX_STEP_UPS) return response;
        await response.body?.cancel();
        await abortable(this.#widen(token, challenge, viaTransport, login), init?.signal ?? undefined);
        headers.set('authorization', `Bearer ${this.#tokens?.access_token}`);
      }
    };
  }

  async #widen(
    rejected: string,
    challenge: { resourceMetadataUrl?: URL; scope?: string },
    viaTransport: ConnectionFetch,
    login: LoginMode,
  ): Promise<void> {
    // The new token must also cover the scope that was granted before.
    const mustCover = computeScopeUnion(this.#tokens?.scope, challenge.scope);
    await this.#get({ rejected, challenge, mustCover, viaTransport, login });
  }

  /** Calls share one request for tokens. */
  async #get(request: WantedTokens): Promise<void> {
    while (!this.#satisfies(request)) {
      const current =
        request.login === 'never' ? this.#gettingWithoutLogin : (this.#getting ?? this.#gettingWithoutLogin);
      if (current === undefined) return this.#start(request);
      const needsScope = request.mustCover !== undefined && request.mustCover !== current.mustCover;
      const needsLogin = LOGIN_MODES.indexOf(request.login) > LOGIN_MODES.indexOf(current.login);
      if (!needsScope && !needsLogin) return current.promise;
      await current.promise.catch(() => {}); // The calls that wait for the tokens get this error.
    }
  }

  /** Whether the current tokens satisfy the request. */
  #satisfies({ rejected, mustCover, login }: WantedTokens): boolean {
    const tokens = this.#tokens;
    if (tokens === undefined || tokens.access_token === rejected || login === 'always') return false;
    return !isStrictScopeSuperset(mustCover, tokens.scope);
  }

  async #start(request: WantedTokens): Promise<void> {
    const { login, mustCover } = request;
    const getting: Getting = { login, mustCover, promise: this.#obtain(request) };
    if (login === 'never') this.#gettingWithoutLogin = getting;
    else this.#getting = getting;
    try {
      await getting.promise;
    } finally {
      if (login === 'never') this.#gettingWithoutLogin = undefined;
      else this.#getting = undefined;
    }
  }

  async #obtain(request: WantedTokens): Promise<void> {
    try {
      this.#tokens = await this.#source.get({ ...request, signal: this.#ending.signal });
      if (this.#unmetRequest !== undefined && this.#satisfies(this.#unmetRequest))
        this.#unmetRequest = undefined;
      if (this.#mayBeAccepted(this.#tokens)) for (const found of this.#waiting) found();
    } catch (error) {
      // The transport's fetch is not kept: the transport may close before the login.
      if (hasChallenge(request))
        this.#unmetRequest = { ...request, viaTransport: undefined, isRepeated: true };
      // The token source has removed tokens from the store that are of no more use.
      this.#tokens = await this.#source.stored();
      throw error;
    }
  }
}

/** Whether the request has the challenge of a server's answer. */
function hasChallenge({ challenge }: WantedTokens): boolean {
  return challenge !== undefined && challenge !== 'ask';
}
