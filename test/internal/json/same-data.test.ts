import { isDeepStrictEqual } from 'node:util';
import { assert, jsonValue, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameData } from '../../../src/internal/json/same-data.ts';

class Point {
  readonly #x: number;
  constructor(x: number) {
    this.#x = x;
  }
  get x(): number {
    return this.#x;
  }
}

describe('whether two values hold the same data', () => {
  it('says what isDeepStrictEqual says, of anything that JSON can hold', () => {
    assert(
      property(jsonValue(), jsonValue(), (a, b) => {
        expect(isSameData(a, b)).toBe(isDeepStrictEqual(a, b));
        expect(isSameData(a, structuredClone(a))).toBe(true);
      }),
    );
  });

  it('notices one change anywhere', () => {
    assert(
      property(jsonValue(), jsonValue(), jsonValue(), (beside, before, after) => {
        const hold = (value: unknown): unknown => ({ a: [beside, { b: value }], c: beside });
        expect(isSameData(hold(before), hold(after))).toBe(isDeepStrictEqual(before, after));
      }),
    );
  });

  it.each<[string, unknown, unknown, boolean]>([
    ['the order of keys does not matter', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['that of a list does', [1, 2], [2, 1], false],
    ['a list is no record', [], {}, false],
    ['null is no record', null, {}, false],
    ['a key more', { a: 1 }, { a: 1, b: 2 }, false],
    ['a key less', { a: 1, b: 2 }, { a: 1 }, false],
    ['as many keys, and others', { a: undefined }, { b: undefined }, false],
    ['a key that every object inherits', { toString: undefined }, { valueOf: undefined }, false],
    ['undefined is not nothing', { a: undefined }, {}, false],
    ['no number is itself', Number.NaN, Number.NaN, true],
    ['dates of one moment', new Date(5), new Date(5), true],
    ['dates of two', new Date(5), new Date(6), false],
    ['maps', new Map([['a', { b: 1 }]]), new Map([['a', { b: 2 }]]), false],
    ['a frozen one', Object.freeze({ a: 1 }), { a: 1 }, true],
    ['an instance is no plain object', new Point(1), {}, false],
  ])('%s', (_, a, b, same) => {
    expect(isSameData(a, b)).toBe(same);
    expect(isSameData(b, a)).toBe(same);
    expect(isSameData({ in: [a] }, { in: [b] })).toBe(same);
  });

  it('gives up on what is nested too deeply', () => {
    const nested = (): unknown => JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    expect(() => isSameData(nested(), nested())).toThrow(RangeError);
  });
});
