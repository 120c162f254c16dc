import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { isRecord } from '../internal/checks.ts';

/** Messages in one batch; all of them are handled in one turn of the event loop. */
export const LONGEST_BATCH = 1_000;

/** The shape only: what a method or a result must hold is the official client's to check. */
export function isMessage(value: unknown): value is JSONRPCMessage {
  if (typeof value !== 'object' || value === null) return false;
  const message: { jsonrpc?: unknown; id?: unknown; method?: unknown; result?: unknown; error?: unknown } =
    value;
  if (message.jsonrpc !== '2.0') return false;
  if (typeof message.method === 'string') return message.id === undefined || isId(message.id);
  if (isObject(message.result)) return isId(message.id);
  return isObject(message.error) && (message.id === undefined || isId(message.id));
}

/** Whether the official client takes it for an answer; what it does not, it drops, and the request would wait on. */
export function isAnswer(message: object): boolean {
  const { jsonrpc, id, result, error, ...more }: Answer = message;
  if (jsonrpc !== '2.0' || Object.keys(more).length > 0) return false;
  if (error === undefined) {
    if (!isRecord(result) || !isId(id)) return false;
    return result['_meta'] === undefined || isRecord(result['_meta']);
  }
  if (result !== undefined || !(id === undefined || isId(id))) return false;
  return isRecord(error) && Number.isSafeInteger(error['code']) && typeof error['message'] === 'string';
}

interface Answer {
  jsonrpc?: unknown;
  id?: unknown;
  result?: unknown;
  error?: unknown;
}

function isId(value: unknown): boolean {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
