import type { CallToolResult } from '@modelcontextprotocol/client';
import { describePiece } from './content/describe-piece.ts';
import { checkParameter } from '../options/check-options.ts';
import { toolResult } from '../options/tables/toolkit.ts';
import { piecesOf } from './content/pieces.ts';

/**
 * A tool's result with `isError`, for SDKs in which failures are thrown. Its message is the text of the result, for
 * the model. Made of what is no result, it throws `CONFIG_INVALID`.
 */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  /** The whole result. */
  readonly result: CallToolResult;

  constructor(result: CallToolResult) {
    checkParameter('new ToolError()', 'result', toolResult, result);
    super(errorText(result));
    this.result = result;
  }

  /** The text that SDKs send to the model. */
  override toString(): string {
    return `Error: ${this.message}`;
  }
}

/** The content of a failed result as one text. */
export function errorText(result: CallToolResult): string {
  const text = piecesOf(result).map(describePiece).join('\n').trim();
  return text === '' ? 'The tool failed and gave no reason.' : text;
}
