/** The longest delay that Node's timers can hold; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Ends a timer; harmless when it has fired. */
export type StopTimer = () => void;

const neverStarted: StopTimer = () => {};

/**
 * Calls `fire` once after `ms` milliseconds. Safe past 32 bits; `Infinity` never fires and starts nothing.
 * The timer does not keep the process alive unless `keepAlive` is set.
 */
export function startTimer(ms: number, fire: () => void, options?: { keepAlive?: boolean }): StopTimer {
  if (ms === Infinity) return neverStarted;
  let handle: NodeJS.Timeout;
  const arm = (left: number): void => {
    const slice = Math.min(Math.max(left, 0), LONGEST_TIMER_MS);
    handle = setTimeout(() => (left > slice ? arm(left - slice) : fire()), slice);
    if (options?.keepAlive !== true) handle.unref();
  };
  arm(ms);
  return () => clearTimeout(handle);
}
