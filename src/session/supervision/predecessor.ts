import type { Connection } from '../connection/connection.ts';

/** A connection that is out of use, while something of it may be left. */
export class Predecessor {
  /** Resolves when its successor may come. */
  readonly gone: Promise<void>;
  readonly #connection: Connection;
  readonly #gracefully: boolean;

  private constructor(connection: Connection, gone: Promise<void>, gracefully: boolean) {
    this.#connection = connection;
    this.gone = gone;
    this.#gracefully = gracefully;
  }

  /** One that is lost. */
  static retired(connection: Connection): Predecessor {
    return new Predecessor(connection, connection.retire(), false);
  }

  /** One that is well and not needed. */
  static closed(connection: Connection): Predecessor {
    return new Predecessor(connection, connection.close(), true);
  }

  /** Ends it as gently as it was left. Resolves when nothing is left. */
  leave(): Promise<void> {
    return this.#gracefully ? this.gone : this.destroy();
  }

  /** Ends it by force. */
  destroy(): Promise<void> {
    return this.#connection.destroy();
  }
}
