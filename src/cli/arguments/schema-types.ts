import { isRecord } from '../../internal/checks.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** References can form a circle. */
const MAX_DEPTH = 20;

const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object'] as const;

export type JsonType = (typeof TYPES)[number];

/** Resolves references within the document. Other references are not resolved: nothing is fetched. */
export function resolveSchema(schema: unknown, root: Schema): Schema {
  let found: unknown = schema;
  for (let depth = 0; isRecord(found) && typeof found['$ref'] === 'string' && depth < MAX_DEPTH; depth++) {
    found = lookUp(found['$ref'], root);
  }
  return isRecord(found) ? found : {};
}

function lookUp(ref: string, root: Schema): unknown {
  if (!ref.startsWith('#')) return undefined;
  let found: unknown = root;
  for (const part of ref.slice(1).split('/').slice(1)) {
    const key = decode(part).replaceAll('~1', '/').replaceAll('~0', '~');
    found =
      (isRecord(found) || Array.isArray(found)) && Object.hasOwn(found, key)
        ? Reflect.get(found, key)
        : undefined;
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The types that a schema allows; empty when it does not restrict them. */
export function typesOf(schema: unknown, root: Schema, depth = 0, seen = new Set<object>()): Set<JsonType> {
  const resolved = resolveSchema(schema, root);
  // By references, a union could have the same branch any number of times.
  if (depth > MAX_DEPTH || seen.has(resolved)) return new Set();
  seen.add(resolved);
  const { type, enum: values, const: value, anyOf, oneOf, allOf } = resolved;
  const named = TYPES.filter((each) => (Array.isArray(type) ? type.includes(each) : type === each));
  if (named.length > 0) return new Set(named);
  if (value !== undefined) return new Set([typeOfValue(value)]);
  if (Array.isArray(values)) return new Set(values.map(typeOfValue));
  const parts = [anyOf, oneOf, allOf].filter(Array.isArray).flat() as unknown[];
  return new Set(parts.flatMap((part) => [...typesOf(part, root, depth + 1, seen)]));
}

function typeOfValue(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return type === 'number' || type === 'boolean' || type === 'object' ? type : 'string';
}

/** The schema of a property; that of `additionalProperties` when it is not named. */
export function propertyOf(root: Schema, key: string): { schema: unknown; isKnown: boolean } {
  const { properties, additionalProperties } = resolveSchema(root, root);
  if (isRecord(properties) && Object.hasOwn(properties, key))
    return { schema: properties[key], isKnown: true };
  return { schema: additionalProperties, isKnown: additionalProperties !== false };
}
