import type { JSONRPCRequest, JSONRPCResponse, RequestId, Result } from '@modelcontextprotocol/client';
import { tooManyInputRequests } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { INVALID_REQUEST } from '../../internal/json/rpc-codes.ts';
import { isRecord } from '../../internal/checks.ts';
import type { Relation } from '../../transport/managed-transport.ts';
import { official } from '../../transport/official.ts';
import { tooMany, tooManyRequests, type HandlerPlaces } from './handler-places.ts';

/** Requests that handlers answer: each method has bounds of its own. */
const ASKED_OF_HANDLERS: ReadonlySet<string> = new Set([
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
]);

/** All other requests: pings, and methods that nobody knows. */
const OTHERS = 'other requests';

/** How many answers are sent at a time that no handler has made. */
const SENT_AT_A_TIME = 32;
/** How long such answers are sent before other work has its turn, in milliseconds. */
const SLICE_MS = 5;
/** How many bytes such answers may have, by estimate, while the server does not read them. */
const MOST_UNSENT_BYTES = 16 * 1024 * 1024;

/**
 * The requests of a server over one connection that are not answered yet. It bounds them before the official client and
 * the handlers spend anything on them.
 */
export class IncomingRequests {
  readonly #places: HandlerPlaces;
  readonly #isModern: () => boolean;
  readonly #answers: PacedAnswers;
  /** The kinds of those that were admitted, by id. */
  readonly #open = new Map<RequestId, string>();
  readonly #counts = new Map<string, number>();
  /** To which request of ours they belong, by id; of those of which the transport can tell. */
  readonly #relations = new Map<RequestId, Relation>();

  /** `send` sends an answer; `isModern` says whether the connection speaks 2026-07-28, where servers send no requests. */
  constructor(
    places: HandlerPlaces,
    isModern: () => boolean,
    send: (answer: JSONRPCResponse) => Promise<void>,
  ) {
    this.#places = places;
    this.#isModern = isModern;
    this.#answers = new PacedAnswers(send);
  }

  /** Whether a request goes to the official client; one that does not is answered here. */
  admit(request: JSONRPCRequest, relation?: Relation): boolean {
    const { id, method } = request;
    if (this.#isModern()) {
      this.#places.refused('unasked', 'sends requests, which this revision of the protocol does not allow');
      return false;
    }
    if (this.#open.has(id)) {
      this.#refuse(id, INVALID_REQUEST, 'A request with this id is being answered already.');
      return false;
    }
    if (!isTaken(request)) {
      this.#refuse(id, INVALID_REQUEST, 'Invalid Request');
      return false;
    }
    const kind = ASKED_OF_HANDLERS.has(method) ? method : OTHERS;
    const count = this.#counts.get(kind) ?? 0;
    const { concurrency, maxWaiting } = this.#places.bounds;
    if (count < concurrency + maxWaiting) {
      this.#open.set(id, kind);
      if (relation !== undefined) this.#relations.set(id, relation);
      this.#counts.set(kind, count + 1);
      return true;
    }
    if (method === 'ping') this.#answer({ jsonrpc: '2.0', id, result: {} });
    else {
      const { code, message } = tooManyRequests();
      this.#places.refused(kind, tooMany(kind));
      this.#refuse(id, code, message);
    }
    return false;
  }

  /** To which request of ours an open one belongs; undefined when the transport cannot tell. */
  relationOf(id: RequestId): Relation | undefined {
    return this.#relations.get(id);
  }

  /** A request is answered: `sending` settles when the answer has left. */
  answered(id: RequestId | undefined, sending: Promise<void>): void {
    if (id === undefined || !this.#open.has(id)) return;
    const close = (): void => this.close(id);
    sending.then(close, close);
  }

  /** A request needs no answer any more. */
  close(id: RequestId): void {
    const kind = this.#open.get(id);
    if (kind === undefined) return;
    this.#open.delete(id);
    this.#relations.delete(id);
    this.#counts.set(kind, (this.#counts.get(kind) ?? 1) - 1);
  }

  /** Why an answer is refused that asks for input (2026-07-28): it has more questions than handlers may get. */
  refusal({ resultType, inputRequests }: Result): PlenumError | undefined {
    if (resultType !== 'input_required' || !isRecord(inputRequests)) return undefined;
    const { concurrency, maxWaiting } = this.#places.bounds;
    const count = Object.keys(inputRequests).length;
    return count > concurrency + maxWaiting
      ? tooManyInputRequests(count, concurrency + maxWaiting)
      : undefined;
  }

  /** The connection has ended. */
  end(): void {
    this.#open.clear();
    this.#relations.clear();
    this.#counts.clear();
    this.#answers.end();
  }

  #refuse(id: RequestId, code: number, message: string): void {
    this.#answer({ jsonrpc: '2.0', id, error: { code, message } });
  }

  #answer(answer: JSONRPCResponse): void {
    if (this.#answers.push(answer)) return;
    this.#places.refused('unread', 'sends requests and does not read the answers; further ones get none');
  }
}

const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);

/** Whether the official client takes a message for a request: what it does not take, it never answers. */
function isTaken(request: JSONRPCRequest): boolean {
  const params: unknown = request.params;
  for (const name in request) if (!MEMBERS.has(name)) return false;
  if (params === undefined) return true;
  if (!isRecord(params)) return false;
  return params['_meta'] === undefined || official.isJSONRPCRequest(request);
}

/** Sends answers a few at a time, so that a flood of requests does not hold up anything else. */
class PacedAnswers {
  readonly #send: (answer: JSONRPCResponse) => Promise<void>;
  #unsent: JSONRPCResponse[] = [];
  #bytes = 0;
  #isSending = false;

  constructor(send: (answer: JSONRPCResponse) => Promise<void>) {
    this.#send = send;
  }

  /** Returns false when too many answers wait already: then it is dropped. */
  push(answer: JSONRPCResponse): boolean {
    const bytes = sizeOf(answer);
    if (this.#bytes + bytes > MOST_UNSENT_BYTES) return false;
    this.#bytes += bytes;
    this.#unsent.push(answer);
    if (!this.#isSending) void this.#sendAll();
    return true;
  }

  end(): void {
    this.#unsent = [];
    this.#bytes = 0;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#unsent.length > 0) {
      await nextTurn();
      const answers = this.#unsent;
      const until = performance.now() + SLICE_MS;
      let sent = 0;
      while (sent < answers.length && answers === this.#unsent && performance.now() < until) {
        const batch = answers.slice(sent, sent + SENT_AT_A_TIME);
        await Promise.allSettled(batch.map((answer) => this.#send(answer)));
        for (const answer of batch) this.#bytes -= sizeOf(answer);
        sent += batch.length;
      }
      if (answers === this.#unsent) this.#unsent = answers.slice(sent);
    }
    this.#bytes = 0;
    this.#isSending = false;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An estimate, in bytes: the id is the only part that the server chooses. */
function sizeOf({ id }: JSONRPCResponse): number {
  return 200 + (typeof id === 'string' ? 2 * id.length : 0);
}
