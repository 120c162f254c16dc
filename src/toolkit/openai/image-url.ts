import { imageOf } from '../content/media.ts';
import type { ContentPiece } from '../content/pieces.ts';

/** OpenAI takes 50 MB in a request. */
const MAX_LENGTH = 50_000_000;

/** An image, also one in an embedded resource, as the data URL that OpenAI takes; undefined for any other piece. */
export function imageUrl(piece: ContentPiece): string | undefined {
  const image = imageOf(piece, MAX_LENGTH);
  return image && `data:${image.mediaType};base64,${image.data}`;
}
