export {
  anthropicToolkit,
  type AnthropicTool,
  type AnthropicToolkit,
  type AnthropicToolkitOptions,
  type HandledToolUse,
  type ToolResultMessage,
  type ToolUses,
} from './anthropic-toolkit.ts';
export type { ToolResultBlock } from './result-block.ts';
export type { HandledCall, HandleOptions } from '../run-calls.ts';
export type { ContentPiece } from '../content/pieces.ts';
export type { ToolProblem } from '../live-tools.ts';
