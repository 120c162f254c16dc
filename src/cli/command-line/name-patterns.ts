/** Says whether a text matches any of some patterns. */
export type Matches = (...texts: readonly string[]) => boolean;

/**
 * Globs over whole texts, without regard to case; `*` stands for any characters. With `loose`, a pattern without
 * wildcards matches any text that contains it. Without patterns, everything matches.
 */
export async function createMatcher(
  patterns: readonly string[],
  options: { loose?: boolean } = {},
): Promise<Matches> {
  if (patterns.length === 0) return () => true;
  const matchers = await Promise.all(patterns.map((pattern) => matcherOf(pattern, options.loose === true)));
  return (...texts) => matchers.some((matches) => texts.some((text) => matches(text)));
}

async function matcherOf(pattern: string, loose: boolean): Promise<(text: string) => boolean> {
  const wanted = pattern.toLowerCase();
  if (!/[*?[\]{}()!+@\\]/.test(pattern)) {
    return loose ? (text) => text.toLowerCase().includes(wanted) : (text) => text.toLowerCase() === wanted;
  }
  const { default: picomatch } = await import('picomatch');
  const matches = picomatch(flat(pattern), { nocase: true, dot: true });
  return (text) => matches(flat(text)) || text.toLowerCase() === wanted;
}

/** Names and URIs are no paths: a `*` may stand for slashes too. */
function flat(text: string): string {
  return text.replaceAll('/', '\ue000');
}
