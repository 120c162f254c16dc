import { createHash } from 'node:crypto';
import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import { PlenumError } from '../../errors/plenum-error.ts';
import { SIGNATURES } from '../../options/tables/gateway-auth.ts';
import { issuersOf, type GatewayOAuth } from './auth-options.ts';
import { OAUTH_PRINCIPAL, type Identity } from './identity.ts';
import { IssuerKeys } from './issuer-keys.ts';

/** What was found out about a token. */
export type TokenVerdict =
  | { readonly is: 'good' | 'lacking-scope'; readonly identity: Identity }
  | { readonly is: 'refused' }
  /** The keys that it would be verified with cannot be read, or too many tokens are being verified. */
  | { readonly is: 'unknown'; readonly error?: PlenumError };

/** A longer token is refused before it is looked at. */
const MAX_TOKEN = 16_384;
/** How long a good token is not verified again, so that a key that was withdrawn is noticed, in milliseconds. */
const KNOWN_MS = 60_000;
const MAX_KNOWN = 2_000;
/** How many tokens may be verified at the same time. */
const MAX_VERIFYING = 1_000;

interface KnownToken {
  readonly verdict: TokenVerdict;
  /** Until when it is good, by the clock of the machine and by one that does not jump. */
  readonly untilWall: number;
  readonly until: number;
}

const REFUSED: TokenVerdict = { is: 'refused' };

/** Verifies access tokens in the form of a JWT (RFC 9068), and remembers good ones for a while. */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, IssuerKeys>;
  readonly #scopes: readonly string[];
  readonly #algorithms: string[];
  readonly #toleranceMs: number;
  readonly #audience: () => string[];
  readonly #known = new Map<string, KnownToken>();
  readonly #verifying = new Map<string, Promise<TokenVerdict>>();

  /** `resource` is the audience of tokens for which the options name no other. */
  constructor(options: GatewayOAuth, resource: () => string | undefined, closed: AbortSignal) {
    const { scopes = [], algorithms = SIGNATURES, clockToleranceMs = 5_000, jwksUri, audience } = options;
    const { fetch = globalThis.fetch } = options;
    this.#issuers = new Map(
      issuersOf(options).map((issuer) => [issuer, new IssuerKeys(issuer, jwksUri, fetch, closed)]),
    );
    this.#scopes = scopes;
    this.#algorithms = [...algorithms];
    this.#toleranceMs = clockToleranceMs;
    this.#audience = () => (audience === undefined ? spellings(resource()) : [audience].flat());
  }

  /** Whether a token says that it is one of these issuers'. Nothing of it has been verified. */
  claims(token: string): boolean {
    return token.length <= MAX_TOKEN && this.#keysOf(token) !== undefined;
  }

  /** Never rejects. */
  verify(token: string): TokenVerdict | Promise<TokenVerdict> {
    if (token.length > MAX_TOKEN) return REFUSED;
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(key);
    if (known !== undefined) {
      if (performance.now() < known.until && Date.now() < known.untilWall) return known.verdict;
      this.#known.delete(key);
    }
    const pending = this.#verifying.get(key);
    if (pending !== undefined) return pending;
    if (this.#verifying.size >= MAX_VERIFYING) return { is: 'unknown' };
    const verifying = this.#verify(token, key).finally(() => this.#verifying.delete(key));
    this.#verifying.set(key, verifying);
    return verifying;
  }

  async #verify(token: string, key: string): Promise<TokenVerdict> {
    const found = this.#keysOf(token);
    const audience = this.#audience();
    if (found === undefined || audience.length === 0) return REFUSED;
    const options: JWTVerifyOptions = {
      issuer: found.issuer,
      audience,
      algorithms: this.#algorithms,
      clockTolerance: this.#toleranceMs / 1_000,
      requiredClaims: ['exp', 'sub'],
    };
    try {
      const { payload, protectedHeader } = await verifyWith(token, found.keys, options);
      const identity = identityOf(payload, found.issuer);
      if (identity === undefined || !isAccessToken(protectedHeader.typ)) return REFUSED;
      const { scopes = [] } = identity;
      const isEnough = this.#scopes.every((scope) => scopes.includes(scope));
      const verdict: TokenVerdict = { is: isEnough ? 'good' : 'lacking-scope', identity };
      this.#remember(key, verdict, identity.expiresAt ?? 0);
      return verdict;
    } catch (error) {
      return error instanceof PlenumError ? { is: 'unknown', error } : REFUSED;
    }
  }

  #keysOf(token: string): { issuer: string; keys: IssuerKeys } | undefined {
    try {
      const { iss = '' } = decodeJwt(token);
      const keys = this.#issuers.get(iss);
      return keys && { issuer: iss, keys };
    } catch {
      return undefined;
    }
  }

  #remember(key: string, verdict: TokenVerdict, expiresAt: number): void {
    const untilWall = expiresAt + this.#toleranceMs;
    const until = performance.now() + Math.min(KNOWN_MS, untilWall - Date.now());
    this.#known.set(key, { verdict, untilWall, until });
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }
}

/** A resource may be spelt with a slash at its end, and without. */
function spellings(resource: string | undefined): string[] {
  if (resource === undefined) return [];
  const plain = resource.replace(/\/$/, '');
  return [plain, `${plain}/`];
}

/** A token that names no key may fit several: then each of them is tried. */
async function verifyWith(
  token: string,
  keys: IssuerKeys,
  options: JWTVerifyOptions,
): Promise<{ payload: JWTPayload; protectedHeader: { typ?: string | undefined } }> {
  try {
    return await jwtVerify(token, (header, jws) => keys.find(header, jws), options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const candidate of error) {
      const verified = await jwtVerify(token, candidate, options).catch((each: unknown) => {
        if (each instanceof errors.JWSSignatureVerificationFailed) return undefined;
        throw each;
      });
      if (verified !== undefined) return verified;
    }
    throw error;
  }
}

/** Tokens for another use, such as `logout+jwt`, say so (RFC 8725, section 3.11); access tokens say `at+jwt` or nothing. */
function isAccessToken(type: string | undefined): boolean {
  return type === undefined || /^(application\/)?(at\+)?jwt$/i.test(type);
}

/** Undefined for a token that is bound to a key of its holder, as nobody has shown that key here. */
function identityOf(payload: JWTPayload, issuer: string): Identity | undefined {
  const { sub = '', exp = 0, scope, scp } = payload;
  if (typeof sub !== 'string' || sub === '' || payload['cnf'] !== undefined) return undefined;
  freeze(payload);
  return Object.freeze({
    principal: `${OAUTH_PRINCIPAL}${issuer} ${sub}`,
    claims: payload,
    scopes: Object.freeze(scopesIn(scope ?? scp)),
    expiresAt: exp * 1_000,
  });
}

/** The scopes of a token: a text by RFC 9068, a list by some authorization servers. */
function scopesIn(given: unknown): string[] {
  if (typeof given === 'string') return given.split(' ').filter((each) => each !== '');
  return Array.isArray(given) ? given.filter((each): each is string => typeof each === 'string') : [];
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  for (const each of Object.values(value)) freeze(each);
}
