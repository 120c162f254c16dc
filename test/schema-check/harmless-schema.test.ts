import { describe, expect, it } from 'vitest';
import { harmlessSchema } from '../../src/schema-check/harmless-schema.ts';

describe('S6 a schema that a server gave', () => {
  it('keeps all but regular expressions and uniqueItems, at any depth', () => {
    const schema = {
      type: 'object',
      properties: {
        name: { type: 'string', pattern: '^(a+)+$', minLength: 1 },
        pattern: { type: 'string' },
        list: { type: 'array', uniqueItems: true, items: { anyOf: [{ pattern: 'x' }, { type: 'null' }] } },
      },
      required: ['name'],
    };
    expect(harmlessSchema(schema)).toEqual({
      type: 'object',
      properties: {
        name: { type: 'string', minLength: 1 },
        pattern: { type: 'string' },
        list: { type: 'array', items: { anyOf: [{}, { type: 'null' }] } },
      },
      required: ['name'],
    });
  });

  it('leaves values alone that only look like keywords', () => {
    const schema = { const: { pattern: 'x' }, enum: [{ uniqueItems: true }], default: { pattern: 'x' } };
    expect(harmlessSchema(schema)).toEqual(schema);
  });

  it('does not refuse as additional what a pattern would have let in', () => {
    const schema = { patternProperties: { '^x': {} }, additionalProperties: false };
    expect(harmlessSchema(schema)).toEqual({});
  });
});
