import { isRecord } from '../../internal/checks.ts';

/** Schemas that are nested deeper become `{}`, which allows any value. */
const MAX_DEPTH = 40;

const COPIED = ['type', 'enum', 'const', 'required', 'deprecated'];
const SCHEMAS = ['not', 'additionalProperties', 'items'];
const LISTS = ['anyOf', 'oneOf', 'allOf'];
const MAPS = ['properties', 'patternProperties'];
const DEFINITIONS = ['$defs', 'definitions'];

/**
 * Reduces a schema to what determines the type. Schemas come from servers: a reference to another document would make
 * the compiler read a file or fetch a URL, and an extension of it puts any text into the generated code (`tsType`).
 * The definitions of a schema become types of their own, with `prefix` before their names.
 */
export function plainSchema(given: unknown, prefix: string, depth = 0): Record<string, unknown> {
  if (!isRecord(given) || depth > MAX_DEPTH) return {};
  const inner = (schema: unknown): unknown =>
    typeof schema === 'boolean' ? schema : plainSchema(schema, prefix, depth + 1);
  const innerMap = (schemas: unknown, before = ''): Record<string, unknown> | undefined => {
    if (!isRecord(schemas)) return undefined;
    const entries = Object.entries(schemas).filter(([name]) => name !== '__proto__');
    return Object.fromEntries(entries.map(([name, schema]) => [before + name, inner(schema)]));
  };
  const plain = new Map<string, unknown>();
  for (const key of DEFINITIONS) plain.set(key, innerMap(given[key], depth === 0 ? prefix : ''));
  const { $ref: ref } = given;
  if (typeof ref === 'string') {
    if (ref.startsWith('#/')) plain.set('$ref', prefixed(ref, prefix));
    return defined(plain);
  }
  // A description becomes a comment.
  const { description } = given;
  if (typeof description === 'string') plain.set('description', description.replaceAll('*/', '*\\/'));
  for (const key of COPIED) plain.set(key, given[key]);
  for (const key of SCHEMAS)
    if (!Array.isArray(given[key]) && given[key] !== undefined) plain.set(key, inner(given[key]));
  for (const key of MAPS) plain.set(key, innerMap(given[key]));
  for (const key of LISTS) {
    const schemas = given[key];
    if (Array.isArray(schemas)) plain.set(key, schemas.map(inner));
  }
  return defined(plain);
}

function defined(entries: ReadonlyMap<string, unknown>): Record<string, unknown> {
  return Object.fromEntries([...entries].filter(([, value]) => value !== undefined));
}

function prefixed(ref: string, prefix: string): string {
  return ref.replace(/^#\/(\$defs|definitions)\//, (start) => start + prefix);
}
