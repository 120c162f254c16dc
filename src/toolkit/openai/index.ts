export {
  openaiToolkit,
  type ChatCalls,
  type HandledChat,
  type HandledResponses,
  type OpenaiToolkit,
  type ResponsesCalls,
} from './openai-toolkit.ts';
export type { ChatImageMessage, ChatToolMessage, FunctionCallOutput } from './result-messages.ts';
export type { ChatTool, ResponsesTool } from './function-tool.ts';
export type { OpenaiToolkitOptions } from './openai-options.ts';
export type { HandledCall, HandleOptions } from '../run-calls.ts';
export type { ContentPiece } from '../content/pieces.ts';
export type { ToolProblem } from '../live-tools.ts';
