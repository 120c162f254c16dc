import { PlenumError } from '../../errors/plenum-error.ts';
import type { Invocation } from '../command-line/invocation.ts';

/** The command that signs in to a server. */
export function loginCommand(server: string, inline: Invocation['inline']): string {
  const operand = inline !== undefined && 'url' in inline ? inline.url : server;
  return `plenum login ${shellWord(operand)}`;
}

/** Quotes a name for a shell where it needs that. */
export function shellWord(text: string): string {
  const isPlain = /^[\w.@:/-]+$/.test(text) && !text.startsWith('-');
  return isPlain ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Whether somebody is to sign in to the server that the error names. */
export function isLoginMissing(
  error: unknown,
): error is PlenumError<'AUTH_REQUIRED'> & { readonly server: string } {
  return (
    error instanceof PlenumError &&
    error.code === 'AUTH_REQUIRED' &&
    error.server !== undefined &&
    error.advice?.some((advice) => advice.do === 'sign-in') === true
  );
}
