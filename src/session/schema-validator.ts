import type { JsonSchemaType, JsonSchemaValidator } from '@modelcontextprotocol/client';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { harmlessSchema } from './harmless-schema.ts';

/** Compiles schemas of servers. It remembers all that it compiled: let go of it when they are no longer of use. */
export class SchemaCompiler {
  readonly #provider = new AjvJsonSchemaValidator();

  /** Throws whatever the compiler throws at a schema that cannot be used. */
  compile(schema: object): JsonSchemaValidator<unknown> {
    const portable = harmlessSchema(schema) as JsonSchemaType;
    // A compiler remembers schemas by `$id`, inner ones, too; two tools may well give different ones under the same.
    const hasId = JSON.stringify(portable).includes('"$id"');
    return (hasId ? new AjvJsonSchemaValidator() : this.#provider).getValidator(portable);
  }
}
