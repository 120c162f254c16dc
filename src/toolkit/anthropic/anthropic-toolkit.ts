import type Anthropic from '@anthropic-ai/sdk';
import { CUT_OFF, runCalls, type HandledCall, type HandleOptions, expectAnswer } from '../run-calls.ts';
import { liveTools, type Expressed, type LiveTools, type ToolProblem } from '../live-tools.ts';
import { checkModelToolOptions, modelTool, type ModelTool, type ModelToolOptions } from '../model-tool.ts';
import { anthropicDialect } from '../schema/dialects.ts';
import type { ToolDefinition, ToolSource } from '../tool-source.ts';
import { resultBlock, type ToolResultBlock } from './result-block.ts';

export type AnthropicTool = Anthropic.Messages.Tool;
export type ToolResultMessage = Anthropic.Messages.MessageParam & {
  role: 'user';
  content: ToolResultBlock[];
};
export type AnthropicToolkitOptions = ModelToolOptions;

/** The part of a model's message that is read. */
export interface ToolUses {
  readonly content: readonly Anthropic.Messages.ContentBlock[];
  readonly stop_reason?: Anthropic.Messages.StopReason | null | undefined;
}

export interface HandledToolUse {
  /** To append to the conversation after the message with the calls: one message, or none when there were no calls. */
  readonly messages: ToolResultMessage[];
  readonly calls: readonly HandledCall[];
}

export interface AnthropicToolkit {
  /** The current tools, for the `tools` of Messages. Each read returns a new list. */
  readonly tools: AnthropicTool[];
  /** The tools that cannot be offered to a model, and why. */
  readonly problems: readonly ToolProblem[];
  /**
   * Runs the calls of a model's message at the same time. Failures become results for the model. Rejects with
   * `ABORTED` after every call has ended, or with `CONFIG_INVALID` when `message` is not a message.
   */
  handleToolUse(message: ToolUses, options?: HandleOptions): Promise<HandledToolUse>;
  /**
   * A toolkit with the tools of this moment, for one turn of a conversation: calls are read by the definitions that
   * the model was sent.
   */
  snapshot(): AnthropicToolkit;
}

/**
 * Makes the tools of a group, toolkit or other source available to the `@anthropic-ai/sdk` package. Throws
 * `CONFIG_INVALID`.
 */
export function anthropicToolkit(
  source: ToolSource,
  options: AnthropicToolkitOptions = {},
): AnthropicToolkit {
  checkModelToolOptions(options);
  return toolkitOf(liveTools(source, (name, definition) => shownTool(source, name, definition, options)));
}

interface ShownTool {
  readonly model: ModelTool;
  readonly tool: AnthropicTool;
}

function toolkitOf(current: () => LiveTools<ShownTool>): AnthropicToolkit {
  return {
    get tools() {
      return [...current().tools.values()].map(({ tool }) => tool);
    },
    get problems() {
      return current().problems;
    },
    handleToolUse: (message, options = {}) => handle(current().tools, message, options),
    snapshot: () => {
      const now = current();
      return toolkitOf(() => now);
    },
  };
}

function shownTool(
  source: ToolSource,
  name: string,
  definition: ToolDefinition,
  options: ModelToolOptions,
): Expressed<ShownTool> {
  const outcome = modelTool(source, name, definition, anthropicDialect, options);
  if ('problem' in outcome) return outcome;
  const model = outcome.expressed;
  const description = model.definition.description ?? model.definition.title;
  return {
    ...outcome,
    expressed: {
      model,
      tool: {
        name,
        ...(description !== undefined && { description }),
        input_schema: { ...model.schema, type: 'object' },
      },
    },
  };
}

async function handle(
  tools: LiveTools<ShownTool>['tools'],
  message: ToolUses,
  options: HandleOptions,
): Promise<HandledToolUse> {
  expectAnswer('handleToolUse', 'a message', message, 'content');
  const { content, stop_reason: stopReason } = message;
  const cutOff = stopReason === 'max_tokens' || stopReason === 'model_context_window_exceeded';
  const requests = content.flatMap((block, nr) => {
    // A tool of one of Anthropic's toolsets is a different one, even with the same name.
    if (block.type !== 'tool_use' || (block.toolset_name ?? null) !== null) return [];
    const refusal = cutOff && nr === content.length - 1 ? CUT_OFF : undefined;
    return [{ id: block.id, name: block.name, args: block.input, refusal }];
  });
  const handled = await runCalls(tools, requests, options);
  const answers = handled.map((call) => ({ call, ...resultBlock(call.id, call.result) }));
  return {
    messages: answers.length === 0 ? [] : [{ role: 'user', content: answers.map(({ block }) => block) }],
    calls: answers.map(({ call, beside }) => ({ ...call, beside })),
  };
}
