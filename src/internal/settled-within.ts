import { startTimer } from './timers.ts';

/** Waits until `work` has settled, `ms` are over or `cutShort` aborts; says whether it had settled. */
export function settledWithin(work: Promise<unknown>, ms: number, cutShort?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const stopTimer = startTimer(ms, giveUp, { keepAlive: true });
    const finish = (settled: boolean): void => {
      stopTimer();
      cutShort?.removeEventListener('abort', giveUp);
      resolve(settled);
    };
    function giveUp(): void {
      finish(false);
    }
    cutShort?.addEventListener('abort', giveUp, { once: true });
    work.then(
      () => finish(true),
      () => finish(true),
    );
    if (cutShort?.aborted === true) giveUp();
  });
}
