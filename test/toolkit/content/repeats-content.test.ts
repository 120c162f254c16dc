import { describe, expect, it } from 'vitest';
import { repeatsContent } from '../../../src/toolkit/content/repeats-content.ts';

const text = (words: string): object[] => [{ type: 'text', text: words }];
const image = { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' };

describe('M9 structured content that repeats the content', () => {
  it.each([
    ['the text, wrapped', text('one\n"two"'), { content: 'one\n"two"' }],
    ['the values of a text of JSON', text('{"a":"x\\ny","n":1}'), { n: 1, a: 'x\ny' }],
    ['the content itself, an image in it', [image], { content: [image] }],
    ['numbers as words', text('It is 7 or -1.5, true?'), { a: 7, b: [-1.5], c: true }],
  ])('is left out: %s', (_, content, structured) => {
    expect(repeatsContent(content, structured)).toBe(true);
  });

  it.each([
    ['a value more', text('Found 2.'), { count: 2, names: ['a-name'] }],
    ['a number inside of another', text('10 and 1.5'), { count: 1 }],
    ['no value at all', text('Nothing found.'), { found: [] }],
    ['beside no content', [], { n: 7 }],
    ['more than is looked for', text('x'), { all: Array.from({ length: 60 }, () => 'x') }],
  ])('is told: %s', (_, content, structured) => {
    expect(repeatsContent(content, structured)).toBe(false);
  });
});
