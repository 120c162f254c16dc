import type { CallToolResult } from '@modelcontextprotocol/client';
import { describePiece } from './describe-piece.ts';
import { contentPieces, type ContentPiece } from './pieces.ts';

/** A result for an API that knows texts only (row M9). */
export interface PlainContent {
  /** One block of text as a string, several as a list; what is not text is named in words at its place. */
  readonly content: string | readonly string[];
  /** What is not text, in the result's order: for the program, beside what the model is told. */
  readonly beside: readonly ContentPiece[];
  readonly structuredContent?: unknown;
  readonly isError: boolean;
}

/** One text block → string, several → list, non-text kept beside (row M9). */
export function plainContent(result: CallToolResult): PlainContent {
  const pieces = contentPieces(result);
  const texts = pieces.map(describePiece);
  const [first = ''] = texts;
  const { structuredContent } = result;
  return {
    content: texts.length > 1 ? texts : first,
    beside: pieces.filter(({ type }) => type !== 'text'),
    ...(structuredContent !== undefined && { structuredContent }),
    isError: result.isError === true,
  };
}
