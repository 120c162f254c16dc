import { LONGEST_TIMER_MS } from '../../internal/timers.ts';
import { isObject } from '../server/json-rpc.ts';

/** Checks a value; returns what is wrong with it, or undefined. */
export type Check = (value: unknown, path: string) => string | undefined;

function check(fits: (value: unknown) => boolean, what: string): Check {
  return (value, path) => (fits(value) ? undefined : `${path} must be ${what}`);
}

export const anything: Check = () => undefined;
export const string = check((value) => typeof value === 'string', 'a string');
export const nonEmpty = check((value) => typeof value === 'string' && value !== '', 'a non-empty string');
export const flag = check((value) => typeof value === 'boolean', 'true or false');
export const integer = check(Number.isInteger, 'a whole number');
export const count = check((value) => isWhole(value) && value >= 0, 'a whole number, 0 or more');
export const positive = check((value) => isWhole(value) && value >= 1, 'a whole number, 1 or more');
export const object = check(isObject, 'an object');
export const durationMs = check(
  (value) => typeof value === 'number' && value >= 0 && value <= LONGEST_TIMER_MS,
  `a number of milliseconds from 0 to ${LONGEST_TIMER_MS}`,
);

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}

export function oneOf(...allowed: readonly unknown[]): Check {
  return check(
    (value) => allowed.includes(value),
    `one of ${allowed.map((each) => JSON.stringify(each)).join(', ')}`,
  );
}

export function orNull(given: Check): Check {
  return (value, path) => (value === null ? undefined : given(value, path));
}

export function listOf(item: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} must be a list`;
    return first(value.map((each, index) => () => item(each, `${path}[${index}]`)));
  };
}

export function mapOf(item: Check): Check {
  return (value, path) => {
    if (!isObject(value)) return `${path} must be an object`;
    return first(
      Object.entries(value).map(
        ([key, each]) =>
          () =>
            item(each, `${path}.${key}`),
      ),
    );
  };
}

/** An object with exactly these fields: all of `required`, any of `optional`, no other. */
export function shape(required: Record<string, Check>, optional: Record<string, Check> = {}): Check {
  const known = { ...required, ...optional };
  return (value, path) => {
    if (!isObject(value)) return `${path} must be an object`;
    const missing = Object.keys(required).find((key) => value[key] === undefined);
    if (missing !== undefined) return `${path}.${missing} is missing`;
    return first(
      Object.entries(value).map(([key, each]) => () => {
        const field = Object.hasOwn(known, key) ? known[key] : undefined;
        if (field === undefined)
          return `${path}.${key} is not known; there are ${Object.keys(known).join(', ')}`;
        return each === undefined ? undefined : field(each, `${path}.${key}`);
      }),
    );
  };
}

/** An object whose `tag` field says which of the shapes it has. */
export function tagged(tag: string, shapes: Record<string, Check>): Check {
  return (value, path) => {
    if (!isObject(value)) return `${path} must be an object`;
    const kind = value[tag];
    const found = typeof kind === 'string' && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
    if (found !== undefined) return found(value, path);
    return `${path}.${tag} must be one of ${Object.keys(shapes).join(', ')}`;
  };
}

function first(checks: (() => string | undefined)[]): string | undefined {
  for (const run of checks) {
    const problem = run();
    if (problem !== undefined) return problem;
  }
  return undefined;
}
