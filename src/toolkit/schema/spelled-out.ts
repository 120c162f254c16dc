import { isRecord } from '../../internal/checks.ts';
import { withRemark } from './description.ts';
import type { JsonObject, SchemaDialect } from './dialect.ts';
import { mapSubschemas } from './keywords.ts';

/**
 * Says what some validators insist on and what JSON Schema takes for granted: an array without `items` has any, an
 * object without `properties` names none. Formats that the dialect does not know are said in words; by the standard
 * a format decides nothing.
 */
export function spelledOut(schema: JsonObject, dialect: SchemaDialect): JsonObject {
  const copy = mapSubschemas(schema, (sub) => (isRecord(sub) ? spelledOut(sub, dialect) : sub));
  if (dialect.spelledOut === true) {
    if (hasType(copy, 'array')) copy['items'] ??= {};
    if (hasType(copy, 'object')) copy['properties'] ??= {};
  }
  const { format, ...rest } = copy;
  if (typeof format !== 'string' || dialect.formats === undefined || dialect.formats.has(format)) return copy;
  return withRemark(rest, `(Format: ${format}.)`);
}

/** Whether a schema says that its values may be of this type. */
export function hasType({ type }: JsonObject, wanted: string): boolean {
  return Array.isArray(type) ? type.includes(wanted) : type === wanted;
}
