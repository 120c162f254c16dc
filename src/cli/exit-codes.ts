import { isRecord } from '../internal/checks.ts';
import { PlenumError, type PlenumErrorCode } from '../errors/plenum-error.ts';

/** The exit codes (docs/cli.md). */
export const EXIT = {
  good: 0,
  /** The tool or the server failed. */
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  unreachable: 3,
  authRequired: 4,
  /** A project's file was found, and nobody has agreed to it. */
  notAgreed: 5,
  /** Something differs from the lock. */
  drifted: 6,
  /** The audit of a configuration found something. */
  found: 7,
  interrupted: 130,
} as const;

/** One of {@link EXIT}, or 128 plus the number of the signal that ended the command. */
export type ExitCode = number;

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A needed server could not be reached. Exits with `EXIT.unreachable`, whatever the code of the cause is. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  override readonly cause: PlenumError;

  constructor(cause: PlenumError) {
    super(cause.message);
    this.cause = cause;
  }
}

const USAGE: ReadonlySet<PlenumErrorCode> = new Set([
  'CONFIG_INVALID',
  'UNKNOWN_SERVER',
  'UNKNOWN_TOOL',
  'UNKNOWN_PROMPT',
  'UNKNOWN_RESOURCE',
  'AMBIGUOUS_RESOURCE',
  'NAME_COLLISION',
  'INVALID_ARGUMENTS',
]);

function isConsentMissing({ data }: PlenumError): boolean {
  return isRecord(data) && data['consent'] !== undefined;
}

/** The exit code for an error of a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof UnreachableError) return unreachableExitCode([error.cause]);
  if (!(error instanceof PlenumError)) return EXIT.failed;
  if (error.code === 'AUTH_REQUIRED') return EXIT.authRequired;
  if (isConsentMissing(error)) return EXIT.notAgreed;
  if (error.code === 'CONNECT_FAILED' || error.code === 'NOT_CONNECTED') return EXIT.unreachable;
  if (error.code === 'DEFINITION_DRIFT') return EXIT.drifted;
  if (error.code === 'ABORTED') return EXIT.interrupted;
  return USAGE.has(error.code) ? EXIT.usage : EXIT.failed;
}

/** The exit code when these servers could not be opened: `authRequired` only when all of them need credentials. */
export function unreachableExitCode(errors: readonly PlenumError[]): ExitCode {
  if (errors.length === 0) return EXIT.good;
  if (errors.every(({ code }) => code === 'AUTH_REQUIRED')) return EXIT.authRequired;
  if (errors.every(({ code }) => code === 'DEFINITION_DRIFT')) return EXIT.drifted;
  return errors.every(({ code }) => USAGE.has(code)) ? EXIT.usage : EXIT.unreachable;
}
