import { connectionEnded, gaveUp, notConnected, notSent } from '../../errors/call.ts';
import { sessionClosed } from '../../errors/session-end.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';

/** The errors of one session that has no connection. */
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

  /** The error for a call when connecting failed with `error`. */
  notSent(error: PlenumError): PlenumError {
    return notSent(this.#server, error);
  }

  closed(cause: unknown, doing = 'Using the session', maybeExecuted = false): PlenumError {
    return sessionClosed(doing, { server: this.#server, cause, maybeExecuted });
  }
}
