import { describe, expect, it } from 'vitest';
import { createToolFilter } from '../../../src/group/catalog/tool-filter.ts';
import { Random } from '../../support/random.ts';

/** The longest that is compared at all. */
const LONG = 256;

describe('names that a server chose so that comparing them takes for ever', () => {
  it.each<[string, string]>([
    ['*a*a*a*a*a*a*a*b', 'a'.repeat(LONG)],
    ['*_*_*_*_*_*_secret', '_'.repeat(LONG)],
    ['?*?*?*?*?*?*?*x', 'ab'.repeat(LONG / 2)],
    ['**a**a**a**a**a**b', `${'a'.repeat(LONG - 1)}!`],
  ])('are compared with %s at once', (glob, name) => {
    const startedAt = performance.now();
    const isOffered = createToolFilter({ allow: [glob] });
    for (let round = 0; round < 100; round++) expect(isOffered(name)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a glob of text, * and ?', () => {
  /** As a regular expression would have it, which may take its time on short names. */
  function expected(glob: string, name: string): boolean {
    const source = glob.replace(/[/.]/g, '\\$&').replaceAll('*', '[^]*').replaceAll('?', '[^]');
    return new RegExp(`^${source}$`).test(name);
  }

  it('means the same whatever the name: 100 000 pairs drawn at random', () => {
    const random = new Random(1);
    const pick = (from: readonly string[], count: number): string =>
      Array.from({ length: count }, () => from[random.below(from.length)]).join('');
    let matched = 0;
    for (let nr = 0; nr < 100_000; nr++) {
      const glob = pick(['a', 'b', '_', '.', '/', '*', '?', '**'], 1 + random.below(6));
      const name = pick(['a', 'b', '_', '.', '/', '*', '\n'], random.below(7));
      const offered = createToolFilter({ allow: [glob] })(name);
      if (offered !== expected(glob, name))
        expect.fail(`${JSON.stringify(glob)} and ${JSON.stringify(name)}`);
      if (offered) matched++;
    }
    expect(matched).toBeGreaterThan(1_000);
  });
});
