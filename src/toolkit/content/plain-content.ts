import type { CallToolResult } from '@modelcontextprotocol/client';
import { describePiece } from './describe-piece.ts';
import { checkParameter } from '../../options/check-options.ts';
import { toolResult } from '../../options/tables/toolkit.ts';
import { piecesOf, type ContentPiece } from './pieces.ts';

/** A result for an API that accepts texts only. */
export interface PlainContent {
  /** A single text as a string, several as a list. Other content is described by a line of text in its place. */
  readonly content: string | readonly string[];
  /** The content that is not text, in the result's order, for the program. */
  readonly beside: readonly ContentPiece[];
  readonly structuredContent?: unknown;
  readonly isError: boolean;
}

/** Converts a result: one text block to a string, several to a list; other content is kept in `beside`. Throws `CONFIG_INVALID` for what is no result. */
export function plainContent(result: CallToolResult): PlainContent {
  checkParameter('plainContent()', 'result', toolResult, result);
  const pieces = piecesOf(result);
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
