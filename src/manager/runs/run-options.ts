import { checkOptions, checkValue } from '../../options/check-options.ts';
import { anyFunction } from '../../options/kinds.ts';
import { runOptions } from '../../options/tables/manager.ts';
import type { Session } from '../../session/session.ts';
import type { RetryOptions } from './retry-policy.ts';

export interface RunOptions {
  /** On whose behalf; see `AcquireOptions`. */
  principal?: string | undefined;
  /** Gives up: calls under way are cancelled, and `run` rejects with `ABORTED`. */
  signal?: AbortSignal | undefined;
  /**
   * How long the whole may take, attempts and pauses together, in milliseconds; then `TIMEOUT`.
   * @default Infinity
   */
  timeoutMs?: number | undefined;
  /**
   * How long one attempt may take once it has a session, in milliseconds; then `TIMEOUT`.
   * @default Infinity
   */
  attemptTimeoutMs?: number | undefined;
  /**
   * How long each attempt waits for a session, in milliseconds.
   * @default the pool's `acquireTimeoutMs`
   */
  acquireTimeoutMs?: number | undefined;
  /** What differs from the manager's `retry`; `false` tries once. */
  retry?: false | RetryOptions | undefined;
}

/** What the work of a run is told. */
export interface RunContext {
  readonly server: string;
  /** The first is 1. */
  readonly attempt: number;
  /** Aborts when nobody waits for the outcome any more. */
  readonly signal: AbortSignal;
}

export type RunWork<T> = (session: Session, context: RunContext) => T | Promise<T>;

/** Throws `CONFIG_INVALID`. */
export function checkRun(work: RunWork<unknown>, options: RunOptions): void {
  checkValue('work', anyFunction, work);
  checkOptions(runOptions, options, 'Options of run()');
}
