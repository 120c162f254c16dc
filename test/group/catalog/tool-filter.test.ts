import { describe, expect, it } from 'vitest';
import { createToolFilter } from '../../../src/group/catalog/tool-filter.ts';
import { thrownBy } from '../../support/failures.ts';

describe('G5 a tool filter', () => {
  it.each([
    ['*', ['a', '', '.', '..', '.a', 'a/b', 'a/../b', '/a', 'a/', 'a\nb', 'a\\b', 'a\u2028b', 'ü']],
    ['read_*', ['read_', 'read_a', 'read_a/b.c', 'read_/../x', 'read_.']],
    ['*delete*', ['delete', 'x/../delete', '../delete', '.delete', 'a\ndelete\nb']],
    ['a.b', ['a.b']],
    ['a/b', ['a/b']],
    ['a?c', ['abc', 'a/c', 'a.c']],
    ['{read,write}_file', ['read_file', 'write_file']],
    ['v{1..3}', ['v1', 'v3']],
    ['[ab]c', ['ac', 'bc']],
    ['./x', ['./x']],
    ['..', ['..']],
    ['!a', ['!a']],
  ])('%s matches', (glob, names) => {
    const allows = createToolFilter({ allow: [glob] });
    const denies = createToolFilter({ deny: [glob] });
    expect(names.filter((name) => !allows(name))).toEqual([]);
    expect(names.filter((name) => denies(name))).toEqual([]);
  });

  it.each([
    ['read_*', ['xread_a', 'READ_A', 'Read_a', 'write']],
    ['a.b', ['axb', 'a/b', 'a']],
    ['a*', ['ba', 'A', '']],
    ['a?c', ['ac', 'abbc']],
    ['v{1..3}', ['v4', 'v', 'v1..3']],
    ['!a', ['b', 'a']],
    ['./x', ['x']],
    ['a/**/b', ['a/b']],
  ])('%s does not match', (glob, names) => {
    const allows = createToolFilter({ allow: [glob] });
    const denies = createToolFilter({ deny: [glob] });
    expect(names.filter((name) => allows(name))).toEqual([]);
    expect(names.filter((name) => !denies(name))).toEqual([]);
  });

  it('deny wins over allow; several globs add up', () => {
    const filter = createToolFilter({ allow: ['a*', 'b*'], deny: ['*_secret', 'b1'] });
    expect(['a1', 'b1', 'b2', 'a_secret', 'c'].filter(filter)).toEqual(['a1', 'b2']);
  });

  it('an empty list of what is allowed allows nothing, one of what is denied denies nothing', () => {
    expect(['a', ''].filter(createToolFilter({ allow: [] }))).toEqual([]);
    expect(['a', ''].filter(createToolFilter({ deny: [] }))).toEqual(['a', '']);
    expect(['a', ''].filter(createToolFilter({}))).toEqual(['a', '']);
  });

  it('a name of a megabyte is not worth comparing', () => {
    const name = 'a'.repeat(1_000_000);
    expect(createToolFilter({ allow: ['*a*a*a*a*b'] })(name)).toBe(false);
    expect(createToolFilter({ deny: ['*a*a*a*a*b'] })(name)).toBe(false);
  });

  it.each([[{ allow: 'a' }], [{ deny: [''] }], [{ allow: [1] }], [{ deny: ['a'.repeat(100_000)] }]])(
    'refuses %o',
    (options) => {
      expect(thrownBy(() => createToolFilter(options as object)).code).toBe('CONFIG_INVALID');
    },
  );
});
