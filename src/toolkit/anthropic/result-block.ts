import type Anthropic from '@anthropic-ai/sdk';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { wellFormed } from '../content/well-formed.ts';
import { describePiece } from '../content/describe-piece.ts';
import { imageOf, pdfOf } from '../content/media.ts';
import { contentPieces, type ContentPiece } from '../content/pieces.ts';

export type ToolResultBlock = Anthropic.Messages.ToolResultBlockParam;
type Part = Exclude<ToolResultBlock['content'], string | undefined>[number];

interface ResultBlock {
  readonly block: ToolResultBlock;
  /** The pieces that the block only describes by a line of text. */
  readonly beside: readonly ContentPiece[];
}

/** Converts a result to a block: one text to a string, anything else to a list. */
export function resultBlock(id: string, result: CallToolResult): ResultBlock {
  const failed = result.isError === true;
  const pieces = contentPieces(result);
  // With `is_error` the API accepts texts only.
  const shown = pieces.map((piece) => ({ piece, part: failed ? undefined : mediaPart(piece) }));
  const parts = shown
    .map(({ piece, part }): Part => part ?? { type: 'text', text: describePiece(piece) })
    .filter((part) => part.type !== 'text' || part.text.trim() !== ''); // The API refuses a blank text.
  if (failed && parts.length === 0) parts.push({ type: 'text', text: 'The tool failed and gave no reason.' });
  const [first] = parts;
  const alone = parts.length === 1 && first?.type === 'text' ? first.text : parts;
  return {
    block: {
      type: 'tool_result',
      tool_use_id: id,
      ...(parts.length > 0 && { content: alone }),
      ...(failed && { is_error: true }),
    },
    beside: shown.flatMap(({ piece, part }) => (piece.type === 'text' || part !== undefined ? [] : [piece])),
  };
}

/** 5 MiB of base64 in an image, 32 MB in a request. */
const MAX_IMAGE_LENGTH = 5 * 1024 * 1024;
const MAX_PDF_LENGTH = 30_000_000;
const MAX_TITLE_LENGTH = 500;

function mediaPart(piece: ContentPiece): Part | undefined {
  if (piece.type === 'resource-text') {
    if (piece.text.trim() === '') return undefined;
    return {
      type: 'document',
      ...titled(piece.uri),
      source: { type: 'text', media_type: 'text/plain', data: piece.text },
    };
  }
  const image = imageOf(piece, MAX_IMAGE_LENGTH);
  if (image !== undefined) {
    return { type: 'image', source: { type: 'base64', media_type: image.mediaType, data: image.data } };
  }
  const pdf = pdfOf(piece, MAX_PDF_LENGTH);
  if (pdf === undefined || piece.type !== 'resource-blob') return undefined;
  return {
    type: 'document',
    ...titled(piece.uri),
    source: { type: 'base64', media_type: pdf.mediaType, data: pdf.data },
  };
}

/** The API refuses an empty title, and a long one. */
function titled(uri: string): { title?: string } {
  return uri === '' ? {} : { title: wellFormed(uri.slice(0, MAX_TITLE_LENGTH)) };
}
