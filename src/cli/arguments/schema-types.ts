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

/** What a schema says of a member of its objects. */
interface Member {
  readonly schema: unknown;
  readonly isNamed: boolean;
  /** Whether an object may have it. */
  readonly isAllowed: boolean;
  /** Whether the schema says itself that there may be others than those it names. */
  readonly isOpen: boolean;
}

/** A member of the objects that a schema describes, also in the parts that it is put together from. */
export function memberOf(given: unknown, key: string, root: Schema): Member {
  let rest: unknown;
  let isOpen = false;
  let isAllowed = true;
  for (const { schema, isCertain } of partsOf(given, root)) {
    const { properties, additionalProperties, patternProperties } = schema;
    if (isRecord(properties) && Object.hasOwn(properties, key))
      return { schema: properties[key], isNamed: true, isAllowed: true, isOpen };
    if (isCertain && additionalProperties === false && patternProperties === undefined) isAllowed = false;
    if (
      patternProperties !== undefined ||
      (additionalProperties !== undefined && additionalProperties !== false)
    )
      isOpen = true;
    if (isRecord(additionalProperties)) rest ??= additionalProperties;
  }
  return { schema: rest, isNamed: false, isAllowed, isOpen };
}

/** The names that a schema has for the members of its objects. */
export function namesOf(given: unknown, root: Schema): string[] {
  const names = partsOf(given, root).flatMap(({ schema: { properties } }) =>
    isRecord(properties) ? Object.keys(properties) : [],
  );
  return [...new Set(names)];
}

/** The schema of an item of a list. */
export function itemOf(given: unknown, index: number | undefined, root: Schema): unknown {
  for (const { schema } of partsOf(given, root)) {
    const { items, prefixItems } = schema;
    const first: unknown = Array.isArray(prefixItems) && index !== undefined ? prefixItems[index] : undefined;
    if (first !== undefined) return first;
    if (items !== undefined) return items;
  }
  return undefined;
}

/** How many parts of a schema are looked at. */
const MAX_PARTS = 200;

interface Part {
  readonly schema: Schema;
  /** Whether it holds in any case, and is not one of several. */
  readonly isCertain: boolean;
}

/** A schema and the schemas that it is put together from. */
function partsOf(given: unknown, root: Schema): Part[] {
  const parts = new Map<Schema, Part>();
  const left = [{ given, isCertain: true }];
  for (let next = left.shift(); next !== undefined && parts.size < MAX_PARTS; next = left.shift()) {
    const { isCertain } = next;
    const schema = resolveSchema(next.given, root);
    if (parts.has(schema)) continue;
    parts.set(schema, { schema, isCertain });
    const { allOf, anyOf, oneOf, then, else: otherwise } = schema;
    if (Array.isArray(allOf)) for (const each of allOf as unknown[]) left.push({ given: each, isCertain });
    const perhaps = [anyOf, oneOf].filter(Array.isArray).flat() as unknown[];
    for (const each of [...perhaps, then, otherwise]) left.push({ given: each, isCertain: false });
  }
  return [...parts.values()];
}
