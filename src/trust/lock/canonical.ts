import { createHash } from 'node:crypto';

/** Data that is nested deeper cannot be held. */
const MAX_DEPTH = 500;

/** Why a value is no data that canonical JSON can hold, as a clause. */
export class NotCanonical extends Error {}

/**
 * A copy of plain JSON data, in which each member was read once. Throws {@link NotCanonical} for what canonical JSON (RFC
 * 8785) cannot hold: numbers that are not finite, halves of characters, functions, and data nested too deeply.
 */
export function plainCopy(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case 'string':
      return wellFormed(value);
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new NotCanonical('it has a number that is not finite');
    case 'object':
      break;
    default:
      throw new NotCanonical(`it has a ${typeof value}`);
  }
  if (value === null) return null;
  if (depth === MAX_DEPTH) throw new NotCanonical(`it is nested more than ${MAX_DEPTH} deep`);
  if (Array.isArray(value)) return Array.from(value, (each: unknown) => plainCopy(each, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw new NotCanonical('it has an object that is no plain data');
  const members = Object.entries(value).flatMap(([key, each]: [string, unknown]): [string, unknown][] =>
    each === undefined ? [] : [[wellFormed(key), plainCopy(each, depth + 1)]],
  );
  return Object.fromEntries(members);
}

/** Plain data as canonical JSON: no white space, members sorted by the UTF-16 units of their names (RFC 8785). */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${canonicalText(each)}`).join()}}`;
}

/** The SHA-256 of the canonical JSON of plain data. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonicalText(value)).digest('hex')}`;
}

function wellFormed(text: string): string {
  if (isWellFormed(text)) return text;
  throw new NotCanonical('it has half of a character');
}

/** Whether a text has no half of a character. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** With the sign for what cannot be shown in place of each half. */
export function toWellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\u{FFFD}');
}
