import type { CallToolResult } from '@modelcontextprotocol/client';
import { describePiece } from './content/describe-piece.ts';
import { contentPieces } from './content/pieces.ts';

/**
 * A tool's result with `isError`, for SDKs that take failures as something thrown. Its message is what the tool said,
 * or what runTool() said of a call that failed: words for a model.
 */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  /** All that the tool gave back. */
  readonly result: CallToolResult;

  constructor(result: CallToolResult) {
    super(errorText(result));
    this.result = result;
  }

  /** What SDKs show to a model. */
  override toString(): string {
    return `Error: ${this.message}`;
  }
}

/** What a failed tool said, as one text. */
export function errorText(result: CallToolResult): string {
  const text = contentPieces(result).map(describePiece).join('\n').trim();
  return text === '' ? 'The tool failed and gave no reason.' : text;
}
