import type { FetchLike } from '@modelcontextprotocol/client';
import type { ConnectionFetch } from '../../server-spec.ts';

/** What an answered request was sent with. */
interface SentToken {
  readonly token: string | undefined;
  /** The signal of the request. */
  readonly signal: AbortSignal | undefined;
  /** The `fetch` of the connection that it went over. */
  readonly via: ConnectionFetch;
}

/**
 * Remembers the token that each answered request was sent with. A late refusal may concern a token that has been
 * replaced already, and must not replace the new one.
 */
export class SentTokens {
  readonly #sent = new WeakMap<Response, SentToken>();
  #refused: string | undefined;

  /** The token that was refused last; undefined when the request had none, or none was refused yet. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** Wraps `fetch` to record the token of each request; `via` is the `fetch` of the connection. */
  watch(fetch: FetchLike, via: ConnectionFetch): FetchLike {
    return async (url, init) => {
      const response = await fetch(url, init);
      const token = bearerOf(new Headers(init?.headers));
      if (response.status === 401) this.#refused = token;
      this.#sent.set(response, { token, signal: init?.signal ?? undefined, via });
      return response;
    };
  }

  /** Undefined for an answer that did not come through {@link watch}. */
  of(response: Response): SentToken | undefined {
    return this.#sent.get(response);
  }
}

export function bearerOf(headers: Headers): string | undefined {
  return /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}
