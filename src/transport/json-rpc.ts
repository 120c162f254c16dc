import type { JSONRPCMessage } from '@modelcontextprotocol/client';

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

function isId(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
