import { printable } from '../../internal/text.ts';

/** Why a schema has no equal in a dialect. Thrown inside this folder only; the message ends up in a `problem`. */
export class Inexpressible extends Error {
  override readonly name = 'Inexpressible';
}

/** Throws {@link Inexpressible}. `at` is a JSON pointer into the schema. */
export function inexpressible(at: string, what: string): never {
  throw new Inexpressible(`${what} (at ${printable(at, 120)})`);
}

/** Deeper than anything that people write; a schema comes from a server, and walking it takes stack. */
const MAX_DEPTH = 100;

export function checkDepth(depth: number, at: string): void {
  if (depth > MAX_DEPTH) inexpressible(at, `it is nested more than ${MAX_DEPTH} levels deep`);
}
