import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import type { JsonObject } from './dialect.ts';
import { checkDepth, inexpressible } from './inexpressible.ts';
import { mapSubschemas } from './keywords.ts';
import { ReferenceIndex } from './reference-index.ts';

/**
 * Keywords that identify schemas or contain definitions. They are removed once every reference has the form
 * `#/$defs/…`.
 */
const BOOKKEEPING = new Set([
  '$schema',
  '$id',
  '$anchor',
  '$dynamicAnchor',
  '$recursiveAnchor',
  '$vocabulary',
  '$defs',
  'definitions',
  '$dynamicRef',
  '$recursiveRef',
]);

/**
 * Moves all referenced schemas to `$defs` at the top, and rewrites every reference to `#/$defs/…`, or `#` for the
 * whole schema. Unused definitions are removed. Throws `Inexpressible` for references to other documents.
 */
export function localReferences(document: JsonObject): JsonObject {
  const index = new ReferenceIndex(document);
  const names = new Map<unknown, string>([[document, '#']]);
  const waiting: { name: string; target: unknown }[] = [];
  const taken = new Set<string>();

  const nameOf = (target: unknown, wanted: string): string => {
    const known = names.get(target);
    if (known !== undefined && isRecord(target)) return known;
    let name = wanted.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 60) || 'schema';
    for (let nr = 2, base = name; taken.has(name); nr++) name = `${base}_${nr}`;
    taken.add(name);
    names.set(target, `#/$defs/${name}`);
    waiting.push({ name, target });
    return `#/$defs/${name}`;
  };

  const emit = (schema: unknown, at: string, depth: number): unknown => {
    checkDepth(depth, at);
    if (!isRecord(schema)) return schema;
    const ref = index.referenceOf(schema, at);
    const kept = Object.entries(schema).filter(([keyword]) => !BOOKKEEPING.has(keyword));
    const copy = mapSubschemas(Object.fromEntries(kept), (sub, step) => emit(sub, at + step, depth + 1));
    if (ref !== undefined) copy['$ref'] = nameOf(ref.target, ref.name);
    return copy;
  };

  const root = emit(document, '#', 0) as JsonObject;
  const defs: [string, unknown][] = [];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (!isRecord(next.target) && typeof next.target !== 'boolean') {
      inexpressible('#', `"${printable(next.name, 60)}" is referred to and is no schema`);
    }
    defs.push([next.name, emit(next.target, `#/$defs/${next.name}`, 0)]);
  }
  return defs.length === 0 ? root : { ...root, $defs: Object.fromEntries(defs) };
}
