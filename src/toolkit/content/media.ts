import type { ContentPiece } from './pieces.ts';
import { wellFormed } from './well-formed.ts';

type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';

/** Media as model APIs accept them: base64 without line ends, and a media type that matches the bytes. */
export interface Media<T extends string> {
  readonly mediaType: T;
  readonly data: string;
}

/** How the base64 of each image type begins. */
const IMAGES: readonly (readonly [ImageType, RegExp])[] = [
  ['image/png', /^iVBORw0KGg/],
  ['image/jpeg', /^\/9j\//],
  ['image/gif', /^R0lGOD[dl]h/],
  ['image/webp', /^UklGR.{6}XRUJQ/],
];

/**
 * An image, also one in an embedded resource, of a type that every model API accepts; undefined for any other piece.
 * The type is read from the bytes and not from the server's `mimeType`, because an API refuses the whole conversation
 * for a wrong one.
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

/** Whether {@link imageOf} supports a media type. */
export function isImageType(mimeType: string | undefined): boolean {
  const type = typeOf(mimeType);
  return type === 'image/jpg' || IMAGES.some(([known]) => known === type);
}

function typeOf(mimeType: string | undefined): string | undefined {
  return mimeType?.split(';', 1)[0]?.trim().toLowerCase();
}

/** Removes line ends and adds padding; undefined for text that is not base64 or too long. */
function cleanBase64(data: string, maxLength: number): string | undefined {
  if (data.length > maxLength * 1.1) return undefined;
  const bare = data.replace(/\s+/g, '').replace(/={1,2}$/, '');
  const padded = bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
  const isBase64 = bare.length % 4 !== 1 && /^[A-Za-z0-9+/]+$/.test(bare);
  return isBase64 && padded.length <= maxLength ? padded : undefined;
}

const MAX_NAME_LENGTH = 200;

/** A file name for an API: the last part of the URI's path. */
export function fileName(uri: string): string {
  const path = uri.split(/[?#]/, 1)[0] ?? '';
  const name = path.split('/').findLast((part) => part !== '') ?? 'file';
  return wellFormed(name.slice(-MAX_NAME_LENGTH));
}
