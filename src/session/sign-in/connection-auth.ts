import type { FetchLike } from '@modelcontextprotocol/client';
import type { ServerAuth } from '../../server-spec.ts';

type Unauthorized = Parameters<NonNullable<ServerAuth['onUnauthorized']>>[0];

/**
 * Credentials for one connection. While it comes up nobody is asked to sign in, as that may take minutes and its
 * handshake has seconds; a call on it may ask.
 */
export class ConnectionAuth implements ServerAuth {
  readonly #attended: ServerAuth;
  readonly #unattended: ServerAuth;
  #current: ServerAuth;

  constructor(auth: ServerAuth) {
    this.#attended = auth;
    this.#unattended = auth.unattended?.() ?? auth;
    this.#current = this.#unattended;
  }

  /** The connection is up. */
  attend(): void {
    this.#current = this.#attended;
  }

  token(): Promise<string | undefined> {
    return this.#current.token();
  }

  async onUnauthorized(context: Unauthorized): Promise<void> {
    await this.#current.onUnauthorized?.(context);
  }

  wrapFetch(fetch: FetchLike): FetchLike {
    const attended = this.#attended.wrapFetch?.(fetch) ?? fetch;
    const unattended = this.#unattended.wrapFetch?.(fetch) ?? fetch;
    return (url, init) => (this.#current === this.#attended ? attended : unattended)(url, init);
  }
}
