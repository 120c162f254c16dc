import type { JsonSchemaType, JsonSchemaValidator } from '@modelcontextprotocol/client';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { isRecord } from '../internal/checks.ts';
import { checkingCost } from './checking-cost.ts';
import { harmlessSchema } from './harmless-schema.ts';

/** Compiling takes time by the size of a schema; one that is longer, in characters of JSON, accepts everything. */
const MAX_SCHEMA_LENGTH = 250_000;
/** What every object has, as names of properties: a validator would take them for given. */
const INHERITED =
  /"(?:constructor|toString|toLocaleString|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|__\w+__)"/;

/** Compiles schemas of servers. It remembers all that it compiled: let go of it when they are no longer of use. */
export class SchemaCompiler {
  readonly #provider = new AjvJsonSchemaValidator();

  /**
   * Throws whatever the compiler throws at a schema that cannot be used. The validator accepts what would take too long
   * to check (docs/decisions/0008).
   */
  compile(schema: object): JsonSchemaValidator<unknown> {
    const portable = harmlessSchema(schema) as JsonSchemaType;
    const text = JSON.stringify(portable);
    if (text.length > MAX_SCHEMA_LENGTH) return accept;
    // A compiler remembers schemas by `$id`, inner ones, too; two tools may well give different ones under the same.
    const hasId = text.includes('"$id"');
    const validate = (hasId ? new AjvJsonSchemaValidator() : this.#provider).getValidator(portable);
    const canAfford = checkingCost(portable);
    const read = INHERITED.test(text) ? withoutPrototypes : (data: unknown) => data;
    if (canAfford === undefined && read !== withoutPrototypes) return validate;
    return (data) => (canAfford?.(data) === false ? accept(data) : validate(read(data)));
  }
}

const accept: JsonSchemaValidator<unknown> = (data) => ({ valid: true, data, errorMessage: undefined });

function withoutPrototypes(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(withoutPrototypes);
  if (!isRecord(data)) return data;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(data)) copy[key] = withoutPrototypes(value);
  return copy;
}
