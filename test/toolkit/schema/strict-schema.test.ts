import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/toolkit/schema/dialect.ts';
import { openaiClosedDialect, openaiStrictDialect } from '../../../src/toolkit/schema/dialects.ts';
import { strictFaults } from '../openai/openai-rules.ts';
import { expectSameMeaning, expressed, problemOf } from './support.ts';

const CLOSED = { additionalProperties: false };

function object(properties: JsonObject, required: string[] = Object.keys(properties)): JsonObject {
  return { type: 'object', properties, required, ...CLOSED };
}

/** Fills in null where a strict schema wants a property that the arguments lack. */
function fill(schema: JsonObject): (args: JsonObject) => JsonObject {
  const { schema: strict } = expressed(schema, openaiStrictDialect);
  const names = Object.keys(strict['properties'] as JsonObject);
  return (args) => ({ ...Object.fromEntries(names.map((name) => [name, null])), ...args });
}

function strictOf(schema: JsonObject): JsonObject {
  const { schema: strict } = expressed(schema, openaiStrictDialect);
  expect(strictFaults(strict)).toEqual([]);
  return strict;
}

describe('M9 OpenAI strict mode', () => {
  it('takes a closed object with every property required as it is', () => {
    const schema = object({
      city: { type: 'string', pattern: '^[A-Z]' },
      days: { type: 'integer', minimum: 1 },
    });
    expect(strictOf(schema)).toEqual(schema);
    expect(strictOf({ type: 'object', ...CLOSED })).toEqual(object({}));
  });

  it('says null for what may be left out, and null is left out again', () => {
    const schema = object(
      {
        city: { type: 'string' },
        unit: { enum: ['C', 'F'], description: 'Of what?', default: 'C' },
        days: { type: 'integer' },
        when: { $ref: '#/$defs/When' },
        where: { anyOf: [{ type: 'string' }, { type: 'number' }] },
      },
      ['city'],
    );
    const withDefs = {
      ...schema,
      $defs: { When: object({ from: { type: 'string' }, to: { type: 'string' } }, ['from']) },
    };
    expectSameMeaning(
      withDefs,
      openaiStrictDialect,
      {
        fit: [{ city: 'Bern' }, { city: 'Bern', unit: 'F', days: 2, where: 'x' }],
        unfit: [{ city: 1 }, { city: 'Bern', days: 1.5 }, { city: 'Bern', more: 1 }],
      },
      fill(withDefs),
    );
    const strict = strictOf(withDefs);
    expect(strict['properties']).toMatchObject({
      days: { type: ['integer', 'null'] },
      unit: { description: 'Of what? (Default: "C".)', anyOf: [{ enum: ['C', 'F'] }, { type: 'null' }] },
    });
    const { decode } = expressed(withDefs, openaiStrictDialect);
    expect(
      decode({ city: 'Bern', unit: null, days: null, where: null, when: { from: 'now', to: null } }),
    ).toEqual({ city: 'Bern', when: { from: 'now' } });
  });

  it('leaves out deep inside as well: in lists, in branches, in recursion', () => {
    const node = object({ v: { type: 'number' }, next: { $ref: '#/$defs/Node' } }, ['v']);
    const schema = {
      ...object({
        list: { type: 'array', items: object({ a: { type: 'string' } }, []) },
        shape: {
          oneOf: [
            object({ kind: { const: 'dot' }, label: { type: 'string' } }, ['kind']),
            object({ kind: { const: 'line' }, label: { type: ['string', 'null'] }, to: { type: 'number' } }, [
              'kind',
              'label',
            ]),
          ],
        },
        chain: { $ref: '#/$defs/Node' },
      }),
      $defs: { Node: node },
    };
    strictOf(schema);
    const { decode } = expressed(schema, openaiStrictDialect);
    expect(
      decode({
        list: [{ a: null }, { a: 'x' }],
        shape: { kind: 'line', label: null, to: null },
        chain: { v: 1, next: { v: 2, next: null } },
      }),
    ).toEqual({
      list: [{}, { a: 'x' }],
      shape: { kind: 'line', label: null },
      chain: { v: 1, next: { v: 2 } },
    });
  });

  it('leaves out in a union of one branch within a union', () => {
    const schema = {
      ...object({ a: { anyOf: [{ oneOf: [{ $ref: '#/$defs/Tree' }] }, { type: 'string' }] } }, []),
      $defs: { Tree: object({ v: { type: 'integer' }, next: { $ref: '#/$defs/Tree' } }, ['v']) },
    };
    strictOf(schema);
    const { decode } = expressed(schema, openaiStrictDialect);
    expect(decode({ a: { v: 1, next: { v: 2, next: null } } })).toEqual({ a: { v: 1, next: { v: 2 } } });
    expect(decode({ a: null })).toEqual({});
  });

  it('takes what is null by default for as good as left out', () => {
    const schema = object({ q: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null } }, []);
    expect(strictOf(schema)).toEqual(object({ q: { anyOf: [{ type: 'string' }, { type: 'null' }] } }));
    expect(expressed(schema, openaiStrictDialect).decode({ q: null })).toEqual({ q: null });
  });

  it('has anyOf for oneOf where no two branches overlap', () => {
    const schema = object({ x: { oneOf: [{ type: 'string' }, { type: 'number' }] } });
    expectSameMeaning(schema, openaiStrictDialect, { fit: [{ x: 'a' }, { x: 1 }], unfit: [{ x: true }, {}] });
    expect(strictOf(schema)).toEqual(object({ x: { anyOf: [{ type: 'string' }, { type: 'number' }] } }));
  });

  it('describes beside a reference by way of a union of one', () => {
    const schema = {
      ...object({ a: { $ref: '#/$defs/A', description: 'First.' }, b: { allOf: [{ $ref: '#/$defs/A' }] } }),
      $defs: { A: { type: 'string' } },
    };
    expect(strictOf(schema)['properties']).toEqual({
      a: { description: 'First.', anyOf: [{ $ref: '#/$defs/A' }] },
      b: { anyOf: [{ $ref: '#/$defs/A' }] },
    });
  });

  it('names the type of constants, and says defaults and examples in words', () => {
    const schema = object({
      a: { enum: ['x', null], examples: ['x'] },
      b: { const: 3, 'x-order': 1, $comment: 'no' },
    });
    expect(strictOf(schema)['properties']).toEqual({
      a: { type: ['string', 'null'], enum: ['x', null], description: '(For example: "x".)' },
      b: { type: 'number', const: 3 },
    });
  });

  it('holds a union from the top one level down', () => {
    const schema = {
      type: 'object',
      oneOf: [
        object({ kind: { const: 'a' }, n: { type: 'number' } }, ['kind']),
        object({ kind: { const: 'b' } }),
      ],
    };
    strictOf(schema);
    expect(expressed(schema, openaiStrictDialect).decode({ arguments: { kind: 'a', n: null } })).toEqual({
      kind: 'a',
    });
  });
});

describe('M9 what strict mode has no words for is not made strict', () => {
  it.each<[string, JsonObject, string]>([
    [
      'an object that takes other properties',
      { type: 'object', properties: { a: { type: 'string' } } },
      'does not name',
    ],
    ['one deep inside', object({ a: { type: 'object', properties: {} } }), '#/properties/a'],
    ['a map', { type: 'object', additionalProperties: { type: 'string' } }, 'does not name'],
    ['anything', object({ a: {} }), 'names no type'],
    ['a list of anything', object({ a: { type: 'array' } }), '#/properties/a/items'],
    ['null or nothing', object({ a: { type: ['string', 'null'] } }, []), 'null'],
    ['a length', object({ a: { type: 'string', maxLength: 3 } }), 'maxLength'],
    ['a tuple', object({ a: { type: 'array', prefixItems: [{ type: 'string' }] } }), 'prefixItems'],
    ['a negation', object({ a: { type: 'string', not: { const: 'x' } } }), '"not"'],
    ['a condition', { ...object({ a: { type: 'string' } }), if: { required: ['a'] } }, '"if"'],
    ['branches that overlap', object({ a: { oneOf: [{ type: 'string' }, { const: 'x' }] } }), 'overlap'],
    [
      'branches alike',
      object({ a: { anyOf: [object({ x: { type: 'string' } }), object({ x: { type: 'number' } })] } }),
      'apart',
    ],
    [
      'a rule beside a reference',
      { ...object({ a: { $ref: '#/$defs/A', maxItems: 1 } }), $defs: { A: { type: 'string' } } },
      'beside',
    ],
    ['a pattern that looks around', object({ a: { type: 'string', pattern: '(?=x)' } }), 'pattern'],
    ['a property that is required and unknown', object({}, ['a']), 'does not name'],
    ['too deep', deep(11), '10 levels'],
    [
      'too many values',
      object({ a: { enum: Array.from({ length: 1001 }, (_, nr) => nr) } }),
      '1000 enum values',
    ],
    [
      'a long enum',
      object({ a: { enum: Array.from({ length: 251 }, (_, nr) => `${nr}`.padEnd(60)) } }),
      '15000',
    ],
    [
      'many properties',
      object(Object.fromEntries(Array.from({ length: 5001 }, (_, nr) => [`p${nr}`, { type: 'null' }]))),
      '5000',
    ],
    ['long names', object({ ['a'.repeat(120_001)]: { type: 'string' } }), '120000'],
  ])('%s', (_what, schema, said) => {
    expect(problemOf(schema, openaiStrictDialect)).toContain(said);
  });

  it('but an object that is silent about other properties, when the program says so', () => {
    const silent = { type: 'object', properties: { a: { type: 'string' } } };
    const { schema, decode } = expressed(silent, openaiClosedDialect);
    expect(schema).toEqual(object({ a: { type: ['string', 'null'] } }));
    expect(decode({ a: null })).toEqual({});
    expect(problemOf({ ...silent, additionalProperties: true }, openaiClosedDialect)).toContain(
      'does not name',
    );
  });

  function deep(levels: number): JsonObject {
    return levels === 0 ? { type: 'string' } : object({ a: deep(levels - 1) });
  }
});
