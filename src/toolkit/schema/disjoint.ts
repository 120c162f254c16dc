import { isRecord } from '../../internal/checks.ts';
import type { JsonObject } from './dialect.ts';

/** Resolves a reference; returns a schema without one unchanged. */
type Resolve = (schema: unknown) => JsonObject;

/**
 * Whether no value can match both schemas: their types differ, or a property that both require has different
 * constants.
 */
export function areDisjoint(a: JsonObject, b: JsonObject, resolve: Resolve): boolean {
  const [typesA, typesB] = [typesOf(a), typesOf(b)];
  if (typesA !== undefined && typesB !== undefined && !typesA.some((type) => overlaps(type, typesB)))
    return true;
  const [valuesA, valuesB] = [constantsOf(a), constantsOf(b)];
  if (valuesA !== undefined && valuesB !== undefined) return shareNothing(valuesA, valuesB);
  return isObject(typesA) && isObject(typesB) && hasDiscriminator(a, b, resolve);
}

/** Only the first required properties are compared, since each pair of branches is compared. */
const MAX_REQUIRED = 100;

function hasDiscriminator(a: JsonObject, b: JsonObject, resolve: Resolve): boolean {
  const { properties: inA, required } = a;
  const { properties: inB, required: requiredB } = b;
  if (!isRecord(inA) || !isRecord(inB) || !Array.isArray(required) || !Array.isArray(requiredB)) return false;
  const both = new Set<unknown>(requiredB.slice(0, MAX_REQUIRED));
  return required.slice(0, MAX_REQUIRED).some((name: unknown) => {
    if (typeof name !== 'string' || !both.has(name)) return false;
    const [valuesA, valuesB] = [constantsOf(resolve(inA[name])), constantsOf(resolve(inB[name]))];
    return valuesA !== undefined && valuesB !== undefined && shareNothing(valuesA, valuesB);
  });
}

/** Strict mode accepts at most 1000 enum values in a schema, so larger enums need no comparison. */
const MAX_VALUES = 1000;

function shareNothing(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length > MAX_VALUES || b.length > MAX_VALUES) return false;
  const others = new Set(b);
  return !a.some((value) => others.has(value));
}

/** The only values that match, if they are primitive. */
function constantsOf(schema: JsonObject): readonly unknown[] | undefined {
  const values = 'const' in schema ? [schema['const']] : schema['enum'];
  const plain = Array.isArray(values) && values.every((value) => typeof value !== 'object' || value === null);
  return plain ? values : undefined;
}

function typesOf({ type }: JsonObject): readonly unknown[] | undefined {
  if (Array.isArray(type)) return type;
  return type === undefined ? undefined : [type];
}

function isObject(types: readonly unknown[] | undefined): boolean {
  return types?.length === 1 && types[0] === 'object';
}

function overlaps(type: unknown, others: readonly unknown[]): boolean {
  const numbers = type === 'number' || type === 'integer';
  return others.includes(type) || (numbers && (others.includes('number') || others.includes('integer')));
}
