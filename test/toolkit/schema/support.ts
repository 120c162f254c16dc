import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { JsonObject, SchemaDialect } from '../../../src/toolkit/schema/dialect.ts';
import { portableSchema } from '../../../src/toolkit/schema/portable-schema.ts';

export type Decode = (args: JsonObject) => JsonObject;

/** What became of a schema; fails when it has no equal. */
export function expressed(schema: unknown, dialect: SchemaDialect): { schema: JsonObject; decode: Decode } {
  const outcome = portableSchema(schema, dialect);
  if ('problem' in outcome) throw new Error(`No equal: ${outcome.problem}`);
  return outcome;
}

/** Why a schema has no equal; fails when it has one. */
export function problemOf(schema: unknown, dialect: SchemaDialect): string {
  const outcome = portableSchema(schema, dialect);
  if ('problem' in outcome) return outcome.problem;
  throw new Error(`It was expressed: ${JSON.stringify(outcome.schema)}`);
}

const OPTIONS = { strict: false, validateFormats: false, logger: false } as const;
const ajv7 = new Ajv(OPTIONS);
const ajv2020 = new Ajv2020(OPTIONS);

/** Whether values fit a schema, by a validator that knows nothing of this project; by draft 7 where it says so. */
export function validator(schema: JsonObject): (value: unknown) => boolean {
  const isOld = String(schema['$schema']).includes('draft-07');
  const ajv = isOld ? ajv7 : ajv2020;
  const copy = structuredClone(schema);
  const validate = ajv.compile(copy);
  ajv.removeSchema(copy);
  return (value) => validate(value);
}

/** Whether a schema is one by the rules of 2020-12. */
export function isSchema2020(schema: JsonObject): boolean {
  return ajv2020.validateSchema(schema) === true;
}

/** Checks that a schema and its portable form take the same arguments, of those given, and that some fit. */
export function expectSameMeaning(
  schema: JsonObject,
  dialect: SchemaDialect,
  samples: { fit: JsonObject[]; unfit: JsonObject[] },
  encode: Decode = (args) => args,
): JsonObject {
  const before = structuredClone(schema);
  const { schema: portable, decode } = expressed(schema, dialect);
  expect(schema, 'the original').toEqual(before);
  expect(isSchema2020(portable), JSON.stringify(portable)).toBe(true);
  const [original, result] = [validator(schema), validator(portable)];
  for (const args of samples.fit) {
    expect(original(args), `original with ${JSON.stringify(args)}`).toBe(true);
    expect(result(encode(args)), `portable with ${JSON.stringify(encode(args))}`).toBe(true);
    expect(decode(encode(args))).toEqual(args);
  }
  for (const args of samples.unfit) {
    expect(original(args), `original with ${JSON.stringify(args)}`).toBe(false);
    expect(result(encode(args)), `portable with ${JSON.stringify(encode(args))}`).toBe(false);
  }
  return portable;
}
