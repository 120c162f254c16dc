import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContentBlock } from '../../../src/index.ts';
import { charsOf, sum } from '../../../src/toolkit/results/content-size.ts';
import { paginate } from '../../../src/toolkit/results/paginate.ts';

const text = (value: string): ContentBlock => ({ type: 'text', text: value });
const image: ContentBlock = { type: 'image', data: 'AAAA', mimeType: 'image/png' };

function pages(content: ContentBlock[], maxChars: number, maxItems = 100): unknown[] {
  return paginate(content, { maxChars, maxItems }).map((page) =>
    page.map((block) => (block.type === 'text' ? block.text : block.type)),
  );
}

describe('M9 long results on pages', () => {
  it.each<[string, unknown[], unknown[][]]>([
    ['what fits stays whole', pages([text('abc'), image, text('de')], 5), [['abc', 'image', 'de']]],
    ['a long text is cut', pages([text('abcdefgh')], 3), [['abc'], ['def'], ['gh']]],
    ['a page is filled up', pages([text('ab'), text('cdefg')], 4), [['ab', 'cd'], ['efg']]],
    [
      'blocks are counted',
      pages([text('a'), image, image, text('b')], 100, 2),
      [
        ['a', 'image'],
        ['image', 'b'],
      ],
    ],
    ['an end of a line is a good place', pages([text('123456789\nabc')], 12), [['123456789\n'], ['abc']]],
    ['no character is cut in two', pages([text('ab🦊cd')], 3), [['ab'], ['🦊c'], ['d']]],
    ['nor if it is longer than a page', pages([text('🦊🦊')], 1), [['🦊'], ['🦊']]],
    ['an empty text is a block', pages([text(''), text('')], 1, 1), [[''], ['']]],
    ['there may be no bounds', pages([text('abc'), image], Infinity, Infinity), [['abc', 'image']]],
  ])('%s', (_, found, wanted) => {
    expect(found).toEqual(wanted);
  });

  it('an embedded text is cut as well, and each part says whose it is', () => {
    const resource = { uri: 'file:///a', mimeType: 'text/plain', text: 'abcdef' };
    expect(paginate([{ type: 'resource', resource }], { maxChars: 4, maxItems: 9 })).toEqual([
      [{ type: 'resource', resource: { ...resource, text: 'abcd' } }],
      [{ type: 'resource', resource: { ...resource, text: 'ef' } }],
    ]);
  });

  it('whatever the content, no page is too long and nothing is lost', () => {
    const block = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }).map(text),
      fc.constant(image),
      fc
        .string({ maxLength: 40 })
        .map((value): ContentBlock => ({ type: 'resource', resource: { uri: 'x:y', text: value } })),
    );
    const textOfAll = (content: readonly ContentBlock[]): string =>
      content
        .map((each) => {
          if (each.type === 'text') return each.text;
          return each.type === 'resource' && 'text' in each.resource ? each.resource.text : '\0';
        })
        .join('');
    fc.assert(
      fc.property(fc.array(block, { maxLength: 20 }), fc.nat(50), fc.nat(5), (content, chars, items) => {
        const bounds = { maxChars: chars + 2, maxItems: items + 1 };
        const made = paginate(content, bounds);
        for (const page of made) {
          expect(page.length).toBeLessThanOrEqual(bounds.maxItems);
          expect(sum(page, charsOf)).toBeLessThanOrEqual(bounds.maxChars);
          expect(textOfAll(page)).toBe(Buffer.from(textOfAll(page)).toString());
        }
        expect(textOfAll(made.flat())).toBe(textOfAll(content));
      }),
    );
  });
});
