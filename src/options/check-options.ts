import { optionsInvalid } from '../errors/options.ts';
import { messageOf, PlenumError } from '../errors/plenum-error.ts';
import { didYouMean, nearest, printable, suggestion } from '../internal/text.ts';
import { faultsOf, fitsOptions, isOptionsObject, namesIn, printPath, type Fault } from './faults.ts';
import { optionsOf, type Kind, type OptionTable } from './kinds.ts';
import { describe, describeWord } from './wording.ts';

/**
 * Checks options against their table: every name is known, every value of its kind; `undefined` counts as not given.
 * `what` says what they are when they are no object: `Session options`. Throws `CONFIG_INVALID` with the first fault.
 */
export function checkOptions(table: OptionTable, given: unknown, what: string): void {
  const faults = readable(what, () => {
    if (!isOptionsObject(given)) throw optionsInvalid(notAnObject(what, given));
    return fitsOptions(table, given) ? [] : faultsOf(optionsOf(table), given);
  });
  refuse(faults, '');
}

/** The first thing that is wrong with options, as a sentence; undefined when nothing is. */
export function firstFault(table: OptionTable, given: unknown, what: string): string | undefined {
  if (!isOptionsObject(given)) return notAnObject(what, given);
  if (fitsOptions(table, given)) return undefined;
  const [fault] = faultsOf(optionsOf(table), given);
  return fault === undefined ? undefined : faultText(fault);
}

/**
 * Checks one value that stands by itself, such as an argument; `name` is what the message calls it. Throws
 * `CONFIG_INVALID`.
 */
export function checkValue(name: string, kind: Kind, value: unknown): void {
  refuse(
    readable(`Option "${name}"`, () => faultsOf(kind, value)),
    name,
  );
}

/**
 * Checks an argument of a public function that has no table of options; `doing` begins the message: `textTokens()`. Throws
 * `CONFIG_INVALID`.
 */
export function checkParameter(doing: string, name: string, kind: Kind, value: unknown): void {
  const faults = readable(`${doing}: argument "${name}"`, () => faultsOf(kind, value));
  const [fault] = faults;
  if (fault === undefined) return;
  throw optionsInvalid(`${doing}: ${faultText(fault, name, 'argument')}`, nameOf(fault, name));
}

/** What `read` finds out about a value whose getters, or that as a proxy, may throw: then `CONFIG_INVALID`. */
export function readable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PlenumError) throw error;
    throw optionsInvalid(`${what} cannot be read: ${printable(messageOf(error))}.`);
  }
}

/** What is wrong with an argument of a call that does not fit, as a sentence. */
export function argumentFault(name: string, kind: Kind, value: unknown): string {
  return faultsOf(kind, value)
    .slice(0, 1)
    .map((fault) => faultText(fault, name, 'Argument'))
    .join('');
}

function refuse([fault]: readonly Fault[], of: string): void {
  if (fault === undefined) return;
  throw optionsInvalid(faultText(fault, of), nameOf(fault, of));
}

function notAnObject(what: string, given: unknown): string {
  return `${what} must be an object, not ${describe(given)}.`;
}

function nameOf({ path }: Fault, of: string): string {
  const inner = printPath(path);
  return of === '' || inner === '' || inner.startsWith('[') ? of + inner : `${of}.${inner}`;
}

/** What is wrong, as a sentence. Shows no value that may be a secret. */
function faultText(fault: Fault, of = '', noun = 'Option'): string {
  const name = nameOf(fault, of);
  if ('unknown' in fault) return `${noun} "${name}" is not known.${meantBy(fault.unknown, fault.table)}`;
  const found = fault.foundInWords ?? (fault.isWord ? describeWord(fault.found) : describe(fault.found));
  return `${noun} "${name}" must be ${fault.wanted}${found === '' ? '' : `, not ${found}`}.`;
}

/** Says which option was probably meant, or else which options there are. Begins with a space. */
export function meantBy(unknown: string, table: OptionTable): string {
  const owners = new Map<string, string>();
  for (const [name, { alias = [] }] of Object.entries(table)) {
    for (const spelling of [name, ...alias]) if (!owners.has(spelling)) owners.set(spelling, name);
  }
  const alias = [...owners.keys()].find((spelling) => spelling.toLowerCase() === unknown.toLowerCase());
  if (alias !== undefined) return didYouMean([owners.get(alias) ?? alias]);
  const names = new Set(nearest(unknown, owners.keys()).map((spelling) => owners.get(spelling) ?? spelling));
  return names.size > 0 ? didYouMean([...names]) : suggestion(unknown, Object.keys(table));
}

/** A copy of options without undefined ones, in which inherited options are own ones. */
export function withoutUndefined<T>(options: T): T {
  if (!isOptionsObject(options)) return options;
  const given = [...namesIn(options)].filter((name) => options[name] !== undefined);
  return Object.assign({}, ...given.map((name) => ({ [name]: options[name] })));
}

/** The same options, copied if they may have inherited ones, which a spread would leave out. */
export function ownOptions<T extends object>(options: T): T {
  return Object.getPrototypeOf(options) === Object.prototype ? options : withoutUndefined(options);
}

/** The options that are given, and the defaults of the others. */
export function withDefaults<O extends object>(defaults: Required<O>, options: O | undefined): Required<O> {
  return Object.assign({ ...defaults }, withoutUndefined(options));
}
