/** Bounds and lifetimes of pooled sessions. */
export interface PoolOptions {
  /**
   * How many pooled sessions there may be in all, those that open and close included.
   * @default 64
   */
  max?: number;
  /**
   * How many of one server, for all principals together.
   * @default 8
   */
  maxPerServer?: number;
  /**
   * How many callers may wait for a session of one server; the next one is `POOL_EXHAUSTED` at once.
   * @default 1000
   */
  maxWaiting?: number;
  /**
   * How long a caller waits for a session, in milliseconds, unless it says otherwise.
   * @default 30000
   */
  acquireTimeoutMs?: number;
  /**
   * How long an unused session is kept, in milliseconds; `Infinity` for ever.
   * @default 60000
   */
  idleMs?: number;
  /**
   * How old a session may be when it is handed out or kept, in milliseconds.
   * @default Infinity
   */
  maxAgeMs?: number;
  /**
   * A session that was idle for longer is pinged before it is handed out, in milliseconds.
   * @default 30000
   */
  checkAfterMs?: number;
  /**
   * How many leases may share one session of a server that speaks 2026-07-28, whose requests know nothing of each
   * other. Sessions of the stateful era are never shared, nor those of two principals.
   * @default 1
   */
  leasesPerSession?: number;
  /**
   * A lease that is held for longer is reported once, as an event that says where it was taken, in milliseconds.
   * Noting where costs some microseconds a lease.
   * @default Infinity
   */
  reportLeasesAfterMs?: number;
}

export type ResolvedPoolOptions = Readonly<Required<PoolOptions>>;
