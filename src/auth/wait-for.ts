import { onAbort } from '../internal/limit.ts';

/** Waits for `work`, or no longer than `signal` lets; the work goes on. Rejects with the signal's reason. */
export async function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => {});
  let stop = (): void => {};
  const givenUp = new Promise<never>((_, reject) => {
    stop = onAbort(signal, () => reject(signal.reason));
    if (signal.aborted) reject(signal.reason);
  });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    stop();
  }
}
