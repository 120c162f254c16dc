import type { z } from 'zod';
import type { JsonPath } from '../json/json-path.ts';

/** Something that a schema does not allow. */
export interface Mismatch {
  readonly path: JsonPath;
  readonly allowed: string;
  /** Whether one of a few words is allowed: what was found instead is no secret, then. */
  readonly isWord: boolean;
}

type Checked<T> = { readonly value: T } | { readonly mismatches: readonly Mismatch[] };

/** Checks a value; what is not in the schema is left out. */
export function checkValue<T extends z.ZodType>(schema: T, value: unknown): Checked<z.output<T>> {
  const result = schema.safeParse(value);
  return result.success
    ? { value: result.data }
    : { mismatches: result.error.issues.flatMap((issue) => mismatchesOf(issue)) };
}

type Issue = z.core.$ZodIssue;

function mismatchesOf(issue: Issue, outer: JsonPath = []): Mismatch[] {
  const path = [...outer, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  // Of the ways that a value could have been meant, the one that it has the shape of has its fault further inside.
  if (issue.code === 'invalid_union') {
    if (issue.discriminator !== undefined && 'options' in issue) {
      const allowed = (issue.options ?? []).map((word) => JSON.stringify(word)).join(', ');
      return [{ path, allowed, isWord: true }];
    }
    const meant = issue.errors.find(
      (issues) => issues.length > 0 && issues.every((each) => each.path.length > 0),
    );
    if (meant !== undefined) return meant.flatMap((each) => mismatchesOf(each, path));
  }
  return [{ path, allowed: issue.message, isWord: issue.code === 'invalid_value' }];
}
