import { printable } from '../internal/text.ts';
import type { Kind } from './kinds.ts';

/** What a value must be, as it stands after "must be". */
export function wantedOf(kind: Kind): string {
  switch (kind.is) {
    case 'text':
      return 'a non-empty string';
    case 'string':
      return 'a string';
    case 'flag':
      return 'true or false';
    case 'number':
      return wantedNumber(kind);
    case 'literal':
      return JSON.stringify(kind.value);
    case 'word': {
      const words = kind.words.map((word) => `"${word}"`).join(', ');
      return kind.words.length === 1 ? words : `one of ${words}`;
    }
    case 'function':
      return 'a function';
    case 'either':
      return inWords([...new Set(kind.kinds.flatMap((each) => waysOf(each)))]);
    case 'list':
    case 'record':
    case 'options':
    case 'variant':
    case 'object':
      return kind.wanted;
  }
}

function wantedNumber({ unit, least, most, above, whole }: Extract<Kind, { is: 'number' }>): string {
  const what = unit === 'ms' ? 'a number of milliseconds' : whole ? 'a whole number' : 'a number';
  if (least === -Infinity) return what;
  if (most !== undefined) return `${what} from ${least} to ${most}`;
  return above === true ? `${what}, more than ${least}` : `${what}, ${least} or more`;
}

function waysOf(kind: Kind): string[] {
  if (kind.is === 'flag') return ['true', 'false'];
  if (kind.is === 'word') return kind.words.map((word) => `"${word}"`);
  return kind.is === 'either' ? kind.kinds.flatMap(waysOf) : [wantedOf(kind)];
}

function inWords(ways: readonly string[]): string {
  const [last = '', ...others] = ways.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(', ')} or ${last}`;
}

/** The type of what was found. Not the value, which may be a secret that was given for the wrong option. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value === '') return 'an empty string';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return article(tagOf(value));
  return article(typeof value);
}

/** As {@link describe}, with the text: for options that are one of a few words. */
export function describeWord(value: unknown): string {
  return typeof value === 'string' && value !== '' ? `"${printable(value, 40)}"` : describe(value);
}

/**
 * The name of an object's built-in class, such as `Map`; `Object` for an object of a program's own, and for a proxy that
 * does not tell.
 */
export function tagOf(value: object): string {
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1);
  } catch {
    return 'Object';
  }
}

function article(noun: string): string {
  const name = noun === 'Object' ? 'object' : printable(noun, 40);
  return `${/^(?:[aeio]|u(?!rl))/i.test(name) ? 'an' : 'a'} ${name}`;
}
