import { isRecord } from '../internal/checks.ts';

/** Members that hold data, or a map from names to schemas, rather than a schema's own keywords. */
const DATA = new Set(['const', 'enum', 'default', 'examples', 'required', 'dependentRequired']);
const MAPS = new Set(['properties', '$defs', 'definitions', 'dependentSchemas']);

/**
 * A server's schema without what would let the server decide how long checking takes: regular expressions, which
 * run in this process and can be made to run for ever, and `uniqueItems`, which compares all with all. What is left
 * accepts more, and never less (docs/decisions/0008).
 */
export function harmlessSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(harmlessSchema);
  if (!isRecord(schema)) return schema;
  const open = 'patternProperties' in schema;
  const kept: [string, unknown][] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'patternProperties' || key === 'uniqueItems') continue;
    if (key === 'pattern' && typeof value === 'string') continue;
    // Without the patterns nobody can tell which properties are the additional ones.
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
