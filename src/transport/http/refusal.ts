import type { HttpAnswer } from '../../errors/http-answer.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import {
  INTERNAL_ERROR,
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  PARSE_ERROR,
} from '../../internal/json/rpc-codes.ts';
import { LONGEST_TIMER_MS } from '../../internal/timers.ts';
import { printable } from '../../internal/text.ts';

/** A JSON-RPC error in the body of an answer with an error status. */
export interface RpcFault {
  readonly id: unknown;
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

/** Statuses with which a server refuses a request before it looks into it (RFC 9110, RFC 6585). */
const REFUSED: ReadonlySet<number> = new Set([
  307, 308, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 421, 425, 426, 428, 429, 431,
]);
/** Codes of JSON-RPC errors that answer what is no request that could run. */
const NOT_RUN_CODES: ReadonlySet<number> = new Set([PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND]);

/** What an answer with an error status says, by the data that the official transport keeps of it, and we add. */
export function answerOf({
  status,
  ...data
}: {
  readonly status: number;
  readonly [key: string]: unknown;
}): HttpAnswer {
  const { text, retryAfterMs: waitMs } = data;
  const body = typeof text === 'string' ? text : '';
  const retryAfterMs = typeof waitMs === 'number' ? waitMs : undefined;
  const fault = rpcFaultIn(body);
  const excerpt = fault === undefined ? excerptOf(body) : '';
  return { status, fault, excerpt, retryAfterMs, maybeExecuted: !surelyRefused(status, retryAfterMs, fault) };
}

/** How many characters of a body an error shows. */
const EXCERPT_LENGTH = 200;
/** How much of a body is looked at for them. */
const EXCERPT_SOURCE = 8_192;

/**
 * Whether an answer with this error status says for certain that the request was not run. A 503 does when it names the time
 * of the next attempt: without that, what stands before a server sends it also when the server broke off.
 */
export function surelyRefused(
  status: number,
  retryAfterMs: number | undefined,
  fault: RpcFault | undefined,
): boolean {
  if (REFUSED.has(status) || (status === 503 && retryAfterMs !== undefined)) return true;
  return status >= 400 && status < 500 && fault !== undefined && NOT_RUN_CODES.has(fault.code);
}

/** The JSON-RPC error in a body: alone, in an array, or in a server-sent event. */
export function rpcFaultIn(body: string): RpcFault | undefined {
  const answer = answerIn(body);
  return answer === undefined ? undefined : faultIn(answer);
}

/** The answer in a body, also with an odd envelope. Of an event stream no more than the beginning is looked at. */
export function answerIn(body: string): Readonly<Record<string, unknown>> | undefined {
  const text = body.trimStart();
  if (/^[[{]/.test(text)) return answerOfJson(text);
  // The end of a line may be CR, and the lines of one event are one text.
  const lines = text.slice(0, EXCERPT_SOURCE).split(/\r\n|\r|\n/);
  let data: string[] = [];
  for (const line of [...lines, '']) {
    if (line.startsWith('data:')) data.push(line.slice(5));
    if (line !== '' || data.length === 0) continue;
    const answer = answerOfJson(data.join('\n'));
    if (answer !== undefined) return answer;
    data = [];
  }
  return undefined;
}

function answerOfJson(json: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const messages: readonly unknown[] = Array.isArray(value) ? value : [value];
  // In a batch, notifications may come before it.
  return messages.filter(isRecord).find((each) => 'error' in each || 'result' in each);
}

/** The error of an answer. Some servers send a text in place of an error, or of its code, or no code at all. */
export function faultIn({ id, error, ...rest }: Readonly<Record<string, unknown>>): RpcFault | undefined {
  const isRpc = 'jsonrpc' in rest;
  if (typeof error === 'string' && isRpc)
    return { id, code: INTERNAL_ERROR, message: error, data: undefined };
  if (!isRecord(error)) return undefined;
  const { code, message: words, data } = error;
  const message = typeof words === 'string' ? words : '';
  const number = typeof code === 'string' && /^-?\d+$/.test(code) ? Number(code) : code;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return { id, code: number, message, data };
  return isRpc && message !== '' ? { id, code: INTERNAL_ERROR, message, data } : undefined;
}

/** The status of a redirect that was not followed; undefined for every other error. */
export function redirectStatusOf(error: unknown): number | undefined {
  if (!(error instanceof PlenumError) || error.code !== 'CONNECT_FAILED') return undefined;
  const status = isRecord(error.data) ? error.data['status'] : undefined;
  return typeof status === 'number' && status >= 300 && status < 400 ? status : undefined;
}

/**
 * A short piece of a body for a message: of a page its title, or else its first words, without a full stop. Empty when it has
 * none.
 */
export function excerptOf(body: string): string {
  const start = body.slice(0, EXCERPT_SOURCE);
  const words = isPage(start) ? (titleOf(start) ?? withoutTags(start)) : start;
  return printable(words.replace(/\s+/g, ' ').trim(), EXCERPT_LENGTH).replace(/\.$/, '');
}

function isPage(text: string): boolean {
  return /^\s*<(?:!doctype|\?xml|!--|[a-z])/i.test(text);
}

function titleOf(page: string): string | undefined {
  const lower = page.toLowerCase();
  const tag = lower.indexOf('<title');
  const start = tag === -1 ? -1 : lower.indexOf('>', tag);
  const end = start === -1 ? -1 : lower.indexOf('</title', start);
  const title = end === -1 ? '' : page.slice(start + 1, end).trim();
  return title === '' ? undefined : title;
}

/** Also without what scripts and styles hold. */
function withoutTags(page: string): string {
  let words = '';
  let skipped: string | undefined;
  for (const piece of page.split('<')) {
    const end = piece.indexOf('>');
    const name = /^\/?[a-z]+/i.exec(piece)?.[0].toLowerCase();
    if (skipped !== undefined && name !== `/${skipped}`) continue;
    skipped = name === 'script' || name === 'style' ? name : undefined;
    if (skipped === undefined) words += ` ${end === -1 && name !== undefined ? '' : piece.slice(end + 1)}`;
  }
  return words;
}

/** A number of seconds from here on is no time to wait, but a time since 1970, which some servers send: that of 2001. */
const FIRST_TIME = 1e9;

/**
 * How long a server asks to wait before the next attempt, in milliseconds, by its header `Retry-After`: seconds or a date, of
 * which the past is 0. Undefined when it does not say, or nothing that can be read.
 */
export function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  const seconds = /^\d+(?:\.\d+)?(?:\s*,\s*\d+(?:\.\d+)?)*$/.test(value)
    ? Math.max(...value.split(',').map(Number))
    : undefined;
  const waitMs =
    seconds === undefined || seconds >= FIRST_TIME
      ? until(seconds === undefined ? dateOf(value) : seconds * 1_000, headers.get('date'))
      : seconds * 1_000;
  return waitMs === undefined ? undefined : Math.min(Math.max(Math.ceil(waitMs), 0), LONGEST_TIMER_MS);
}

/** By the clock of the server, if it tells its time: it is the one that set the date. */
function until(at: number | undefined, serverNow: string | null): number | undefined {
  if (at === undefined) return undefined;
  return at - ((serverNow === null ? undefined : dateOf(serverNow)) ?? Date.now());
}

/** Reads the three forms of a date in HTTP, and that of ISO 8601; no other text, which `Date.parse` might guess at. */
function dateOf(value: string): number | undefined {
  const isHttp = /^[a-z]{3,9},? [\w -]{5,20} ?\d\d:\d\d:\d\d(?: \w{3,4}| \d{4}| [+-]\d{4})?$/i.test(value);
  if (!isHttp && !/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value)) return undefined;
  // The form of asctime names no zone, and means that of Greenwich.
  const at = Date.parse(isHttp && / \d{4}$/.test(value) ? `${value} GMT` : value);
  return Number.isNaN(at) ? undefined : at;
}
