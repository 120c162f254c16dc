import { isRecord } from '../../internal/checks.ts';
import { withRemark, mapSubschemas } from './keywords.ts';
import type { JsonObject, SchemaDialect } from './dialect.ts';
import { inexpressible } from './inexpressible.ts';

/**
 * Adds the `items` and `properties` that some providers require and JSON Schema does not. Formats that the dialect
 * does not have are moved to the description: by the standard a format restricts nothing. So are patterns that the
 * provider may be unable to compile; the server still checks them.
 */
export function spelledOut(schema: JsonObject, dialect: SchemaDialect): JsonObject {
  const copy = mapSubschemas(schema, (sub) => (isRecord(sub) ? spelledOut(sub, dialect) : sub));
  if (dialect.spelledOut === true) {
    if (hasType(copy, 'array')) copy['items'] ??= {};
    if (hasType(copy, 'object')) copy['properties'] ??= {};
  }
  return withKnownFormat(
    dialect.portablePatterns === true ? withPortablePatterns(copy, dialect) : copy,
    dialect,
  );
}

function withKnownFormat(schema: JsonObject, { formats }: SchemaDialect): JsonObject {
  const { format, ...rest } = schema;
  if (typeof format !== 'string' || formats === undefined || formats.has(format)) return schema;
  return withRemark(rest, `(Format: ${format}.)`);
}

function withPortablePatterns(schema: JsonObject, { strict }: SchemaDialect): JsonObject {
  const { pattern, ...rest } = schema;
  const names = isRecord(schema['patternProperties']) ? Object.keys(schema['patternProperties']) : [];
  if (!names.every(isPortablePattern)) inexpressible('#', 'its "patternProperties" may not be understood');
  if (typeof pattern !== 'string' || isPortablePattern(pattern)) return schema;
  // A strict schema must not allow more values than the original.
  if (strict !== undefined) inexpressible('#', 'one of its patterns may not be understood');
  return withRemark(rest, `(Matches the regular expression ${pattern})`);
}

/** Whether the schema's `type` includes this type. */
export function hasType({ type }: JsonObject, wanted: string): boolean {
  return Array.isArray(type) ? type.includes(wanted) : type === wanted;
}

const MAX_PATTERN_LENGTH = 2000;
/** The escapes that every engine supports: escaped signs, character classes, boundaries, code units. */
const PORTABLE_ESCAPE = /^(?:[^\w\s]|[bBdDfnrsStvwW]|x[\da-fA-F]{2}|u[\da-fA-F]{4})/;

/**
 * Whether a regular expression means the same in JavaScript, Python and Rust. Providers compile patterns with one of
 * them and refuse the whole request for one that they cannot compile.
 */
export function isPortablePattern(pattern: string): boolean {
  if (pattern.length > MAX_PATTERN_LENGTH || !compiles(pattern)) return false;
  const pieces = pattern.split('\\\\');
  const escapes = pieces.flatMap((piece) => piece.split('\\').slice(1));
  if (!escapes.every((escape) => PORTABLE_ESCAPE.test(escape))) return false;
  const bare = pattern.replace(/\\./gs, '.');
  // Not portable: lookaround and named groups; character classes that are empty or contain a bracket.
  return !/\(\?(?!:)/.test(bare) && !/\[\^?\]|\[[^\]]*\[/.test(bare);
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
