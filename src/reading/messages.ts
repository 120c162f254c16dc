import type { JSONRPCErrorResponse, JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { isRecord } from '../internal/checks.ts';
import { LOG_LEVELS } from '../internal/log-levels.ts';
import { asText } from './contents.ts';
import type { Findings } from './oddities.ts';
import { meta } from './results.ts';
import { name, number, only, Shape, text, UNUSABLE, type Kind } from './shapes.ts';

const CALL_MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);
/** JSON-RPC's "Internal error". */
const INTERNAL_ERROR = -32_603;

const LEVELS = new Set<string>(LOG_LEVELS);
/** What loggers call levels that the protocol calls otherwise. */
const OTHER_LEVELS: Readonly<Record<string, string>> = {
  trace: 'debug',
  verbose: 'debug',
  silly: 'debug',
  warn: 'warning',
  err: 'error',
  crit: 'critical',
  fatal: 'critical',
  panic: 'emergency',
  emerg: 'emergency',
};

const level: Kind = {
  fits: (value) => typeof value === 'string' && LEVELS.has(value),
  mend(value, place, findings) {
    findings.add('log-level', place);
    const given = String(value).toLowerCase();
    return LEVELS.has(given) ? given : (OTHER_LEVELS[given] ?? 'info');
  },
};

/** The params of the notifications that the official client checks. */
const NOTIFICATIONS: ReadonlyMap<string, Shape> = new Map([
  [
    'notifications/message',
    new Shape({
      required: { level },
      optional: { logger: text, _meta: meta },
      fallbacks: { level: (_params, place, findings) => level.mend('info', place, findings) },
    }),
  ],
  [
    'notifications/progress',
    new Shape({
      required: {
        progressToken: only((value) => typeof value === 'string' || Number.isSafeInteger(value)),
        progress: number(),
      },
      optional: { total: number(), message: text, _meta: meta },
    }),
  ],
  ['notifications/cancelled', new Shape({ optional: { reason: text, _meta: meta } })],
  ['notifications/resources/updated', new Shape({ required: { uri: name }, optional: { _meta: meta } })],
]);

const anyParams = new Shape({ optional: { _meta: meta } });

type Message = Readonly<Record<string, unknown>>;
export type Call = Extract<JSONRPCMessage, { method: string }>;
export type Answer = Exclude<JSONRPCMessage, { method: string }>;

/** Whether nothing about a request or notification is odd, as far as the official client looks at all of them. */
function isUsualCall(message: Message, shape: Shape): boolean {
  const { jsonrpc, params } = message;
  if (jsonrpc !== '2.0' || (params !== undefined && !shape.fits(params))) return false;
  for (const key in message) if (!CALL_MEMBERS.has(key)) return false;
  return message['id'] !== null;
}

/**
 * Reads a request or notification: returns the same object when nothing is odd, else a mended copy, or undefined when its
 * params are of no use.
 */
export function readCall(message: Call, findings: Findings): Call | undefined {
  const { method } = message;
  const shape = NOTIFICATIONS.get(method) ?? anyParams;
  if (isUsualCall(message, shape)) return message;
  const id: RequestId | null | undefined = 'id' in message ? message.id : undefined;
  const given: unknown = message.params;
  const envelope = {
    jsonrpc: '2.0' as const,
    method,
    ...(typeof id !== 'object' && id !== undefined && { id }),
  };
  if (Object.keys(message).some((key) => !CALL_MEMBERS.has(key)) || message.jsonrpc !== '2.0' || id === null)
    findings.add('envelope', method);
  if (given === undefined) return envelope;
  if (given === null || (Array.isArray(given) && given.length === 0)) {
    findings.add('empty-params', method);
    return envelope;
  }
  if (!isRecord(given)) return undefined;
  const params = shape.fits(given) ? given : shape.mend(given, method, findings);
  return { ...envelope, params: params === UNUSABLE ? given : params };
}

/** The same request without the members of its params that are null: what a server sends so may be absent. */
export function withoutNulls(request: Call, findings: Findings): Call {
  const { params } = request;
  if (params === undefined || !Object.values(params).includes(null)) return request;
  const kept = Object.entries(params).filter(([key, value]) => {
    if (value === null) findings.add('null-member', `${request.method}: ${key}`);
    return value !== null;
  });
  return { ...request, params: Object.fromEntries(kept) };
}

/** An answer whose envelope has been read. A result that is no object has a meaning for some requests only. */
export type ReadAnswer = { readonly id: RequestId; readonly result: unknown } | JSONRPCErrorResponse;

/** Reads an answer that the official client would drop; undefined when it cannot be told what it means. */
export function readAnswer(message: Message, findings: Findings): ReadAnswer | undefined {
  const { jsonrpc, id, result, error } = message;
  if (!isId(id) || (jsonrpc !== undefined && jsonrpc !== null && jsonrpc !== '2.0' && jsonrpc !== 2))
    return undefined;
  // Beside a result, some servers say with false or an empty text that there is none.
  const hasError = Boolean(error) || ((error ?? null) !== null && (result ?? null) === null);
  if (hasError ? result !== undefined && result !== null : result === undefined) return undefined;
  if (jsonrpc !== '2.0' || !hasOnly(message, hasError ? 'error' : 'result'))
    findings.add('envelope', 'the answer');
  return hasError ? { jsonrpc: '2.0', id, error: readError(error, findings) } : { id, result };
}

function hasOnly(message: Message, member: string): boolean {
  for (const key in message) if (key !== 'jsonrpc' && key !== 'id' && key !== member) return false;
  return true;
}

function readError(error: unknown, findings: Findings): JSONRPCErrorResponse['error'] {
  const { code, message, data } = isRecord(error)
    ? error
    : { code: undefined, message: error, data: undefined };
  const number = typeof code === 'string' ? Number(code) : code;
  const isNumber = typeof number === 'number' && Number.isSafeInteger(number);
  if (number !== code || !isNumber || typeof message !== 'string') findings.add('plain-error', 'the answer');
  return {
    code: isNumber ? number : INTERNAL_ERROR,
    message:
      typeof message === 'string' ? message : (message ?? null) === null ? 'no message' : asText(message),
    ...(data !== undefined && { data }),
  };
}

function isId(id: unknown): id is RequestId {
  return typeof id === 'string' || Number.isSafeInteger(id);
}
