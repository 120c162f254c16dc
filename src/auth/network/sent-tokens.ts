import type { FetchLike } from '@modelcontextprotocol/client';

/** How a request left that was answered. */
interface SentToken {
  readonly token: string | undefined;
  /** Aborts when nobody waits for the request any more. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Knows with which token each answered request left: a refusal that comes late may be of a token that has been
 * replaced, and is no reason to replace its successor.
 */
export class SentTokens {
  readonly #sent = new WeakMap<Response, SentToken>();
  #refused: string | undefined;

  /** The token that was refused last; undefined when it was missing, or none was refused yet. */
  get refused(): string | undefined {
    return this.#refused;
  }

  /** The same `fetch`, looked at. */
  watch(fetch: FetchLike): FetchLike {
    return async (url, init) => {
      const response = await fetch(url, init);
      const token = bearerOf(new Headers(init?.headers));
      if (response.status === 401) this.#refused = token;
      this.#sent.set(response, { token, signal: init?.signal ?? undefined });
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
