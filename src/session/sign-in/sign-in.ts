import type { FetchLike } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { isRecord } from '../../internal/checks.ts';
import type {
  AuthorizeOptions,
  ConnectionFetch,
  ServerAuth,
  ServerSpec,
  UrlServerSpec,
} from '../../server-spec.ts';
import { loadOfficial } from '../../transport/official.ts';
import { translateError } from '../errors/translate-error.ts';

/** A failed session's wait for a sign-in. It is over when `done` has settled. */
export interface PendingSignIn {
  /** Whether a person is being asked to sign in, without a call of `authorize()`. */
  readonly isAsking: boolean;
  /** Resolves with undefined after a sign-in or after `stop`, and with the error when the login failed. */
  readonly done: Promise<PlenumError | undefined>;
  /** Checks now whether somebody has signed in elsewhere, such as in another process. */
  look(): Promise<void>;
  /** Ends the wait. A login under way goes on for other sessions that wait for it. */
  stop(): void;
}

/** Signs one session in to its server. While it connects, stored credentials are used and no person is asked. */
export class SignIn {
  readonly #server: string;
  readonly #spec: UrlServerSpec;
  readonly #auth: ServerAuth;
  /** Whether a person was asked since the last connection: one is not asked twice in a row without success. */
  #hasAsked = false;

  /** Undefined when the spec has no credentials that can sign in. */
  static for(server: string, spec: ServerSpec): SignIn | undefined {
    if (!('url' in spec) || spec.auth === undefined || !('token' in spec.auth)) return undefined;
    const auth = spec.auth.forServer?.(new URL(spec.url)) ?? spec.auth;
    return auth.authorize === undefined ? undefined : new SignIn(server, spec, auth);
  }

  private constructor(server: string, spec: UrlServerSpec, auth: ServerAuth) {
    this.#server = server;
    this.#spec = spec;
    this.#auth = auth;
  }

  /** The spec for one connection. Its credentials ask no person until `onConnected` has been called. */
  connecting(): { spec: ServerSpec; onConnected: () => void } {
    const auth = new ConnectionAuth(this.#auth);
    const onConnected = (): void => {
      this.#hasAsked = false;
      auth.onConnected();
    };
    return { spec: { ...this.#spec, auth }, onConnected };
  }

  /** Signs in. Rejects with a `PlenumError`, or with the signal's reason. */
  async authorize(options: AuthorizeOptions): Promise<void> {
    try {
      await this.#auth.authorize?.(options);
    } catch (error) {
      if (options.signal?.aborted === true && error === options.signal.reason) throw error;
      await loadOfficial();
      throw translateError(error, { server: this.#server, doing: `Signing in to server "${this.#server}"` });
    }
  }

  /**
   * Called when the session has failed with `AUTH_REQUIRED`. Asks a person if the credentials allow it. A session that
   * `reconnects` also waits for a sign-in from elsewhere. Returns undefined when there is nothing to wait for.
   */
  begin(error: PlenumError, reconnects: boolean): PendingSignIn | undefined {
    const isAsking =
      this.#auth.interactive === true && reasonOf(error) === 'login_required' && !this.#hasAsked;
    this.#hasAsked = isAsking;
    if (!reconnects && !isAsking) return undefined;
    const { promise: done, resolve } = createDeferred<PlenumError | undefined>();
    const signedIn = (): void => resolve(undefined);
    const watch = this.#auth.awaitSignIn?.(signedIn);
    const over = new AbortController();
    if (isAsking) {
      this.authorize({ ifNeeded: true, signal: over.signal }).then(signedIn, (failure: unknown) => {
        this.#hasAsked = false;
        resolve(isLoginFailure(failure) ? failure : error);
      });
    }
    const stop = (): void => {
      watch?.stop();
      over.abort();
      signedIn();
    };
    return { isAsking, done, look: async () => watch?.look(), stop };
  }
}

/** Why the credentials could not give access; undefined when only the server's refusal is known. */
export function reasonOf({ code, data }: PlenumError): unknown {
  return code === 'AUTH_REQUIRED' && isRecord(data) ? data['reason'] : undefined;
}

/** Whether a login failed. When it was only cancelled, the error before it still says why there is no connection. */
function isLoginFailure(error: unknown): error is PlenumError {
  return error instanceof PlenumError && error.code !== 'ABORTED';
}

type Unauthorized = Parameters<NonNullable<ServerAuth['onUnauthorized']>>[0];

/**
 * Credentials for one connection. They ask no person to sign in before the handshake is complete, as a login may take
 * minutes and the handshake has seconds. A later call may ask.
 */
class ConnectionAuth implements ServerAuth {
  readonly #attended: ServerAuth;
  readonly #unattended: ServerAuth;
  #current: ServerAuth;

  constructor(auth: ServerAuth) {
    this.#attended = auth;
    this.#unattended = auth.unattended?.() ?? auth;
    this.#current = this.#unattended;
  }

  onConnected(): void {
    this.#current = this.#attended;
  }

  token(): Promise<string | undefined> {
    return this.#current.token();
  }

  async onUnauthorized(context: Unauthorized): Promise<void> {
    await this.#current.onUnauthorized?.(context);
  }

  wrapFetch(fetch: ConnectionFetch): FetchLike {
    const attended = this.#attended.wrapFetch?.(fetch) ?? fetch;
    const unattended = this.#unattended.wrapFetch?.(fetch) ?? fetch;
    return (url, init) => (this.#current === this.#attended ? attended : unattended)(url, init);
  }
}
