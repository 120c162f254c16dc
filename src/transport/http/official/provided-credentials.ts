import {
  auth,
  computeScopeUnion,
  extractWWWAuthenticateParams,
  isSpecType,
  isStrictScopeSuperset,
  OAuthError,
  parseErrorResponse,
  UnauthorizedError,
  withDpopFromProvider,
  type AuthProvider,
  type FetchLike,
  type OAuthClientProvider,
} from '@modelcontextprotocol/client';
import { authRequired, authServerUnreachable } from '../../../errors/auth.ts';
import { isRecord } from '../../../internal/checks.ts';
import { Turns } from '../../../internal/turns.ts';
import type { ConnectionFetch, ServerAuth } from '../../../server-spec.ts';

type Challenge = ReturnType<typeof extractWWWAuthenticateParams>;
type Unauthorized = Parameters<NonNullable<AuthProvider['onUnauthorized']>>[0];

/** How often one request is repeated with a wider token after it was refused for a missing scope. */
const MAX_STEP_UPS = 1;

/** One sign-in at a time for each provider: of two refreshes with one refresh token, the second would lose it. */
const signIns = new WeakMap<OAuthClientProvider, Turns>();

/**
 * The credentials of a program's own `OAuthClientProvider`, for one connection. The sign-in is that of the official client,
 * which would write to the console of the host what an authorization server refuses; see {@link signIn}.
 */
export class ProvidedCredentials implements ServerAuth {
  readonly #provider: OAuthClientProvider;
  readonly #url: URL;
  readonly #fetch: ConnectionFetch;
  /** The token that a request was sent with, by its answer. */
  readonly #sent = new WeakMap<Response, string>();
  /** What the server has asked for in this connection. */
  #scope: string | undefined;

  constructor(provider: OAuthClientProvider, url: URL, fetch: ConnectionFetch) {
    this.#provider = provider;
    this.#url = url;
    this.#fetch = fetch;
  }

  async token(): Promise<string | undefined> {
    return (await this.#provider.tokens())?.access_token;
  }

  async onUnauthorized({ response }: Unauthorized): Promise<void> {
    const challenge = extractWWWAuthenticateParams(response);
    this.#scope = computeScopeUnion(this.#scope, challenge.scope);
    await this.#signIn(challenge, this.#sent.get(response));
  }

  /** Adds the DPoP proof, and repeats a request with a wider token when the scope was insufficient (step-up). */
  wrapFetch(fetch: ConnectionFetch): FetchLike {
    const provider = this.#provider;
    const send = provider.dpop === undefined ? fetch : withDpopFromProvider(provider)(fetch);
    return async (url, init) => {
      for (let stepUps = 0; ; stepUps++) {
        const headers = new Headers(init?.headers);
        const token = stepUps === 0 ? bearerOf(headers) : await this.token();
        if (token !== undefined && stepUps > 0) headers.set('authorization', `Bearer ${token}`);
        const response = await send(url, { ...init, headers });
        if (token === undefined) return response;
        this.#sent.set(response, token);
        const challenge = extractWWWAuthenticateParams(response);
        const isStepUp = response.status === 403 && challenge.error === 'insufficient_scope';
        if (!isStepUp || stepUps === MAX_STEP_UPS) return response;
        await response.body?.cancel();
        await this.#widen(challenge);
      }
    };
  }

  async #widen(challenge: Challenge): Promise<void> {
    const granted = (await this.#provider.tokens())?.scope;
    this.#scope = computeScopeUnion(this.#scope, granted, challenge.scope);
    const { resourceMetadataUrl } = challenge;
    await this.#signIn(
      {
        ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl }),
        ...(this.#scope !== undefined && { scope: this.#scope }),
      },
      undefined,
      isStrictScopeSuperset(this.#scope, granted),
    );
  }

  async #signIn(
    { resourceMetadataUrl, scope }: Challenge,
    rejected: string | undefined,
    forceReauthorization = false,
  ): Promise<void> {
    const turns = signIns.get(this.#provider) ?? new Turns();
    signIns.set(this.#provider, turns);
    await turns.take('', async () => {
      // Another request may have got a token while this one waited.
      if (rejected !== undefined && (await this.token()) !== rejected) return;
      // Of its own, as the end of the connection in the midst of a refresh would lose a new refresh token.
      const detached = this.#fetch.detach?.();
      try {
        await signIn(this.#provider, {
          serverUrl: this.#url,
          fetchFn: detached?.fetch ?? this.#fetch,
          forceReauthorization,
          ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl }),
          ...(scope !== undefined && { scope }),
        });
      } finally {
        await detached?.close();
      }
    });
  }
}

function bearerOf(headers: Headers): string | undefined {
  return /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}

type SignInOptions = Parameters<typeof auth>[1] & { readonly serverUrl: URL; readonly fetchFn: FetchLike };

/**
 * Signs in as the official `auth()` does. That writes to the console when an authorization server refuses tokens, and then
 * drops what was refused and begins anew; here it never hears of a refusal, and the rest is done by this function. A
 * provider that keeps a dead refresh token is asked for a new sign-in all the same.
 */
async function signIn(provider: OAuthClientProvider, options: SignInOptions): Promise<void> {
  let refreshes = true;
  let dropped = false;
  for (;;) {
    const attempt = new Attempt(provider, options.fetchFn, refreshes);
    try {
      const outcome = await auth(attempt.provider, { ...options, fetchFn: attempt.fetch });
      if (outcome !== 'AUTHORIZED') throw new UnauthorizedError();
      return;
    } catch (error) {
      const refusal = attempt.refusalBehind(error);
      if (refusal === undefined) throw error;
      const { of, cause } = refusal;
      const parts = partsRefused(refusal);
      const isOver = dropped && parts.length > 0;
      if (!isOver) {
        for (const part of parts) await provider.invalidateCredentials?.(part);
        dropped ||= parts.length > 0;
      }
      if (of === 'refresh' && refreshes) refreshes = false;
      else if (isOver || parts.length === 0) throw failedSignIn(options.serverUrl, cause);
    }
  }
}

/** An answer of a token endpoint without tokens, or that there was none. */
interface Refusal {
  readonly of: 'refresh' | 'grant';
  readonly cause: unknown;
  /** Of the answer, 503 when that says that it is an outage; undefined without one. */
  readonly status: number | undefined;
}

/** One run of `auth()`. */
class Attempt {
  readonly provider: OAuthClientProvider;
  readonly #fetch: FetchLike;
  /** Thrown in place of a refusal: of this kind of error nothing is written. */
  readonly #told = new OAuthError('refused', 'The token endpoint gave no tokens.');
  #refusal: Refusal | undefined;

  constructor(provider: OAuthClientProvider, fetch: FetchLike, refreshes: boolean) {
    this.#fetch = fetch;
    this.provider = stamped(provider, refreshes, (cause) => this.#refuse('refresh', cause));
  }

  readonly fetch: FetchLike = async (url, init) => {
    const grant = init?.body instanceof URLSearchParams ? init.body.get('grant_type') : null;
    if (grant === null) return this.#fetch(url, init);
    const of = grant === 'refresh_token' ? 'refresh' : 'grant';
    let response: Response;
    let body: string;
    try {
      response = await this.#fetch(url, init);
      body = await response.clone().text();
    } catch (error) {
      throw this.#refuse(of, error);
    }
    const answer = parsed(body);
    if (response.ok && isTokens(answer)) return response;
    const error = await parseErrorResponse(body);
    // The official client repeats the request with the nonce.
    if (error.code === 'use_dpop_nonce') return response;
    const said = isRecord(answer) && typeof answer['error'] === 'string';
    throw this.#refuse(of, error, said && OUTAGE_CODES.has(error.code) ? 503 : response.status);
  };

  /** What was refused, when `auth()` ended with `error` for that; undefined for any other end. */
  refusalBehind(error: unknown): Refusal | undefined {
    return error === this.#told ? this.#refusal : undefined;
  }

  #refuse(of: Refusal['of'], cause: unknown, status?: number): OAuthError {
    this.#refusal = { of, cause, status };
    return this.#told;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTokens(answer: unknown): boolean {
  if (!isRecord(answer)) return false;
  const { issuer: _, ...tokens } = answer;
  return isSpecType.OAuthTokens(tokens);
}

/** Codes that say that the client, not the token, is no longer known. */
const CLIENT_CODES: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client']);
/** Codes of a server that may give tokens later. */
const OUTAGE_CODES: ReadonlySet<string> = new Set([
  'server_error',
  'temporarily_unavailable',
  'too_many_requests',
]);

/** What of the stored credentials a refusal leaves without use. */
function partsRefused({ of, cause, status }: Refusal): readonly ('client' | 'tokens')[] {
  if (!(cause instanceof OAuthError)) return [];
  if (CLIENT_CODES.has(cause.code)) return ['client', 'tokens'];
  if (cause.code === 'invalid_grant' || cause.code === 'invalid_dpop_proof') return ['tokens'];
  if (of === 'grant' || status === undefined) return [];
  // Servers refuse a dead refresh token with many codes, and without any.
  const isOutage = status >= 500 || status === 408 || status === 425 || status === 429;
  return isOutage ? [] : ['tokens'];
}

/** Without the description that the server gave: it may quote what it was sent. */
function failedSignIn(server: URL, cause: unknown): Error {
  if (!(cause instanceof OAuthError)) return cause instanceof Error ? cause : new Error(String(cause));
  if (OUTAGE_CODES.has(cause.code)) return authServerUnreachable(server, `it answered "${cause.code}"`);
  const reason = CLIENT_CODES.has(cause.code) ? 'client_unknown' : 'refused';
  return authRequired(reason, { server }, `the authorization server answered "${cause.code}".`);
}

/**
 * The provider of a program, whose credentials name the authorization server that gave them. Of those that do not, the official
 * client writes to the console of the host before it takes them for the present server's, as is done here. Without
 * `refreshes`, a refresh token is not shown. `onFault` is told when the provider fails to sign a refresh.
 */
function stamped(
  provider: OAuthClientProvider,
  refreshes: boolean,
  onFault: (cause: unknown) => Error,
): OAuthClientProvider {
  const tokens: OAuthClientProvider['tokens'] = async (ctx) => {
    const stored = await provider.tokens(ctx);
    if (stored === undefined || ctx === undefined) return stored;
    const known = typeof stored.issuer === 'string' ? stored : { ...stored, issuer: ctx.issuer };
    if (known !== stored) await provider.saveTokens(known, ctx);
    if (refreshes) return known;
    const { refresh_token: _, ...others } = known;
    return others;
  };
  const clientInformation: OAuthClientProvider['clientInformation'] = async (ctx) => {
    const stored = await provider.clientInformation(ctx);
    if (stored === undefined || ctx === undefined || typeof stored.issuer === 'string') return stored;
    const known = { ...stored, issuer: ctx.issuer };
    await provider.saveClientInformation?.(known, ctx);
    return known;
  };
  const signs = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw onFault(error);
    }
  };
  const replaced = new Map<PropertyKey, unknown>([
    ['tokens', tokens],
    ['clientInformation', clientInformation],
  ]);
  if (provider.dpop !== undefined) replaced.set('dpop', () => signs(() => provider.dpop?.()));
  if (provider.addClientAuthentication !== undefined) {
    const sign: OAuthClientProvider['addClientAuthentication'] = (...args) =>
      signs(() => provider.addClientAuthentication?.(...args));
    replaced.set('addClientAuthentication', sign);
  }
  // Private fields of the provider are there only when it is called as itself.
  return new Proxy(provider, {
    get: (target, key) => {
      if (replaced.has(key)) return replaced.get(key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
