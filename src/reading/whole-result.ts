import type { CallToolResult, GetPromptResult } from '@modelcontextprotocol/client';
import { isRecord } from '../internal/checks.ts';

/** The member of a stand-in that holds the whole result. */
const MEMBER = 'mcp-plenum/whole';

/**
 * Carries a result past the official client, which refuses content of types that it does not know: the client gets a result
 * that it accepts, and its caller the whole one. A server cannot forge it: it is told by a private field.
 */
class WholeResult {
  readonly #result: Readonly<Record<string, unknown>>;

  constructor(result: Readonly<Record<string, unknown>>) {
    this.#result = result;
  }

  static in(value: unknown): Readonly<Record<string, unknown>> | undefined {
    return typeof value === 'object' && value !== null && #result in value ? value.#result : undefined;
  }

  /** It is for this process only. */
  toJSON(): undefined {
    return undefined;
  }
}

/** Makes `accepted` a stand-in for `whole`. */
export function standIn(
  accepted: Readonly<Record<string, unknown>>,
  whole: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return { ...accepted, [MEMBER]: new WholeResult(whole) };
}

/** The whole result behind a stand-in; anything else is returned as it is. */
export function wholeOf(result: unknown): unknown {
  return isRecord(result) ? (WholeResult.in(result[MEMBER]) ?? result) : result;
}

/** The whole of the result of a tool. Its content may be of types that the official type does not have. */
export function wholeToolResult(result: CallToolResult): CallToolResult {
  const whole = wholeOf(result);
  return isToolResult(whole) ? whole : result;
}

/** The same for the messages of a prompt. */
export function wholePrompt(result: GetPromptResult): GetPromptResult {
  const whole = wholeOf(result);
  return isPrompt(whole) ? whole : result;
}

export function isToolResult(result: unknown): result is CallToolResult {
  return isRecord(result) && Array.isArray(result['content']);
}

function isPrompt(result: unknown): result is GetPromptResult {
  return isRecord(result) && Array.isArray(result['messages']);
}
