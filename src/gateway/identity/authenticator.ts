import { gatewayNeedsResource } from '../../errors/gateway.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { Limit } from '../../internal/limit.ts';
import { refusal } from '../http/responses.ts';
import type { OfficialServer } from '../official-server.ts';
import { isApiKey } from './api-key.ts';
import { issuersOf, type GatewayAuth } from './auth-options.ts';
import { KEY_PRINCIPAL, OAUTH_PRINCIPAL, type Identity } from './identity.ts';
import { isExpired, KeyRing } from './key-ring.ts';
import { OpenStreams } from './open-streams.ts';
import type { TokenVerifier } from './token-verifier.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const SERVER_BUSY = -32000;
/** How long a function of the program's may take to find out who sent a request, in milliseconds. */
const IDENTIFY_MS = 30_000;
/** How often a problem with an authorization server is reported, in milliseconds. */
const REPORT_MS = 10_000;

const ALL_ADDRESSES = /^(0\.0\.0\.0|\[?::\]?)$/;

/** Whether a path is one at which metadata of a resource are looked for. */
export function isMetadataPath(pathname: string): boolean {
  return pathname === WELL_KNOWN || pathname.startsWith(`${WELL_KNOWN}/`);
}

/** Finds out who sent a request, by what it shows: an API key, an access token, or what the program's function knows. */
export class Authenticator {
  readonly #sdk: OfficialServer;
  readonly #auth: GatewayAuth;
  readonly #onProblem: (error: PlenumError) => void;
  readonly #stop = new AbortController();
  readonly #streams = new OpenStreams();
  #tokens: TokenVerifier | undefined;
  #keys: KeyRing | undefined;
  #resource: URL | undefined;
  #listeningPath: string | undefined;
  #reportedAt = -Infinity;

  private constructor(sdk: OfficialServer, auth: GatewayAuth, onProblem: (error: PlenumError) => void) {
    this.#sdk = sdk;
    this.#auth = auth;
    this.#onProblem = onProblem;
    if (auth.oauth?.resource !== undefined) this.#resource = new URL(auth.oauth.resource);
  }

  /** Reads the API keys. Rejects with `CONFIG_INVALID` for keys that cannot be read. */
  static async open(
    sdk: OfficialServer,
    auth: GatewayAuth,
    onProblem: (error: PlenumError) => void,
  ): Promise<Authenticator> {
    const opened = new Authenticator(sdk, auth, onProblem);
    if (auth.oauth !== undefined) {
      // What verifies tokens is loaded where there are tokens.
      const { TokenVerifier } = await import('./token-verifier.ts');
      opened.#tokens = new TokenVerifier(auth.oauth, () => opened.#resource?.href, opened.#stop.signal);
    }
    if (auth.keys !== undefined) {
      opened.#keys = await KeyRing.open(auth.keys, {
        onChanged: () => opened.#endWithdrawn(),
        onProblem,
      });
    }
    return opened;
  }

  /** Throws `CONFIG_INVALID` when tokens would be for a URL that no client uses. */
  checkHost(host: string): void {
    if (this.#auth.oauth !== undefined && this.#resource === undefined && ALL_ADDRESSES.test(host))
      throw gatewayNeedsResource(`Listening on all addresses ("${host}")`);
  }

  /** Throws `CONFIG_INVALID` when it is not known what tokens are for. */
  expectResource(): void {
    if (this.#auth.oauth !== undefined && this.#resource === undefined)
      throw gatewayNeedsResource('fetch() of a gateway that does not listen');
  }

  /** The gateway listens at this URL. */
  listensAt(url: string): void {
    this.#resource ??= new URL(url);
    this.#listeningPath = new URL(url).pathname;
  }

  /** The metadata of the endpoint (RFC 9728); undefined when it is no resource of OAuth, or not at this path. */
  metadata({ method, url }: Request): Response | undefined {
    const { oauth } = this.#auth;
    const resource = this.#resource;
    if (oauth === undefined || resource === undefined || (method !== 'GET' && method !== 'HEAD'))
      return undefined;
    const { pathname } = new URL(url);
    const paths = [resource.pathname, this.#listeningPath ?? '/', '/'];
    if (!paths.some((path) => `${WELL_KNOWN}${path.replace(/\/$/, '')}` === pathname.replace(/\/$/, '')))
      return undefined;
    const { scopes } = oauth;
    return Response.json({
      resource: oauth.resource ?? resource.href,
      authorization_servers: issuersOf(oauth),
      ...(scopes !== undefined && { scopes_supported: scopes }),
      bearer_methods_supported: ['header'],
    });
  }

  /** Who sent a request, or how it is refused. Never rejects. */
  identify(request: Request): Identity | Response | Promise<Identity | Response> {
    const token = bearerToken(request);
    if (token !== undefined) {
      if (this.#keys !== undefined && isApiKey(token)) return this.#keys.find(token) ?? this.#refused();
      if (this.#tokens !== undefined && (this.#auth.verify === undefined || this.#tokens.claims(token)))
        return this.#byToken(this.#tokens, token);
    }
    const { verify } = this.#auth;
    return verify === undefined ? this.#refused() : this.#ask(verify, request);
  }

  /** A response whose stream ends when its client may no longer come in. */
  hold(response: Response, identity: Identity, last: string): Response {
    return this.#streams.hold(response, identity, last);
  }

  close(): void {
    this.#stop.abort();
    this.#keys?.close();
  }

  async #byToken(tokens: TokenVerifier, token: string): Promise<Identity | Response> {
    const verdict = await tokens.verify(token);
    switch (verdict.is) {
      case 'good':
        return verdict.identity;
      case 'lacking-scope':
        return this.#challenge(this.#sdk.OAuthErrorCode.InsufficientScope, 'The token lacks a scope');
      case 'refused':
        return this.#refused();
      case 'unknown':
        this.#report(verdict.error);
        // The token may be good, so that the client is to keep it.
        return refusal(503, SERVER_BUSY, 'The token cannot be verified now', { 'retry-after': '5' });
    }
  }

  async #ask(verify: NonNullable<GatewayAuth['verify']>, request: Request): Promise<Identity | Response> {
    const limit = new Limit({ ms: IDENTIFY_MS }, request.signal);
    try {
      const given: unknown = await limit.hold(verify(request));
      const identity = identityFrom(given);
      if (identity === undefined || isExpired(identity)) return this.#refused();
      return this.#isOurs(identity.principal) ? this.#refused() : identity;
    } catch {
      return this.#refused();
    } finally {
      limit.stop();
    }
  }

  /** Whether a principal looks like one that is made here: with it, a function could give one user another's sessions. */
  #isOurs(principal: string): boolean {
    if (this.#keys === undefined && this.#tokens === undefined) return false;
    return principal.startsWith(KEY_PRINCIPAL) || principal.startsWith(OAUTH_PRINCIPAL);
  }

  #refused(): Response {
    return this.#challenge(this.#sdk.OAuthErrorCode.InvalidToken, 'Unauthorized');
  }

  #challenge(code: string, message: string): Response {
    const { oauth } = this.#auth;
    const isOurs = oauth !== undefined && this.#resource !== undefined;
    return this.#sdk.bearerAuthChallengeResponse(new this.#sdk.OAuthError(code, message), {
      requiredScopes: [...(oauth?.scopes ?? [])],
      ...(isOurs && {
        resourceMetadataUrl: this.#sdk.getOAuthProtectedResourceMetadataUrl(
          this.#resource ?? new URL('about:blank'),
        ),
      }),
    });
  }

  #endWithdrawn(): void {
    const keys = this.#keys;
    if (keys === undefined) return;
    this.#streams.endWhere((identity) => identity.key !== undefined && !keys.stillHas(identity));
  }

  #report(error: PlenumError | undefined): void {
    const now = performance.now();
    if (error === undefined || now - this.#reportedAt < REPORT_MS) return;
    this.#reportedAt = now;
    this.#onProblem(error);
  }
}

/** What stands in the header `Authorization: Bearer`; undefined for anything else, a list of several tokens too. */
function bearerToken(request: Request): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
}

/**
 * What a program's function says, looked at: without a principal nobody could be told apart. A copy, so that nothing that
 * the function does to its object later changes who a session belongs to.
 */
function identityFrom(given: unknown): Identity | undefined {
  if (!isRecord(given)) return undefined;
  const { principal, claims, scopes, expiresAt } = given;
  if (typeof principal !== 'string' || principal === '') return undefined;
  if (expiresAt !== undefined && (typeof expiresAt !== 'number' || Number.isNaN(expiresAt))) return undefined;
  return {
    principal,
    ...(isRecord(claims) && { claims }),
    ...(Array.isArray(scopes) && { scopes: scopes.filter((each) => typeof each === 'string') }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
