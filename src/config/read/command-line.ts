import type { JsonPath } from '../json/json-path.ts';
import type { Findings } from './findings.ts';
import type { ServerFields } from './server-fields.ts';

/** A word of a command line, and where it ends. */
interface Word {
  readonly text: string;
  readonly end: number;
}

/**
 * Reads a whole command line in `command`, a list there, and `args` that are one text. `isProgram` tells whether a
 * path, unexpanded, leads to a file: a path may hold blanks.
 */
export async function withCommandLine(
  fields: ServerFields,
  findings: Findings,
  isProgram: (path: string) => Promise<boolean>,
): Promise<ServerFields> {
  const { command, args } = fields.values;
  const first = Array.isArray(command)
    ? textsIn(command)
    : typeof command === 'string'
      ? await dividedCommand(command, isProgram)
      : undefined;
  const rest = typeof args === 'string' ? wordsOf(args)?.map(({ text }) => text) : undefined;
  if (first === undefined && rest === undefined) return fields;
  if (typeof command === 'string' && first !== undefined && first.length > 1) {
    const message = `"command" holds arguments, too: they are read as "args". Write the program alone in "command", and a list in "args".`;
    findings.warn(fields.locate(['command']), message);
  }
  if (rest !== undefined) {
    const message = `"args" is one text: it is read as a list of ${rest.length}. Write a list, such as ["-y", "some-server"].`;
    findings.warn(fields.locate(['args']), message);
  }
  const [program = command, ...more] = first ?? [];
  const own = rest ?? args;
  const values = {
    ...fields.values,
    command: program,
    ...((more.length > 0 || own !== undefined) && {
      args: own === undefined ? more : Array.isArray(own) ? [...more, ...(own as unknown[])] : own,
    }),
  };
  return { ...fields, values, locate: locating(fields, more.length, rest !== undefined) };
}

/** Arguments from elsewhere are shown where they stand in the file. */
function locating({ locate }: ServerFields, moved: number, isOneText: boolean): ServerFields['locate'] {
  return (path: JsonPath) => {
    const [key, index] = path;
    if (key !== 'args' || typeof index !== 'number') return locate(path);
    if (index < moved) return locate(['command']);
    return locate(isOneText ? ['args'] : ['args', index - moved]);
  };
}

function textsIn(list: readonly unknown[]): string[] | undefined {
  const texts = list.map((each) => (typeof each === 'number' ? String(each) : each));
  const isGood = texts.every((each): each is string => typeof each === 'string' && each !== '');
  return isGood && texts.length > 0 ? texts : undefined;
}

async function dividedCommand(
  command: string,
  isProgram: (path: string) => Promise<boolean>,
): Promise<string[] | undefined> {
  const line = command.trim();
  const words = /\s/.test(command) ? wordsOf(command) : undefined;
  const [first, ...others] = words ?? [];
  if (first === undefined || words === undefined) return undefined;
  if (others.length === 0) return [first.text];
  const isQuoted = /^["']/.test(line);
  if (isQuoted || !/[\\/]/.test(first.text))
    return (await isProgram(line)) ? undefined : words.map(({ text }) => text);
  // The longest path that is there, as it may hold blanks.
  for (const [index, { end }] of [...words.entries()].toReversed()) {
    const path = command.slice(0, end).trimStart();
    if (await isProgram(path)) return [path, ...words.slice(index + 1).map(({ text }) => text)];
  }
  return undefined;
}

/**
 * Divides a command line as a shell does: blanks divide, quotes keep together, and a backslash only keeps a blank or
 * a quote, as paths of Windows have many. What stands in `${…}` stays together. Undefined when a quote has no end.
 */
function wordsOf(line: string): Word[] | undefined {
  const words: Word[] = [];
  let text = '';
  let isWord = false;
  let quote = '';
  let depth = 0;
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? '';
    const next = line[at + 1] ?? '';
    if (char === '$' && next === '{') depth++;
    if (char === '}' && depth > 0) depth--;
    if (
      char === '\\' &&
      quote !== "'" &&
      (next === '"' || (quote === '' && /[\s']/.test(next) && next !== ''))
    ) {
      text += next;
      isWord = true;
      at++;
    } else if (depth === 0 && (char === quote || (quote === '' && /["']/.test(char)))) {
      quote = quote === '' ? char : '';
      isWord = true;
    } else if (depth === 0 && quote === '' && /\s/.test(char)) {
      if (isWord) words.push({ text, end: at });
      text = '';
      isWord = false;
    } else {
      text += char;
      isWord = true;
    }
  }
  if (isWord) words.push({ text, end: line.length });
  return quote === '' && words.length > 0 ? words : undefined;
}
