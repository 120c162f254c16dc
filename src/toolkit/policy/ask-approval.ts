import type { CallToolResult } from '@modelcontextprotocol/client';
import { approveThrew, approveUnclear } from '../../errors/toolkit.ts';
import { aborted as abortedBy } from '../../errors/session-end.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Limit } from '../../internal/limit.ts';
import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import { errorResult } from '../run-tool.ts';
import type { ToolCallRequest, ToolPolicy } from './tool-policy.ts';

type Approve = NonNullable<ToolPolicy['approve']>;

/** The decision: the arguments to send, or the result for the model. */
type Decision = { readonly args: Readonly<Record<string, unknown>> } | { readonly refusal: CallToolResult };

/** Asks whether a call may be made. Rejects with `ABORTED` as soon as the caller aborts, or with `CONFIG_INVALID`. */
export async function askApproval(
  approve: Approve,
  { signal, ...call }: Omit<ToolCallRequest, 'signal'> & { readonly signal: AbortSignal | undefined },
): Promise<Decision> {
  if (signal?.aborted === true) throw aborted(call.name, signal.reason);
  const limit = new Limit({}, signal);
  try {
    const answer = Promise.resolve({ ...call, signal: limit.signal }).then(approve);
    return read(call, await limit.hold(answer));
  } catch (error) {
    if (limit.verdict !== undefined) throw aborted(call.name, limit.verdict.reason);
    throw approveThrew(of(call.name), call.tool.server, error);
  } finally {
    limit.stop();
  }
}

/** The result for the model when a call was not allowed. */
export function refusal(name: string, reason: string): CallToolResult {
  return errorResult(`The call of ${of(name)} was refused: ${reason}`);
}

function read({ name, tool, args }: Omit<ToolCallRequest, 'signal'>, answer: unknown): Decision {
  if (answer === true) return { args };
  if (answer === false) return { refusal: errorResult(`The call of ${of(name)} was refused.`) };
  if (isRecord(answer)) {
    if (typeof answer['refuse'] === 'string') return { refusal: refusal(name, answer['refuse']) };
    if (isRecord(answer['args'])) return { args: answer['args'] };
  }
  // Undefined, which a function without `return` gives, must not mean approval.
  throw approveUnclear(of(name), tool.server);
}

function aborted(name: string, cause: unknown): PlenumError {
  const why = "the caller's signal was aborted while the call waited for approval";
  return abortedBy(`Calling ${of(name)}`, { cause, maybeExecuted: false }, why);
}

function of(name: string): string {
  return `tool "${printable(name, 80)}"`;
}
