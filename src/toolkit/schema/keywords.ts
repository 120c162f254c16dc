import { isRecord } from '../../internal/checks.ts';
import type { JsonObject } from './dialect.ts';

/** The kind of a keyword's value. */
export type KeywordKind =
  | 'schema'
  /** A schema, or one for each position: `items` before 2020-12. */
  | 'schema-or-schemas'
  | 'schemas'
  | 'schema-map'
  /** Schemas or lists of names, by name: `dependencies` before 2019-09. */
  | 'dependencies'
  | 'names'
  | 'names-map'
  | 'type'
  | 'values'
  | 'number'
  | 'count'
  | 'boolean'
  | 'text'
  | 'anything';

const KINDS: Record<KeywordKind, readonly string[]> = {
  schema: [
    'additionalProperties',
    'unevaluatedProperties',
    'unevaluatedItems',
    'propertyNames',
    'contains',
    'not',
    'if',
    'then',
    'else',
    'contentSchema',
    'additionalItems',
  ],
  'schema-or-schemas': ['items'],
  schemas: ['allOf', 'anyOf', 'oneOf', 'prefixItems'],
  'schema-map': ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'],
  dependencies: ['dependencies'],
  names: ['required'],
  'names-map': ['dependentRequired'],
  type: ['type'],
  values: ['enum', 'examples'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  count: [
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
    'minProperties',
    'maxProperties',
    'minContains',
    'maxContains',
  ],
  boolean: ['uniqueItems', 'deprecated', 'readOnly', 'writeOnly'],
  text: [
    '$ref',
    'title',
    'description',
    '$comment',
    'pattern',
    'format',
    'contentEncoding',
    'contentMediaType',
  ],
  anything: ['const', 'default'],
};

/** The keywords of 2020-12 and earlier drafts. By the standard, unknown keywords are annotations. */
export const KEYWORDS: ReadonlyMap<string, KeywordKind> = new Map(
  Object.entries(KINDS).flatMap(([kind, names]) => names.map((name) => [name, kind as KeywordKind] as const)),
);

/** Keywords that describe a value but do not restrict it. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  'title',
  'description',
  'default',
  'examples',
  '$comment',
  'deprecated',
  'readOnly',
  'writeOnly',
  'format',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
]);

/** Whether a keyword restricts values. `$defs` does not by itself. */
export function isAssertion(keyword: string): boolean {
  return (
    KEYWORDS.has(keyword) && !ANNOTATIONS.has(keyword) && keyword !== '$defs' && keyword !== 'definitions'
  );
}

/** Copies a schema with each direct subschema replaced; `step` is the JSON pointer to it. */
export function mapSubschemas(
  schema: JsonObject,
  map: (subschema: unknown, step: string) => unknown,
): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [keyword, mapValue(keyword, value, map)]),
  );
}

function mapValue(keyword: string, value: unknown, map: (sub: unknown, step: string) => unknown): unknown {
  const each = (list: readonly unknown[]): unknown[] =>
    list.map((sub, index) => map(sub, `/${keyword}/${index}`));
  switch (KEYWORDS.get(keyword)) {
    case 'schema':
      return map(value, `/${keyword}`);
    case 'schema-or-schemas':
      return Array.isArray(value) ? each(value) : map(value, `/${keyword}`);
    case 'schemas':
      return Array.isArray(value) ? each(value) : value;
    case 'schema-map':
    case 'dependencies':
      if (!isRecord(value)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, sub]) => [
          name,
          Array.isArray(sub) ? sub : map(sub, `/${keyword}/${escapePointer(name)}`),
        ]),
      );
    default:
      return value;
  }
}

export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Adds a sentence to the schema's description, for a keyword that the dialect does not support. */
export function withRemark(schema: JsonObject, remark: string): JsonObject {
  const { description } = schema;
  const before = typeof description === 'string' && description !== '' ? `${description.trimEnd()} ` : '';
  return { ...schema, description: `${before}${remark}` };
}
