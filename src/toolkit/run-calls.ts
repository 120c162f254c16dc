import type { CallToolResult, Progress } from '@modelcontextprotocol/client';
import { notTaken } from '../errors/toolkit.ts';
import { unknownName } from '../errors/catalog.ts';
import { isRecord } from '../internal/checks.ts';
import { invalidCall } from '../options/call-checks.ts';
import { firstFault } from '../options/check-options.ts';
import { handleOptions } from '../options/tables/toolkit.ts';
import type { ContentPiece } from './content/pieces.ts';
import type { ModelTool } from './model-tool.ts';
import { errorResult, runTool } from './run-tool.ts';
import type { ToolSource } from './tool-source.ts';

/** A call by a model. */
interface RequestedCall {
  /** The provider's id of the call. */
  readonly id: string;
  readonly name: string;
  /** An object, or its JSON text. */
  readonly args: unknown;
  /** Why the call must not run; the model gets this text as the result. */
  readonly refusal?: string | undefined;
}

/** A call that was run, for the program. What the model gets is in the messages. */
export interface HandledCall {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  /** The whole result. */
  readonly result: CallToolResult;
  /** The content that was only described to the model by a line of text. */
  readonly beside: readonly ContentPiece[];
}

/** Options for running a model's calls. */
export interface HandleOptions {
  /** Aborts all of the calls; the promise rejects with `ABORTED`. */
  signal?: AbortSignal | undefined;
  /**
   * Whether calls of tools that the toolkit does not have are left to the caller. @default false: the model is told
   * that there is no such tool
   */
  leaveUnknown?: boolean | undefined;
  /** Called with the progress of each call. */
  onProgress?:
    ((progress: Progress, call: { readonly tool: string; readonly callId: string }) => unknown) | undefined;
}

/** The text for the model when the end of a call's arguments is missing. */
export const CUT_OFF =
  'The call was not carried out: your answer was cut off in the middle of its arguments.';

/** An adapter's tools by name. */
type ShownTools = ReadonlyMap<string, { readonly model: ModelTool }>;

/**
 * Runs a model's calls at the same time and returns their results in the model's order. Rejects with `ABORTED`, after
 * every call has ended, or with `INVALID_ARGUMENTS` for options that are wrong.
 */
export async function runCalls(
  tools: ShownTools,
  requests: readonly RequestedCall[],
  options: HandleOptions,
): Promise<(RequestedCall & { readonly result: CallToolResult })[]> {
  const fault = firstFault(handleOptions, options, 'Options of handling calls');
  if (fault !== undefined) throw invalidCall("Handling a model's calls", fault);
  const { signal, leaveUnknown = handleOptions.leaveUnknown.default, onProgress } = options;
  const calls = leaveUnknown ? requests.filter(({ name }) => tools.has(name)) : requests;
  const none = emptySource(tools);
  const outcomes = await Promise.allSettled(
    calls.map(async (given) => {
      const name = expectName(given.name);
      const call = { ...given, name };
      const { id } = call;
      const report = (progress: Progress): unknown => onProgress?.(progress, { tool: name, callId: id });
      return { ...call, result: await runCall(tools, none, call, signal, onProgress && report) };
    }),
  );
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

async function runCall(
  tools: ShownTools,
  none: ToolSource,
  { id, name, args, refusal }: RequestedCall,
  signal: AbortSignal | undefined,
  onProgress: ((progress: Progress) => unknown) | undefined,
): Promise<CallToolResult> {
  if (refusal !== undefined) return errorResult(refusal);
  const tool = tools.get(name);
  if (tool === undefined) return runTool(none, name, args, { signal });
  return tool.model.run(readObject(args), { callId: id, signal, onProgress });
}

/** Some models send a call without a name. */
function expectName(given: unknown): string {
  return typeof given === 'string' ? given : '';
}

/** Parses the JSON text of an object; returns any other text unchanged, which the tool's run then refuses. */
function readObject(args: unknown): unknown {
  if (typeof args !== 'string') return args;
  try {
    const parsed: unknown = JSON.parse(args);
    return isRecord(parsed) ? parsed : args;
  } catch {
    return args;
  }
}

/** A suggestion takes time in proportion to the number of tools, and a model may call thousands of unknown names. */
const MAX_SUGGESTIONS = 20;

/** A source without tools, which refuses calls of unknown tools. */
function emptySource(tools: ShownTools): ToolSource {
  let left = MAX_SUGGESTIONS;
  return {
    tools: new Map(),
    callTool: (name) => {
      return Promise.reject(unknownName('tool', name, left-- > 0 ? tools.keys() : []));
    },
  };
}

/** Throws `CONFIG_INVALID` for a value without a list of this name: it is not a model's answer. */
export function expectAnswer(method: string, wanted: string, answer: unknown, list: string): void {
  if (isRecord(answer) && Array.isArray(answer[list])) return;
  throw notTaken(`${method}() takes ${wanted} as the SDK gave it, with a list "${list}".`);
}

/** As {@link expectAnswer}, for Chat Completions, where a message without calls has no list. */
export function expectMessage(message: unknown): void {
  if (isRecord(message) && !('choices' in message) && !('output' in message)) return;
  throw notTaken(
    'handleToolCalls() takes a message of Chat Completions, "choices[0].message"; ' +
      'for a response of Responses there is responses.handleToolCalls().',
  );
}
