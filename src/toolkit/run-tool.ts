import type { CallToolResult } from '@modelcontextprotocol/client';
import { toolNotCalled } from '../errors/toolkit.ts';
import { aborted as abortedBy } from '../errors/session-end.ts';
import { PlenumError } from '../errors/plenum-error.ts';
import { isRecord } from '../internal/checks.ts';
import { printable } from '../internal/text.ts';
import { explainError } from './explain-error.ts';
import { expectToolSource, type ToolCallOptions, type ToolSource } from './tool-source.ts';

export interface RunToolOptions extends ToolCallOptions {
  /**
   * Called with the whole error of a failed call, of which the model gets a short text only. What it throws is
   * ignored.
   */
  onError?: ((error: unknown, tool: string) => void) | undefined;
}

/**
 * Calls a tool for a model. A failure becomes a result with `isError` and a short text that says what happened.
 * Rejects only when the caller aborts, with `ABORTED`, or when `source` is none, with `CONFIG_INVALID`.
 *
 * `args` are as the model's API gives them: an object, its JSON text, or undefined.
 */
export async function runTool(
  source: ToolSource,
  name: string,
  args?: unknown,
  { onError, ...options }: RunToolOptions = {},
): Promise<CallToolResult> {
  expectToolSource(source);
  const { signal } = options;
  try {
    if (signal?.aborted === true) throw aborted(name, signal, false);
    return await source.callTool(name, readArguments(name, args), options);
  } catch (error) {
    if (signal?.aborted === true) throw givenUp(error) ?? aborted(name, signal, true);
    tell(onError, error, name);
    return errorResult(explainError(error, name));
  }
}

/** A result with `isError` and this text. */
export function errorResult(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] };
}

function readArguments(name: string, args: unknown): Readonly<Record<string, unknown>> {
  const given = typeof args === 'string' ? parse(name, args) : args;
  if (given === undefined || given === null) return {};
  if (isRecord(given)) return given;
  throw invalidArguments(name, 'the arguments must be an object');
}

function parse(name: string, text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidArguments(name, 'the arguments are not valid JSON', cause);
  }
}

function invalidArguments(name: string, what: string, cause?: unknown): PlenumError {
  return toolNotCalled(name, `${what}.`, { cause });
}

function givenUp(error: unknown): PlenumError | undefined {
  return error instanceof PlenumError && error.code === 'ABORTED' ? error : undefined;
}

function aborted(name: string, { reason }: AbortSignal, maybeExecuted: boolean): PlenumError {
  return abortedBy(`Calling tool "${printable(name, 80)}"`, { cause: reason, maybeExecuted });
}

function tell(onError: RunToolOptions['onError'], error: unknown, name: string): void {
  try {
    onError?.(error, name);
  } catch {
    // An error of the listener must not prevent the model's answer.
  }
}
