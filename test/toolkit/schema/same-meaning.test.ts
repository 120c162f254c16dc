import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, SchemaDialect } from '../../../src/toolkit/schema/dialect.ts';
import {
  anthropicDialect,
  genericDialect,
  openaiClosedDialect,
  openaiDialect,
  openaiStrictDialect,
} from '../../../src/toolkit/schema/dialects.ts';
import { portableSchema } from '../../../src/toolkit/schema/portable-schema.ts';
import { anthropicFaults } from '../anthropic/anthropic-rules.ts';
import { functionFaults } from '../openai/openai-rules.ts';
import { validator } from './support.ts';

const NAMES = ['a', 'b', 'kind'] as const;
const RUNS = 100;

const leaf: fc.Arbitrary<JsonObject> = fc.constantFrom<JsonObject[]>(
  { type: 'string' },
  { type: 'string', format: 'uri' },
  { type: 'integer', minimum: 1 },
  { type: ['string', 'null'] },
  { type: ['string', 'null'], default: null },
  { const: 'x' },
  { enum: ['x', 'y'], default: 'x' },
  { type: 'null' },
  { $ref: '#/$defs/Leaf' },
  { $ref: '#/$defs/Tree' },
  { $ref: '#/definitions/Old', description: 'Old.' },
);

const { schema: anySchema } = fc.letrec<{ schema: JsonObject; object: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('object'),
    tie('schema').map((items) => ({ type: 'array', items })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
    fc
      .tuple(leaf, tie('schema'))
      .map(([first, rest]) => ({ type: 'array', items: [first], additionalItems: rest })),
  ),
  object: fc
    .tuple(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), tie('schema')), {
        selector: ([name]) => name,
        maxLength: 3,
      }),
      fc.subarray([...NAMES]),
      fc.constantFrom(false, false, undefined),
    )
    .map(([properties, wanted, additionalProperties]) => ({
      type: 'object',
      properties: Object.fromEntries(properties),
      required: wanted.filter((name) => properties.some(([known]) => known === name)),
      ...(additionalProperties !== undefined && { additionalProperties }),
    })),
}));

const inputSchema = fc
  .tuple(
    anySchema.filter(({ type }) => type === 'object'),
    fc.option(
      fc.array(
        anySchema.filter(({ type }) => type === 'object'),
        { minLength: 1, maxLength: 2 },
      ),
      {
        nil: undefined,
      },
    ),
    fc.constantFrom('anyOf', 'oneOf', 'allOf'),
  )
  .map(([root, branches, keyword]): JsonObject => ({
    ...root,
    ...(branches !== undefined && { [keyword]: branches }),
    $defs: {
      Leaf: { type: 'boolean' },
      Tree: {
        type: 'object',
        properties: { v: { type: 'integer' }, next: { $ref: '#/$defs/Tree' } },
        required: ['v'],
        additionalProperties: false,
      },
    },
    definitions: { Old: { type: 'array', items: { $ref: '#/$defs/Leaf' } } },
  }));

/** Made to fit, mostly. */
function valueOf(schema: JsonObject, defs: JsonObject): fc.Arbitrary<unknown> {
  const junk = fc.constantFrom<unknown[]>('x', 'q', 1, 0, null, true, [], {});
  const inner = (sub: unknown): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 9, arbitrary: fit(sub) }, { weight: 1, arbitrary: junk });
  const fit = (sub: unknown): fc.Arbitrary<unknown> => {
    const { $ref, anyOf, oneOf, type, items, properties, enum: some } = sub as JsonObject;
    if (typeof $ref === 'string') {
      const name = $ref.slice($ref.lastIndexOf('/') + 1);
      if (name === 'Tree')
        return fc.constantFrom<unknown[]>({ v: 1 }, { v: 1, next: { v: 2 } }, { v: 1, next: { v: 'q' } });
      return fit(defs[name]);
    }
    const branches = anyOf ?? oneOf;
    if (Array.isArray(branches)) return fc.oneof(...branches.map(fit));
    if (Array.isArray(some)) return fc.constantFrom<unknown[]>(...some);
    if (type === 'object') {
      const names = Object.entries((properties ?? {}) as JsonObject);
      return fc.record(Object.fromEntries(names.map(([name, held]) => [name, inner(held)])), {
        requiredKeys: [],
      });
    }
    if (type === 'array') return fc.array(inner(Array.isArray(items) ? items[0] : items), { maxLength: 2 });
    return fc.constantFrom<unknown[]>('x', 'https://x', 1, null, true);
  };
  return inner(schema);
}

const cases = inputSchema.chain((schema) => {
  const defs = { ...(schema['definitions'] as JsonObject), ...(schema['$defs'] as JsonObject) };
  const branches = [
    schema,
    ...NAMES_OF_UNIONS.flatMap((keyword) => (schema[keyword] as JsonObject[] | undefined) ?? []),
  ];
  const { anyOf: _, oneOf: __, allOf: ___, ...plain } = schema;
  const args = fc.oneof(
    valueOf(plain, defs),
    fc
      .tuple(...branches.map((branch) => valueOf({ ...branch, anyOf: undefined, oneOf: undefined }, defs)))
      .map((parts) => Object.assign({}, ...parts.filter((part) => typeof part === 'object'))),
  );
  return fc.tuple(fc.constant(schema), fc.array(args, { minLength: 1, maxLength: 12 }));
});
const NAMES_OF_UNIONS = ['anyOf', 'oneOf', 'allOf'];

/** What a model sends when it means these arguments: the inverse of decode, worked out from the portable schema. */
function encode(args: JsonObject, portable: JsonObject, original: JsonObject, isStrict: boolean): JsonObject {
  const isWrapped = NAMES_OF_UNIONS.some((keyword) => keyword in original && !(keyword in portable));
  const held = isWrapped ? { arguments: args } : args;
  return isStrict ? (fill(held, portable, portable) as JsonObject) : held;
}

/** Null for each property that a strict schema wants and a value lacks. */
function fill(value: unknown, schema: JsonObject, root: JsonObject): unknown {
  const target = follow(schema, root);
  const branches = target['anyOf'] as JsonObject[] | undefined;
  if (branches !== undefined) {
    const tries = branches.map((branch) => fill(value, branch, root));
    const fitting = branches.findIndex((branch, nr) =>
      validator({ ...branch, $defs: root['$defs'] ?? {} })(tries[nr]),
    );
    return fitting === -1 ? value : tries[fitting];
  }
  if (Array.isArray(value)) {
    const items = target['items'] as JsonObject | undefined;
    return items === undefined ? value : value.map((item) => fill(item, items, root));
  }
  const properties = target['properties'] as JsonObject | undefined;
  if (typeof value !== 'object' || value === null || properties === undefined) return value;
  const given = Object.entries(value).map(([name, held]) => [
    name,
    fill(held, (properties[name] ?? {}) as JsonObject, root),
  ]);
  const filled = Object.fromEntries(given) as JsonObject;
  for (const [name, held] of Object.entries(properties)) {
    const takesNull = validator({ ...(held as JsonObject), $defs: root['$defs'] ?? {} })(null);
    if (!(name in filled) && takesNull) filled[name] = null;
  }
  return filled;
}

function follow(schema: JsonObject, root: JsonObject): JsonObject {
  const { $ref } = schema;
  return typeof $ref === 'string' ? ((root['$defs'] as JsonObject)[$ref.slice(8)] as JsonObject) : schema;
}

/** 2020-12 has no `items` lists: what the validator is asked about is the original in its words. */
function inNewWords(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(inNewWords);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { items, additionalItems, ...rest } = schema as JsonObject;
  const words = Array.isArray(items)
    ? { prefixItems: items, items: additionalItems }
    : items === undefined
      ? {}
      : { items };
  return Object.fromEntries(
    Object.entries({ ...rest, ...words }).map(([key, value]) => [key, inNewWords(value)]),
  );
}

function agree(
  dialect: SchemaDialect,
  faultsOf: (schema: JsonObject) => string[],
): { expressed: number; fitting: number } {
  const seen = { expressed: 0, fitting: 0 };
  fc.assert(
    fc.property(cases, ([schema, samples]) => {
      const outcome = portableSchema(schema, dialect);
      if ('problem' in outcome) return;
      seen.expressed++;
      expect(faultsOf(outcome.schema)).toEqual([]);
      const [original, portable] = [validator(inNewWords(schema) as JsonObject), validator(outcome.schema)];
      for (const args of samples) {
        if (typeof args !== 'object' || args === null || Array.isArray(args)) continue;
        const sent = encode(args as JsonObject, outcome.schema, schema, dialect.strict !== undefined);
        const fits = original(args);
        if (fits) seen.fitting++;
        // What the model may send is what the original takes, and nothing the original takes cannot be sent.
        if (portable(sent)) expect(original(outcome.decode(sent))).toBe(true);
        if (fits && isDefaultNull(args, outcome.decode(sent))) expect(portable(sent)).toBe(true);
      }
    }),
    { numRuns: RUNS },
  );
  return seen;
}

/** Whether decoding gave the same, or the same with nulls that are as good as left out. */
function isDefaultNull(args: object, decoded: JsonObject): boolean {
  expect(withoutNulls(decoded)).toEqual(withoutNulls(args));
  return true;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, held]) => (held === null ? [] : [[name, withoutNulls(held)]])),
  );
}

describe('M9 whatever the schema, its portable form takes the same arguments', () => {
  const functionOf = (strict: boolean) => (parameters: JsonObject) =>
    functionFaults({ name: 'f', parameters, strict });
  const toolOf = (schema: JsonObject): string[] => anthropicFaults({ name: 't', input_schema: schema });

  it.each<[string, SchemaDialect, (schema: JsonObject) => string[], number]>([
    ['for OpenAI', openaiDialect, functionOf(false), RUNS],
    ['for Anthropic', anthropicDialect, toolOf, RUNS],
    ['for anybody', genericDialect, (schema) => [...functionOf(false)(schema), ...toolOf(schema)], RUNS],
    ['for OpenAI, strict', openaiStrictDialect, functionOf(true), 1],
  ])('%s', (_whom, dialect, faultsOf, atLeast) => {
    const { expressed, fitting } = agree(dialect, faultsOf);
    expect(expressed).toBeGreaterThanOrEqual(atLeast);
    expect(fitting).toBeGreaterThan(0);
  });

  it('for OpenAI, closed: a model can send less, and nothing else', () => {
    fc.assert(
      fc.property(cases, ([schema, samples]) => {
        const outcome = portableSchema(schema, openaiClosedDialect);
        if ('problem' in outcome) return;
        expect(functionOf(true)(outcome.schema)).toEqual([]);
        const [original, portable] = [validator(inNewWords(schema) as JsonObject), validator(outcome.schema)];
        for (const args of samples) {
          if (typeof args !== 'object' || args === null || Array.isArray(args)) continue;
          const sent = encode(args as JsonObject, outcome.schema, schema, true);
          if (portable(sent)) expect(original(outcome.decode(sent))).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
