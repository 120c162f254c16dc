import type { RequestId, TransportSendOptions } from '@modelcontextprotocol/client';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { onAbort } from '../../internal/limit.ts';
import type { Relation } from '../managed-transport.ts';

const NO_OPTIONS: TransportSendOptions = {};

/** One JSON-RPC request that has no answer yet, and the HTTP exchange that is to bring it. */
export class OpenRequest {
  readonly id: RequestId;
  /** What the caller gave with the request. */
  readonly options: TransportSendOptions;
  /** The last event id seen: what a GET that resumes this request will carry. */
  lastEventId: string | undefined;
  /** What the response turned out to be; with `later` the server has only accepted the request. */
  answer: 'none' | 'body' | 'stream' | 'later' = 'none';
  /** The body of a response that could not be read as an answer. */
  said = '';
  /** How long the server asks to wait before another attempt, in milliseconds, when it refused the request. */
  retryAfterMs: number | undefined;
  /** The last thing that went wrong with its stream. */
  fault: PlenumError | undefined;
  /** The response to its lean exchange, when the official transport has to deal with it. */
  response: Response | undefined;
  /** Ends the listening to the caller's signal. */
  stopListening: (() => void) | undefined;
  /** Ends the wait for the answer to a request that was only accepted. */
  stopWaiting: (() => void) | undefined;
  #exchange: Cancellable | undefined;
  #official: AbortController | undefined;
  #cancelled: { readonly reason: unknown } | undefined;

  constructor(id: RequestId, options: TransportSendOptions) {
    this.id = id;
    this.options = options;
    this.lastEventId = options.resumptionToken;
  }

  /** What the messages of the server on its stream belong to. */
  get relation(): Relation {
    const { relatedRequestId } = this.options;
    return typeof relatedRequestId === 'number' ? relatedRequestId : 'none';
  }

  /** For the official transport: when it aborts, that neither reports the request nor tries to resume it. */
  get signal(): AbortSignal {
    this.#official ??= new AbortController();
    if (this.#cancelled !== undefined) this.#official.abort(this.#cancelled.reason);
    return this.#official.signal;
  }

  /** Whether a lean exchange carries or carried it, and the official transport has had no part in it. */
  get isLean(): boolean {
    return this.#exchange !== undefined && this.#official === undefined;
  }

  /** Whether no socket was found for its lean exchange: then nothing of it was sent. */
  get isUnsent(): boolean {
    return this.#exchange?.isSent === false && this.#official === undefined;
  }

  get isCancelled(): boolean {
    return this.#cancelled !== undefined;
  }

  /** Notes the lean exchange that carries it, which is cancelled with it. */
  carriedBy(exchange: Cancellable): void {
    this.#exchange = exchange;
    if (this.#cancelled !== undefined) exchange.cancel(this.#cancelled.reason);
  }

  /** Ends its exchange, lean or official. */
  cancel(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    this.#cancelled ??= { reason };
    this.#exchange?.cancel(reason);
    this.#official?.abort(reason);
  }

  takeResponse(): Response | undefined {
    const { response } = this;
    this.response = undefined;
    return response;
  }

  throwIfCancelled(): void {
    if (this.#cancelled !== undefined) throw this.#cancelled.reason;
  }
}

/** An exchange as far as its request ends it. */
export interface Cancellable {
  /** Whether any of its request may have been sent. */
  readonly isSent: boolean;
  cancel(reason: unknown): void;
}

/** The requests under way on one Streamable HTTP connection. */
export class OpenRequests {
  readonly #byId = new Map<RequestId, OpenRequest>();
  #idle: Deferred<void> | undefined;

  add(id: RequestId, options: TransportSendOptions = NO_OPTIONS): OpenRequest {
    const request = new OpenRequest(id, options);
    this.#byId.set(id, request);
    const { requestSignal } = options;
    if (requestSignal !== undefined)
      request.stopListening = onAbort(requestSignal, () => this.abandon(id, requestSignal.reason));
    return request;
  }

  get size(): number {
    return this.#byId.size;
  }

  has(request: OpenRequest): boolean {
    return this.#byId.get(request.id) === request;
  }

  /** Forgets a request that has its answer, or will not get one. */
  delete(id: RequestId): OpenRequest | undefined {
    const request = this.#byId.get(id);
    if (request === undefined) return undefined;
    this.#byId.delete(id);
    request.stopListening?.();
    request.stopWaiting?.();
    if (this.#byId.size === 0) this.#idle?.resolve();
    return request;
  }

  /** Ends the exchange of a request that nobody waits for any more. */
  abandon(id: RequestId, reason?: unknown): void {
    this.delete(id)?.cancel(reason);
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    if (this.#byId.size === 0) return;
    this.#idle ??= createDeferred();
    await this.#idle.promise;
  }

  clear(): void {
    for (const id of this.#byId.keys()) this.delete(id);
  }

  /**
   * Finds the request that an exchange of the official transport is for. That calls its `fetch` some time after `send`,
   * with a signal and headers of its own making, and with the message as text: its id is what both have in common. A GET
   * names the event after which it goes on.
   */
  find({ method, body }: RequestInit, headers: Headers): OpenRequest | undefined {
    if (method === 'POST') return typeof body === 'string' ? this.#byText(body) : undefined;
    const lastEventId = headers.get('last-event-id');
    if (lastEventId === null) return undefined;
    for (const request of this.#byId.values()) if (request.lastEventId === lastEventId) return request;
    return undefined;
  }

  #byText(text: string): OpenRequest | undefined {
    if (this.#byId.size === 0) return undefined;
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return undefined;
    }
    // The id of an answer is one that the server chose for a request of its own.
    if (!isRecord(message) || !('method' in message)) return undefined;
    const { id } = message;
    return typeof id === 'string' || typeof id === 'number' ? this.#byId.get(id) : undefined;
  }
}
