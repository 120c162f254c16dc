/** Bounds and lifetimes of pooled sessions. */
export interface PoolOptions {
  /**
   * How many pooled sessions there may be in all, opening and closing ones included.
   * @default 64
   */
  max?: number;
  /**
   * How many pooled sessions of one server there may be, for all principals together.
   * @default 8
   */
  maxPerServer?: number;
  /**
   * How many callers may wait for a session of one server; a further one is rejected with `POOL_EXHAUSTED` at once.
   * @default 1000
   */
  maxWaiting?: number;
  /**
   * How long a caller waits for a session, in milliseconds, unless its own `timeoutMs` is given.
   * @default 30000
   */
  acquireTimeoutMs?: number;
  /**
   * How long an idle session is kept, in milliseconds, or `Infinity`.
   * @default 60000
   */
  idleMs?: number;
  /**
   * How old a session may be when it is leased or given back, in milliseconds; an older one is closed.
   * @default Infinity
   */
  maxAgeMs?: number;
  /**
   * A session that was idle for longer than this is pinged before it is leased, in milliseconds.
   * @default 30000
   */
  checkAfterMs?: number;
  /**
   * How many leases may share one session of a server that speaks 2026-07-28, where requests are independent of each
   * other. Sessions of the stateful era are not shared, and no session is shared between principals.
   * @default 1
   */
  leasesPerSession?: number;
  /**
   * A lease that is held for longer than this is reported once, in milliseconds: an event `lease-overdue` has the stack of
   * its `acquire`. Recording the stack takes some microseconds for each lease.
   * @default Infinity
   */
  reportLeasesAfterMs?: number;
}

export type ResolvedPoolOptions = Readonly<Required<PoolOptions>>;
