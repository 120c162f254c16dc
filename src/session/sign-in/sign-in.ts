import type { FetchLike } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { isRecord } from '../../internal/checks.ts';
import type { AuthorizeOptions, ServerAuth, ServerSpec, UrlServerSpec } from '../../server-spec.ts';
import { loadOfficial } from '../../transport/official.ts';
import { translateError } from '../errors/translate-error.ts';

/** A session without access waits for somebody to sign in. Over when `done` has settled. */
export interface PendingSignIn {
  /** Whether a person is being asked, by a login that began by itself. */
  readonly isAsking: boolean;
  /** Resolves when it is worth trying again, or when it was stopped; with why, when the login failed. */
  readonly done: Promise<PlenumError | undefined>;
  /** Looks now whether somebody has signed in elsewhere. */
  look(): Promise<void>;
  /** Waits no longer. A login under way is left to others who wait for it. */
  stop(): void;
}

/** How one session gets access to its server: quietly while it connects, else with a person. */
export class SignIn {
  readonly #server: string;
  readonly #spec: UrlServerSpec;
  readonly #auth: ServerAuth;
  /** Whether somebody was asked since the session last had a connection: what the server still wants then is final. */
  #hasAsked = false;

  /** Undefined for a server whose credentials no person can get. */
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

  /** The spec for one connection, which asks nobody until `onConnected` was called. */
  connecting(): { spec: ServerSpec; onConnected: () => void } {
    const auth = new ConnectionAuth(this.#auth);
    const onConnected = (): void => {
      this.#hasAsked = false;
      auth.attend();
    };
    return { spec: { ...this.#spec, auth }, onConnected };
  }

  /** Signs in. Rejects with what that failed with, or with the signal's reason. */
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
   * The session has failed with `AUTH_REQUIRED`. Asks a person if it may, and waits for a sign-in from elsewhere unless
   * the session `staysAway`; undefined when there is nothing to wait for.
   */
  begin(error: PlenumError, staysAway: boolean): PendingSignIn | undefined {
    const isAsking =
      this.#auth.interactive === true && reasonOf(error) === 'login_required' && !this.#hasAsked;
    this.#hasAsked = isAsking;
    if (staysAway && !isAsking) return undefined;
    const { promise: done, resolve } = createDeferred<PlenumError | undefined>();
    const signedIn = (): void => resolve(undefined);
    const watch = this.#auth.awaitSignIn?.(signedIn);
    const over = new AbortController();
    if (isAsking) {
      this.authorize({ ifNeeded: true, signal: over.signal }).then(signedIn, (failure: unknown) => {
        this.#hasAsked = false;
        resolve(isTelling(failure) ? failure : error);
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

/** Whether access was refused by credentials that know more about it than the server told. */
export function reasonOf({ code, data }: PlenumError): unknown {
  return code === 'AUTH_REQUIRED' && isRecord(data) ? data['reason'] : undefined;
}

/** Whether a login failed for a reason of its own; one that was only given up leaves things as they were. */
function isTelling(error: unknown): error is PlenumError {
  return error instanceof PlenumError && error.code !== 'ABORTED';
}

type Unauthorized = Parameters<NonNullable<ServerAuth['onUnauthorized']>>[0];

/**
 * Credentials for one connection. While it comes up nobody is asked to sign in, as that may take minutes and its
 * handshake has seconds; a call on it may ask.
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
