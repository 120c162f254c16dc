import type { ContentPiece } from './pieces.ts';
import { wellFormed } from './well-formed.ts';

type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';

/** What model APIs take: base64 without line ends, and a type that is what the bytes say. */
export interface Media<T extends string> {
  readonly mediaType: T;
  readonly data: string;
}

/** How each begins, in base64. */
const IMAGES: readonly (readonly [ImageType, RegExp])[] = [
  ['image/png', /^iVBORw0KGg/],
  ['image/jpeg', /^\/9j\//],
  ['image/gif', /^R0lGOD[dl]h/],
  ['image/webp', /^UklGR.{6}XRUJQ/],
];

/**
 * A picture, also one in an embedded resource, of a kind that every model API takes; undefined for any other piece and
 * for what is no such picture whatever its server says: an API refuses the whole conversation for it, again and again.
 */
export function imageOf(piece: ContentPiece, maxLength: number): Media<ImageType> | undefined {
  if (piece.type !== 'image' && piece.type !== 'resource-blob') return undefined;
  if (!isImageType(piece.mimeType)) return undefined;
  const data = cleanBase64(piece.data, maxLength);
  const found = data === undefined ? undefined : IMAGES.find(([, begins]) => begins.test(data));
  return data === undefined || found === undefined ? undefined : { mediaType: found[0], data };
}

/** A PDF in an embedded resource. */
export function pdfOf(piece: ContentPiece, maxLength: number): Media<'application/pdf'> | undefined {
  if (piece.type !== 'resource-blob' || typeOf(piece.mimeType) !== 'application/pdf') return undefined;
  const data = cleanBase64(piece.data, maxLength);
  return data?.startsWith('JVBER') === true ? { mediaType: 'application/pdf', data } : undefined;
}

/** Whether a type is one that {@link imageOf} may make of a piece. */
export function isImageType(mimeType: string | undefined): boolean {
  const type = typeOf(mimeType);
  return type === 'image/jpg' || IMAGES.some(([known]) => known === type);
}

function typeOf(mimeType: string | undefined): string | undefined {
  return mimeType?.split(';', 1)[0]?.trim().toLowerCase();
}

/** Without line ends, and padded; undefined for what is no base64 or longer than allowed. */
function cleanBase64(data: string, maxLength: number): string | undefined {
  if (data.length > maxLength * 1.1) return undefined;
  const bare = data.replace(/\s+/g, '').replace(/={1,2}$/, '');
  const padded = bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
  const isBase64 = bare.length % 4 !== 1 && /^[A-Za-z0-9+/]+$/.test(bare);
  return isBase64 && padded.length <= maxLength ? padded : undefined;
}

const MAX_LENGTH = 200;

/** The last part of a URI's path: APIs want a name for a file, and show it to the model. */
export function fileName(uri: string): string {
  const path = uri.split(/[?#]/, 1)[0] ?? '';
  const name = path.split('/').findLast((part) => part !== '') ?? 'file';
  return wellFormed(name.slice(-MAX_LENGTH));
}
