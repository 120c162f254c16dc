import { isRecord } from '../../internal/checks.ts';
import type { JsonObject, SchemaDialect } from './dialect.ts';
import { Inexpressible } from './inexpressible.ts';
import { localReferences } from './local-references.ts';
import { modernSchema } from './modern-schema.ts';
import { objectRoot } from './object-root.ts';
import { acceptableNames } from './property-names.ts';
import { spelledOut } from './spelled-out.ts';
import { strictSchema } from './strict-schema.ts';

/** A schema that a provider takes, or why there is none. */
export type PortableSchema =
  | {
      readonly schema: JsonObject;
      /**
       * Makes arguments that fit `schema` into arguments that fit the original. Call it on what a model sent,
       * always: for most schemas it changes nothing.
       */
      readonly decode: (args: JsonObject) => JsonObject;
    }
  | { readonly problem: string };

type Decode = (args: JsonObject) => JsonObject;

/**
 * A tool's input schema in words that a provider accepts, with the meaning unchanged: `decode` turns whatever fits
 * the one into what fits the other. What cannot be said in the dialect is a `problem`: a sentence for people.
 */
export function portableSchema(schema: unknown, dialect: SchemaDialect): PortableSchema {
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
