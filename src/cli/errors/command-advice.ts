import { causeCodes } from './failure-facts.ts';
import type { PlainServer } from '../servers/server-set.ts';

/** What is wrong with the way in which a command was written that could not be started; undefined when nothing is. */
export function commandAdvice(
  spec: PlainServer | undefined,
  error: unknown,
  isInline: boolean,
): string | undefined {
  if (spec === undefined || !('command' in spec)) return undefined;
  const codes = causeCodes(error);
  if (!codes.has('ENOENT') && !codes.has('ENOTDIR')) return undefined;
  const { command } = spec;
  if (/^~\w*[\\/]/.test(command))
    return `"~" is not expanded in a command: write the whole path of ${command}.`;
  const [program = '', ...args] = command.trim().split(/\s+/);
  if (args.length === 0) return undefined;
  if (isInline) return `Arguments are words of their own: leave out the quotes around "${command}" after --.`;
  return (
    'Arguments are no part of the command: write ' +
    `"command": ${JSON.stringify(program)}, "args": ${JSON.stringify([...args, ...(spec.args ?? [])])}.`
  );
}
