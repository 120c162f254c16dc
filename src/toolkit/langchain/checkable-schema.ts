import { isRecord } from '../../internal/checks.ts';
import { heaviestCheck } from '../../schema-check/checking-cost.ts';
import { harmlessSchema } from '../../schema-check/harmless-schema.ts';
import { withRemark } from '../schema/description.ts';
import type { JsonObject } from '../schema/dialect.ts';
import { mapSubschemas } from '../schema/keywords.ts';

/**
 * LangChain checks arguments in this process against the schema that a model is shown. So what would let a server
 * decide how long that takes is said in words (docs/decisions/0008); the server itself checks it all the same.
 */
export function checkableSchema(schema: JsonObject): { schema: JsonObject } | { problem: string } {
  const checkable = harmlessSchema(inWords(schema)) as JsonObject;
  if (heaviestCheck(checkable) <= MAX_CHECKS) return { schema: checkable };
  return {
    problem:
      'Its input schema would take LangChain too long to check: its parts refer to each other too often.',
  };
}

/** How often one argument may be checked. */
const MAX_CHECKS = 20_000;

function inWords(schema: JsonObject): JsonObject {
  let told = mapSubschemas(schema, (subschema) => (isRecord(subschema) ? inWords(subschema) : subschema));
  const { pattern, uniqueItems } = schema;
  if (typeof pattern === 'string') told = withRemark(told, `Matches the regular expression ${pattern}`);
  if (uniqueItems === true) told = withRemark(told, 'No item comes twice.');
  return told;
}
