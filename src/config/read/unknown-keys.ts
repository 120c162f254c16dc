import type { z } from 'zod';
import { isRecord } from '../../internal/checks.ts';
import type { JsonPath } from '../json/json-path.ts';

/** A key that its object's schema does not have, with those that it has. */
export interface UnknownKey {
  readonly path: JsonPath;
  readonly known: readonly string[];
}

/** Keys at any depth of `value` that no schema knows. */
export function unknownKeys(schema: z.core.$ZodType, value: unknown, path: JsonPath = []): UnknownKey[] {
  if (!isRecord(value)) return [];
  const shape = shapeOf(schema);
  if (shape === undefined) return [];
  const known = Object.keys(shape);
  return Object.entries(value).flatMap(([key, part]) => {
    const inner = Object.hasOwn(shape, key) ? shape[key] : undefined;
    const at = [...path, key];
    return inner === undefined ? [{ path: at, known }] : unknownKeys(inner, part, at);
  });
}

/** The properties of the object that a schema describes, or of all those that it allows among other things. */
function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'object':
      return def.shape;
    case 'optional':
      return shapeOf(def.innerType);
    case 'union': {
      const shapes = def.options.map(shapeOf).filter((shape) => shape !== undefined);
      return shapes.length === 0 ? undefined : Object.assign({}, ...shapes);
    }
    default:
      return undefined;
  }
}
