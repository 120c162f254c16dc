import type { FetchLike, JSONRPCRequest } from '@modelcontextprotocol/client';
import { sessionForgotten } from '../../errors/transport.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Limit, settledWithin } from '../../internal/limit.ts';
import type { TransportEnd } from '../managed-transport.ts';
import { rpcFaultIn, surelyRefused, type RpcFault } from './refusal.ts';

/** The end of a connection whose session the server no longer knows. */
export interface ExpiredSession extends TransportEnd {
  /** What the request fails with that found it out. */
  readonly error: PlenumError;
  readonly sessionExpired: true;
}

/** How an answer refuses a request that named a session: by its status, or with HTTP 200 and a JSON-RPC error. */
export interface SessionRefusal {
  readonly status: number;
  /** The JSON-RPC error in its body. */
  readonly fault: RpcFault | undefined;
  /** Its body, where that is no JSON-RPC error. */
  readonly text: string;
}

/** Statuses with which servers refuse a session that they no longer know, though the specification wants 404. */
const SUSPICIOUS: ReadonlySet<number> = new Set([400, 401, 403, 404, 409, 410, 412, 419, 421, 422, 428, 440]);
/** Statuses that speak of credentials: a new session may be refused for the same reason. */
const OF_CREDENTIALS: ReadonlySet<number> = new Set([401, 403]);
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

/** Whether an answer may mean that the server no longer knows the session. */
export function isSuspicious({ status, fault, text }: SessionRefusal): boolean {
  return SUSPICIOUS.has(status) || SUSPICIOUS_WORDS.test(fault?.message ?? text);
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
    const sameWords = refusal.fault?.message === met.fault?.message && refusal.text === met.text;
    const sure = sameWords || surelyRefused(refusal.status, undefined, refusal.fault);
    return { end: endOfSession(this.#server, how, cause), sure };
  }

  /** Once the session is gone no other check is made on this connection. */
  async #check(): Promise<SessionRefusal | undefined> {
    const met = await this.#questions.ping().catch(() => undefined);
    const isGone =
      met !== undefined &&
      isSuspicious(met) &&
      (!OF_CREDENTIALS.has(met.status) || (await this.#questions.opensAnother().catch(() => false)));
    if (isGone) return met;
    this.#quietUntil = performance.now() + QUIET_MS;
    this.#checking = undefined;
    return undefined;
  }
}

/** Whether two answers refuse in the same way. A ping that is answered with 404 is enough by itself. */
function isSameKind(refusal: SessionRefusal, met: SessionRefusal): boolean {
  return met.status === 404 || (refusal.status === met.status && refusal.fault?.code === met.fault?.code);
}

/** What is needed of a connection to ask its server about the session. */
export interface SessionAccess {
  readonly url: URL;
  readonly fetch: FetchLike;
  /** Reads the spec's headers and the token anew. */
  readonly credentials: () => Promise<Headers>;
  readonly session: () => { readonly id: string | undefined; readonly protocolVersion: string | undefined };
  /** The request that opened the session. */
  readonly handshake: () => JSONRPCRequest | undefined;
  /** Aborts when the connection ends. */
  readonly ending: AbortSignal;
}

/** Asks by requests of its own, which neither begin a sign-in nor change the session. */
export function questionsAbout(access: SessionAccess): SessionQuestions {
  const { url, fetch, credentials, session, handshake, ending } = access;

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
    ping() {
      const { id, protocolVersion } = session();
      const named = { ...post, 'mcp-session-id': id, 'mcp-protocol-version': protocolVersion };
      const message = { jsonrpc: '2.0', id: 'plenum-session-check', method: 'ping' };
      return ask('POST', named, message, async (response) => {
        const text = await beginningOf(response);
        const refusal = refusalOf(response.status, text);
        return response.ok && refusal.fault === undefined ? undefined : refusal;
      });
    },

    async opensAnother() {
      const message = handshake();
      if (message === undefined) return false;
      const opened = await ask('POST', post, { ...message, id: 'plenum-session-check' }, async (response) => {
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

/** How long the stream of an answer is read for what it says, in milliseconds: it may stay open after that. */
const STREAM_MS = 1_000;

async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  const readOn = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      chunks.push(value);
      if (rpcFaultIn(Buffer.concat(chunks).toString()) !== undefined) return;
    }
  };
  await settledWithin(readOn(), STREAM_MS);
  reader.cancel().catch(() => {});
  return Buffer.concat(chunks).toString();
}
