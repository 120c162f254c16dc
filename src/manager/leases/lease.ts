import type { Session } from '../../session/session.ts';

/** Options of `SessionManager.acquire`. */
export interface AcquireOptions {
  /**
   * The principal, such as a user, that the session is for. It is never given to another, nor to a caller without one.
   */
  principal?: string | undefined;
  /** Ends the wait: `acquire` rejects with `ABORTED`. */
  signal?: AbortSignal | undefined;
  /**
   * How long to wait for a session, in milliseconds.
   * @default the pool's `acquireTimeoutMs`
   */
  timeoutMs?: number | undefined;
}

/**
 * The exclusive use of a pooled session, until `release`, `discard` or the end of `await using`. Further calls of these
 * do nothing.
 */
export interface Lease extends AsyncDisposable {
  readonly server: string;
  readonly principal: string | undefined;
  /**
   * The session. When the lease has ended, its calls reject with `SESSION_CLOSED`. Its `close` releases the lease, its
   * `destroy` discards it. A lost connection is replaced once; if that fails, acquire another session.
   */
  readonly session: Session;
  /**
   * Gives the session back to the pool, when the calls of this lease have settled. The session is closed instead if it is
   * not connected, if what the server keeps for it was changed: a subscription, the log level; and with `keep: false`.
   */
  release(options?: { keep?: boolean }): Promise<void>;
  /** Fails the calls in flight and closes the session, also while `release` waits for the calls. */
  discard(reason?: unknown): Promise<void>;
}
