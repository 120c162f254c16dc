import type { ContentPiece } from '../content/pieces.ts';

const IMAGES = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

/** An image, also one in an embedded resource, as the data URL that OpenAI takes; undefined for any other piece. */
export function imageUrl(piece: ContentPiece): string | undefined {
  if (piece.type !== 'image' && piece.type !== 'resource-blob') return undefined;
  const mimeType = piece.mimeType?.toLowerCase() ?? '';
  return IMAGES.has(mimeType) ? `data:${mimeType};base64,${piece.data}` : undefined;
}
