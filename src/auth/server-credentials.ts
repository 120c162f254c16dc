import {
  computeScopeUnion,
  extractWWWAuthenticateParams,
  isStrictScopeSuperset,
  withDpop,
  type FetchLike,
  type AuthProvider,
} from '@modelcontextprotocol/client';
import { PlenumError } from '../errors/plenum-error.ts';
import { abortable } from '../internal/limit.ts';
import { LONGEST_TIMER_MS, startTimer } from '../internal/timers.ts';
import type { AuthorizeOptions, ServerAuth, SignInWatch } from '../server-spec.ts';
import type { ResolvedOAuthOptions } from './oauth-options.ts';
import { bearerOf, SentTokens } from './network/sent-tokens.ts';
import { isExpiring, type StoredTokens } from './store/stored-tokens.ts';
import { TokenSource, type TokenRequest } from './token-source.ts';
import { watchStore } from './store/watch-store.ts';

/** What the official client tells of a request that was refused. */
export type UnauthorizedContext = Parameters<NonNullable<AuthProvider['onUnauthorized']>>[0];

/** Whether there are tokens for a server, and what for. */
export type AuthStatus =
  | { readonly signedIn: false }
  | {
      readonly signedIn: true;
      readonly issuer: string;
      readonly scope?: string;
      /** In epoch milliseconds; absent when the authorization server did not say. */
      readonly expiresAt?: number;
      /** Whether it can be renewed without a person. */
      readonly refreshable: boolean;
    };

type Wanted = Omit<TokenRequest, 'signal'>;
type Leave = TokenRequest['login'];

/** Tokens on their way. */
interface Getting extends Pick<Wanted, 'login' | 'mustCover'> {
  readonly promise: Promise<void>;
}

/** How far a request for tokens may go, from nobody to a person who is asked in any case. */
const LEAVES: readonly Leave[] = ['never', 'if-needed', 'always'];

/** How often one request may be refused for want of scope before the refusal stands. */
const MAX_STEP_UPS = 1;

/** The credentials of one client for one server, used by any number of connections. */
export class ServerCredentials implements ServerAuth {
  readonly #options: ResolvedOAuthOptions;
  readonly #source: TokenSource;
  readonly #sent = new SentTokens();
  #tokens: StoredTokens | undefined;
  #loading: Promise<void> | undefined;
  /** Without a person, and with one: who may not wait for a person does not. */
  #gettingAlone: Getting | undefined;
  #getting: Getting | undefined;
  /** What a server asked for last, and nobody got. */
  #unmet: Wanted | undefined;
  /** Those that wait until somebody signs in. */
  readonly #waiting = new Set<() => void>();
  /** Ends whatever is under way. */
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
    // A failure shows when the server refuses the old one, where something can be done about it.
    const request = { rejected: tokens.access_token, login: 'never' } as const;
    await this.#get(request).catch(() => {});
    return this.#tokens?.access_token;
  }

  get interactive(): boolean {
    return this.#options.grant === 'authorization_code' && this.#options.interactive;
  }

  async onUnauthorized(context: UnauthorizedContext): Promise<void> {
    await this.#renew(context, this.#leave);
  }

  /** Shows the key to which a token is bound, and asks for a wider token when one covers too little. */
  wrapFetch(fetch: FetchLike): FetchLike {
    return this.#wrap(fetch, this.#leave);
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
    // A machine has nobody to wait for.
    if (this.#options.grant !== 'authorization_code') watch.stop();
    else if (this.#isNews(this.#tokens)) queueMicrotask(() => this.#waiting.has(found) && found());
    this.#waiting.add(found);
    const stop = (): void => {
      this.#waiting.delete(found);
      watch.stop();
    };
    return { look: () => watch.look(), stop };
  }

  /** What a call may do; nobody waits for a machine. */
  get #leave(): Leave {
    return this.interactive ? 'if-needed' : 'never';
  }

  async #renew({ response, fetchFn }: UnauthorizedContext, login: Leave): Promise<void> {
    const sent = this.#sent.of(response) ?? { token: this.#tokens?.access_token, signal: undefined };
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response);
    const request = {
      rejected: sent.token,
      challenge: { resourceMetadataUrl, scope },
      viaTransport: fetchFn,
      login,
    };
    await abortable(this.#get(request), sent.signal);
  }

  #wrap(fetch: FetchLike, login: Leave): FetchLike {
    return this.#sent.watch(this.#withStepUp(this.#withProof(fetch), fetch, login));
  }

  async authorize({ signal, ifNeeded = false }: AuthorizeOptions = {}): Promise<void> {
    // Nothing else need keep the process running while a person signs in.
    const stopTimer = startTimer(LONGEST_TIMER_MS, () => {}, { keepAlive: true });
    try {
      await abortable(ifNeeded ? this.#signInIfNeeded() : this.#signIn(), signal);
    } finally {
      stopTimer();
    }
  }

  async signOut(): Promise<void> {
    this.#ending.abort(new PlenumError('ABORTED', 'Signing in was given up: the user signed out.'));
    this.#ending = new AbortController();
    await Promise.allSettled([this.#getting?.promise, this.#gettingAlone?.promise]);
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

  async #signIn(): Promise<void> {
    await this.#get({ rejected: this.#tokens?.access_token, challenge: 'ask', login: 'always' });
  }

  async #signInIfNeeded(): Promise<void> {
    const unmet = this.#unmet;
    if (unmet !== undefined) return this.#get({ ...unmet, login: 'if-needed' });
    if ((await this.token()) !== undefined) return;
    await this.#get({ rejected: undefined, challenge: 'ask', login: 'if-needed' });
  }

  /** Looks whether another process has signed in. */
  async #findSignIn(): Promise<boolean> {
    const stored = await this.#source.stored();
    if (!this.#isNews(stored)) return false;
    this.#tokens = stored;
    return true;
  }

  /** Whether a server that refused access may grant it with these. */
  #isNews(tokens: StoredTokens | undefined): boolean {
    if (tokens === undefined || tokens.access_token === this.#sent.refused) return false;
    return !isStrictScopeSuperset(this.#unmet?.mustCover, tokens.scope);
  }

  async #load(): Promise<void> {
    try {
      this.#tokens ??= await this.#source.stored();
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  /** The official client does it, for whatever carries a token that is bound to a key. */
  #withProof(fetch: FetchLike): FetchLike {
    if (this.#options.dpop === false) return fetch;
    const isBound = (): boolean => this.#tokens?.token_type.toLowerCase() === 'dpop';
    const boundToken = (): string | undefined => (isBound() ? this.#tokens?.access_token : undefined);
    const prove = withDpop(() => this.#source.dpop(), boundToken)(fetch);
    return (url, init) => (bearerOf(new Headers(init?.headers)) === undefined ? fetch : prove)(url, init);
  }

  #withStepUp(send: FetchLike, viaTransport: FetchLike, login: Leave): FetchLike {
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
    viaTransport: FetchLike,
    login: Leave,
  ): Promise<void> {
    // What was granted stays granted.
    const mustCover = computeScopeUnion(this.#tokens?.scope, challenge.scope);
    await this.#get({ rejected, challenge, mustCover, viaTransport, login });
  }

  /** One at a time for all calls: those that come meanwhile share what it brings. */
  async #get(request: Wanted): Promise<void> {
    while (!this.#has(request)) {
      const current = request.login === 'never' ? this.#gettingAlone : (this.#getting ?? this.#gettingAlone);
      if (current === undefined) return this.#start(request);
      const isForMore = request.mustCover !== undefined && request.mustCover !== current.mustCover;
      const goesFarther = LEAVES.indexOf(request.login) > LEAVES.indexOf(current.login);
      if (!isForMore && !goesFarther) return current.promise;
      await current.promise.catch(() => {}); // It is told to those that it was for.
    }
  }

  /** Whether what was wanted has come meanwhile. */
  #has({ rejected, mustCover, login }: Wanted): boolean {
    const tokens = this.#tokens;
    if (tokens === undefined || tokens.access_token === rejected || login === 'always') return false;
    return !isStrictScopeSuperset(mustCover, tokens.scope);
  }

  async #start(request: Wanted): Promise<void> {
    const { login, mustCover } = request;
    const getting: Getting = { login, mustCover, promise: this.#obtain(request) };
    if (login === 'never') this.#gettingAlone = getting;
    else this.#getting = getting;
    try {
      await getting.promise;
    } finally {
      if (login === 'never') this.#gettingAlone = undefined;
      else this.#getting = undefined;
    }
  }

  async #obtain(request: Wanted): Promise<void> {
    try {
      this.#tokens = await this.#source.get({ ...request, signal: this.#ending.signal });
      if (this.#unmet !== undefined && this.#has(this.#unmet)) this.#unmet = undefined;
      if (this.#isNews(this.#tokens)) for (const found of this.#waiting) found();
    } catch (error) {
      // The transport does not live as long as the want.
      if (isFromServer(request)) this.#unmet = { ...request, viaTransport: undefined, isRepeated: true };
      // Those that nothing can be got for any more are gone from the store.
      this.#tokens = await this.#source.stored();
      throw error;
    }
  }
}

/** Whether a server has said what it wants, in an answer to somebody else. */
function isFromServer({ challenge }: Wanted): boolean {
  return challenge !== undefined && challenge !== 'ask';
}
