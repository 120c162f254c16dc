import { numberRange } from './number-range.ts';

/** Ranges of code points, both ends included. */
export type CharRanges = readonly (readonly [from: number, to: number])[];

/** A part of a glob. */
export type GlobNode =
  /** One character of these ranges. */
  | { readonly is: 'char'; readonly ranges: CharRanges }
  | { readonly is: 'sequence'; readonly parts: readonly GlobNode[] }
  | { readonly is: 'choice'; readonly among: readonly GlobNode[] }
  /** `part`, any number of times; at least once without `isOptional`. */
  | { readonly is: 'repeat'; readonly part: GlobNode; readonly isOptional: boolean }
  /** Any text that `part` does not match. */
  | { readonly is: 'not'; readonly part: GlobNode };

/** Says why a text is not a glob. Caught in this folder. */
export class BadGlob extends Error {
  override readonly name = 'BadGlob';
}

const MAX_CODE_POINT = 0x10ffff;
const ANY_CHAR: GlobNode = { is: 'char', ranges: [[0, MAX_CODE_POINT]] };
const ANY_TEXT: GlobNode = { is: 'repeat', part: ANY_CHAR, isOptional: true };
const NOTHING: GlobNode = { is: 'sequence', parts: [] };

const MAX_LENGTH = 2_000;
/** The parser is recursive. */
const MAX_DEPTH = 50;
/** The values that a range with a step may have. */
const MAX_STEPS = 1_000;

const CLASSES: Readonly<Record<string, CharRanges>> = {
  alnum: ranges('09', 'AZ', 'az'),
  alpha: ranges('AZ', 'az'),
  digit: ranges('09'),
  lower: ranges('az'),
  punct: ranges('!/', ':@', '[`', '{~'),
  space: ranges('\t\r', '  '),
  upper: ranges('AZ'),
  word: ranges('09', 'AZ', '__', 'az'),
  xdigit: ranges('09', 'AF', 'af'),
};

function ranges(...pairs: readonly string[]): CharRanges {
  return pairs.map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)] as const);
}

/** The parts of a glob. Throws {@link BadGlob}. */
export function parseGlob(glob: string): GlobNode {
  const chars = Array.from(glob);
  if (chars.length > MAX_LENGTH) throw new BadGlob(`it has more than ${MAX_LENGTH} characters`);
  return new Parser(chars).parse();
}

class Parser {
  readonly #chars: readonly string[];
  /** The place of the sign that closes a brace or parenthesis, by the place of the one that opens it. */
  readonly #ends: ReadonlyMap<number, number>;
  #at = 0;
  #depth = 0;

  constructor(chars: readonly string[]) {
    this.#chars = chars;
    this.#ends = findEnds(chars);
  }

  parse(): GlobNode {
    return this.#sequence(this.#chars.length, '');
  }

  /** Up to `end`, or to one of `stops` before it. */
  #sequence(end: number, stops: string): GlobNode {
    if (++this.#depth > MAX_DEPTH) throw new BadGlob(`it is nested more than ${MAX_DEPTH} levels deep`);
    const parts: GlobNode[] = [];
    while (this.#at < end) {
      if (stops !== '' && stops.includes(this.#charAt(this.#at))) break;
      const part = this.#part();
      // `**` is the same as `*`.
      if (part !== ANY_TEXT || parts.at(-1) !== ANY_TEXT) parts.push(part);
    }
    this.#depth--;
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { is: 'sequence', parts };
  }

  #part(): GlobNode {
    const start = this.#at++;
    const char = this.#charAt(start);
    const groupEnd = this.#charAt(this.#at) === '(' ? this.#ends.get(this.#at) : undefined;
    if (groupEnd !== undefined && '@*+?!'.includes(char)) {
      this.#at++;
      return this.#group(char, groupEnd);
    }
    switch (char) {
      case '*':
        return ANY_TEXT;
      case '?':
        return ANY_CHAR;
      case '\\':
        return this.#at < this.#chars.length ? literal(this.#charAt(this.#at++)) : literal(char);
      case '[':
        return this.#class() ?? literal(char);
      case '(': {
        const end = this.#ends.get(start);
        return end === undefined ? literal(char) : this.#group('@', end);
      }
      case '{': {
        const end = this.#ends.get(start);
        return end === undefined ? literal(char) : this.#brace(end);
      }
      default:
        return literal(char);
    }
  }

  #group(sign: string, end: number): GlobNode {
    const part = choice(this.#alternatives(end, '|'));
    switch (sign) {
      case '*':
        return { is: 'repeat', part, isOptional: true };
      case '+':
        return { is: 'repeat', part, isOptional: false };
      case '?':
        return choice([part, NOTHING]);
      case '!':
        return { is: 'not', part };
      default:
        return part;
    }
  }

  #brace(end: number): GlobNode {
    const range = braceRange(this.#chars.slice(this.#at, end).join(''));
    if (range !== undefined) {
      this.#at = end + 1;
      return range;
    }
    const among = this.#alternatives(end, ',');
    const [only] = among;
    // As in every shell, braces around one alternative are text.
    if (among.length > 1 || only === undefined) return choice(among);
    return { is: 'sequence', parts: [literal('{'), only, literal('}')] };
  }

  /** The parts between `at` and `end`, and moves behind `end`. */
  #alternatives(end: number, separator: string): GlobNode[] {
    const among = [this.#sequence(end, separator)];
    while (this.#at < end) {
      this.#at++;
      among.push(this.#sequence(end, separator));
    }
    this.#at = end + 1;
    return among;
  }

  /** A class of characters, `[…]`; undefined when it is not closed. */
  #class(): GlobNode | undefined {
    const start = this.#at;
    const isInverted = '!^'.includes(this.#charAt(start) || ' ');
    const first = isInverted ? start + 1 : start;
    const found: (readonly [number, number])[] = [];
    let at = first;
    while (at < this.#chars.length && (this.#charAt(at) !== ']' || at === first)) {
      const named = this.#namedClass(at);
      if (named !== undefined) {
        found.push(...named.ranges);
        at = named.end;
        continue;
      }
      if (this.#charAt(at) === '\\' && at + 1 < this.#chars.length) at++;
      const from = this.#charAt(at++);
      const isRange = this.#charAt(at) === '-' && ![']', ''].includes(this.#charAt(at + 1));
      if (isRange && this.#charAt(++at) === '\\' && at + 1 < this.#chars.length) at++;
      const to = isRange ? this.#charAt(at++) : from;
      if (codeOf(to) < codeOf(from)) throw new BadGlob(`the range ${from}-${to} is in the wrong order`);
      found.push([codeOf(from), codeOf(to)]);
    }
    if (at >= this.#chars.length) return undefined;
    this.#at = at + 1;
    return { is: 'char', ranges: isInverted ? inverted(found) : found };
  }

  /** A class such as `[:alpha:]` inside of a class. */
  #namedClass(at: number): { readonly ranges: CharRanges; readonly end: number } | undefined {
    if (this.#charAt(at) !== '[' || this.#charAt(at + 1) !== ':') return undefined;
    const [, name = ''] = /^\[:(\w+):\]/.exec(this.#chars.slice(at, at + 12).join('')) ?? [];
    if (name === '') return undefined;
    const known = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
    if (known === undefined) {
      throw new BadGlob(`[:${name}:] is not known; known are ${Object.keys(CLASSES).join(', ')}`);
    }
    return { ranges: known, end: at + name.length + 4 };
  }

  #charAt(at: number): string {
    return this.#chars[at] ?? '';
  }
}

/** Braces and parentheses that are not closed are text. */
function findEnds(chars: readonly string[]): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  const open: { readonly at: number; readonly closer: string }[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at];
    if (char === '\\') at++;
    else if (char === '[') at = endOfClass(chars, at) ?? at;
    else if (char === '(') open.push({ at, closer: ')' });
    else if (char === '{') open.push({ at, closer: '}' });
    else if (char === ')' || char === '}') {
      const opener = open.findLastIndex(({ closer }) => closer === char);
      const found = open[opener];
      if (found === undefined) continue;
      ends.set(found.at, at);
      open.length = opener;
    }
  }
  return ends;
}

function endOfClass(chars: readonly string[], start: number): number | undefined {
  const first = chars[start + 1] === '!' || chars[start + 1] === '^' ? start + 2 : start + 1;
  for (let at = first; at < chars.length; at++) {
    if (chars[at] === '\\') at++;
    else if (chars[at] === '[' && chars[at + 1] === ':') {
      const [named = ''] = /^\[:\w+:\]/.exec(chars.slice(at, at + 12).join('')) ?? [];
      if (named !== '') at += named.length - 1;
    } else if (chars[at] === ']' && at > first) return at;
  }
  return undefined;
}

/** `1..9`, `01..10`, `a..e`, each also with a step: `1..9..2`. */
function braceRange(text: string): GlobNode | undefined {
  const [, from, to, step] = /^(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return numbers(from, to, step);
  const [, first, last, by] = /^([a-zA-Z])\.\.([a-zA-Z])(?:\.\.(-?\d+))?$/.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const [low = 0, high = 0] = [codeOf(first), codeOf(last)].toSorted((a, b) => a - b);
  if (by === undefined) return { is: 'char', ranges: [[low, high]] };
  const codes = steps(codeOf(first), codeOf(last), Number(by));
  return { is: 'char', ranges: codes.map((code) => [code, code] as const) };
}

function numbers(from: string, to: string, step: string | undefined): GlobNode {
  const [first, last] = [Number(from), Number(to)];
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) {
    throw new BadGlob(`the numbers of {${from}..${to}} are too large`);
  }
  // As in every shell: when one end begins with a zero, all numbers have the width of the wider end.
  const isPadded = [from, to].some((text) => /^-?0\d/.test(text));
  const width = isPadded ? Math.max(from.length, to.length) : 0;
  if (step === undefined) {
    return choice(numberRange(Math.min(first, last), Math.max(first, last), width).map(sequenceOf));
  }
  const texts = steps(first, last, Number(step)).map((value) => padded(value, width));
  return choice(texts.map((text) => sequenceOf(Array.from(text, (char) => [codeOf(char), codeOf(char)]))));
}

function padded(value: number, width: number): string {
  const sign = value < 0 ? '-' : '';
  return sign + String(Math.abs(value)).padStart(width - sign.length, '0');
}

function steps(first: number, last: number, step: number): number[] {
  const by = Math.max(1, Math.abs(step));
  const count = Math.floor(Math.abs(last - first) / by) + 1;
  if (count > MAX_STEPS) throw new BadGlob(`a range with a step has more than ${MAX_STEPS} values`);
  const way = last < first ? -by : by;
  return Array.from({ length: count }, (_, nr) => first + nr * way);
}

function sequenceOf(parts: readonly (readonly [number, number])[]): GlobNode {
  return { is: 'sequence', parts: parts.map((range) => ({ is: 'char', ranges: [range] })) };
}

function choice(among: readonly GlobNode[]): GlobNode {
  const [only] = among;
  return among.length === 1 && only !== undefined ? only : { is: 'choice', among };
}

function literal(char: string): GlobNode {
  return { is: 'char', ranges: [[codeOf(char), codeOf(char)]] };
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function inverted(given: CharRanges): CharRanges {
  const left: (readonly [number, number])[] = [];
  let next = 0;
  for (const [from, to] of given.toSorted(([a], [b]) => a - b)) {
    if (from > next) left.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= MAX_CODE_POINT) left.push([next, MAX_CODE_POINT]);
  return left;
}
