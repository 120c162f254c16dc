import { onAbort } from './limit.ts';
import { startTimer } from './timers.ts';

/** What a {@link giveUpAfter} rejects with when the time is over. */
export const TIMED_OUT = Symbol('timed out');

/** The moment at which nobody waits for something any more. */
export interface GivingUp {
  /** Rejects with `TIMED_OUT`, or with the signal's reason; never resolves. */
  readonly promise: Promise<never>;
  /** What it rejected with; undefined while it has not. */
  readonly reason: unknown;
  /** Ends the timer and the listener. */
  stop(): void;
}

/** Gives up after `ms` milliseconds, or when `signal` aborts or is aborted already. */
export function giveUpAfter(ms: number, signal: AbortSignal): GivingUp {
  let reason: unknown;
  let stop = (): void => {};
  const promise = new Promise<never>((_, reject) => {
    const give = (why: unknown): void => {
      reason ??= why;
      reject(why);
    };
    const stopTimer = startTimer(ms, () => give(TIMED_OUT), { keepAlive: true });
    const stopListening = onAbort(signal, () => give(signal.reason));
    if (signal.aborted) give(signal.reason);
    stop = () => {
      stopTimer();
      stopListening();
    };
  });
  promise.catch(() => {});
  return {
    promise,
    get reason() {
      return reason;
    },
    stop: () => stop(),
  };
}
