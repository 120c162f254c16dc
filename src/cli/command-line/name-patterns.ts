import { compileGlob } from '../../internal/glob/glob.ts';
import { printable } from '../../internal/text.ts';
import { UsageError } from '../exit-codes.ts';

/** Whether one of the texts matches one of the patterns. */
export type Matches = (...texts: readonly string[]) => boolean;

/**
 * Makes a matcher of globs. They match whole texts, regardless of case; `*` matches any characters. With `loose`, a
 * pattern without wildcards matches any text that contains it. Without patterns, every text matches. Throws a `UsageError`
 * for what is not a glob.
 */
export function createMatcher(patterns: readonly string[], options: { loose?: boolean } = {}): Matches {
  if (patterns.length === 0) return () => true;
  const matchers = patterns.map((pattern) => matcherOf(pattern, options.loose === true));
  return (...texts) => matchers.some((matches) => texts.some((text) => matches(text)));
}

function matcherOf(pattern: string, loose: boolean): (text: string) => boolean {
  const wanted = pattern.toLowerCase();
  if (!/[*?[\]{}()!+@\\]/.test(pattern)) {
    return loose ? (text) => text.toLowerCase().includes(wanted) : (text) => text.toLowerCase() === wanted;
  }
  const glob = compileGlob(wanted);
  if ('problem' in glob) {
    throw new UsageError(`"${printable(pattern, 80)}" is not a pattern of names: ${glob.problem}.`);
  }
  return (text) => {
    const lower = text.toLowerCase();
    return lower === wanted || glob.matches(lower);
  };
}
