import type { CallToolResult, Progress } from '@modelcontextprotocol/client';
import { toolNotCalled } from '../errors/toolkit.ts';
import { checkOptions } from '../options/check-options.ts';
import { modelToolOptions } from '../options/tables/toolkit.ts';
import { jsonText } from '../internal/json/json-copy.ts';
import { printable } from '../internal/text.ts';
import type { Expressed } from './live-tools.ts';
import { runTool, type RunToolOptions } from './run-tool.ts';
import type { JsonObject, SchemaDialect } from './schema/dialect.ts';
import { cleanDefinition, REMOVED } from './sanitize.ts';
import { portableSchema } from './schema/portable-schema.ts';
import type { ToolDefinition, ToolSource } from './tool-source.ts';
import { wellFormedJson } from './content/well-formed.ts';

/** One call by a model, as its SDK makes it. */
interface ModelCall {
  /** The SDK's id of the call. */
  readonly callId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => unknown) | undefined;
}

/** The options of all calls that an adapter makes. */
export interface ModelToolOptions extends Pick<
  RunToolOptions,
  'timeoutMs' | 'maxTotalTimeoutMs' | 'resetTimeoutOnProgress' | 'meta' | 'onError'
> {
  /**
   * Whether characters that nobody sees are removed from the texts of tools, as in a toolkit.
   * @default true
   */
  sanitize?: boolean | undefined;
  /** Called with the progress of every call. */
  onProgress?:
    | ((progress: Progress, call: { readonly tool: string; readonly callId: string | undefined }) => unknown)
    | undefined;
}

/** Throws `CONFIG_INVALID`. */
export function checkModelToolOptions(options: ModelToolOptions): void {
  checkOptions(modelToolOptions, options, 'Toolkit options');
}

/** A tool with a schema that a provider accepts, and a function to run it. */
export interface ModelTool {
  readonly name: string;
  readonly definition: ToolDefinition;
  /** The input schema for the model. */
  readonly schema: JsonObject;
  /** Rejects with `ABORTED` only: any other failure is a result with `isError`. */
  run(args: unknown, call: ModelCall): Promise<CallToolResult>;
}

/** Converts one tool of a source to a provider's dialect of JSON Schema. */
export function modelTool(
  source: ToolSource,
  name: string,
  given: ToolDefinition,
  dialect: SchemaDialect,
  options: ModelToolOptions,
): Expressed<ModelTool> {
  const problem = toolNameProblem(name, dialect.toolName);
  if (problem !== undefined) return { problem };
  const readable = readableDefinition(given, options.sanitize !== false);
  if ('problem' in readable) return readable;
  const { definition, remark } = readable;
  const portable = portableSchema(definition.inputSchema, dialect);
  if ('problem' in portable) return portable;
  const { schema, decode } = portable;
  // A schema can grow when its references are resolved.
  if ((jsonText(schema)?.length ?? Infinity) > MAX_DEFINITION_LENGTH) {
    return { problem: `Its input schema is too long for ${dialect.provider} when it is spelled out.` };
  }
  const decoding: ToolSource = {
    get tools() {
      return source.tools;
    },
    callTool: async (_, args, options) => source.callTool(name, decoded(name, decode, args), options),
  };
  return {
    remark,
    expressed: {
      name,
      definition,
      schema,
      run: (args, call) => runTool(decoding, name, args, callOptions(name, call, options)),
    },
  };
}

function decoded(
  name: string,
  decode: (args: JsonObject) => JsonObject,
  args: Readonly<Record<string, unknown>> = {},
): JsonObject {
  try {
    return decode(args);
  } catch (cause) {
    throw toolNotCalled(name, 'its arguments are nested too deeply.', { cause });
  }
}

function callOptions(name: string, call: ModelCall, options: ModelToolOptions): RunToolOptions {
  const { onProgress, sanitize: _, ...rest } = options;
  const { callId, signal } = call;
  // Progress is requested from the server only when there is a listener.
  if (onProgress === undefined && call.onProgress === undefined) return { ...rest, signal };
  return {
    ...rest,
    signal,
    onProgress: (progress) =>
      Promise.all([call.onProgress?.(progress), onProgress?.(progress, { tool: name, callId })]),
  };
}

/** The maximum length of a tool's definition as JSON. 400,000 characters are more than 100,000 tokens in every turn. */
const MAX_DEFINITION_LENGTH = 400_000;

/** The definition as it can be sent to a model, or why it cannot be. */
function readableDefinition(
  given: ToolDefinition,
  sanitizes: boolean,
):
  | { readonly definition: ToolDefinition; readonly remark: string | undefined }
  | { readonly problem: string } {
  const json = jsonText([given.title, given.description, given.inputSchema]);
  if (json === undefined) return { problem: 'Its definition is nested too deeply to be sent.' };
  if (json.length > MAX_DEFINITION_LENGTH) {
    const problem = `Its definition has ${json.length} characters, and no more than ${MAX_DEFINITION_LENGTH} are sent.`;
    return { problem };
  }
  const { definition } = sanitizes ? cleanDefinition(given) : { definition: given };
  const remark = definition === given ? undefined : REMOVED;
  const { title, description, inputSchema } = definition;
  const shown = { title, description, inputSchema };
  const fit = wellFormedJson(shown, json);
  return { definition: fit === shown ? definition : { ...definition, ...fit }, remark };
}

/** The tool names that every provider accepts. For any other name a provider refuses the whole request. */
const ACCEPTED_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** Why a tool with this name cannot be offered to a model; undefined when it can. */
export function toolNameProblem(name: string, accepted = ACCEPTED_NAME): string | undefined {
  if (accepted.test(name)) return undefined;
  return (
    `The name "${printable(name, 80)}" is not one that the model's API takes (${accepted.source}). ` +
    'Use the default naming of the group, or rename the tool.'
  );
}
