import type { FetchLike } from '@modelcontextprotocol/client';
import { bearerFunctionFailed, bearerNotGiven, bearerRefused } from '../errors/auth.ts';
import { checkValue } from '../options/check-options.ts';
import { text } from '../options/kinds.ts';
import type { ServerAuth } from '../server-spec.ts';
import type { UnauthorizedContext } from './server-credentials.ts';
import { SentTokens } from './network/sent-tokens.ts';

/**
 * A token, or a function that returns it. The function is called for each connection, and again when a token was
 * refused.
 */
export type BearerSource = string | (() => string | Promise<string>);

/**
 * A bearer token, for `auth` of a server spec. One that the server refuses is `AUTH_REQUIRED`. Throws
 * `CONFIG_INVALID`.
 */
export function bearer(token: BearerSource): ServerAuth {
  if (typeof token !== 'function') checkValue('token', text, token);
  return new Bearer(token);
}

class Bearer implements ServerAuth {
  readonly #source: BearerSource;
  readonly #sent = new SentTokens();
  #token: Promise<string> | undefined;
  #asking: Promise<string> | undefined;

  constructor(source: BearerSource) {
    this.#source = source;
  }

  forServer(): ServerAuth {
    return new Bearer(this.#source);
  }

  async token(): Promise<string> {
    this.#token ??= this.#ask();
    return this.#token;
  }

  wrapFetch(fetch: FetchLike): FetchLike {
    return this.#sent.watch(fetch, fetch);
  }

  async onUnauthorized({ response }: UnauthorizedContext): Promise<void> {
    const current = await this.token();
    const { token: refused } = this.#sent.of(response) ?? { token: current };
    if (refused !== current) return;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    this.#token = this.#asking;
    if ((await this.#asking) !== refused) return;
    throw bearerRefused();
  }

  async #ask(): Promise<string> {
    let token: unknown;
    try {
      token = typeof this.#source === 'function' ? await this.#source() : this.#source;
    } catch (error) {
      this.#token = undefined;
      throw bearerFunctionFailed(error);
    }
    if (typeof token === 'string' && token !== '') return token;
    this.#token = undefined;
    throw bearerNotGiven();
  }
}
