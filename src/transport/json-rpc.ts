import type { JSONRPCMessage, JSONRPCResponse, RequestId } from '@modelcontextprotocol/client';
import { isRecord } from '../internal/checks.ts';

/** How many messages one batch may have: all of them are handled in one turn of the event loop. */
export const LONGEST_BATCH = 1_000;

/** Whether it has the shape of a message. The official client checks what methods and results must hold. */
export function isMessage(value: unknown): value is JSONRPCMessage {
  if (!isObject(value)) return false;
  const message: { jsonrpc?: unknown; id?: unknown; method?: unknown; result?: unknown; error?: unknown } =
    value;
  if (message.jsonrpc !== '2.0') return false;
  if (typeof message.method === 'string') return message.id === undefined || isId(message.id);
  if (isObject(message.result)) return isId(message.id);
  return isObject(message.error) && (message.id === undefined || isId(message.id));
}

/**
 * Whether the official client takes it for an answer: exactly what that checks. It drops everything else, and the request
 * would wait for nothing.
 */
export function isAnswer(value: unknown): value is JSONRPCResponse {
  if (!isObject(value)) return false;
  const { jsonrpc, id, result, error }: AnswerMembers = value;
  if (jsonrpc !== '2.0') return false;
  for (const name in value) if (!ANSWER_MEMBERS.has(name)) return false;
  if (error !== undefined) {
    if (result !== undefined || !(id === undefined || isId(id))) return false;
    return isRecord(error) && Number.isSafeInteger(error['code']) && typeof error['message'] === 'string';
  }
  if (!isRecord(result) || !isId(id)) return false;
  return result['_meta'] === undefined || isRecord(result['_meta']);
}

/**
 * The id of an answer as its request has it: some servers give numbers back as texts. Only the text of the number itself
 * counts, not what else could be read as one, such as `" 7"`, `"0x7"` or, for 0, the empty text.
 */
export function askedId(id: RequestId): RequestId {
  if (typeof id === 'number') return id;
  const number = Number(id);
  return Number.isSafeInteger(number) && String(number) === id ? number : id;
}

interface AnswerMembers {
  readonly jsonrpc?: unknown;
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

const ANSWER_MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'result', 'error']);

function isId(value: unknown): boolean {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
