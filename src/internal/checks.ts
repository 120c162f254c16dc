import { PlenumError } from '../errors/plenum-error.ts';
import { printable } from './text.ts';

function invalid(field: string, wanted: string, found: unknown): PlenumError {
  // The type only: the value may be a secret that landed in the wrong field.
  const shown = typeof found === 'number' || typeof found === 'boolean' ? String(found) : describeType(found);
  return new PlenumError('CONFIG_INVALID', `Option "${field}" must be ${wanted}, not ${shown}.`);
}

function describeType(value: unknown): string {
  if (value === '') return 'empty';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'undefined' ? 'missing' : `of type ${typeof value}`;
}

/** Returns `value` when it is undefined or a duration in milliseconds; `Infinity` is one. */
export function checkDuration(field: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= 0) return value;
  throw invalid(field, 'a number of milliseconds, 0 or more', value);
}

/** Returns `value` when it is undefined or a whole number of at least `least`; `Infinity` is one. */
export function checkCount(field: string, value: unknown, least: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= least && (Number.isInteger(value) || value === Infinity))
    return value;
  throw invalid(field, `a whole number, ${least} or more`, value);
}

export function checkOneOf<T extends string>(
  field: string,
  value: unknown,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  const wanted = `one of ${allowed.map((each) => `"${each}"`).join(', ')}`;
  if (typeof value !== 'string') throw invalid(field, wanted, value);
  throw new PlenumError(
    'CONFIG_INVALID',
    `Option "${field}" must be ${wanted}, not "${printable(value, 40)}".`,
  );
}

export function checkFunction(field: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalid(field, 'a function', value);
}

export function checkBoolean(field: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw invalid(field, 'true or false', value);
}

export function checkText(field: string, value: unknown): void {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw invalid(field, 'a non-empty string', value);
  }
}

export function checkTextRecord(field: string, value: unknown): void {
  if (value === undefined) return;
  if (!isRecord(value)) throw invalid(field, 'an object of strings', value);
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'string') throw invalid(`${field}.${key}`, 'a string', entry);
  }
}

export function checkTextArray(field: string, value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) throw invalid(field, 'an array of strings', value);
  value.forEach((entry: unknown, index) => {
    if (typeof entry !== 'string') throw invalid(`${field}[${index}]`, 'a string', entry);
  });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function checkSignal(field: string, value: unknown): void {
  if (value === undefined) return;
  const isSignal = isRecord(value) && 'aborted' in value && typeof value['addEventListener'] === 'function';
  if (!isSignal) throw invalid(field, 'an AbortSignal', value);
}
