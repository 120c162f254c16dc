import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setValue } from '../../../src/config/json/edit-json.ts';
import { JsonDocument } from '../../../src/config/json/json-document.ts';

describe('setting a value in a text', () => {
  it.each([
    ['an empty object', '{}', ['a'], 1, '{\n  "a": 1\n}'],
    ['an object with a comment only', '{\n  // none\n}', ['a'], 1, '{\n  // none\n  "a": 1\n}'],
    ['after the last property', '{\n  "a": 1\n}', ['b'], 2, '{\n  "a": 1,\n  "b": 2\n}'],
    ['after a trailing comma', '{\n  "a": 1,\n}', ['b'], 2, '{\n  "a": 1,\n  "b": 2,\n}'],
    [
      'after a comment at the end',
      '{\n  "a": 1 // one, two\n}',
      ['b'],
      2,
      '{\n  "a": 1, // one, two\n  "b": 2\n}',
    ],
    [
      'after comments below',
      '{\n  "a": 1\n  /* , */ // x\n}',
      ['b'],
      2,
      '{\n  "a": 1,\n  /* , */ // x\n  "b": 2\n}',
    ],
    ['in an object on one line', '{ "a": 1 }', ['b'], 2, '{ "a": 1,\n  "b": 2\n}'],
    [
      'indented by tabs',
      '{\n\t"a": {\n\t\t"b": 1\n\t}\n}',
      ['a', 'c'],
      { d: 2 },
      '{\n\t"a": {\n\t\t"b": 1,\n\t\t"c": {\n\t\t\t"d": 2\n\t\t}\n\t}\n}',
    ],
    [
      'with the line ends of Windows',
      '{\r\n  "a": 1\r\n}',
      ['b'],
      { c: 2 },
      '{\r\n  "a": 1,\r\n  "b": {\r\n    "c": 2\r\n  }\r\n}',
    ],
    [
      'in place of another',
      '{ "a": [1, 2], /* keep */ "b": 3 }',
      ['a'],
      'x',
      '{ "a": "x", /* keep */ "b": 3 }',
    ],
    [
      'in place of another over lines',
      '{\n  "a": {\n    "b": 1\n  } // keep\n}',
      ['a'],
      { c: 2 },
      '{\n  "a": {\n    "c": 2\n  } // keep\n}',
    ],
    ['in what is not there', '{\n  "a": 1\n}', ['s', 'x'], 1, '{\n  "a": 1,\n  "s": {\n    "x": 1\n  }\n}'],
    ['in an array', '{\n  "a": [\n    1\n  ]\n}', ['a', 1], 2, '{\n  "a": [\n    1,\n    2\n  ]\n}'],
    ['in an array that is not there', '{}', ['a', 0], 1, '{\n  "a": [\n    1\n  ]\n}'],
  ])('%s', (_, text, path, value, result) => {
    expect(setValue(text, path, value)).toBe(result);
  });

  it('whatever the text: the value is there, and nothing else is different', () => {
    const space = fc.constantFrom('', ' ', '\n', '\n  ', ' // c, }\n', '/* { */', '\r\n');
    const text = fc
      .tuple(
        fc.uniqueArray(fc.string(), { maxLength: 4 }),
        fc.array(space, { minLength: 12, maxLength: 12 }),
        fc.boolean(),
      )
      .map(([keys, spaces, trailing]) => {
        const gap = (index: number): string => spaces[index % spaces.length] ?? '';
        const properties = keys.map(
          (key, nr) =>
            `${gap(nr)}${JSON.stringify(key)}${gap(nr + 1)}:${gap(nr + 2)}{"x":${nr}}${gap(nr + 3)}`,
        );
        return `${gap(8)}{${properties.join(',')}${trailing && keys.length > 0 ? `,${gap(9)}` : gap(9)}}${gap(10)}`;
      });
    fc.assert(
      fc.property(text, fc.string(), fc.jsonValue(), (before, key, value) => {
        const after = new JsonDocument(setValue(before, [key], value));
        expect(after.faults).toEqual([]);
        const others = Object.entries(new JsonDocument(before).value as object).filter(
          ([name]) => name !== key,
        );
        expect(after.value).toEqual(
          Object.fromEntries([...others, [key, JSON.parse(JSON.stringify(value))]]),
        );
      }),
      { numRuns: 500 },
    );
  });
});
