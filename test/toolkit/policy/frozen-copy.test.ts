import { describe, expect, it } from 'vitest';
import { frozenCopy } from '../../../src/toolkit/policy/with-policy.ts';
import { thrownBy } from '../../support/failures.ts';

describe('M9 the copy of arguments that is shown and sent', () => {
  it('is frozen at every depth, and its original is not', () => {
    const args = { a: undefined, list: [{ deep: { value: 1 } }], b: null, text: 'x' };
    const copy = frozenCopy('t', args);
    expect(copy).toEqual(args);
    const reach = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(reach));
    expect(reach(copy)).toBe(true);
    expect(Object.isFrozen(args.list)).toBe(false);
  });

  it('can be of something long', () => {
    const long = Array.from({ length: 300_000 }, (_, nr) => ({ nr }));
    expect(frozenCopy('t', { long })['long']).toHaveLength(300_000);
  });

  it.each([
    ['a function', { run: () => {} }],
    ['bytes', { data: new Uint8Array(2) }],
  ])('is refused of %s', (_, args) => {
    expect(thrownBy(() => frozenCopy('t', args)).code).toBe('INVALID_ARGUMENTS');
  });
});
