import type { CallToolResult } from '../../../src/index.ts';

/** All texts of a result. */
export function textsOf({ content }: CallToolResult): string[] {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
}

/** The texts of a result as one. */
export function textOf(result: CallToolResult): string {
  return textsOf(result).join('\n');
}
