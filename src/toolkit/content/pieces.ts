import { isDeepStrictEqual } from 'node:util';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client';
import { wellFormed, wellFormedJson } from './well-formed.ts';
import { repeatsContent } from './repeats-content.ts';

/** One part of a tool's result, independent of any provider. `data` is base64. */
export type ContentPiece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly data: string; readonly mimeType: string }
  | { readonly type: 'audio'; readonly data: string; readonly mimeType: string }
  | {
      readonly type: 'resource-link';
      readonly uri: string;
      readonly name: string;
      readonly title?: string | undefined;
      readonly description?: string | undefined;
      readonly mimeType?: string | undefined;
      readonly size?: number | undefined;
    }
  /** An embedded resource that is text. */
  | {
      readonly type: 'resource-text';
      readonly uri: string;
      readonly text: string;
      readonly mimeType?: string | undefined;
    }
  /** An embedded resource that is bytes. */
  | {
      readonly type: 'resource-blob';
      readonly uri: string;
      readonly data: string;
      readonly mimeType?: string | undefined;
    };

/**
 * The parts of a result in their order. Structured content is added as JSON text at the end, unless the other parts
 * contain the same values.
 */
export function contentPieces({ content, structuredContent }: CallToolResult): readonly ContentPiece[] {
  const pieces = (content ?? []).map((block) => wellFormedPiece(toPiece(block)));
  if (structuredContent === undefined || pieces.some((piece) => says(piece, structuredContent)))
    return pieces;
  if (repeatsContent(content, structuredContent)) return pieces;
  return [...pieces, { type: 'text', text: JSON.stringify(structuredContent) }];
}

/** Base64 contains no lone surrogates. */
function wellFormedPiece(piece: ContentPiece): ContentPiece {
  if (piece.type === 'text') return { type: 'text', text: wellFormed(piece.text) };
  if (piece.type === 'resource-text') {
    const { text, ...rest } = piece;
    return { ...wellFormedJson(rest), text: wellFormed(text) };
  }
  if (!('data' in piece)) return wellFormedJson(piece);
  const { data, ...rest } = piece;
  return { ...wellFormedJson(rest), data };
}

function toPiece(block: ContentBlock): ContentPiece {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'image':
    case 'audio':
      return { type: block.type, data: block.data, mimeType: block.mimeType };
    case 'resource_link': {
      const { uri, name, title, description, mimeType, size } = block;
      return { type: 'resource-link', uri, name, title, description, mimeType, size };
    }
    case 'resource': {
      const { uri, mimeType } = block.resource;
      return 'text' in block.resource
        ? { type: 'resource-text', uri, text: block.resource.text, mimeType }
        : { type: 'resource-blob', uri, data: block.resource.blob, mimeType };
    }
    default:
      // A later revision of the protocol may have more types. The model gets their JSON.
      return { type: 'text', text: JSON.stringify(block) };
  }
}

function says(piece: ContentPiece, structured: unknown): boolean {
  if (piece.type !== 'text' || !/^\s*[[{"\d-tfn]/.test(piece.text)) return false;
  try {
    return isDeepStrictEqual(JSON.parse(piece.text), structured);
  } catch {
    return false;
  }
}
