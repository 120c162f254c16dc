import { PlenumError } from '../../errors/plenum-error.ts';

/** What a session says when it has no connection to offer. */
export class SessionErrors {
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  lost(what: string): PlenumError {
    return new PlenumError('CONNECTION_LOST', `Server "${this.#server}" ${what}.`, { server: this.#server });
  }

  notConnected(what: string, cause?: unknown): PlenumError {
    const message = `Session "${this.#server}" ${what}.`;
    return new PlenumError('NOT_CONNECTED', message, { server: this.#server, cause, maybeExecuted: false });
  }

  /** For a call: the server that it would have gone to could not be brought up. */
  notSent(error: PlenumError): PlenumError {
    const { code, message, data, rpcCode, rpcMessage } = error;
    const fields = { data, rpcCode, rpcMessage, cause: error, maybeExecuted: false };
    return new PlenumError(code, message, { server: this.#server, ...fields });
  }

  closed(cause: unknown, doing = 'Using the session', maybeExecuted = false): PlenumError {
    const message = `${doing}: session "${this.#server}" is closed.`;
    return new PlenumError('SESSION_CLOSED', message, { server: this.#server, cause, maybeExecuted });
  }
}
