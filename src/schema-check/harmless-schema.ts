import { isRecord } from '../internal/checks.ts';

type Schema = Record<string, unknown>;

/** Keywords whose value is data, and keywords whose value is a map from names to schemas. */
const DATA = new Set(['const', 'enum', 'default', 'examples', 'required', 'dependentRequired']);
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

/**
 * A server's schema without the keywords with which a server could make checking very slow: regular expressions, which
 * can take exponential time, and `uniqueItems`, which compares each item with each other. The result accepts all that the
 * schema accepts, and more (docs/decisions/0008).
 */
export function harmlessSchema(schema: unknown): unknown {
  return mapSchemas(schema, (each) => {
    const { pattern, patternProperties, uniqueItems: _, $async: __, ...kept } = each;
    // A value that is no pattern is left in, for the compiler to refuse.
    if (pattern !== undefined && typeof pattern !== 'string') kept['pattern'] = pattern;
    if (patternProperties !== undefined) {
      // Without the patterns it is not known which properties are additional.
      delete kept['additionalProperties'];
      delete kept['unevaluatedProperties'];
    }
    return kept;
  });
}

/** A schema of draft 4 in the words of draft 7. */
export function fromDraft4(schema: unknown): unknown {
  return mapSchemas(schema, ({ id, ...kept }) => {
    if (typeof id === 'string') kept['$id'] = id;
    makeExclusive(kept, 'exclusiveMinimum', 'minimum');
    makeExclusive(kept, 'exclusiveMaximum', 'maximum');
    return kept;
  });
}

/** In draft 4, `exclusiveMinimum: true` says that `minimum` itself does not fit. */
function makeExclusive(schema: Schema, exclusive: string, inclusive: string): void {
  const isExclusive = schema[exclusive];
  if (typeof isExclusive !== 'boolean') return;
  delete schema[exclusive];
  if (!isExclusive || schema[inclusive] === undefined) return;
  schema[exclusive] = schema[inclusive];
  delete schema[inclusive];
}

/** A copy in which each schema, also inside of others, is replaced by what `edit` makes of a copy of it. */
function mapSchemas(schema: unknown, edit: (schema: Schema) => Schema): unknown {
  if (Array.isArray(schema)) return schema.map((each) => mapSchemas(each, edit));
  if (!isRecord(schema)) return schema;
  const copy = Object.entries(schema).map(([key, value]) => {
    if (DATA.has(key)) return [key, value] as const;
    if (!MAPS.has(key) || !isRecord(value)) return [key, mapSchemas(value, edit)] as const;
    const map = Object.entries(value).map(([name, inner]) => [name, mapSchemas(inner, edit)] as const);
    return [key, Object.fromEntries(map)] as const;
  });
  return edit(Object.fromEntries(copy));
}
