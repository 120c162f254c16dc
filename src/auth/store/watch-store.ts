import { startTimer } from '../../internal/timers.ts';
import type { SignInWatch } from '../../server-spec.ts';

/** A store sends no events, so it is polled: at rising intervals, and at once when a call needs a token. */
const FIRST_LOOK_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** Polls `find` until it resolves to true, then calls `onFound` once. Does not keep the process running. */
export function watchStore(find: () => Promise<boolean>, onFound: () => void): SignInWatch {
  let pauseMs = FIRST_LOOK_MS;
  let isOver = false;
  let stopTimer = (): void => {};
  const look = async (): Promise<void> => {
    // A store that cannot be read now may be readable at the next poll.
    const found = await find().catch(() => false);
    if (isOver || !found) return;
    stop();
    onFound();
  };
  const wait = (): void => {
    stopTimer = startTimer(pauseMs, () => {
      pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
      void look().then(() => {
        if (!isOver) wait();
      });
    });
  };
  const stop = (): void => {
    isOver = true;
    stopTimer();
  };
  wait();
  return { look, stop };
}
