import type { FetchLike } from '@modelcontextprotocol/client';
import { batchTooLarge, messageTooLarge, streamSilent } from '../../../errors/transport.ts';
import { PlenumError } from '../../../errors/plenum-error.ts';
import { hasOwnSockets } from '../../../internal/undici.ts';
import { urlSpec } from '../../../options/tables/server.ts';
import type { OnHttpOddity } from '../../managed-transport.ts';
import type { ConnectionFetch, DetachedFetch, UrlServerSpec } from '../../../server-spec.ts';
import { CookieJar, mergeCookies } from './cookie-jar.ts';
import { isOpenStream, withPlainType, withTypeOfBody } from './answer-type.ts';
import { readErrorBody } from './error-body.ts';
import { guardBody, limitTotal, wholeEvents } from './guard-body.ts';
import { HttpPool } from './http-pool.ts';
import { networkError } from './network-error.ts';
import { platformFetch } from './platform-fetch.ts';
import { fetchThrough } from './pool-fetch.ts';
import { followRedirects } from './redirects.ts';
import { resolveHeaders } from './resolve-headers.ts';

export interface HttpFetchOptions {
  readonly server: string;
  readonly url: URL;
  readonly spec: UrlServerSpec;
  readonly openTimeoutMs: number;
  /** See `TransportContext`. */
  readonly onOddity?: OnHttpOddity | false | undefined;
}

/** What ended a body too early: the network, too long a silence, or its size. */
export type BodyFault = 'network' | 'silent' | 'too-large';

/** Called when a body ends, before its reader learns of it. */
export interface BodyWatch {
  /** Whether it is the answer to a JSON-RPC request, which may be read by what it is, whatever its type. */
  readonly isAnswer?: boolean;
  readonly onFault?: (fault: BodyFault, error: PlenumError) => void;
  /** It has ended, for any reason. */
  readonly onEnd?: () => void;
}

/**
 * The `fetch` of one connection, by a pool of its own or by the spec's function. It sends the spec's headers to the server's
 * origin only, follows redirects within the origin, limits bodies, and turns every failure of the network into a
 * `CONNECTION_LOST` that says whether the request was sent.
 */
export class HttpFetch {
  readonly #options: HttpFetchOptions;
  /** Undefined when a `fetch` of the user's or of the runtime takes its place. */
  readonly pool: HttpPool | undefined;
  /** What the server has asked this connection to send back to it. */
  readonly cookies: CookieJar;
  readonly #fetch: FetchLike;
  #headers = new Headers();

  constructor(options: HttpFetchOptions) {
    this.#options = options;
    const { spec, url, openTimeoutMs } = options;
    this.cookies = new CookieJar(url);
    if (spec.fetch !== undefined) {
      this.#fetch = spec.fetch;
      return;
    }
    const { proxy, tls } = spec;
    if (!hasOwnSockets) {
      this.#fetch = platformFetch({ origin: url.origin, proxy, tls });
      return;
    }
    this.pool = new HttpPool({ origin: url.origin, openTimeoutMs, proxy, tls });
    this.#fetch = fetchThrough(this.pool);
  }

  /** The spec's headers, once `open` has read them. */
  get headers(): Headers {
    return this.#headers;
  }

  get maxMessageBytes(): number {
    return this.#options.spec.maxMessageBytes ?? urlSpec.maxMessageBytes.default;
  }

  /** How long an event stream may be silent, in milliseconds. */
  get silenceMs(): number {
    return this.#options.spec.readTimeoutMs ?? urlSpec.readTimeoutMs.default;
  }

  /** Reads the spec's headers, for the whole connection. */
  async open(): Promise<void> {
    this.#headers = await resolveHeaders(this.#options.spec.headers, this.#options.server);
  }

  /** `answer` is the response to this request, when a lean post has sent it already. */
  async fetch(
    target: string | URL,
    init: RequestInit = {},
    watch: BodyWatch = {},
    answer?: Response,
  ): Promise<Response> {
    const { server, onOddity } = this.#options;
    const method = init.method ?? 'GET';
    const start = new URL(target);
    const headers = this.#headersFor(start, init.headers);
    const signal = init.signal ?? undefined;
    const explain = (error: unknown, url: URL): unknown =>
      signal?.aborted === true ? error : networkError(error, { server, doing: method, url });

    let first = answer;
    const fetchOnce = async (url: URL): Promise<Response> => {
      if (first !== undefined) {
        const response = first;
        first = undefined;
        return response;
      }
      try {
        const sent = this.#withCookies(headers, url);
        const response = await this.#fetch(url, { ...init, headers: sent, redirect: 'manual' });
        this.cookies.store(response.headers.getSetCookie(), url);
        return response;
      } catch (error) {
        throw explain(error, url);
      }
    };
    const given = await followRedirects(fetchOnce, start, method, server);
    const response = onOddity === false ? given : withPlainType(given, onOddity);
    if (!response.ok && start.origin === this.#options.url.origin) {
      const sent = this.#withCookies(headers, start);
      const whole = await readErrorBody(response, { url: start, headers: sent });
      signal?.throwIfAborted();
      return whole;
    }
    const guarded = (each: Response): Response => this.#guard(each, (error) => explain(error, start), watch);
    if (watch.isAnswer !== true || response.status === 202 || onOddity === false) return guarded(response);
    try {
      return guarded(await withTypeOfBody(response, onOddity));
    } catch (error) {
      throw explain(error, start);
    }
  }

  /** Makes `fetch` one that credentials can detach from this connection, and ask whom it is connected to. */
  forConnection(fetch: FetchLike): ConnectionFetch {
    return Object.assign(fetch, {
      detach: () => this.#detach(),
      peerAddresses: () => this.pool?.peerAddresses(),
    });
  }

  #detach(): DetachedFetch {
    const detached = new HttpFetch(this.#options);
    detached.#headers = this.#headers;
    return { fetch: (url, init) => detached.fetch(url, init), close: () => detached.destroy() };
  }

  /** Ends every request and leaves no socket. */
  async destroy(): Promise<void> {
    await this.pool?.destroy();
  }

  tooLarge(): PlenumError {
    return messageTooLarge(this.#options.server, this.maxMessageBytes);
  }

  tooMany(messages: number): PlenumError {
    return batchTooLarge(this.#options.server, messages);
  }

  tooSilent(): PlenumError {
    return streamSilent(this.#options.server, this.silenceMs);
  }

  #withCookies(headers: Headers, url: URL): Headers {
    this.cookies.dropExpired();
    const cookies = this.cookies.headerFor(url);
    if (cookies === '') return headers;
    const all = new Headers(headers);
    all.set('cookie', mergeCookies(headers.get('cookie'), cookies));
    return all;
  }

  #headersFor(url: URL, given: RequestInit['headers']): Headers {
    const headers = new Headers(given);
    // The OAuth flow of the official client asks other servers through the same function.
    if (url.origin !== this.#options.url.origin) return headers;
    for (const [name, value] of this.#headers) {
      if (!headers.has(name)) headers.set(name, value);
    }
    return headers;
  }

  #guard(response: Response, explain: (error: unknown) => unknown, watch: BodyWatch): Response {
    if (response.body === null) return response;
    const limit = { maxBytes: this.maxMessageBytes, tooLarge: () => this.tooLarge() };
    const streaming = isOpenStream(response);
    const body = guardBody(response.body, {
      filter: streaming ? wholeEvents(limit, this.#options.onOddity) : limitTotal(limit),
      silenceMs: streaming ? this.silenceMs : Infinity,
      onSilence: () => watch.onFault?.('silent', this.tooSilent()),
      explain: (error) => {
        const explained = explain(error);
        if (explained instanceof PlenumError)
          watch.onFault?.(explained === error ? 'too-large' : 'network', explained);
        return explained;
      },
      onEnd: () => watch.onEnd?.(),
    });
    return new Response(body, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
  }
}
