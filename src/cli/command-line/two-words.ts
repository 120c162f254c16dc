import { prefixedName } from '../../group/catalog/prefixed-name.ts';
import { UsageError } from '../exit-codes.ts';
import { looksLikeUri } from '../servers/possible-owners.ts';
import { shellWord } from '../errors/sign-in-advice.ts';

const A_NAME = /^[a-z_][\w.-]*$/i;

/**
 * How to write what is given as two words, a server and one of its tools, prompts or resources: a sentence that begins with a
 * space. Empty when the words are no such thing.
 */
export function howToWriteAsOne(command: string, [server, name]: readonly string[]): string {
  if (server === undefined || name === undefined || !A_NAME.test(server) || server.includes('__')) return '';
  const isUri = looksLikeUri(name);
  if (!isUri && (command === 'read' || !A_NAME.test(name))) return '';
  const one = isUri
    ? `${shellWord(name)} --server ${shellWord(server)}`
    : shellWord(prefixedName(server, name.replace(`${server}__`, '')));
  return ` If "${server}" is the server, write: plenum ${command} ${one}`;
}

/** Throws a {@link UsageError} when a server and a tool or prompt of it are given as two words. */
export function expectOneName(command: string, operands: readonly string[]): void {
  const hint = howToWriteAsOne(command, operands);
  if (hint !== '') throw new UsageError(`"${operands[1]}" is not an argument, which is key=value.${hint}`);
}
