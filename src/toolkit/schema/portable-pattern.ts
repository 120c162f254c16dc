const MAX_LENGTH = 2000;
/** What every engine knows: escaped signs, classes of characters, ends of words and lines, code units. */
const ESCAPE = /^(?:[^\w\s]|[bBdDfnrsStvwW]|x[\da-fA-F]{2}|u[\da-fA-F]{4})/;

/**
 * Whether a regular expression means the same in JavaScript, Python and Rust. Providers compile patterns with one of
 * them and refuse the whole request for one that they cannot compile.
 */
export function isPortablePattern(pattern: string): boolean {
  if (pattern.length > MAX_LENGTH || !compiles(pattern)) return false;
  const pieces = pattern.split('\\\\');
  const escapes = pieces.flatMap((piece) => piece.split('\\').slice(1));
  if (!escapes.every((escape) => ESCAPE.test(escape))) return false;
  const bare = pattern.replace(/\\./gs, '.');
  // Lookaround and names; then a class that is empty or has another bracket in it.
  return !/\(\?(?!:)/.test(bare) && !/\[\^?\]|\[[^\]]*\[/.test(bare);
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
