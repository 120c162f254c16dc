import { PlenumError, type PlenumErrorCode } from '../../errors/plenum-error.ts';
import { defaultsOf } from '../../options/kinds.ts';
import { retryOptions } from '../../options/tables/manager.ts';

/** When and how often `run` tries again. */
export interface RetryOptions {
  /**
   * How many attempts there may be, the first included.
   * @default 3
   */
  attempts?: number;
  /**
   * Upper bound of the delay before the second attempt, in milliseconds; it doubles with each attempt. Each delay is
   * random between 0 and its bound.
   * @default 250
   */
  delayMs?: number;
  /**
   * Upper bound of any delay, in milliseconds.
   * @default 10000
   */
  maxDelayMs?: number;
  /**
   * No attempt starts later than this after the start of the run, in milliseconds.
   * @default Infinity
   */
  deadlineMs?: number;
  /**
   * Whether to try again after an error. Even then there is no other attempt if a tool may have run that the server does
   * not annotate as read-only or idempotent.
   * @default true when connecting failed, the connection was lost, or the server asks to wait (`retryAfterMs`)
   */
  retryIf?: (error: unknown, context: RetryContext) => boolean | Promise<boolean>;
}

/** What is known about a failed attempt. */
export interface RetryContext {
  readonly server: string;
  /** The number of the attempt that failed; the first is 1. */
  readonly attempt: number;
  /** Whether the attempt had acquired a session. */
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

/** Fills in the defaults. Of several values of one field the first wins. */
export function resolveRetryOptions(
  ...layers: readonly (boolean | RetryOptions | undefined)[]
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

/** Codes of connections that failed or were lost: they count for the circuit, and another attempt may succeed. */
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
  const asksToWait = error instanceof PlenumError && error.retryAfterMs !== undefined;
  return cameTooLate || asksToWait || isConnectionFailure(error);
}
