import { isRecord } from '../internal/checks.ts';

/** Keywords whose value is data, and keywords whose value is a map from names to schemas. */
const DATA = new Set(['const', 'enum', 'default', 'examples', 'required', 'dependentRequired']);
const MAPS = new Set(['properties', '$defs', 'definitions', 'dependentSchemas']);

/**
 * A server's schema without the keywords with which a server could make checking very slow: regular expressions, which
 * can take exponential time, and `uniqueItems`, which compares each item with each other. The result accepts all that the
 * schema accepts, and more (docs/decisions/0008).
 */
export function harmlessSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(harmlessSchema);
  if (!isRecord(schema)) return schema;
  const open = 'patternProperties' in schema;
  const kept: [string, unknown][] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'patternProperties' || key === 'uniqueItems') continue;
    if (key === 'pattern' && typeof value === 'string') continue;
    // Without the patterns it is not known which properties are additional.
    if (open && (key === 'additionalProperties' || key === 'unevaluatedProperties')) continue;
    if (DATA.has(key)) kept.push([key, value]);
    else if (MAPS.has(key) && isRecord(value)) kept.push([key, harmlessMap(value)]);
    else kept.push([key, harmlessSchema(value)]);
  }
  return Object.fromEntries(kept);
}

function harmlessMap(map: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, harmlessSchema(schema)]));
}
