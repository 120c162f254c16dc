import { checkDuration, checkFunction, checkSignal, checkText } from '../internal/checks.ts';
import type { CheckHealthOptions } from './leases/check-health.ts';
import type { AcquireOptions } from './leases/lease.ts';
import { checkRetry } from './manager-options.ts';
import type { RunOptions, Work } from './runs/run-options.ts';

/** Throws `CONFIG_INVALID`. */
export function checkAcquireOptions({
  principal,
  signal,
  timeoutMs,
}: AcquireOptions | CheckHealthOptions): void {
  // An empty one is somebody who was not looked up, and must not be everybody like that.
  if (principal !== undefined) checkText('principal', principal);
  checkSignal('signal', signal);
  checkDuration('timeoutMs', timeoutMs);
}

/** Throws `CONFIG_INVALID`. */
export function checkRun(work: Work<unknown>, options: RunOptions): void {
  if (typeof work !== 'function') checkFunction('work', work ?? null);
  checkAcquireOptions(options);
  checkDuration('attemptTimeoutMs', options.attemptTimeoutMs);
  checkDuration('acquireTimeoutMs', options.acquireTimeoutMs);
  checkRetry(options.retry);
}
