import { expect } from 'vitest';

/** Far beyond what any of this takes on a busy machine, and below the time limit of a test. */
const BOUND_MS = 10_000;

/** Asks again and again until the assertion holds: `await eventually(() => x).toBe(1)`. */
export function eventually<T>(read: () => T | Promise<T>, intervalMs = 20) {
  return expect.poll<T | Promise<T>>(read, { timeout: BOUND_MS, interval: intervalMs });
}
