import type { CallToolResult, Progress } from '@modelcontextprotocol/client';
import { dynamicTool, jsonSchema, type ToolExecutionOptions } from 'ai';
import { checkOptions } from '../../options/check-options.ts';
import { aiSdkOptions } from '../../options/tables/toolkit.ts';
import { liveTools, type ToolProblem } from '../live-tools.ts';
import { modelTool, type ModelTool, type ModelToolOptions } from '../model-tool.ts';
import { progressStream } from '../progress-stream.ts';
import { genericDialect } from '../schema/dialects.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolSource } from '../tool-source.ts';
import { modelOutput } from './model-output.ts';

export { ToolError } from '../tool-error.ts';
export type { ToolProblem } from '../live-tools.ts';

/** Options of `aiSdkToolkit`. */
export interface AiSdkToolkitOptions extends ModelToolOptions {
  /**
   * Whether the model accepts media of this type. Other media are described by a line of text. The program always
   * gets the whole result.
   * @default PNG, JPEG, GIF and WebP images, and PDF
   */
  acceptsMedia?: ((mediaType: string) => boolean) | undefined;
  /**
   * Whether progress notifications become preliminary results of the SDK: `{ content: [], progress }`.
   * @default false
   */
  preliminaryResults?: boolean | undefined;
}

/** A tool's output for the program: the result as the server sent it. Preliminary results have `progress`. */
export type AiSdkToolOutput = CallToolResult & { readonly progress?: Progress };

/** A tool for `generateText`, `streamText` and agents. */
export type AiSdkTool = ReturnType<typeof dynamicTool>;

/** The tools at one moment. */
export interface AiSdkSnapshot {
  readonly tools: Record<string, AiSdkTool>;
  readonly problems: readonly ToolProblem[];
}

export interface AiSdkToolkit extends AiSdkSnapshot {
  /** The current tools, for the `tools` of `generateText` and `streamText`. Each read returns a new object. */
  readonly tools: Record<string, AiSdkTool>;
  /** The tools that cannot be offered to a model, and why. */
  readonly problems: readonly ToolProblem[];
  /** The tools and problems of this moment, for one turn of a conversation. */
  snapshot(): AiSdkSnapshot;
}

const COMMON_MEDIA = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'application/pdf']);

/**
 * Makes the tools of a group, toolkit or other source available to the AI SDK (`ai` 7). A tool's result is the tool's
 * output; a result with `isError` and a failed call become `tool-error` parts. Throws `CONFIG_INVALID`.
 */
export function aiSdkToolkit(source: ToolSource, options: AiSdkToolkitOptions = {}): AiSdkToolkit {
  checkOptions(aiSdkOptions, options, 'Toolkit options');
  const {
    acceptsMedia = isCommonMedia,
    preliminaryResults = aiSdkOptions.preliminaryResults.default,
    ...calls
  } = options;
  const current = liveTools(source, (name, definition) => {
    const outcome = modelTool(source, name, definition, genericDialect, calls);
    if ('problem' in outcome) return outcome;
    return { ...outcome, expressed: sdkTool(outcome.expressed, acceptsMedia, preliminaryResults) };
  });
  const snapshot = (): AiSdkSnapshot => {
    const { tools, problems } = current();
    return { tools: Object.fromEntries(tools), problems };
  };
  return {
    get tools() {
      return snapshot().tools;
    },
    get problems() {
      return current().problems;
    },
    snapshot,
  };
}

function isCommonMedia(mediaType: string): boolean {
  return COMMON_MEDIA.has(mediaType.toLowerCase());
}

function sdkTool(
  tool: ModelTool,
  acceptsMedia: (mediaType: string) => boolean,
  preliminaryResults: boolean,
): AiSdkTool {
  const { description } = tool.definition;
  return dynamicTool({
    ...(description === undefined ? {} : { description }),
    metadata: origin(tool),
    inputSchema: jsonSchema(tool.schema),
    execute: preliminaryResults
      ? (input: unknown, call: ToolExecutionOptions<unknown>) => runInSteps(tool, input, call)
      : (input: unknown, call: ToolExecutionOptions<unknown>) => run(tool, input, call),
    toModelOutput: ({ output }) => modelOutput(output, acceptsMedia),
  });
}

/** Metadata for the program: the SDK puts it on the parts of each call and does not send it to the model. */
function origin({ name, definition: { server, title, upstreamName } }: ModelTool): Record<string, string> {
  return {
    ...(title === undefined ? {} : { title }),
    ...(server === undefined ? {} : { server, upstreamName: upstreamName ?? name }),
  };
}

async function run(
  tool: ModelTool,
  input: unknown,
  { toolCallId, abortSignal }: ToolExecutionOptions<unknown>,
  onProgress?: (progress: Progress) => void,
): Promise<AiSdkToolOutput> {
  const result = await tool.run(input, { callId: toolCallId, signal: abortSignal, onProgress });
  if (result.isError === true) throw new ToolError(result);
  return result;
}

async function* runInSteps(
  tool: ModelTool,
  input: unknown,
  call: ToolExecutionOptions<unknown>,
): AsyncGenerator<AiSdkToolOutput, void, undefined> {
  const steps = progressStream((onProgress) => run(tool, input, call, onProgress));
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return yield step.value;
    yield { content: [], progress: step.value };
  }
}
