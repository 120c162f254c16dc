import type { z } from 'zod';
import { isRecord } from '../../internal/checks.ts';
import { printable, suggestion } from '../../internal/text.ts';
import { expandValues } from '../expand/template.ts';
import { describe, describeWord, type Findings } from './findings.ts';
import { AnswerPending } from '../expand/inputs.ts';
import { isWithin, type JsonPath } from '../json/json-path.ts';
import type { Scope } from '../expand/scope.ts';

/** Settings of a file before expansion, and their place in it. */
export interface RawSettings {
  readonly values: Readonly<Record<string, unknown>>;
  /** Maps a path in `values` to the path in the document. */
  readonly locate: (path: JsonPath) => JsonPath;
  /** The server that has these settings; undefined for those of the whole file. */
  readonly server?: string;
}

/**
 * Expands settings and checks them. Returns undefined when there is a problem, which is added to `findings`, or when
 * the user must be asked for an input first.
 */
export function checkSettings<T extends z.ZodType>(
  schema: T,
  { values, locate, server }: RawSettings,
  scope: Scope,
  findings: Findings,
): z.output<T> | undefined {
  const unexpanded: JsonPath[] = [];
  const expanded = expandValues(
    values,
    [],
    (path) => scope.at(locate(path)),
    (path, reason) => {
      unexpanded.push(path);
      if (!(reason instanceof AnswerPending)) findings.problem(locate(path), reason.message, server);
    },
  );
  for (const { path, known } of unknownKeys(schema, values)) {
    const key = String(path.at(-1));
    findings.warn(locate(path), `Unknown key "${printable(key, 80)}".${suggestion(key, known)}`);
  }
  const checked = checkValue(schema, expanded);
  if ('value' in checked) return unexpanded.length === 0 ? checked.value : undefined;
  for (const mismatch of checked.mismatches) {
    const { path, allowed } = mismatch;
    if (unexpanded.some((each) => isWithin(each, path))) continue;
    findings.problem(locate(path), `found ${found(values, mismatch)}, allowed ${allowed}`, server);
  }
  return undefined;
}

/** Describes the unexpanded value in the file: the expanded one may be a secret. */
function found(values: unknown, { path, isWord }: Mismatch): string {
  let value = values;
  for (const step of path) {
    const holder: unknown = value;
    value = Array.isArray(holder) || isRecord(holder) ? Reflect.get(holder, step) : undefined;
  }
  if (isWord) return describeWord(value);
  return typeof value === 'string' && value.includes('${') ? 'what a string expands to' : describe(value);
}

/** A value that the schema does not allow. */
interface Mismatch {
  readonly path: JsonPath;
  readonly allowed: string;
  /** Whether the schema allows one of a few words: the value is then no secret and can be shown. */
  readonly isWord: boolean;
}

type Checked<T> = { readonly value: T } | { readonly mismatches: readonly Mismatch[] };

/** Checks a value; the result has only the properties of the schema. */
function checkValue<T extends z.ZodType>(schema: T, value: unknown): Checked<z.output<T>> {
  const result = schema.safeParse(value);
  return result.success
    ? { value: result.data }
    : { mismatches: result.error.issues.flatMap((issue) => mismatchesOf(issue)) };
}

type Issue = z.core.$ZodIssue;

function mismatchesOf(issue: Issue, outer: JsonPath = []): Mismatch[] {
  const path = [...outer, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  // Of a union, the option that was meant is the one whose type fits: its mismatches lie further inside.
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

/** A key that the schema does not have, with the keys that it has. */
interface UnknownKey {
  readonly path: JsonPath;
  readonly known: readonly string[];
}

/** Finds the keys, at any depth of `value`, that the schema does not have. */
function unknownKeys(schema: z.core.$ZodType, value: unknown, path: JsonPath = []): UnknownKey[] {
  if (!isRecord(value)) return [];
  const shape = shapeOf(schema);
  if (shape === undefined) return [];
  const known = Object.keys(shape);
  return Object.entries(value).flatMap(([key, part]) => {
    const inner = Object.hasOwn(shape, key) ? shape[key] : undefined;
    const at = [...path, key];
    return inner === undefined ? [{ path: at, known }] : unknownKeys(inner, part, at);
  });
}

/** The properties of an object schema, or of all object schemas of a union. */
function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'object':
      return def.shape;
    case 'optional':
      return shapeOf(def.innerType);
    case 'union': {
      const shapes = def.options.map(shapeOf).filter((shape) => shape !== undefined);
      return shapes.length === 0 ? undefined : Object.assign({}, ...shapes);
    }
    default:
      return undefined;
  }
}
