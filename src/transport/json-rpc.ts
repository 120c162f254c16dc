import type { JSONRPCMessage, JSONRPCResponse, RequestId } from '@modelcontextprotocol/client';
import { isRecord } from '../internal/checks.ts';

/** How many messages one batch may have: all of them are handled in one turn of the event loop. */
export const LONGEST_BATCH = 1_000;

/**
 * Whether it can be told what it is: a request, a notification or an answer. It may be odd; what is mended of that is up to
 * the session, and what must hold in a method or a result is up to the official client.
 */
export function isMessage(value: unknown): value is JSONRPCMessage {
  if (!isObject(value)) return false;
  const message: { jsonrpc?: unknown; id?: unknown; method?: unknown; result?: unknown; error?: unknown } =
    value;
  const { jsonrpc, id, method, result, error } = message;
  if (jsonrpc !== '2.0' && jsonrpc !== undefined && jsonrpc !== null && jsonrpc !== 2) return false;
  if (typeof method === 'string') return id === undefined || id === null || isId(id);
  if (isId(id)) return result !== undefined || (error !== undefined && error !== null);
  return jsonrpc === '2.0' && id === undefined && isObject(error);
}

/** Whether it is a request or a notification. Some servers repeat the method in an answer, which stays one. */
export function isCall(message: JSONRPCMessage): message is Extract<JSONRPCMessage, { method: string }> {
  if (!('method' in message) || typeof message.method !== 'string') return false;
  const { id, result, error }: AnswerMembers = message;
  return id === undefined || ((result ?? null) === null && (error ?? null) === null);
}

/** The messages of a value, alone or in a batch. Throws when there is anything else, or too many. */
export function messagesIn(value: unknown): readonly JSONRPCMessage[] {
  const found: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (found.length > LONGEST_BATCH) throw new TypeError(`A batch has ${found.length} messages.`);
  if (!found.every(isMessage)) throw new TypeError('It is no JSON-RPC message.');
  return found;
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

export function isId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
