import type { JsonSchemaType, JsonSchemaValidator } from '@modelcontextprotocol/client';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { isRecord } from '../internal/checks.ts';
import { checkingCost } from './checking-cost.ts';
import { harmlessSchema } from './harmless-schema.ts';

/** A schema with more characters of JSON is not compiled, as that takes too long: it accepts everything. */
const MAX_SCHEMA_LENGTH = 250_000;
/** Names that every object inherits: a validator would find such a property in data that does not have it. */
const INHERITED =
  /"(?:constructor|toString|toLocaleString|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|__\w+__)"/;

/** Compiles schemas of servers. It keeps all that it has compiled, so drop it together with the schemas. */
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
    // A compiler keeps schemas by `$id`, and two tools may have different schemas with the same `$id`.
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
