import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonCopy } from '../../../src/internal/json/json-copy.ts';

class Point {
  readonly x: unknown;
  constructor(x: unknown) {
    this.x = x;
  }
}

const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown[]>(
    undefined,
    NaN,
    Infinity,
    -0,
    '\ud800',
    '__proto__',
    () => {},
    Symbol('s'),
    new Date(0),
    new Date(NaN),
    new Map([[1, 2]]),
    new Set([1]),
    new Uint8Array([1]),
    /a/,
    new Error('e'),
    Object('boxed'),
    Object(1),
    Object.create(null),
    Object.assign([], { 1: 1 }),
    Object.assign([1], { toJSON: () => 'list' }),
    { toJSON: () => ({ nested: undefined, kept: 1 }) },
    { toJSON: 'no function' },
    { toJSON: (key: string) => key },
    JSON.parse('{"__proto__":1,"a":2}'),
    Object.defineProperty({ seen: 1 }, 'hidden', { value: 1, enumerable: false }),
    new Proxy({ a: 1 }, {}),
  ),
  fc.anything({
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withNullPrototype: true,
  }),
  fc.anything({ withBigInt: true, withSparseArray: true, withBoxedValues: true, withObjectString: true }),
  fc.anything().map((x) => new Point(x)),
);

const tree = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.jsonValue(),
    odd,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('value'), { maxKeys: 4 }),
  ),
})).value;

function outcomeOf(make: () => unknown): unknown {
  try {
    return { value: make() };
  } catch (error) {
    return { error: (error as Error).constructor.name };
  }
}

const throughText = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

describe('C7 a copy by the rules of JSON', () => {
  it('is what comes out of the text, whatever the value; and fails where writing fails', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const holder = { value };
        expect(outcomeOf(() => jsonCopy(holder))).toStrictEqual(outcomeOf(() => throughText(holder)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('shares nothing with the value', () => {
    const value = { list: [{ a: 1 }] };
    const copy = jsonCopy(value);
    expect(copy).toStrictEqual(value);
    expect(copy).not.toBe(value);
    expect(copy.list).not.toBe(value.list);
    expect(copy.list[0]).not.toBe(value.list[0]);
  });

  it('of a value nested deeply is made as long as the text can be', () => {
    let value: object = {};
    for (let level = 0; level < 1_500; level++) value = { value };
    expect(JSON.stringify(jsonCopy(value))).toBe(JSON.stringify(value));
    for (let level = 0; level < 200_000; level++) value = { value };
    expect(() => jsonCopy(value)).toThrow(RangeError);
  });

  it('of a circle is refused', () => {
    const circle: { self?: object } = {};
    circle.self = circle;
    expect(() => jsonCopy(circle)).toThrow(TypeError);
  });
});
