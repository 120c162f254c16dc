import type Anthropic from '@anthropic-ai/sdk';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { describePiece } from '../content/describe-piece.ts';
import { contentPieces, type ContentPiece } from '../content/pieces.ts';

export type ToolResultBlock = Anthropic.Messages.ToolResultBlockParam;
type Part = Exclude<ToolResultBlock['content'], string | undefined>[number];
type ImageType = Anthropic.Messages.Base64ImageSource['media_type'];

export interface ResultBlock {
  readonly block: ToolResultBlock;
  /** What the block says in words only. */
  readonly beside: readonly ContentPiece[];
}

/** A result as a block: one text as a string, anything else as a list. */
export function resultBlock(id: string, result: CallToolResult): ResultBlock {
  const failed = result.isError === true;
  const pieces = contentPieces(result);
  // Next to `is_error` the API takes texts only.
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

const IMAGES: readonly ImageType[] = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

function mediaPart(piece: ContentPiece): Part | undefined {
  if (piece.type === 'resource-text') {
    if (piece.text.trim() === '') return undefined;
    return {
      type: 'document',
      title: piece.uri,
      source: { type: 'text', media_type: 'text/plain', data: piece.text },
    };
  }
  if (piece.type !== 'image' && piece.type !== 'resource-blob') return undefined;
  const mimeType = piece.mimeType?.toLowerCase();
  const image = IMAGES.find((known) => known === mimeType);
  if (image !== undefined) {
    return { type: 'image', source: { type: 'base64', media_type: image, data: piece.data } };
  }
  if (piece.type !== 'resource-blob' || mimeType !== 'application/pdf') return undefined;
  return {
    type: 'document',
    title: piece.uri,
    source: { type: 'base64', media_type: 'application/pdf', data: piece.data },
  };
}
