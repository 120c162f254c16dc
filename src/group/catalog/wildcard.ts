/** Letters, digits and what else names are made of, `*` and `?`: what most globs are. */
const PLAIN = /^[\p{L}\p{N}_:./ *?-]{1,1000}$/u;

/**
 * Matches a glob of nothing but text, `*` and `?`; undefined for any other. It takes a time in proportion to both
 * lengths at most: a regular expression tries every way to share out a name among several `*`, and a server that
 * chooses its names well can make that take for ever.
 */
export function wildcardMatcher(glob: string): ((text: string) => boolean) | undefined {
  return PLAIN.test(glob) ? (text) => matches(glob, text) : undefined;
}

function matches(glob: string, text: string): boolean {
  let inGlob = 0;
  let inText = 0;
  /** Where to go on from when what follows the last `*` does not fit: only that one need ever take more. */
  let retry: { readonly inGlob: number; inText: number } | undefined;
  while (inText < text.length) {
    const wanted = glob[inGlob];
    if (wanted === '*') retry = { inGlob: ++inGlob, inText };
    else if (wanted === '?' || wanted === text[inText]) {
      inGlob++;
      inText++;
    } else if (retry === undefined) return false;
    else {
      inGlob = retry.inGlob;
      inText = ++retry.inText;
    }
  }
  while (glob[inGlob] === '*') inGlob++;
  return inGlob === glob.length;
}
