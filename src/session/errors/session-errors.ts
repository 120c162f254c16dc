import { connectionEnded, gaveUp, notConnected, notSent } from '../../errors/call.ts';
import { sessionClosed } from '../../errors/session-end.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';

/** What a session says when it has no connection to offer. */
export class SessionErrors {
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  lost(what: string): PlenumError {
    return connectionEnded(this.#server, what);
  }

  notConnected(what: string): PlenumError {
    return notConnected(this.#server, what);
  }

  /** All attempts failed, the last one with `error`. */
  gaveUp(error: PlenumError): PlenumError {
    return gaveUp(this.#server, error);
  }

  /** For a call: the server that it would have gone to could not be brought up. */
  notSent(error: PlenumError): PlenumError {
    return notSent(this.#server, error);
  }

  closed(cause: unknown, doing = 'Using the session', maybeExecuted = false): PlenumError {
    return sessionClosed(doing, { server: this.#server, cause, maybeExecuted });
  }
}
