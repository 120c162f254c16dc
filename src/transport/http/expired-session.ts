import type { FetchLike, JSONRPCRequest } from '@modelcontextprotocol/client';
import { sessionForgotten } from '../../errors/transport.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { isRecord } from '../../internal/checks.ts';
import { METHOD_NOT_FOUND } from '../../internal/json/rpc-codes.ts';
import { Limit, settledWithin } from '../../internal/limit.ts';
import type { TransportEnd } from '../managed-transport.ts';
import { answerIn, faultIn, redirectStatusOf, rpcFaultIn, surelyRefused, type RpcFault } from './refusal.ts';

/** The end of a connection whose session the server no longer knows. */
export interface ExpiredSession extends TransportEnd {
  /** What the request fails with that found it out. */
  readonly error: PlenumError;
  readonly sessionExpired: true;
}

/**
 * How an answer refuses a request that named a session: by its status, or with HTTP 200 and a JSON-RPC error, a result that is
 * an error, or nothing that answers it.
 */
export interface SessionRefusal {
  readonly status: number;
  /** The JSON-RPC error in its body. */
  readonly fault: RpcFault | undefined;
  /** Its body, or the text of its result, where there is no JSON-RPC error. */
  readonly text: string;
}

/** Statuses with which servers refuse a session that they no longer know, though the specification wants 404. */
const SUSPICIOUS: ReadonlySet<number> = new Set([400, 401, 403, 404, 409, 410, 412, 419, 421, 422, 428, 440]);
/** Statuses that speak of credentials: a new session may be refused for the same reason. */
const OF_CREDENTIALS: ReadonlySet<number> = new Set([401, 403]);
/** The server has accepted a message, and may answer it on the event stream of the session. */
const ACCEPTED = 202;
/** How much of a result that is an error is looked at, in characters. */
const MOST_WORDS = 2_000;
/** Errors with these words may be about the session, with any other status. Then the server is asked. */
const SUSPICIOUS_WORDS = /session|initiali[sz]/i;

/** How long a server may take to answer one question of a check, in milliseconds. */
const ASK_MS = 5_000;
/** How long after a check that found the session alive there is no other, in milliseconds. */
const QUIET_MS = 1_000;

/**
 * Reads the status of an answer to a request that named a session which the server gave us. Returns the end of that
 * session when the answer means that the server no longer knows it: so does HTTP 404, by the specification.
 */
export function expiredSession(status: number, server: string): ExpiredSession | undefined {
  return status === 404 ? endOfSession(server, `HTTP ${status}`) : undefined;
}

/** What an answer with this body, and an error status or a JSON-RPC error, says. */
export function refusalOf(status: number, text: string): SessionRefusal {
  const fault = rpcFaultIn(text);
  return { status, fault, text: fault === undefined ? text : '' };
}

/** What the result of a tool says about the session; undefined when that is nothing. */
export function refusalInResult(result: unknown): SessionRefusal | undefined {
  if (!isRecord(result) || result['isError'] !== true) return undefined;
  const { content } = result;
  const first: unknown = Array.isArray(content) ? content[0] : content;
  const words = isRecord(first) ? first['text'] : first;
  if (typeof words !== 'string') return undefined;
  const text = words.slice(0, MOST_WORDS);
  return SUSPICIOUS_WORDS.test(text) ? { status: 200, fault: undefined, text } : undefined;
}

/** Whether an answer may mean that the server no longer knows the session. */
export function isSuspicious(refusal: SessionRefusal): boolean {
  const { status, fault } = refusal;
  return isNoAnswer(status, fault) || SUSPICIOUS.has(status) || speaksOfSession(refusal);
}

/** Nothing that answers the request came with HTTP 2xx, or a redirect that is not followed. */
function isNoAnswer(status: number, fault: RpcFault | undefined): boolean {
  return status < 400 && fault === undefined;
}

function speaksOfSession({ fault, text }: SessionRefusal): boolean {
  return SUSPICIOUS_WORDS.test(fault?.message ?? text);
}

function endOfSession(server: string, how: string, cause?: unknown): ExpiredSession {
  const what = `does not know this session any more (${how})`;
  return { what, error: sessionForgotten(server, what, cause), sessionExpired: true };
}

/** Asks the server about a session. What it answers has no other effect on the connection. */
export interface SessionQuestions {
  /** How a ping in the session is refused; undefined when it is answered, or not at all. */
  ping(): Promise<SessionRefusal | undefined>;
  /** Whether the server would open another session with the credentials that there are now. */
  opensAnother(): Promise<boolean>;
  /** Whether an answer may come on the event stream of the session, once a request was accepted. */
  mayAnswerLater(): boolean;
  /** Aborts when the connection ends. */
  readonly ending: AbortSignal;
}

/**
 * Finds out whether a server that refused a request has forgotten the session: then it refuses a ping in the same way, and
 * a refusal that speaks of credentials does not meet a new session. Otherwise nothing is done: the request was at fault.
 * There is one check at a time, and none for a while after one that found the session alive.
 */
export class SessionCheck {
  readonly #server: string;
  readonly #questions: SessionQuestions;
  /** How the server refuses a ping, once it has turned out that it no longer knows the session. */
  #checking: Promise<SessionRefusal | undefined> | undefined;
  #quietUntil = 0;
  /** Settles when the ping is answered on the event stream of the session. */
  #answeredLater = createDeferred<void>();

  constructor(server: string, questions: SessionQuestions) {
    this.#server = server;
    this.#questions = questions;
  }

  /**
   * Resolves with the end of the session if the server has forgotten it. `sure` says that the request surely did not run: its
   * status says so, or the ping met the same words, so that they are about the session.
   */
  async confirm(
    refusal: SessionRefusal,
    cause: unknown,
  ): Promise<{ readonly end: ExpiredSession; readonly sure: boolean } | undefined> {
    if (this.#checking === undefined && performance.now() < this.#quietUntil) return undefined;
    this.#checking ??= this.#check();
    const met = await this.#checking;
    if (met === undefined || !isSameKind(refusal, met)) return undefined;
    const how = `HTTP ${met.status}, to a ping, too`;
    const { status, fault, text } = refusal;
    const sameWords = fault?.message === met.fault?.message && text === met.text;
    // Without an error and without a word about the session, the request may have run and its answer be lost.
    const isOfRequest = isNoAnswer(status, fault) && !speaksOfSession(refusal);
    const sure = (sameWords && !isOfRequest) || surelyRefused(status, undefined, fault);
    return { end: endOfSession(this.#server, how, cause), sure };
  }

  /** A ping was answered on the event stream of the session. */
  answered(): void {
    this.#answeredLater.resolve();
  }

  /** Once the session is gone no other check is made on this connection. */
  async #check(): Promise<SessionRefusal | undefined> {
    this.#answeredLater = createDeferred();
    const met = await this.#questions.ping().catch(() => undefined);
    const isGone =
      met !== undefined &&
      isSuspicious(met) &&
      !(met.status === ACCEPTED && (await this.#isAnsweredLater())) &&
      (!mayBeOfCredentials(met.status) || (await this.#questions.opensAnother().catch(() => false)));
    if (isGone) return met;
    this.#quietUntil = performance.now() + QUIET_MS;
    this.#checking = undefined;
    return undefined;
  }

  async #isAnsweredLater(): Promise<boolean> {
    const { ending } = this.#questions;
    if (!this.#questions.mayAnswerLater()) return false;
    return (await settledWithin(this.#answeredLater.promise, ASK_MS, ending)) || ending.aborted;
  }
}

function mayBeOfCredentials(status: number): boolean {
  return OF_CREDENTIALS.has(status) || (status >= 300 && status < 400);
}

/**
 * Whether two answers refuse in the same way. A ping that is answered with 404 is enough by itself, and so are words about the
 * session, except by a server that does not know the ping.
 */
function isSameKind(refusal: SessionRefusal, met: SessionRefusal): boolean {
  if (met.status === 404) return true;
  if (met.fault?.code !== METHOD_NOT_FOUND && speaksOfSession(met)) return true;
  const areOk = refusal.status < 300 && met.status < 300;
  return (areOk || refusal.status === met.status) && refusal.fault?.code === met.fault?.code;
}

/** The id of the ping. The official client numbers its requests. */
export const CHECK_ID = 'plenum-session-check';

/** What is needed of a connection to ask its server about the session. */
export interface SessionAccess {
  readonly url: URL;
  readonly fetch: FetchLike;
  /** Reads the spec's headers and the token anew. */
  readonly credentials: () => Promise<Headers>;
  readonly session: () => { readonly id: string | undefined; readonly protocolVersion: string | undefined };
  /** The request that opened the session. */
  readonly handshake: () => JSONRPCRequest | undefined;
  readonly mayAnswerLater: () => boolean;
  /** Aborts when the connection ends. */
  readonly ending: AbortSignal;
}

/** Asks by requests of its own, which neither begin a sign-in nor change the session. */
export function questionsAbout(access: SessionAccess): SessionQuestions {
  const { url, fetch, credentials, session, handshake, mayAnswerLater, ending } = access;

  const ask = async <T>(
    method: string,
    more: Record<string, string | undefined>,
    message: object | undefined,
    read: (response: Response) => Promise<T>,
  ): Promise<T> => {
    const limit = new Limit({ ms: ASK_MS }, ending);
    try {
      const headers = await limit.hold(credentials());
      for (const [name, value] of Object.entries(more)) if (value !== undefined) headers.set(name, value);
      const body = message === undefined ? {} : { body: JSON.stringify(message) };
      return await read(await fetch(url, { method, headers, signal: limit.signal, ...body }));
    } finally {
      limit.stop();
    }
  };
  const post = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
  };

  return {
    mayAnswerLater,
    ending,

    async ping() {
      const { id, protocolVersion } = session();
      const named = { ...post, 'mcp-session-id': id, 'mcp-protocol-version': protocolVersion };
      const message = { jsonrpc: '2.0', id: CHECK_ID, method: 'ping' };
      try {
        return await ask('POST', named, message, readPing);
      } catch (error) {
        const status = redirectStatusOf(error);
        if (status === undefined) throw error;
        return { status, fault: undefined, text: '' };
      }
    },

    async opensAnother() {
      const message = handshake();
      if (message === undefined) return false;
      const opened = await ask('POST', post, { ...message, id: CHECK_ID }, async (response) => {
        await response.body?.cancel();
        return { ok: response.ok, id: response.headers.get('mcp-session-id') };
      });
      // The session was opened only for the check.
      if (opened.id !== null) {
        const ended = ask('DELETE', { 'mcp-session-id': opened.id }, undefined, async ({ body }) =>
          body?.cancel(),
        );
        await settledWithin(ended, ASK_MS, ending);
      }
      return opened.ok;
    },
  };
}

/** How long the answer to a ping is read for what it says, in milliseconds, and how much of it, in bytes. */
const READ_MS = 1_000;
const MOST_BYTES = 65_536;

/** How a ping is refused; undefined when it is answered, or not to the end. */
async function readPing({ ok, status, body }: Response): Promise<SessionRefusal | undefined> {
  const { text, isWhole } = body === null ? { text: '', isWhole: true } : await beginningOf(body);
  if (!ok) return refusalOf(status, text);
  const answer = answerIn(text);
  const fault = answer && faultIn(answer);
  if (fault !== undefined) return { status, fault, text: '' };
  if (answer?.['result'] !== undefined) return refusalInResult(answer['result']);
  return isWhole || answer !== undefined ? { status, fault: undefined, text } : undefined;
}

async function beginningOf(body: ReadableStream<Uint8Array>): Promise<{ text: string; isWhole: boolean }> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let isWhole = false;
  const readOn = async (): Promise<void> => {
    while (text.length < MOST_BYTES) {
      const { done, value } = await reader.read();
      isWhole = done;
      if (value !== undefined) text += decoder.decode(value.subarray(0, MOST_BYTES), { stream: true });
      if (done || answerIn(text) !== undefined) return;
    }
  };
  await settledWithin(readOn(), READ_MS);
  reader.cancel().catch(() => {});
  return { text, isWhole };
}
