import { messageOf, PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import type { CatalogKind } from '../../group/catalog/catalog.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { errorText } from './error-text.ts';
import { UnreachableError, UsageError } from '../exit-codes.ts';
import { jsonText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** An error as `--json` shows it. */
interface ErrorFacts {
  readonly code: string;
  readonly message: string;
  readonly server?: string;
  /** The last lines that its process wrote to its standard error. */
  readonly stderr?: readonly unknown[];
}

export function errorFacts(error: PlenumError, inline?: Invocation['inline']): ErrorFacts {
  const { code, server } = error;
  const data: unknown = error.data;
  const stderr: unknown = isRecord(data) ? data['stderr'] : undefined;
  return {
    code,
    message: errorText(error, inline),
    ...(server !== undefined && { server }),
    ...(Array.isArray(stderr) && { stderr: stderr as unknown[] }),
  };
}

/** Writes the error of a command to standard error. `list` is the kind of the list that is missing by it. */
export function reportError(
  terminal: Terminal,
  thrown: unknown,
  inline?: Invocation['inline'],
  list?: CatalogKind,
): void {
  const error = thrown instanceof UnreachableError ? thrown.cause : thrown;
  if (terminal.json) {
    const facts =
      error instanceof PlenumError
        ? errorFacts(error, inline)
        : { code: codeOf(error), message: messageOf(error) };
    terminal.failureText(jsonText({ error: { ...facts, ...(list !== undefined && { list }) } }, 0));
    return;
  }
  terminal.error(error instanceof PlenumError ? errorText(error, inline) : messageOf(error));
  if (!(error instanceof Error) || error instanceof UsageError) return;
  // For an unexpected error the stack helps; for a `PlenumError` its causes do.
  terminal.detail(error instanceof PlenumError ? causesOf(error) : (error.stack ?? ''));
}

function codeOf(error: unknown): string {
  return error instanceof UsageError ? 'USAGE' : 'INTERNAL';
}

function causesOf({ cause }: Error): string {
  if (!(cause instanceof Error)) return '';
  const code = 'code' in cause ? ` ${String(cause.code)}` : '';
  const inner = causesOf(cause);
  return `Caused by ${cause.name}${code}: ${cause.message}${inner === '' ? '' : `\n${inner}`}`;
}
