import { setTimeout as sleep } from 'node:timers/promises';

/** How long anything may take before a test fails. Only what hangs takes as long, on the slowest machine too. */
export const BOUND_MS = 60_000;

/**
 * Waits until `look` returns something that is neither undefined nor false, and returns that. For what a matcher
 * can say there is `expect.poll`.
 */
export async function eventually<T>(
  what: string | (() => string),
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + BOUND_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) {
      throw new Error(`Not within ${BOUND_MS} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await sleep(5);
  }
}

/** Waits until `read` has returned the same for `quietMs` in a row, and returns that. */
export async function settled<T extends string | number>(read: () => T, quietMs = 250): Promise<T> {
  const deadline = Date.now() + BOUND_MS;
  for (let last = read(), since = Date.now(); ;) {
    await sleep(10);
    const now = read();
    if (now !== last) since = Date.now();
    last = now;
    if (Date.now() - since >= quietMs) return now;
    if (Date.now() > deadline) throw new Error(`Does not come to rest within ${BOUND_MS} ms`);
  }
}

/** Fails when `promise` does not settle within the bound: what hangs should say so itself. */
export async function bounded<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not within ${BOUND_MS} ms: ${what}`)), BOUND_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
