import type { CallToolResult, Progress } from '@modelcontextprotocol/client';
import { checkBoolean, checkDuration, checkFunction, isRecord } from '../internal/checks.ts';
import type { Expressed } from './live-tools.ts';
import { runTool, type RunToolOptions } from './run-tool.ts';
import type { JsonObject, SchemaDialect } from './schema/dialect.ts';
import { portableSchema } from './schema/portable-schema.ts';
import { toolNameProblem } from './tool-name.ts';
import type { ToolDefinition, ToolSource } from './tool-source.ts';

/** One call by a model, as its SDK makes it. */
export interface ModelCall {
  /** The SDK's id of the call. */
  readonly callId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => unknown) | undefined;
}

/** What may be said of every call that an adapter makes. */
export interface ModelToolOptions extends Pick<
  RunToolOptions,
  'timeoutMs' | 'maxTotalTimeoutMs' | 'resetTimeoutOnProgress' | 'meta' | 'onError'
> {
  /** Told of the progress of every call. */
  onProgress?:
    | ((progress: Progress, call: { readonly tool: string; readonly callId: string | undefined }) => unknown)
    | undefined;
}

/** Throws `CONFIG_INVALID`. */
export function checkModelToolOptions(options: ModelToolOptions): void {
  checkDuration('timeoutMs', options.timeoutMs);
  checkDuration('maxTotalTimeoutMs', options.maxTotalTimeoutMs);
  checkBoolean('resetTimeoutOnProgress', options.resetTimeoutOnProgress);
  checkFunction('onError', options.onError);
  checkFunction('onProgress', options.onProgress);
}

/** A tool in words that a provider takes, and a way to run it. */
export interface ModelTool {
  readonly name: string;
  readonly definition: ToolDefinition;
  /** What the model is shown of the input. */
  readonly schema: JsonObject;
  /** Never rejects but with `ABORTED`: a failure is a result with `isError`. */
  run(args: unknown, call: ModelCall): Promise<CallToolResult>;
}

/** Expresses one tool of a source in a dialect. */
export function modelTool(
  source: ToolSource,
  name: string,
  definition: ToolDefinition,
  dialect: SchemaDialect,
  options: ModelToolOptions,
): Expressed<ModelTool> {
  const problem = toolNameProblem(name, dialect.toolName);
  if (problem !== undefined) return { problem };
  const portable = portableSchema(definition.inputSchema, dialect);
  if ('problem' in portable) return portable;
  const { schema, decode } = portable;
  return {
    expressed: {
      name,
      definition,
      schema,
      run: (args, call) =>
        runTool(source, name, isRecord(args) ? decode(args) : args, callOptions(name, call, options)),
    },
  };
}

function callOptions(name: string, call: ModelCall, options: ModelToolOptions): RunToolOptions {
  const { onProgress, ...rest } = options;
  const { callId, signal } = call;
  // A server is asked for progress only when somebody listens.
  if (onProgress === undefined && call.onProgress === undefined) return { ...rest, signal };
  return {
    ...rest,
    signal,
    onProgress: (progress) =>
      Promise.all([call.onProgress?.(progress), onProgress?.(progress, { tool: name, callId })]),
  };
}
