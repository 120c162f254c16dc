import { describe, expect, it } from 'vitest';
import { openaiDialect, openaiStrictDialect } from '../../../src/toolkit/schema/dialects.ts';
import { isPortablePattern } from '../../../src/toolkit/schema/spelled-out.ts';
import { portableSchema } from '../../../src/toolkit/schema/portable-schema.ts';

describe('M9 patterns that every provider can compile', () => {
  it.each([
    '^[a-z0-9_-]+$',
    String.raw`^\d{4}-\d{2}-\d{2}$`,
    String.raw`^(?:a|b)\.\w+\\$`,
    String.raw`^[\w.+\-]+@[\w\-]+\.[\w\-.]+$`,
    String.raw`^[^\[\]]*$`,
    String.raw`\u0041\x41`,
    '',
  ])('%s', (pattern) => expect(isPortablePattern(pattern)).toBe(true));

  it.each([
    '^(?!undefined$)',
    '(?<=a)b',
    '(?<year>x)',
    '(?i)abc',
    String.raw`^[^\p{Cc}]+$`,
    String.raw`\u{1f600}`,
    String.raw`(a)\1`,
    String.raw`end\z`,
    '^[a-z[]+$',
    '[^]',
    '[]',
    '(',
    'x'.repeat(3000),
  ])('and not %.40s', (pattern) => expect(isPortablePattern(pattern)).toBe(false));

  it('others are said in words, and what is strict does not say less', () => {
    const pattern = '^(?!null$).*';
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', pattern }, b: { type: 'string', pattern: '^x' } },
      required: ['a', 'b'],
      additionalProperties: false,
    };
    expect(portableSchema(schema, openaiDialect)).toMatchObject({
      schema: {
        properties: {
          a: { type: 'string', description: expect.stringContaining(pattern) },
          b: { type: 'string', pattern: '^x' },
        },
      },
    });
    expect(JSON.stringify(portableSchema(schema, openaiDialect))).not.toContain('"pattern":"^(?!');
    expect(portableSchema(schema, openaiStrictDialect)).toHaveProperty('problem');
  });

  it('names of properties by others cannot be put to OpenAI', () => {
    const schema = { type: 'object', patternProperties: { '^(?!x)': { type: 'string' } } };
    expect(portableSchema(schema, openaiDialect)).toHaveProperty('problem');
    const fine = { type: 'object', patternProperties: { '^x-': { type: 'string' } } };
    expect(portableSchema(fine, openaiDialect)).toHaveProperty('schema');
  });
});
