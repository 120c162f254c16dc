/** Whether one of the texts matches one of the patterns. */
export type Matches = (...texts: readonly string[]) => boolean;

/**
 * Makes a matcher of globs. They match whole texts, regardless of case; `*` matches any characters. With `loose`, a
 * pattern without wildcards matches any text that contains it. Without patterns, every text matches.
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

/** Names and URIs are not paths: a `*` also matches slashes. */
function flat(text: string): string {
  return text.replaceAll('/', '\ue000');
}
