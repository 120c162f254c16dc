import { describe, expect, it } from 'vitest';
import { typesOf } from '../../../src/cli/arguments/schema-types.ts';
import { schemaRows } from '../../../src/cli/views/schema-rows.ts';

function nested(levels: number, wrap: (inner: object) => object): Record<string, unknown> {
  let schema: object = { type: 'string' };
  for (let level = 0; level < levels; level++) schema = wrap(schema);
  return { type: 'object', properties: { deep: schema } };
}

describe('R16 the command describes', () => {
  it.each<[title: string, wrap: (inner: object) => object]>([
    ['properties', (inner) => ({ type: 'object', properties: { a: inner } })],
    ['items', (items) => ({ type: 'array', items })],
    ['anyOf', (inner) => ({ anyOf: [inner] })],
  ])('thousands of levels of %s', (_, wrap) => {
    for (const levels of [1_500, 50_000]) {
      const schema = nested(levels, wrap);
      const rows = schemaRows(schema);
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.length).toBeLessThanOrEqual(500);
      expect([...typesOf(schema, schema)]).toEqual(['object']);
    }
  });

  it('a list of itself', () => {
    expect(schemaRows({ type: 'array', items: { $ref: '#' } })).toEqual([]);
  });

  it('unions that refer to each other again and again', () => {
    const branches = (nr: number): object[] =>
      [nr + 1, nr + 1, nr + 1, 0].map((next) => ({ $ref: `#/$defs/d${next}` }));
    const $defs = Object.fromEntries(
      Array.from({ length: 25 }, (_, nr) => [`d${nr}`, { anyOf: branches(nr) }]),
    );
    const root = { anyOf: [{ $ref: '#/$defs/d0' }, { type: 'string' }], $defs };
    expect([...typesOf(root, root)]).toEqual(['string']);
  });
});
