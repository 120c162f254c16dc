import { ToolMessage, type MessageContent, type ContentBlock } from '@langchain/core/messages';
import { DynamicStructuredTool, type ToolRunnableConfig } from '@langchain/core/tools';
import type { Progress, CallToolResult } from '@modelcontextprotocol/client';
import { isRecord } from '../../internal/checks.ts';
import { checkOptions } from '../../options/check-options.ts';
import { langchainOptions } from '../../options/tables/toolkit.ts';
import { liveTools, type ToolProblem } from '../live-tools.ts';
import { modelTool, type ModelTool, type ModelToolOptions } from '../model-tool.ts';
import { progressStream } from '../progress-stream.ts';
import { genericDialect } from '../schema/dialects.ts';
import type { JsonObject } from '../schema/dialect.ts';
import { errorText, ToolError } from '../tool-error.ts';
import type { ToolSource } from '../tool-source.ts';
import { heaviestCheck } from '../../schema-check/checking-cost.ts';
import { harmlessSchema } from '../../schema-check/harmless-schema.ts';
import { withRemark, mapSubschemas } from '../schema/keywords.ts';
import { describePiece } from '../content/describe-piece.ts';
import { fileName } from '../content/media.ts';
import { contentPieces, type ContentPiece } from '../content/pieces.ts';

export { ToolError } from '../tool-error.ts';
export type { ToolProblem } from '../live-tools.ts';

/** Options of `langchainToolkit`. */
export interface LangchainToolkitOptions extends ModelToolOptions {
  /**
   * Whether the model accepts media of this type in tool messages. Other media are described by a line of text, and
   * the program finds them in the message's `artifact`. Accept only what your model supports: an API refuses the
   * request for an unsupported type.
   * @default none
   */
  acceptsMedia?: ((mediaType: string) => boolean) | undefined;
  /**
   * Whether progress notifications become tool events (`handleToolEvent`, `streamMode: 'tools'`).
   * @default false
   */
  toolEvents?: boolean | undefined;
}

/** A tool for `bindTools`, agents and `tool.invoke()`. */
export type LangchainTool = DynamicStructuredTool<JsonObject, unknown, JsonObject, ToolAnswer>;

/** A message when the tool was called with a tool call, else the content alone. */
export type ToolAnswer = MessageContent | ToolMessage;

/** The tools at one moment. */
export interface LangchainSnapshot {
  readonly tools: LangchainTool[];
  readonly problems: readonly ToolProblem[];
}

export interface LangchainToolkit extends LangchainSnapshot {
  /** The current tools. Each read returns a new list. */
  readonly tools: LangchainTool[];
  /** The tools that cannot be offered to a model, and why. */
  readonly problems: readonly ToolProblem[];
  /** The tools and problems of this moment, for one turn of a conversation. */
  snapshot(): LangchainSnapshot;
}

/**
 * Makes the tools of a group, toolkit or other source available to LangChain (`@langchain/core` 1). Called with a
 * tool call, a tool returns a `ToolMessage` whose `artifact` is the whole result, with the status `error` for a
 * result with `isError` or a failed call. Called with arguments only, it returns the content, or throws a
 * `ToolError`. Throws `CONFIG_INVALID`.
 */
export function langchainToolkit(
  source: ToolSource,
  options: LangchainToolkitOptions = {},
): LangchainToolkit {
  checkOptions(langchainOptions, options, 'Toolkit options');
  const { acceptsMedia = () => false, toolEvents = langchainOptions.toolEvents.default, ...calls } = options;
  const current = liveTools(source, (name, definition) => {
    const outcome = modelTool(source, name, definition, genericDialect, calls);
    if ('problem' in outcome) return outcome;
    const schema = checkableSchema(outcome.expressed.schema);
    if ('problem' in schema) return schema;
    return {
      ...outcome,
      expressed: langchainTool(outcome.expressed, schema.schema, acceptsMedia, toolEvents),
    };
  });
  const snapshot = (): LangchainSnapshot => {
    const { tools, problems } = current();
    return { tools: [...tools.values()], problems };
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

function langchainTool(
  tool: ModelTool,
  schema: JsonObject,
  acceptsMedia: (mediaType: string) => boolean,
  toolEvents: boolean,
): LangchainTool {
  const { title, description, server, upstreamName } = tool.definition;
  const metadata = server === undefined ? {} : { server, upstreamName: upstreamName ?? tool.name };

  const run = async (
    input: unknown,
    config: ToolRunnableConfig = {},
    onProgress?: (progress: Progress) => void,
  ): Promise<ToolAnswer> => {
    const callId = config.toolCall?.id;
    const result = await tool.run(input, { callId, signal: config.signal, onProgress });
    const failed = result.isError === true;
    if (callId === undefined) {
      if (failed) throw new ToolError(result);
      return messageContent(result, acceptsMedia);
    }
    return new ToolMessage({
      status: failed ? 'error' : 'success',
      // LangChain's chat models do not send the status, so the text says that the tool failed.
      content: failed ? `Error: ${errorText(result)}` : messageContent(result, acceptsMedia),
      artifact: result,
      tool_call_id: callId,
      name: tool.name,
      metadata,
    });
  };

  return new DynamicStructuredTool({
    name: tool.name,
    description: description ?? title ?? '',
    schema,
    metadata,
    verboseParsingErrors: true,
    func: toolEvents
      ? (input: unknown, _manager: unknown, config?: ToolRunnableConfig) =>
          progressStream((onProgress) => run(input, config, onProgress))
      : (input: unknown, _manager: unknown, config?: ToolRunnableConfig) => run(input, config),
  });
}

/**
 * LangChain checks arguments in this process against the schema that the model gets. Keywords by which a server could
 * make this check slow are moved to the description (docs/decisions/0008); the server checks them.
 */
function checkableSchema(schema: JsonObject): { schema: JsonObject } | { problem: string } {
  const checkable = harmlessSchema(inWords(schema)) as JsonObject;
  if (heaviestCheck(checkable) <= MAX_CHECKS) return { schema: checkable };
  return {
    problem:
      'Its input schema would take LangChain too long to check: its parts refer to each other too often.',
  };
}

/** How often the check may visit one argument. */
const MAX_CHECKS = 20_000;

function inWords(schema: JsonObject): JsonObject {
  let told = mapSubschemas(schema, (subschema) => (isRecord(subschema) ? inWords(subschema) : subschema));
  const { pattern, uniqueItems } = schema;
  if (typeof pattern === 'string') told = withRemark(told, `Matches the regular expression ${pattern}`);
  if (uniqueItems === true) told = withRemark(told, 'No item comes twice.');
  return told;
}

/**
 * Converts a result for the model: one text to a string, several to a list. Media that `accepts` rejects are
 * described by a line of text.
 */
function messageContent(result: CallToolResult, accepts: (mediaType: string) => boolean): MessageContent {
  const blocks = contentPieces(result)
    .filter((piece) => piece.type !== 'text' || piece.text.trim() !== '') // Some APIs refuse a blank text.
    .map((piece) => contentBlock(piece, accepts));
  const [first] = blocks;
  if (first === undefined) return '';
  return blocks.length === 1 && typeof first['text'] === 'string' ? first['text'] : blocks;
}

/** The forms of content that LangChain 1's chat models accept in a tool message. */
function contentBlock(
  piece: ContentPiece,
  accepts: (mediaType: string) => boolean,
): ContentBlock & Record<string, unknown> {
  if (!('data' in piece) || piece.mimeType === undefined || !accepts(piece.mimeType)) {
    return { type: 'text', text: describePiece(piece) };
  }
  const { data, mimeType } = piece;
  const kind = mimeType.split('/', 1)[0];
  if (kind === 'image') return { type: 'image_url', image_url: { url: `data:${mimeType};base64,${data}` } };
  const block = { source_type: 'base64', mime_type: mimeType, data };
  if (kind === 'audio') return { type: 'audio', ...block };
  return { type: 'file', ...block, metadata: { filename: 'uri' in piece ? fileName(piece.uri) : 'file' } };
}
