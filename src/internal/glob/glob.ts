import { AutomatonRunner, createAutomaton, holds } from './automaton.ts';
import { BadGlob, parseGlob, type CharRanges, type GlobNode } from './glob-syntax.ts';

/** A compiled glob, or why the text is not one: a phrase such as `it has more than 2000 characters`. */
export type CompiledGlob = { readonly matches: (text: string) => boolean } | { readonly problem: string };

/**
 * Compiles a glob. It matches whole texts; no character is special in a text, as names and URIs are not paths.
 *
 * - `*` (and `**`) stands for any text, `?` for any one character;
 * - `[abc]`, `[a-z]`, `[[:digit:]]` for one of these characters, `[!abc]` or `[^abc]` for any other;
 * - `{a,b}` and `(a|b)` for one of the alternatives, which may hold wildcards and be nested; `{1..12}`, `{01..12}`, `{a..e}`,
 *   `{0..9..3}` for a range;
 * - `@(a|b)` is the same as `(a|b)`; `?(a|b)` may be absent, `+(a|b)` may be repeated, `*(a|b)` both; `!(a|b)` stands for any
 *   text that none of them matches;
 * - `\` makes the next character literal. What is not closed is literal, and so is a `!` at the beginning.
 *
 * Matching takes time in proportion to the length of the text, whatever the text. Globs that are too long, too deep or too
 * complex have a `problem`.
 */
export function compileGlob(glob: string): CompiledGlob {
  try {
    const node = parseGlob(glob);
    const flat = tokensOf(node);
    if (flat !== undefined) return { matches: (text) => matchTokens(flat, text).isMatch };
    const runner = new AutomatonRunner(createAutomaton(node));
    return { matches: (text) => runner.matches(text) };
  } catch (error) {
    if (error instanceof BadGlob) return { problem: error.message };
    throw error;
  }
}

/** One character of these ranges, or any text. */
type Token = CharRanges | '*';

/** The tokens of a glob without alternatives, as most are; undefined for any other. */
export function tokensOf(node: GlobNode): readonly Token[] | undefined {
  const parts = node.is === 'sequence' ? node.parts : [node];
  const tokens: Token[] = [];
  for (const part of parts) {
    if (part.is === 'char') tokens.push(part.ranges);
    else if (part.is === 'repeat' && part.isOptional && isAnyChar(part.part)) tokens.push('*');
    else return undefined;
  }
  return tokens;
}

function isAnyChar(node: GlobNode): boolean {
  return node.is === 'char' && node.ranges.some(([from, to]) => from === 0 && to === 0x10ffff);
}

/** Whether the whole text matches; at most as many steps as there are tokens for each character. */
export function matchTokens(
  tokens: readonly Token[],
  text: string,
): { readonly isMatch: boolean; readonly steps: number } {
  let steps = 0;
  let inGlob = 0;
  let inText = 0;
  /**
   * Where to go on when a character does not match: the last `*` takes one more. Earlier ones need not be tried again.
   */
  let retryGlob = -1;
  let retryText = 0;
  while (inText < text.length) {
    steps++;
    const code = text.codePointAt(inText) ?? 0;
    const wanted = tokens[inGlob];
    if (wanted === '*') {
      retryGlob = ++inGlob;
      retryText = inText;
    } else if (wanted !== undefined && holds(wanted, code)) {
      inGlob++;
      inText += code > 0xffff ? 2 : 1;
    } else if (retryGlob === -1) return { isMatch: false, steps };
    else {
      inGlob = retryGlob;
      retryText += (text.codePointAt(retryText) ?? 0) > 0xffff ? 2 : 1;
      inText = retryText;
    }
  }
  while (tokens[inGlob] === '*') inGlob++;
  return { isMatch: inGlob === tokens.length, steps };
}
