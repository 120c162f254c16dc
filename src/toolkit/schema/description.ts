import type { JsonObject } from './dialect.ts';

/** The schema with a sentence more in its description: for what a dialect has no keyword for. */
export function withRemark(schema: JsonObject, remark: string): JsonObject {
  const { description } = schema;
  const before = typeof description === 'string' && description !== '' ? `${description.trimEnd()} ` : '';
  return { ...schema, description: `${before}${remark}` };
}
