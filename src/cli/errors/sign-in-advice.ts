import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { UnreachableError } from '../exit-codes.ts';

/** The command that signs in to a server. */
export function loginCommand(server: string, inline: Invocation['inline']): string {
  const operand = inline !== undefined && 'url' in inline ? inline.url : server;
  return `plenum login ${shellWord(operand)}`;
}

/** A name as a shell wants it. */
export function shellWord(text: string): string {
  const isPlain = /^[\w.@:/-]+$/.test(text) && !text.startsWith('-');
  return isPlain ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Whether somebody could sign in: the credentials themselves said what is missing. */
export function isLoginMissing(error: unknown): error is PlenumError & { readonly server: string } {
  if (!(error instanceof PlenumError) || error.code !== 'AUTH_REQUIRED' || error.server === undefined)
    return false;
  return isRecord(error.data) && typeof error.data['reason'] === 'string';
}

/** The error as this command says it: with the command that helps. */
export function withSignInAdvice<T>(
  error: T,
  inline: Invocation['inline'],
): T | PlenumError | UnreachableError {
  if (error instanceof UnreachableError) {
    const advised = withSignInAdvice(error.cause, inline);
    return advised instanceof PlenumError ? new UnreachableError(advised) : error;
  }
  if (!isLoginMissing(error)) return error;
  const { server, data, maybeExecuted } = error;
  const command = loginCommand(server, inline);
  if (error.message.includes(command)) return error;
  const { reason, issuer } = isRecord(data) ? data : {};
  const where = typeof issuer === 'string' && URL.canParse(issuer) ? ` at ${new URL(issuer).origin}` : '';
  const what =
    reason === 'login_required' ? `Server "${server}" wants you to sign in${where}.` : error.message;
  const message = `${what} Sign in with: ${command}`;
  return new PlenumError('AUTH_REQUIRED', message, { server, data, maybeExecuted, cause: error });
}
