import { isRecord } from '../../internal/checks.ts';
import { harmlessSchema } from '../../session/harmless-schema.ts';
import { withRemark } from '../schema/description.ts';
import type { JsonObject } from '../schema/dialect.ts';
import { mapSubschemas } from '../schema/keywords.ts';

/**
 * LangChain checks arguments in this process against the schema that a model is shown. So what would let a server
 * decide how long that takes is said in words (docs/decisions/0008); the server itself checks it all the same.
 */
export function checkableSchema(schema: JsonObject): JsonObject {
  return harmlessSchema(inWords(schema)) as JsonObject;
}

function inWords(schema: JsonObject): JsonObject {
  let told = mapSubschemas(schema, (subschema) => (isRecord(subschema) ? inWords(subschema) : subschema));
  const { pattern, uniqueItems } = schema;
  if (typeof pattern === 'string') told = withRemark(told, `Matches the regular expression ${pattern}`);
  if (uniqueItems === true) told = withRemark(told, 'No item comes twice.');
  return told;
}
