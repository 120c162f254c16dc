import { printable } from '../../internal/text.ts';

/**
 * Thrown when a schema cannot be expressed in a dialect. Caught inside this folder; its message becomes a `problem`.
 */
export class Inexpressible extends Error {
  override readonly name = 'Inexpressible';
}

/** Throws {@link Inexpressible}. `at` is a JSON pointer into the schema. */
export function inexpressible(at: string, what: string): never {
  throw new Inexpressible(`${what} (at ${printable(at, 120)})`);
}

/** A schema comes from a server, and the functions here are recursive, so its depth is limited. */
const MAX_DEPTH = 100;

export function checkDepth(depth: number, at: string): void {
  if (depth > MAX_DEPTH) inexpressible(at, `it is nested more than ${MAX_DEPTH} levels deep`);
}
