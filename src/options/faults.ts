import { printable } from '../internal/text.ts';
import { oneOf, type Kind, type Option, type OptionTable } from './kinds.ts';
import { tagOf, wantedOf } from './wording.ts';

/** Where in an object of options: keys and indexes from the outside in. */
export type OptionPath = readonly (string | number)[];

/** One thing that is wrong with a value. */
export type Fault =
  | {
      readonly path: OptionPath;
      /** What would be right. */
      readonly wanted: string;
      /** What was found. May be a secret. */
      readonly found: unknown;
      /** Whether one of a few words is wanted: then the message may show what was found, as it is no secret. */
      readonly isWord: boolean;
      /** What was found, in words, where its type says too little; empty where `wanted` says all. */
      readonly foundInWords?: string;
    }
  | {
      /** Where the unknown option is. */
      readonly path: OptionPath;
      readonly unknown: string;
      readonly table: OptionTable;
    };

/** Whether a value is an object of options or entries, and not of a built-in class such as `Map` or `URL`. */
export function isOptionsObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || tagOf(value) === 'Object';
}

/** All that is wrong with a value. An option that is undefined counts as not given. */
export function faultsOf(kind: Kind, value: unknown, path: OptionPath = []): Fault[] {
  if (fits(kind, value)) return [];
  const fault: Fault = { path, wanted: wantedOf(kind), found: value, isWord: isOneOfWords(kind) };
  switch (kind.is) {
    case 'text': {
      if (typeof value !== 'string' || value === '') return [fault];
      const rule = value.includes('\0') ? 'a string without NUL characters' : kind.rule?.(value);
      return [rule === undefined ? fault : { ...fault, wanted: rule, foundInWords: '' }];
    }
    case 'list':
      if (!Array.isArray(value)) return [fault];
      return value.flatMap((each: unknown, index) => faultsOf(kind.of, each, [...path, index]));
    case 'record':
      if (!isOptionsObject(value)) return [fault];
      return Object.entries(value).flatMap(([key, each]) => faultsOf(kind.of, each, [...path, key]));
    case 'options':
      return isOptionsObject(value) ? faultsInOptions(kind.options, value, path) : [fault];
    case 'variant':
      return isOptionsObject(value) ? faultsInVariant(kind, value, path) : [fault];
    case 'either':
      return faultsOfEither(kind.kinds, value, path) ?? [fault];
    case 'object': {
      const inWords = typeof value === 'object' && value !== null ? kind.found?.(value) : undefined;
      return [{ ...fault, ...(inWords !== undefined && { foundInWords: inWords }) }];
    }
    default:
      return [fault];
  }
}

/** The names of an object's options, inherited ones included: programs derive options from others. */
export function* namesIn(options: object): Generator<string> {
  for (const name in options) yield name;
}

function faultsInOptions(
  table: OptionTable,
  given: Readonly<Record<string, unknown>>,
  path: OptionPath,
): Fault[] {
  const faults: Fault[] = [];
  for (const name of namesIn(given)) {
    const value = given[name];
    if (value === undefined) continue;
    const at = [...path, name];
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined) faults.push({ path: at, unknown: name, table });
    else faults.push(...faultsOf(option.kind, value, at));
  }
  for (const [name, option] of Object.entries(table)) {
    if (option.required !== true || given[name] !== undefined) continue;
    faults.push({ path: [...path, name], wanted: wantedOf(option.kind), found: undefined, isWord: false });
  }
  return faults;
}

type Variant = Extract<Kind, { is: 'variant' }>;

/** The table for the variant that the given word chooses, with the option that has the word. */
export function variantOf(
  { by, variants }: Variant,
  given: Readonly<Record<string, unknown>>,
): OptionTable | undefined {
  const word = given[by];
  const table = typeof word === 'string' && Object.hasOwn(variants, word) ? variants[word] : undefined;
  return table === undefined ? undefined : { [by]: wordOption(variants), ...table };
}

/** The option that tells variants apart. */
export function wordOption(variants: Variant['variants']): Option {
  return { kind: oneOf(...Object.keys(variants)), required: true, about: 'Which of them it is.' };
}

function faultsInVariant(kind: Variant, given: Readonly<Record<string, unknown>>, path: OptionPath): Fault[] {
  const table = variantOf(kind, given);
  if (table !== undefined) return faultsInOptions(table, given, path);
  const word = wordOption(kind.variants);
  return faultsOf(word.kind, given[kind.by], [...path, kind.by]);
}

/** The faults for the kind whose shape the value has: the one whose faults are all inside the value. */
function faultsOfEither(kinds: readonly Kind[], value: unknown, path: OptionPath): Fault[] | undefined {
  const inside = kinds
    .map((kind) => faultsOf(kind, value, path))
    .find((faults) => faults.every((fault) => fault.path.length > path.length));
  if (inside !== undefined || typeof value !== 'string' || value === '') return inside;
  const ruled = kinds.find((kind) => kind.is === 'text' && kind.rule !== undefined);
  return ruled === undefined ? undefined : faultsOf(ruled, value, path);
}

/** Whether the only strings of a kind are a few words. */
function isOneOfWords(kind: Kind): boolean {
  if (kind.is !== 'either') return kind.is === 'word';
  const mayBeAnyString = kind.kinds.some(({ is }) => is === 'text' || is === 'string');
  return !mayBeAnyString && kind.kinds.some(isOneOfWords);
}

/** Whether a value is of a kind. */
export function fits(kind: Kind, value: unknown): boolean {
  switch (kind.is) {
    case 'text':
      return (
        typeof value === 'string' && value !== '' && !value.includes('\0') && kind.rule?.(value) === undefined
      );
    case 'string':
      return typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    case 'number':
      return (
        typeof value === 'number' &&
        (kind.above === true ? value > kind.least : value >= kind.least) &&
        (kind.most === undefined || value <= kind.most) &&
        (!kind.whole || Number.isInteger(value) || value === Infinity)
      );
    case 'literal':
      return value === kind.value;
    case 'word':
      return typeof value === 'string' && (kind.words.includes(value) || kind.meant?.(value) !== undefined);
    case 'list':
      // A hole counts as undefined.
      return Array.isArray(value) && Array.from(value).every((each: unknown) => fits(kind.of, each));
    case 'record':
      return isOptionsObject(value) && Object.values(value).every((each) => fits(kind.of, each));
    case 'options':
      return isOptionsObject(value) && fitsOptions(kind.options, value);
    case 'variant': {
      if (!isOptionsObject(value)) return false;
      const table = variantOf(kind, value);
      return table !== undefined && fitsOptions(table, value);
    }
    case 'either':
      return kind.kinds.some((each) => fits(each, value));
    case 'function':
      return typeof value === 'function';
    case 'object':
      return typeof value === 'object' && value !== null && kind.fits(value);
  }
}

/** Whether options are all known and of their kinds. */
export function fitsOptions(table: OptionTable, given: Readonly<Record<string, unknown>>): boolean {
  for (const name in given) {
    const value = given[name];
    if (value === undefined) continue;
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined || !fits(option.kind, value)) return false;
  }
  for (const name in table) if (table[name]?.required === true && given[name] === undefined) return false;
  return true;
}

/** `reconnect.attempts`, `args[0]`; a key that is no plain word stands in quotes: `headers["X Y"]`. */
export function printPath(path: OptionPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w$-]{1,80}$/.test(step)) text += `[${JSON.stringify(printable(step, 80))}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
