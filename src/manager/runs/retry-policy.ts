import { PlenumError, type PlenumErrorCode } from '../../errors/plenum-error.ts';
import { defaultsOf } from '../../options/kinds.ts';
import { retryOptions } from '../../options/tables/manager.ts';

/** How `run` repeats what failed. */
export interface RetryOptions {
  /**
   * How often something is tried, the first time included.
   * @default 3
   */
  attempts?: number;
  /**
   * Upper bound of the pause before the second attempt, in milliseconds; it doubles with each, and each pause is
   * random below its bound.
   * @default 250
   */
  delayMs?: number;
  /**
   * Upper bound of any pause, in milliseconds.
   * @default 10000
   */
  maxDelayMs?: number;
  /**
   * No attempt begins later than this after the first one began, in milliseconds.
   * @default Infinity
   */
  deadlineMs?: number;
  /**
   * Whether an error is worth another attempt, in place of the built-in judgement, which is: the connection could
   * not be had or was lost. Whatever it says, a tool that may have run is not run again unless the server
   * annotates it as read-only or idempotent.
   */
  retryIf?: (error: unknown, context: RetryContext) => boolean | Promise<boolean>;
}

export interface RetryContext {
  readonly server: string;
  /** Which attempt failed; the first is 1. */
  readonly attempt: number;
  /** Whether it had got a session. */
  readonly connected: boolean;
}

export interface ResolvedRetryOptions {
  readonly attempts: number;
  readonly delayMs: number;
  readonly maxDelayMs: number;
  readonly deadlineMs: number;
  readonly retryIf: NonNullable<RetryOptions['retryIf']>;
}

const DEFAULTS = defaultsOf(retryOptions);

/** Where several are given, the first that has a field wins. */
export function resolveRetryOptions(
  ...layers: readonly (false | RetryOptions | undefined)[]
): ResolvedRetryOptions {
  const off = layers.find((layer) => layer !== undefined) === false;
  const given = layers.filter((layer) => typeof layer === 'object');
  const pick = <K extends keyof RetryOptions>(key: K): RetryOptions[K] | undefined =>
    given.find((layer) => layer[key] !== undefined)?.[key];
  return {
    attempts: off ? 1 : (pick('attempts') ?? DEFAULTS.attempts),
    delayMs: pick('delayMs') ?? DEFAULTS.delayMs,
    maxDelayMs: pick('maxDelayMs') ?? DEFAULTS.maxDelayMs,
    deadlineMs: pick('deadlineMs') ?? DEFAULTS.deadlineMs,
    retryIf: pick('retryIf') ?? failedToConnect,
  };
}

/** The connection could not be had or was lost: says something about the server, and may pass. */
const CONNECTION_CODES: ReadonlySet<PlenumErrorCode> = new Set<PlenumErrorCode>([
  'CONNECT_FAILED',
  'CONNECTION_LOST',
  'SESSION_EXPIRED',
  'NOT_CONNECTED',
]);

export function isConnectionFailure(error: unknown): boolean {
  return error instanceof PlenumError && CONNECTION_CODES.has(error.code);
}

function failedToConnect(error: unknown, { connected }: RetryContext): boolean {
  const cameTooLate = !connected && error instanceof PlenumError && error.code === 'TIMEOUT';
  return cameTooLate || isConnectionFailure(error);
}
