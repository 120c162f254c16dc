import { printable } from '../../internal/text.ts';
import type { ContentPiece } from './pieces.ts';

/** A piece as text: its text, or a line in brackets that describes it. */
export function describePiece(piece: ContentPiece): string {
  switch (piece.type) {
    case 'text':
      return piece.text;
    case 'image':
    case 'audio':
      return `[${piece.type}: ${facts(piece.mimeType, sizeOf(piece.data))}; it cannot be shown here]`;
    case 'resource-link': {
      const title = piece.title ?? piece.name;
      const more = facts(piece.mimeType, piece.size === undefined ? undefined : byteCount(piece.size));
      const description = piece.description === undefined ? '' : `: ${piece.description}`;
      return `[resource "${title}" at ${piece.uri}${more === '' ? '' : ` (${more})`}${description}]`;
    }
    case 'resource-text':
      return `[resource at ${piece.uri}]\n${piece.text}`;
    case 'resource-blob':
      return `[resource at ${piece.uri}: ${facts(piece.mimeType, sizeOf(piece.data))}; it cannot be shown here]`;
  }
}

function facts(...known: (string | undefined)[]): string {
  return known
    .filter((fact) => fact !== undefined)
    .map((fact) => printable(fact, 100))
    .join(', ');
}

function sizeOf(base64: string): string {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return byteCount(Math.floor((base64.length * 3) / 4) - padding);
}

function byteCount(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${kilobytes.toFixed(0)} KiB` : `${(kilobytes / 1024).toFixed(1)} MiB`;
}
