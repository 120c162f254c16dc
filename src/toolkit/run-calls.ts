import type { CallToolResult, Progress } from '@modelcontextprotocol/client';
import { PlenumError } from '../errors/plenum-error.ts';
import { isRecord } from '../internal/checks.ts';
import { printable, suggestion } from '../internal/text.ts';
import type { ContentPiece } from './content/pieces.ts';
import type { ModelTool } from './model-tool.ts';
import { errorResult, runTool } from './run-tool.ts';
import type { ToolSource } from './tool-source.ts';

/** A call as a model made it. */
interface RequestedCall {
  /** The provider's id of the call. */
  readonly id: string;
  readonly name: string;
  /** An object, or the text of one. */
  readonly args: unknown;
  /** Why it must not run: the model is told so in its place. */
  readonly refusal?: string | undefined;
}

/** A call that was carried out, for programs: the model's side of it is in the messages. */
export interface HandledCall {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  /** All that the tool gave back. */
  readonly result: CallToolResult;
  /** What the model could be told of in words only. */
  readonly beside: readonly ContentPiece[];
}

/** What may be said when a model's calls are carried out. */
export interface HandleOptions {
  /** Gives all of them up: the promise rejects with `ABORTED`. */
  signal?: AbortSignal | undefined;
  /**
   * Leaves calls of tools that the toolkit does not have to the caller, who has others.
   * @default false: the model is told that there is no such tool
   */
  leaveUnknown?: boolean | undefined;
  /** Told of the progress of each call. */
  onProgress?:
    ((progress: Progress, call: { readonly tool: string; readonly callId: string }) => unknown) | undefined;
}

/** What a model is told of a call whose end did not arrive. */
export const CUT_OFF =
  'The call was not carried out: your answer was cut off in the middle of its arguments.';

/** What an adapter keeps of each tool. */
type ShownTools = ReadonlyMap<string, { readonly model: ModelTool }>;

/**
 * Carries out a model's calls side by side and gives them with their results, in its order. Rejects with `ABORTED`
 * only, and not before every call has ended.
 */
export async function runCalls(
  tools: ShownTools,
  requests: readonly RequestedCall[],
  { signal, leaveUnknown = false, onProgress }: HandleOptions,
): Promise<(RequestedCall & { readonly result: CallToolResult })[]> {
  const calls = leaveUnknown ? requests.filter(({ name }) => tools.has(name)) : requests;
  const none = nothing(tools);
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

/** Some models call nothing at all. */
function expectName(given: unknown): string {
  return typeof given === 'string' ? given : '';
}

/** An object where the text is one; else the text, which the tool's run will find fault with. */
function readObject(args: unknown): unknown {
  if (typeof args !== 'string') return args;
  try {
    const parsed: unknown = JSON.parse(args);
    return isRecord(parsed) ? parsed : args;
  } catch {
    return args;
  }
}

/** Each takes time by the number of tools, and a model may call thousands that there are not. */
const MAX_SUGGESTIONS = 20;

/** A source without tools: what a model calls and was never shown. */
function nothing(tools: ShownTools): ToolSource {
  let left = MAX_SUGGESTIONS;
  return {
    tools: new Map(),
    callTool: (name) => {
      const meant = left-- > 0 ? suggestion(name, tools.keys()) : '';
      const message = `There is no tool "${printable(name, 80)}".${meant}`;
      return Promise.reject(new PlenumError('UNKNOWN_TOOL', message, { maybeExecuted: false }));
    },
  };
}

/** Throws `CONFIG_INVALID` for what has no list of this name, and so is not what a model answered. */
export function expectAnswer(method: string, wanted: string, answer: unknown, list: string): void {
  if (isRecord(answer) && Array.isArray(answer[list])) return;
  throw new PlenumError(
    'CONFIG_INVALID',
    `${method}() takes ${wanted} as the SDK gave it, with a list "${list}".`,
  );
}

/** The same for Chat Completions: a message without calls has no list, and neither has the answer around it. */
export function expectMessage(message: unknown): void {
  if (isRecord(message) && !('choices' in message) && !('output' in message)) return;
  throw new PlenumError(
    'CONFIG_INVALID',
    'handleToolCalls() takes a message of Chat Completions, "choices[0].message"; ' +
      'for a response of Responses there is responses.handleToolCalls().',
  );
}
