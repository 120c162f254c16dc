import type OpenAI from 'openai';
import type { Expressed } from '../live-tools.ts';
import { modelTool, type ModelTool, type ModelToolOptions } from '../model-tool.ts';
import { openaiClosedDialect, openaiDialect, openaiStrictDialect } from '../schema/dialects.ts';
import type { ToolDefinition, ToolSource } from '../tool-source.ts';
import type { OpenaiToolkitOptions } from './openai-options.ts';

export type ChatTool = OpenAI.Chat.Completions.ChatCompletionFunctionTool;
export type ResponsesTool = OpenAI.Responses.FunctionTool;

/** A tool in the form that both APIs share. */
export interface FunctionTool {
  readonly model: ModelTool;
  readonly chat: ChatTool;
  readonly responses: ResponsesTool;
}

export function functionTool(
  source: ToolSource,
  name: string,
  definition: ToolDefinition,
  mode: OpenaiToolkitOptions['strict'],
  options: ModelToolOptions,
): Expressed<FunctionTool> {
  const inDialect = (dialect: typeof openaiDialect): Expressed<ModelTool> =>
    modelTool(source, name, definition, dialect, options);
  const strict =
    mode === 'never' ? undefined : inDialect(mode === 'closed' ? openaiClosedDialect : openaiStrictDialect);
  const isStrict = strict !== undefined && 'expressed' in strict;
  const outcome = isStrict ? strict : inDialect(openaiDialect);
  if ('problem' in outcome) return outcome;
  const model = outcome.expressed;
  const description = model.definition.description ?? model.definition.title;
  const described = description === undefined ? {} : { description };
  // `strict` is always set: without it, the Responses API changes the schema.
  return {
    ...outcome,
    expressed: {
      model,
      chat: {
        type: 'function',
        function: { name, ...described, parameters: model.schema, strict: isStrict },
      },
      responses: { type: 'function', name, ...described, parameters: model.schema, strict: isStrict },
    },
  };
}
