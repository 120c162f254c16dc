/** A glob of only letters, digits, punctuation that names have, `*` and `?`; most globs are. */
const PLAIN = /^[\p{L}\p{N}_:./ *?-]{1,1000}$/u;

/**
 * A matcher for a glob of only text, `*` and `?`; undefined for any other. Matching takes time in proportion to the
 * product of both lengths at most. A regular expression with several `*` could take exponential time for a name that a
 * server chooses.
 */
export function wildcardMatcher(glob: string): ((text: string) => boolean) | undefined {
  return PLAIN.test(glob) ? (text) => matches(glob, text) : undefined;
}

function matches(glob: string, text: string): boolean {
  let inGlob = 0;
  let inText = 0;
  /**
   * Where to go on when a character does not match: the last `*` takes one more. Earlier ones need not be tried again.
   */
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
