import { isRecord } from '../../internal/checks.ts';
import type { JsonObject, SchemaDialect } from './dialect.ts';
import { Inexpressible } from './inexpressible.ts';
import { localReferences } from './local-references.ts';
import { modernSchema } from './modern-schema.ts';
import { objectRoot } from './object-root.ts';
import { checkParameter } from '../../options/check-options.ts';
import { schemaDialect } from '../../options/tables/toolkit.ts';
import { acceptableNames } from './property-names.ts';
import { spelledOut } from './spelled-out.ts';
import { strictSchema } from './strict-schema.ts';

/** A schema that a provider accepts, or why there is none. */
export type PortableSchema =
  | {
      readonly schema: JsonObject;
      /**
       * Converts arguments for `schema` to arguments for the original schema. It must be called on all arguments from
       * a model; for most schemas it changes nothing.
       */
      readonly decode: (args: JsonObject) => JsonObject;
    }
  | { readonly problem: string };

type Decode = (args: JsonObject) => JsonObject;

/**
 * Converts a tool's input schema to one that a provider accepts and that allows the same arguments; `decode` converts
 * arguments back. A schema that cannot be expressed in the dialect gives a `problem`: a sentence for people.
 * Throws `CONFIG_INVALID` for what is no dialect.
 */
export function portableSchema(schema: unknown, dialect: SchemaDialect): PortableSchema {
  checkParameter('portableSchema()', 'dialect', schemaDialect, dialect);
  try {
    const decoders: Decode[] = [];
    const local = isRecord(schema) ? localReferences(schema) : schema;
    const root = objectRoot(modernSchema(local), dialect);
    if (root.unwrap !== undefined) decoders.unshift(root.unwrap);
    let current = root.schema;
    if (dialect.propertyName !== undefined) {
      const named = acceptableNames(current, dialect.propertyName);
      if (named.restore !== undefined) decoders.unshift(named.restore);
      current = named.schema;
    }
    current = spelledOut(current, dialect);
    if (dialect.strict !== undefined) {
      const strict = strictSchema(current, dialect.strict);
      if (strict.restore !== undefined) decoders.unshift(strict.restore);
      current = strict.schema;
    }
    return { schema: current, decode: (args) => decoders.reduce((held, decode) => decode(held), args) };
  } catch (error) {
    if (!(error instanceof Inexpressible)) throw error;
    return { problem: `Its input schema cannot be put to ${dialect.provider}: ${error.message}.` };
  }
}
