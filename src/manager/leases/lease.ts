import type { Session } from '../../session/session.ts';

/** For whom, and how patiently, a session is acquired. */
export interface AcquireOptions {
  /**
   * On whose behalf. A session of one principal is never handed to another, nor to a caller without one.
   */
  principal?: string | undefined;
  /** Gives up waiting: `ABORTED`. */
  signal?: AbortSignal | undefined;
  /**
   * How long to wait for a session, in milliseconds.
   * @default the pool's `acquireTimeoutMs`
   */
  timeoutMs?: number | undefined;
}

/**
 * The use of a pooled session for a while. Ends once, by `release`, `discard` or `await using`; whatever comes
 * after the first is harmless and does nothing.
 */
export interface Lease extends AsyncDisposable {
  readonly server: string;
  readonly principal: string | undefined;
  /**
   * The session. When the lease has ended its calls reject with `SESSION_CLOSED`; the session itself goes on for
   * others. Closing it ends the lease: `close` releases, `destroy` discards. When its connection is lost it comes
   * back if its server is there again at once; else acquire another one.
   */
  readonly session: Session;
  /**
   * Gives the session back, once the calls under way through this lease have settled. A session that is no longer
   * well, or that was told something it would not forget (a subscription, a log level), is closed instead.
   */
  release(): Promise<void>;
  /** Fails the calls under way and closes the session for good; also while a release waits for them. */
  discard(reason?: unknown): Promise<void>;
}
