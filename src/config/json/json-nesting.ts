import { createScanner } from 'jsonc-parser';

const DEEPEST = 100;

/** Where a text goes deeper than any configuration does. The parser calls itself, so it has to be known before. */
export function checkNesting(text: string): { offset: number; limit: number } | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (;;) {
    scanner.scan();
    const offset = scanner.getTokenOffset();
    if (offset >= text.length) return undefined;
    const token = text[offset];
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth = Math.max(0, depth - 1);
    if (depth > DEEPEST) return { offset, limit: DEEPEST };
  }
}
