import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import type { JsonObject } from './dialect.ts';
import { inexpressible } from './inexpressible.ts';
import { ANNOTATIONS, KEYWORDS, mapSubschemas, type KeywordKind } from './keywords.ts';

/** Keywords for which providers expect `true` or `false`. */
const STAY_BOOLEAN = new Set(['/additionalProperties', '/unevaluatedProperties', '/unevaluatedItems']);

/**
 * Converts a schema of any draft to 2020-12; `true` and `false` become objects. Keywords with the value null and
 * annotations of the wrong type are removed. Throws `Inexpressible` for a malformed keyword that restricts values.
 */
export function modernSchema(schema: unknown, at = '#'): JsonObject {
  if (typeof schema === 'boolean') return schema ? {} : { not: {} };
  if (!isRecord(schema)) return inexpressible(at, 'there is no schema where one belongs');
  const current = withoutRepeats(upgrade(withoutNulls(schema)));
  const kept = Object.entries(current).filter(([keyword, value]) => check(keyword, value, at));
  return mapSubschemas(Object.fromEntries(kept), (sub, step) =>
    typeof sub === 'boolean' && STAY_BOOLEAN.has(step) ? sub : modernSchema(sub, at + step),
  );
}

/** Removes repeated names from `required` and `enum`, which some providers refuse. */
function withoutRepeats(schema: JsonObject): JsonObject {
  const { required, dependentRequired } = schema;
  const once = (names: unknown): unknown => (Array.isArray(names) ? [...new Set<unknown>(names)] : names);
  if (required !== undefined) schema['required'] = once(required);
  if (isRecord(dependentRequired)) {
    const entries = Object.entries(dependentRequired).map(([name, names]) => [name, once(names)] as const);
    schema['dependentRequired'] = Object.fromEntries(entries);
  }
  return schema;
}

function withoutNulls(schema: JsonObject): JsonObject {
  const holdsNull = (keyword: string): boolean => KEYWORDS.get(keyword) === 'anything';
  return Object.fromEntries(
    Object.entries(schema).filter(([key, value]) => value !== null || holdsNull(key)),
  );
}

function upgrade(schema: JsonObject): JsonObject {
  const { additionalItems, dependencies, ...rest } = schema;
  if (Array.isArray(rest['items'])) {
    rest['prefixItems'] = rest['items'];
    delete rest['items'];
    if (additionalItems !== undefined) rest['items'] = additionalItems;
  }
  if (isRecord(dependencies)) split(rest, dependencies);
  bound(rest, 'exclusiveMinimum', 'minimum');
  bound(rest, 'exclusiveMaximum', 'maximum');
  return rest;
}

function split(schema: JsonObject, dependencies: JsonObject): void {
  const all = Object.entries(dependencies);
  const add = (keyword: string, entries: [string, unknown][]): void => {
    if (entries.length === 0) return;
    const known = isRecord(schema[keyword]) ? schema[keyword] : {};
    schema[keyword] = { ...Object.fromEntries(entries), ...known };
  };
  add(
    'dependentRequired',
    all.filter(([, value]) => Array.isArray(value)),
  );
  add(
    'dependentSchemas',
    all.filter(([, value]) => !Array.isArray(value)),
  );
}

/** Up to draft 4, `exclusiveMinimum: true` made `minimum` exclusive. */
function bound(schema: JsonObject, exclusive: string, inclusive: string): void {
  const value = schema[exclusive];
  if (typeof value !== 'boolean') return;
  delete schema[exclusive];
  if (!value || schema[inclusive] === undefined) return;
  schema[exclusive] = schema[inclusive];
  delete schema[inclusive];
}

/** Whether to keep the keyword. Throws `Inexpressible` for a malformed one that restricts values. */
function check(keyword: string, value: unknown, at: string): boolean {
  const kind = KEYWORDS.get(keyword);
  if (kind === undefined || fits(kind, keyword, value)) return true;
  if (ANNOTATIONS.has(keyword)) return false;
  return inexpressible(at, `its "${printable(keyword, 40)}" is not what JSON Schema allows there`);
}

const TYPES = new Set<unknown>(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);

function fits(kind: KeywordKind, keyword: string, value: unknown): boolean {
  switch (kind) {
    case 'schema':
    case 'schema-or-schemas':
      return isSchema(value);
    case 'schemas':
      return Array.isArray(value) && value.length > 0 && value.every(isSchema);
    case 'schema-map':
    case 'dependencies':
      return isRecord(value) && Object.values(value).every(isSchema);
    case 'names':
      return isNames(value);
    case 'names-map':
      return isRecord(value) && Object.values(value).every(isNames);
    case 'type':
      return Array.isArray(value)
        ? value.length > 0 && new Set(value).size === value.length && value.every((type) => TYPES.has(type))
        : TYPES.has(value);
    case 'values':
      return Array.isArray(value) && (value.length > 0 || keyword !== 'enum');
    case 'number':
      return typeof value === 'number' && (keyword !== 'multipleOf' || value > 0);
    case 'count':
      return typeof value === 'number' && Number.isInteger(value) && value >= 0;
    case 'boolean':
      return typeof value === 'boolean';
    case 'text':
      return typeof value === 'string';
    case 'anything':
      return true;
  }
}

function isSchema(value: unknown): boolean {
  return isRecord(value) || typeof value === 'boolean';
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
