import { checkOptions, checkValue } from '../../options/check-options.ts';
import { anyFunction } from '../../options/kinds.ts';
import { runOptions } from '../../options/tables/manager.ts';
import type { Session } from '../../session/session.ts';
import type { RetryOptions } from './retry-policy.ts';

/** Options of `SessionManager.run`. */
export interface RunOptions {
  /** The principal that sessions are acquired for; see `AcquireOptions`. */
  principal?: string | undefined;
  /** Cancels the run and its calls in flight: `run` rejects with `ABORTED`. */
  signal?: AbortSignal | undefined;
  /**
   * How long the run may take in all, with all attempts and delays, in milliseconds; then it rejects with `TIMEOUT`.
   * @default Infinity
   */
  timeoutMs?: number | undefined;
  /**
   * How long one attempt may take after it has acquired a session, in milliseconds; then it fails with `TIMEOUT`.
   * @default Infinity
   */
  attemptTimeoutMs?: number | undefined;
  /**
   * How long each attempt waits for a session, in milliseconds.
   * @default the pool's `acquireTimeoutMs`
   */
  acquireTimeoutMs?: number | undefined;
  /**
   * Overrides fields of the manager's `retry`; `false` tries once.
   * @default the manager's `retry`
   */
  retry?: boolean | RetryOptions | undefined;
}

/** What the function of a run gets beside the session. */
export interface RunContext {
  readonly server: string;
  /** The number of the attempt; the first is 1. */
  readonly attempt: number;
  /** Aborts when the attempt has reached a time limit or was cancelled. */
  readonly signal: AbortSignal;
}

/** The function of a run. Its result is the result of `run`; what it throws may lead to another attempt. */
export type RunWork<T> = (session: Session, context: RunContext) => T | Promise<T>;

/** Throws `CONFIG_INVALID`. */
export function checkRun(work: RunWork<unknown>, options: RunOptions): void {
  checkValue('work', anyFunction, work);
  checkOptions(runOptions, options, 'Options of run()');
}
