import * as fc from 'fast-check';
import { Minimatch } from 'minimatch';
import picomatch from 'picomatch';
import { describe, expect, it } from 'vitest';
import { AutomatonRunner, createAutomaton } from '../../../src/internal/glob/automaton.ts';
import { parseGlob } from '../../../src/internal/glob/glob-syntax.ts';
import { compileGlob, matchTokens, tokensOf } from '../../../src/internal/glob/glob.ts';
import { numberRange } from '../../../src/internal/glob/number-range.ts';

function matches(glob: string, text: string): boolean {
  const compiled = compileGlob(glob);
  if ('problem' in compiled) throw new Error(`${glob}: ${compiled.problem}`);
  return compiled.matches(text);
}

function problemOf(glob: string): string | undefined {
  const compiled = compileGlob(glob);
  return 'problem' in compiled ? compiled.problem : undefined;
}

describe('H6 a glob', () => {
  it.each<[glob: string, fitting: string[], other: string[]]>([
    ['', [''], ['a']],
    ['*', ['', 'a', '/', '.', '.a', 'a/b', '\n', '😀'], []],
    ['**', ['', 'a/b'], []],
    ['?', ['a', '/', '😀', '\n'], ['', 'ab']],
    ['a.b', ['a.b'], ['axb']],
    ['[abc]', ['a', 'c'], ['d', '', 'ab']],
    ['[a-cx]', ['b', 'x'], ['d', '-']],
    ['[!a-c]', ['d', '!', '/'], ['a', 'c', '']],
    ['[^a-c]', ['d', '^'], ['a', 'c', '']],
    ['[]a]', [']', 'a'], ['b']],
    ['[a\\]b]', [']', 'a', 'b'], ['\\']],
    ['[a-]', ['a', '-'], ['b']],
    ['[😀-😂]', ['😁'], ['😃', 'a']],
    ['[[:digit:]_]', ['7', '_'], ['a', ':']],
    ['[![:alpha:]]', ['7', ' '], ['a', 'Z']],
    ['{a,b}', ['a', 'b'], ['c', 'a,b', '{a,b}']],
    ['{a,}b', ['b', 'ab'], ['a']],
    ['{a,b{c,d{e,f}}}', ['a', 'bc', 'bde', 'bdf'], ['b', 'bd', 'bdg']],
    ['{a*,?b}c', ['aQQc', 'xbc'], ['bc']],
    ['{a}', ['{a}'], ['a']],
    ['{}', ['{}'], ['']],
    ['{a,b', ['{a,b'], ['a', 'b']],
    ['{a,[,}b]}', ['a', '}', ','], ['[']],
    ['v{1..3}', ['v1', 'v2', 'v3'], ['v', 'v0', 'v4', 'v1..3', 'v12']],
    ['{8..12}', ['8', '9', '10', '12'], ['7', '13', '1', '012']],
    ['{12..8}', ['8', '12'], ['7', '13']],
    ['{08..12}', ['08', '10'], ['8', '012']],
    ['{-3..2}', ['-3', '-1', '0', '2'], ['-4', '3', '-0']],
    ['{1..9999999}', ['1', '77', '9999999'], ['0', '10000000', '01', '']],
    ['{0..9..3}', ['0', '3', '6', '9'], ['1', '2']],
    ['{a..e}', ['a', 'c', 'e'], ['f', 'A', 'a..e']],
    ['{a..e..2}', ['a', 'c', 'e'], ['b']],
    ['(a|b)c', ['ac', 'bc'], ['(a|b)c', 'c']],
    ['@(a|b)c', ['ac', 'bc'], ['@ac', 'c', 'abc']],
    ['?(a|b)c', ['ac', 'c'], ['abc']],
    ['+(a|b)c', ['ac', 'ababc'], ['c']],
    ['*(a|b)c', ['c', 'ac', 'ababc'], ['xc']],
    ['!(a)', ['', 'b', 'aa'], ['a']],
    ['!(a|b*)', ['', 'aa', 'c'], ['a', 'b', 'bb']],
    ['!(a)*', ['', 'b', 'a', 'aa'], []],
    ['read_!(*secret*)', ['read_', 'read_x'], ['read_secret', 'read_a_secret_b', 'x']],
    ['!(!(a))', ['a'], ['', 'b', 'aa']],
    ['*!(a)b', ['b', 'ab', 'xb'], ['', 'a']],
    ['!a', ['!a'], ['a', 'b']],
    ['a|b', ['a|b'], ['a', 'b']],
    ['a+', ['a+'], ['a', 'aa']],
    ['@', ['@'], ['']],
    ['*@*', ['a@b', '@'], ['ab']],
    ['\\*', ['*'], ['a', '']],
    ['\\{a,b\\}', ['{a,b}'], ['a']],
    ['\\(a\\)', ['(a)'], ['a']],
    ['a\\', ['a\\'], ['a']],
    ['[', ['['], ['']],
    ['[a', ['[a'], ['a']],
    ['[!]', ['[!]'], ['!']],
    ['(a', ['(a'], ['a']],
    ['@(a', ['@(a'], ['a']],
    [')}]', [')}]'], ['']],
    ['{a,(b},c)', ['a,c)', '(b,c)'], ['a']],
    ['$^.+', ['$^.+'], ['$']],
    ['constructor', ['constructor'], ['']],
  ])('%s', (glob, fitting, other) => {
    expect(fitting.filter((text) => !matches(glob, text))).toEqual([]);
    expect(other.filter((text) => matches(glob, text))).toEqual([]);
  });

  it.each([
    ['[z-a]', 'the range z-a is in the wrong order'],
    ['[[:word1:]]', /^\[:word1:] is not known/],
    ['a'.repeat(2001), 'it has more than 2000 characters'],
    ['('.repeat(60) + ')'.repeat(60), 'it is nested more than 50 levels deep'],
    ['{a,'.repeat(60) + '}'.repeat(60), 'it is nested more than 50 levels deep'],
    ['{0..99999999999999999999}', /^the numbers of .* are too large/],
    ['{0..9999999..1}', 'a range with a step has more than 1000 values'],
    ['{1..999999999999999}'.repeat(99), 'it is too complex'],
    [`!(*a${'?'.repeat(40)})`, 'what its "!(…)" excludes is too complex'],
    [`!(${'[a-c]'.repeat(300)})`, 'what its "!(…)" excludes is too complex'],
  ])('%s is refused', (glob, problem) => {
    expect(problemOf(glob)).toEqual(
      typeof problem === 'string' ? problem : (expect.stringMatching(problem) as string),
    );
  });
});

describe('H6 the text of a server', () => {
  const stars = (unit: string, times: number): string => `*${unit}`.repeat(times);
  const texts = (length: number): string[] =>
    ['a', 'ab', '@', 'aaaaaaab', '😀', '1', '_'].map((unit) => unit.repeat(length / unit.length));

  /** How many steps it takes to compare a glob with a text. */
  function stepsOf(glob: string, text: string): number {
    const node = parseGlob(glob);
    const tokens = tokensOf(node);
    if (tokens !== undefined) return matchTokens(tokens, text).steps;
    const runner = new AutomatonRunner(createAutomaton(node));
    runner.matches(text);
    return runner.steps;
  }

  it.each([
    stars('{a,b}', 4),
    stars('{a,b}', 40),
    `${stars('@', 4)}x`,
    `${stars('a', 60)}b`,
    `${stars('[ab]', 60)}c`,
    `${stars('?', 60)}x`,
    `${stars('{a,{a,{a,aa}}}', 12)}x`,
    `${stars('{a*,*a}', 20)}x`,
    '+(a|aa|aaa)x',
    '*(*(*(*(a))))x',
    '+(+(+(+(a|b)|ab)))x',
    '+(?(a)?(a)?(a))x',
    '!(a)*',
    '!(a)!(b)!(ab)*x',
    '*!(*a*b)*!(*b*a)x',
    '!(!(!(*a*)))x',
    '*{1..9999999}*{1..9999999}*x',
    '{a,b}'.repeat(200),
  ])('costs at most so many steps for each character as %s has states', (glob) => {
    const { states } = createAutomaton(parseGlob(glob));
    const most = states.length + states.reduce((sum, { edges, free }) => sum + edges.length + free.length, 0);
    const long = texts(65_536).slice(0, 2);
    for (const text of [...texts(256), ...long]) {
      expect(stepsOf(glob, text)).toBeLessThanOrEqual(most * (text.length + 1));
    }
  });
});

describe('H6 globs made at random', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
  const { glob } = fc.letrec<{ glob: string; part: string }>((tie) => ({
    glob: fc.array(tie('part'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
    part: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('a', 'b', 'c', '?', '[ab]', '[^a]', '[a-c]'),
      fc.array(tie('glob'), { minLength: 2, maxLength: 2 }).map((among) => `{${among.join(',')}}`),
      fc
        .tuple(fc.constantFrom('@', '?', '+', '*'), fc.array(tie('glob'), { minLength: 1, maxLength: 3 }))
        .map(([sign, among]) => `${sign}(${among.join('|')})`),
    ),
  }));
  const inStars = fc
    .tuple(fc.constantFrom('', '*'), glob, fc.constantFrom('', '*'))
    .map(([before, inner, after]) => before + inner + after);

  it('match what picomatch and minimatch match, where these agree', () => {
    let compared = 0;
    fc.assert(
      fc.property(inStars, fc.array(text, { minLength: 1, maxLength: 10 }), (pattern, samples) => {
        // Minimatch takes exponential time.
        fc.pre(pattern.length <= 40);
        const first = picomatch(pattern, { nonegate: true, windows: false, strictSlashes: true });
        const second = new Minimatch(pattern, { nonegate: true, nocomment: true, platform: 'linux' });
        for (const sample of samples.filter((each) => each !== '')) {
          const expected = first(sample);
          if (expected !== second.match(sample)) continue;
          compared++;
          expect(matches(pattern, sample), JSON.stringify([pattern, sample])).toBe(expected);
        }
      }),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  it('match what they match as a sum of parts, whatever the parts', () => {
    fc.assert(
      fc.property(glob, glob, text, (first, second, sample) => {
        fc.pre(problemOf(`!(${first}|${second})`) === undefined);
        const either = matches(first, sample) || matches(second, sample);
        expect(matches(`@(${first}|${second})`, sample)).toBe(either);
        expect(matches(`{${first},${second}}`, sample)).toBe(either);
        expect(matches(`!(${first}|${second})`, sample)).toBe(!either);
        const splits = Array.from({ length: sample.length + 1 }, (_, at) => at);
        const joined = splits.some(
          (at) => matches(first, sample.slice(0, at)) && matches(second, sample.slice(at)),
        );
        expect(matches(`(${first})(${second})`, sample)).toBe(joined);
      }),
      { numRuns: 200 },
    );
  });

  it('never throw, whatever they are made of', () => {
    const anyGlob = fc.string({
      unit: fc.constantFrom(...Array.from('ab*?[]{}()|!@+,.-^\\1:😀')),
      maxLength: 30,
    });
    fc.assert(
      fc.property(anyGlob, fc.string({ unit: 'binary', maxLength: 20 }), (pattern, sample) => {
        const compiled = compileGlob(pattern);
        if ('matches' in compiled) expect(typeof compiled.matches(sample)).toBe('boolean');
        else expect(compiled.problem).not.toBe('');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('H6 a range of numbers', () => {
  it('has exactly its numbers', () => {
    const end = fc.integer({ min: -1_200, max: 1_200 });
    fc.assert(
      fc.property(end, end, fc.constantFrom(0, 5), (one, other, width) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const patterns = numberRange(low, high, width);
        const all = patterns.flatMap((digits) =>
          digits.reduce(
            (texts, [from, to]) =>
              texts.flatMap((before) =>
                Array.from({ length: to - from + 1 }, (_, nr) => before + String.fromCharCode(from + nr)),
              ),
            [''],
          ),
        );
        const wanted = Array.from({ length: high - low + 1 }, (_, nr) => low + nr).map((value) =>
          width === 0
            ? String(value)
            : (value < 0 ? '-' : '') + String(Math.abs(value)).padStart(value < 0 ? width - 1 : width, '0'),
        );
        expect(all.toSorted()).toEqual(wanted.toSorted());
      }),
      { numRuns: 200 },
    );
  });
});
