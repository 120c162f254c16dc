/** How delays between attempts grow. */
export interface BackoffPolicy {
  /** Upper bound of the first delay, in milliseconds. */
  readonly delayMs: number;
  /** Upper bound of any delay, in milliseconds. */
  readonly maxDelayMs: number;
}

/** How much is added at most to a wait that a server asks for, in milliseconds. */
const MOST_SPREAD_MS = 1_000;

/**
 * Exponential backoff with full jitter: the first retry comes at once, the n-th later one after a random time
 * below `delayMs * 2^n`, at most `maxDelayMs`. The time is random over the whole range, so that many clients of a server
 * that failed do not reconnect all at once.
 */
export class Backoff {
  readonly #policy: BackoffPolicy;
  readonly #random: () => number;
  #attempts = 0;

  constructor(policy: BackoffPolicy, random: () => number = Math.random) {
    this.#policy = policy;
    this.#random = random;
  }

  /**
   * The delay before the next attempt, in milliseconds. What the server asks for counts instead, if it asks for a wait, up to
   * the upper bound of any delay; and a little more, so that not all clients come back at once.
   */
  next(askedMs = 0): number {
    const n = this.#attempts++;
    if (askedMs > 0) {
      const spreadMs = this.#random() * Math.min(askedMs / 10, MOST_SPREAD_MS);
      return Math.min(Math.round(askedMs + spreadMs), this.#policy.maxDelayMs);
    }
    if (n === 0) return 0;
    const bound = Math.min(this.#policy.delayMs * 2 ** (n - 1), this.#policy.maxDelayMs);
    return Math.round(this.#random() * bound);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
