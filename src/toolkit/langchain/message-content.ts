import type { ContentBlock, MessageContent } from '@langchain/core/messages';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { describePiece } from '../content/describe-piece.ts';
import { fileName } from '../content/media.ts';
import { contentPieces, type ContentPiece } from '../content/pieces.ts';

/**
 * What a model is told of a result: one text as a string, several as a list (row M9). Media that `accepts` turns down
 * are named in words.
 */
export function messageContent(
  result: CallToolResult,
  accepts: (mediaType: string) => boolean,
): MessageContent {
  const blocks = contentPieces(result)
    .filter((piece) => piece.type !== 'text' || piece.text.trim() !== '') // Some APIs refuse a blank one.
    .map((piece) => contentBlock(piece, accepts));
  const [first] = blocks;
  if (first === undefined) return '';
  return blocks.length === 1 && typeof first['text'] === 'string' ? first['text'] : blocks;
}

/** In the shapes that the chat models of LangChain 1 take in a message of a tool. */
function contentBlock(
  piece: ContentPiece,
  accepts: (mediaType: string) => boolean,
): ContentBlock & Record<string, unknown> {
  if (!('data' in piece) || piece.mimeType === undefined || !accepts(piece.mimeType)) {
    return { type: 'text', text: describePiece(piece) };
  }
  const { data, mimeType } = piece;
  const kind = mimeType.split('/', 1)[0];
  if (kind === 'image') return { type: 'image_url', image_url: { url: `data:${mimeType};base64,${data}` } };
  const block = { source_type: 'base64', mime_type: mimeType, data };
  if (kind === 'audio') return { type: 'audio', ...block };
  return { type: 'file', ...block, metadata: { filename: 'uri' in piece ? fileName(piece.uri) : 'file' } };
}
