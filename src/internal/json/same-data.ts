import { isDeepStrictEqual } from 'node:util';

/**
 * Whether two values hold the same data: as `isDeepStrictEqual`, but several times as fast for JSON data.
 * Throws a `RangeError` when they are nested too deeply to tell.
 */
export function isSameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b)) return isSameList(a, b);
  return isPlain(a) && isPlain(b) ? isSameRecord(a, b) : isDeepStrictEqual(a, b);
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (!isSameData(a[at], b[at])) return false;
  return true;
}

function isSameRecord(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (!Object.hasOwn(b, key) || !isSameData(a[key], b[key])) return false;
  return true;
}

function isPlain(value: object): value is Record<string, unknown> {
  return Object.getPrototypeOf(value) === Object.prototype;
}
