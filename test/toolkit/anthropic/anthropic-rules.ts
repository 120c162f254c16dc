import { Ajv2020 } from 'ajv/dist/2020.js';

type Json = Record<string, unknown>;

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const PROPERTY_NAME = /^[a-zA-Z0-9_.-]{1,64}$/;
const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });

export interface SentTool {
  name: string;
  description?: string;
  input_schema: Json;
}

/** What Anthropic would refuse a request for, about one tool; written from its documentation and its messages. */
export function anthropicFaults({ name, description, input_schema: schema, ...more }: SentTool): string[] {
  const faults: string[] = [];
  if (!TOOL_NAME.test(name)) faults.push(`name ${name}`);
  if (description !== undefined && typeof description !== 'string') faults.push('description');
  for (const extra of Object.keys(more)) faults.push(`${extra}: extra inputs are not permitted`);
  if (schema['type'] !== 'object') faults.push('input_schema.type');
  for (const keyword of ['oneOf', 'anyOf', 'allOf'])
    if (keyword in schema) faults.push(`${keyword} at the top level`);
  faults.push(...propertyFaults(schema));
  try {
    const copy = structuredClone(schema);
    ajv.compile(copy);
    ajv.removeSchema(copy);
  } catch (error) {
    faults.push(`JSON schema is invalid, it must match draft 2020-12: ${String(error)}`);
  }
  return faults;
}

function propertyFaults(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(propertyFaults);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([keyword, held]: [string, unknown]) => {
    if (keyword === 'const' || keyword === 'enum' || keyword === 'default') return [];
    if (keyword !== 'properties') return propertyFaults(held);
    return Object.entries(held as Json).flatMap(([name, sub]) => [
      ...(PROPERTY_NAME.test(name) ? [] : [`property ${name}`]),
      ...propertyFaults(sub),
    ]);
  });
}
