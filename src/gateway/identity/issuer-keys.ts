import {
  createLocalJWKSet,
  errors,
  type CompactJWSHeaderParameters,
  type FlattenedJWSInput,
  type JSONWebKeySet,
} from 'jose';
import { issuerUnusable } from '../../errors/gateway.ts';
import { messageOf, PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import { Limit } from '../../internal/limit.ts';
import { isTrustworthy } from '../../options/tables/gateway-auth.ts';

type Fetch = (url: string, init: RequestInit) => Promise<Response>;
type KeySet = ReturnType<typeof createLocalJWKSet>;

/** How long keys are used before they are read anew. */
const FRESH_MS = 600_000;
/** How long they are used beyond that while the authorization server does not answer. */
const STALE_MS = 3_600_000;
/** Tokens that name unknown keys may make us ask this often at once, and then once in each interval. */
const MAX_ASKS = 5;
const ASK_INTERVAL_MS = 10_000;
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 524_288;

/**
 * The public keys of one authorization server. All times are taken from a clock that does not jump, so that setting the
 * clock of the machine neither keeps old keys nor asks for new ones.
 */
export class IssuerKeys {
  readonly #issuer: string;
  readonly #jwksUri: string | undefined;
  readonly #fetch: Fetch;
  readonly #closed: AbortSignal;
  #keys: KeySet | undefined;
  #readAt = 0;
  #reading: Promise<void> | undefined;
  #asks = MAX_ASKS;
  #countedAt = performance.now();

  constructor(issuer: string, jwksUri: string | undefined, fetch: Fetch, closed: AbortSignal) {
    this.#issuer = issuer;
    this.#jwksUri = jwksUri;
    this.#fetch = fetch;
    this.#closed = closed;
  }

  /**
   * The key that a token is signed with. Rejects with a `CONNECT_FAILED` when no keys can be read, and with an error of
   * `jose` when none of them fits.
   */
  async find(header: CompactJWSHeaderParameters, token: FlattenedJWSInput): ReturnType<KeySet> {
    const keys = await this.#current();
    try {
      return await keys(header, token);
    } catch (error) {
      // The authorization server may have new keys.
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayAsk()) throw error;
      await this.#read();
      return (this.#keys ?? keys)(header, token);
    }
  }

  async #current(): Promise<KeySet> {
    const age = performance.now() - this.#readAt;
    const known = this.#keys;
    if (known !== undefined && age < FRESH_MS) return known;
    if (this.#mayAsk()) {
      try {
        await this.#read();
      } catch (error) {
        if (known === undefined || age > FRESH_MS + STALE_MS) throw error;
      }
    }
    if (this.#keys === undefined || (this.#keys === known && age > FRESH_MS + STALE_MS))
      throw issuerUnusable(this.#issuer, 'it did not answer lately');
    return this.#keys;
  }

  /** Whether the authorization server may be asked now. Waiting for an answer that is under way is no further question. */
  #mayAsk(): boolean {
    if (this.#reading !== undefined) return true;
    const now = performance.now();
    this.#asks = Math.min(MAX_ASKS, this.#asks + (now - this.#countedAt) / ASK_INTERVAL_MS);
    this.#countedAt = now;
    if (this.#asks < 1) return false;
    this.#asks--;
    return true;
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    const limit = new Limit({ ms: TIMEOUT_MS }, this.#closed);
    try {
      const set = await limit.hold(this.#keySet(limit.signal));
      this.#keys = createLocalJWKSet(set);
      this.#readAt = performance.now();
    } catch (error) {
      throw this.#asUnusable(error);
    } finally {
      limit.stop();
    }
  }

  async #keySet(signal: AbortSignal): Promise<JSONWebKeySet> {
    const uri = this.#jwksUri ?? (await this.#discover(signal));
    const set = await this.#json(uri, signal);
    if (!isRecord(set) || !Array.isArray(set['keys'])) throw this.#unusable('its key set is none');
    return { keys: set['keys'].filter(isRecord) };
  }

  /** Where the keys are, by the metadata of the authorization server (RFC 8414, or OpenID Connect Discovery). */
  async #discover(signal: AbortSignal): Promise<string> {
    let failure: PlenumError | undefined;
    for (const url of metadataUrls(this.#issuer)) {
      let metadata: unknown;
      try {
        metadata = await this.#json(url, signal);
      } catch (error) {
        failure ??= this.#asUnusable(error);
        continue;
      }
      if (!isRecord(metadata)) continue;
      const { issuer, jwks_uri: uri } = metadata;
      // Metadata that name another issuer are not this issuer's (RFC 8414, section 3.3).
      if (issuer !== this.#issuer)
        throw this.#unusable(`it calls itself ${JSON.stringify(printable(String(issuer)))}`);
      if (typeof uri !== 'string' || !URL.canParse(uri) || !isTrustworthy(new URL(uri)))
        throw this.#unusable('its metadata name no key set that can be read safely');
      return uri;
    }
    throw failure ?? this.#unusable('it has no metadata');
  }

  async #json(url: string, signal: AbortSignal): Promise<unknown> {
    const init: RequestInit = { headers: { accept: 'application/json' }, redirect: 'error', signal };
    const response = await this.#fetch(url, init);
    if (response.status !== 200) {
      await response.body?.cancel();
      throw this.#unusable(`it answered with HTTP status ${response.status}`);
    }
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_BYTES) throw this.#unusable(`its answer has more than ${MAX_BYTES} bytes`);
    }
    try {
      return JSON.parse(text);
    } catch {
      throw this.#unusable('its answer is not JSON');
    }
  }

  #asUnusable(error: unknown): PlenumError {
    return error instanceof PlenumError ? error : this.#unusable(messageOf(error), error);
  }

  #unusable(why: string, cause?: unknown): PlenumError<'CONNECT_FAILED'> {
    return issuerUnusable(this.#issuer, why, cause);
  }
}

/** Where the metadata of an issuer may be, in the order in which they are looked for. */
function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(urls)];
}
