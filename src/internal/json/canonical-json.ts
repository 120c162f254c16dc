import { isRecord } from '../checks.ts';

/** Values that are nested deeper are given to `describe`. */
const MAX_DEPTH = 50;

/**
 * JSON with sorted keys: the same text for the same data. `describe` returns the text for a value that is not data, such
 * as a function or an instance of a class. Its text is inserted as it is, so it must not look like JSON.
 */
export function canonicalJson(value: unknown, describe: (value: unknown) => string, depth = 0): string {
  if (value instanceof URL) return JSON.stringify(value.href);
  const inner = (each: unknown): string => canonicalJson(each, describe, depth + 1);
  if (depth < MAX_DEPTH && Array.isArray(value)) return `[${value.map(inner).join()}]`;
  if (depth < MAX_DEPTH && isPlain(value)) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${inner(entry)}`).join()}}`;
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  return typeof value === 'number' ? String(value) : describe(value);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
