import type { CallToolResult } from '@modelcontextprotocol/client';
import type { ToolResultPart } from 'ai';
import { isRecord } from '../../internal/checks.ts';
import { describePiece } from '../content/describe-piece.ts';
import { fileName, imageOf, isImageType } from '../content/media.ts';
import { contentPieces, type ContentPiece } from '../content/pieces.ts';

type ModelOutput = ToolResultPart['output'];
type ContentPart = Extract<ModelOutput, { type: 'content' }>['value'][number];

/**
 * Converts a tool's output for the model: one text to a text, anything else to a list of parts. Media that `accepts`
 * rejects are described by a line of text.
 */
export function modelOutput(output: unknown, accepts: (mediaType: string) => boolean): ModelOutput {
  // The output of a stored conversation may have any form.
  if (!isResult(output)) return { type: 'text', value: JSON.stringify(output) ?? '' };
  const parts = contentPieces(output)
    .map((piece) => contentPart(piece, accepts))
    .filter((part) => part.type !== 'text' || part.text.trim() !== ''); // Some APIs refuse a blank text.
  const [first] = parts;
  if (first === undefined) return { type: 'text', value: '' };
  if (parts.length === 1 && first.type === 'text') return { type: 'text', value: first.text };
  return { type: 'content', value: parts };
}

function contentPart(piece: ContentPiece, accepts: (mediaType: string) => boolean): ContentPart {
  if ('data' in piece && piece.mimeType !== undefined && accepts(piece.mimeType)) {
    const media = isImageType(piece.mimeType)
      ? imageOf(piece, Infinity)
      : { mediaType: piece.mimeType, data: piece.data };
    if (media === undefined) return { type: 'text', text: describePiece(piece) };
    const { mediaType, data } = media;
    const filename = 'uri' in piece ? { filename: fileName(piece.uri) } : {};
    return { type: 'file', mediaType, data: { type: 'data', data }, ...filename };
  }
  return { type: 'text', text: describePiece(piece) };
}

function isResult(output: unknown): output is CallToolResult {
  return isRecord(output) && Array.isArray(output['content']);
}
