import { stripVTControlCharacters } from 'node:util';
import { distance } from 'fastest-levenshtein';

/**
 * Controls, format characters (direction overrides among them), halves of characters, line and paragraph separators.
 */
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Text from a server, for use in a message: control and direction characters are escaped, as they could change what the
 * reader sees, and long text is cut.
 */
export function printable(text: string, maxLength = 200): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replace(CONTROL, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

const COMPARED_LENGTH = 100;

/** Up to three of `candidates` that `name` may have been meant to be, best first. */
export function nearest(name: string, candidates: Iterable<string>): string[] {
  // Names come from servers, and comparing costs in proportion to both lengths.
  const wanted = name.slice(0, COMPARED_LENGTH).toLowerCase();
  // Two letters make any short word another.
  const limit = wanted.length <= 3 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  const scored: { candidate: string; score: number }[] = [];
  for (const candidate of candidates) {
    const lower = candidate.slice(0, COMPARED_LENGTH).toLowerCase();
    const contained = wanted.length >= 3 && (lower.includes(wanted) || wanted.includes(lower));
    const score = contained ? 0.5 : distance(wanted, lower);
    if (score <= limit) scored.push({ candidate, score });
  }
  scored.sort((a, b) => a.score - b.score || a.candidate.length - b.candidate.length);
  return scored.slice(0, 3).map((entry) => entry.candidate);
}

/** ` Did you mean "a", "b"?`, or else some of the candidates; empty when there are none. */
export function suggestion(name: string, candidates: Iterable<string>): string {
  const known = [...candidates];
  const near = nearest(name, known);
  if (near.length > 0) return didYouMean(near);
  if (known.length === 0) return '';
  const more = known.length > 5 ? ` and ${known.length - 5} more` : '';
  return ` Known: ${quoted(known.slice(0, 5))}${more}.`;
}

/** Begins with a space. */
export function didYouMean(names: readonly string[]): string {
  return ` Did you mean ${quoted(names)}?`;
}

function quoted(names: readonly string[]): string {
  return names.map((each) => `"${printable(each, 80)}"`).join(', ');
}

/** What a process wrote before it ended or fell silent: the end of a message. */
export interface Output {
  readonly stdout?: string;
  readonly stderr?: string;
}

/** How many lines of standard error a message shows. */
const MOST_LINES = 5;
const MAX_LINE = 1_000;
/** How much is looked at, in characters. */
const MAX_LENGTH = 16 * 1024;

/** Short escape sequences, such as those that choose a character set, and the rest of one that was cut. */
const ESCAPES = /\u001b(?:[()*+\-./][\dA-Za-z]|[ -/]*[0-~])?/g;

/** A frame of a stack in Node's words. */
const FRAME = /^\s+at .*(?::\d+|<anonymous>)\)?(?: \{)?$/;

/**
 * The last lines of standard error that say something: no escape sequences, of a line that was written over and over
 * only what stood there last, and no frames of a stack.
 */
export function lastLines(stderr: string): string[] {
  const text = stripVTControlCharacters(stderr.slice(-MAX_LENGTH)).replace(ESCAPES, '');
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd().split('\r').at(-1) ?? '');
  const telling = lines.filter((line) => line.trim() !== '' && !FRAME.test(line));
  return telling.slice(-MOST_LINES).map((line) => printable(line, MAX_LINE));
}

/** The detail of an error about a process, and its data. */
export function outputFields({ stdout = '', stderr = '' }: Output): {
  readonly detail?: string;
  readonly stderr?: readonly string[];
} {
  const half = stdout === '' ? [] : [`On its stdout there is half a line: ${printable(stdout, 400)}`];
  const lines = lastLines(stderr);
  const all = [...half, ...(lines.length === 0 ? [] : ['The end of its stderr:', ...lines])];
  return {
    ...(all.length > 0 && { detail: all.join('\n') }),
    ...(lines.length > 0 && { stderr: lines }),
  };
}
