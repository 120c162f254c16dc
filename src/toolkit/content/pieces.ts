import { isDeepStrictEqual } from 'node:util';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client';
import { isRecord } from '../../internal/checks.ts';
import { jsonText } from '../../internal/json/json-copy.ts';
import { checkParameter } from '../../options/check-options.ts';
import { toolResult } from '../../options/tables/toolkit.ts';
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
 * contain the same values. Throws `CONFIG_INVALID` for what is no result.
 */
export function contentPieces(result: CallToolResult): readonly ContentPiece[] {
  checkParameter('contentPieces()', 'result', toolResult, result);
  return piecesOf(result);
}

/** The parts of what is a result; see {@link contentPieces}. */
export function piecesOf({ content, structuredContent }: CallToolResult): readonly ContentPiece[] {
  const pieces = (content ?? []).map((block) => wellFormedPiece(toPiece(block)));
  if (structuredContent === undefined || pieces.some((piece) => says(piece, structuredContent)))
    return pieces;
  if (repeatsContent(content, structuredContent)) return pieces;
  return [...pieces, { type: 'text', text: textOf(structuredContent) }];
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

/** Whether a block has what its type must have. A tool of the program may return any other. */
function isWhole(block: ContentBlock): boolean {
  switch (block.type) {
    case 'text':
      return isText(block.text);
    case 'image':
    case 'audio':
      return isText(block.data) && isText(block.mimeType);
    case 'resource_link':
      return isText(block.uri) && isText(block.name);
    case 'resource': {
      const resource: unknown = block.resource;
      return (
        isRecord(resource) &&
        isText(resource['uri']) &&
        (isText(resource['text']) || isText(resource['blob']))
      );
    }
    default:
      return true;
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function textOf(value: unknown): string {
  return jsonText(value) ?? '(what JSON cannot hold)';
}

function toPiece(block: ContentBlock): ContentPiece {
  if (!isWhole(block)) return { type: 'text', text: textOf(block) };
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
      return { type: 'text', text: textOf(block) };
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
