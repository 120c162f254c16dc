import type { RequestId, TransportSendOptions } from '@modelcontextprotocol/client';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { onAbort } from '../../internal/limit.ts';

/** Tells which request a POST carries; taken off before the POST leaves. */
const REQUEST_HEADER = 'x-plenum-request';

/** One JSON-RPC request that has no answer yet, and the HTTP exchange that is to bring it. */
export class OpenRequest {
  readonly id: RequestId;
  readonly key: string;
  /** What the caller gave with the request. */
  readonly options: TransportSendOptions;
  /** The last event id seen: what a GET that resumes this request will carry. */
  lastEventId: string | undefined;
  /** What the response turned out to be. */
  answer: 'none' | 'body' | 'stream' = 'none';
  /** The last thing that went wrong with its stream. */
  fault: PlenumError | undefined;
  /** The answer to that exchange, for the official transport to deal with. */
  inHand: Response | undefined;
  /** The exchange of our own that carries it. */
  #exchange: Cancellable | undefined;
  #official: AbortController | undefined;
  #cancelled: { readonly reason: unknown } | undefined;
  #stopListening: () => void = () => {};

  constructor(id: RequestId, options: TransportSendOptions) {
    this.id = id;
    this.key = keyOf(id);
    this.options = options;
    this.lastEventId = options.resumptionToken;
  }

  /** Ends what the official transport does for it: that neither reports it nor tries to resume it then. */
  get signal(): AbortSignal {
    this.#official ??= new AbortController();
    if (this.#cancelled !== undefined) this.#official.abort(this.#cancelled.reason);
    return this.#official.signal;
  }

  /** Whether it is, or was, an exchange of our own, without the official transport having had a part in it. */
  get isCarried(): boolean {
    return this.#exchange !== undefined && this.#official === undefined;
  }

  get isCancelled(): boolean {
    return this.#cancelled !== undefined;
  }

  /** Ends `exchange`, too, when it is given up. */
  carriedBy(exchange: Cancellable): void {
    this.#exchange = exchange;
    if (this.#cancelled !== undefined) exchange.cancel(this.#cancelled.reason);
  }

  /** Ends its exchange, whoever carries it. */
  cancel(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    this.#cancelled ??= { reason };
    this.#exchange?.cancel(reason);
    this.#official?.abort(reason);
  }

  takeInHand(): Response | undefined {
    const response = this.inHand;
    this.inHand = undefined;
    return response;
  }

  throwIfCancelled(): void {
    if (this.#cancelled !== undefined) throw this.#cancelled.reason;
  }

  /** Calls back when the caller gives it up. */
  listen(giveUp: () => void): void {
    this.#stopListening = onAbort(this.options.requestSignal, giveUp);
  }

  /** Listens to its caller no more. */
  release(): void {
    this.#stopListening();
  }
}

/** An exchange as far as its request ends it. */
export interface Cancellable {
  cancel(reason: unknown): void;
}

/** The requests under way on one Streamable HTTP connection. */
export class OpenRequests {
  readonly #byKey = new Map<string, OpenRequest>();
  #idle: Deferred<void> | undefined;

  add(id: RequestId, options: TransportSendOptions = {}): OpenRequest {
    const request = new OpenRequest(id, options);
    this.#byKey.set(request.key, request);
    request.listen(() => this.abandon(id, options.requestSignal?.reason));
    return request;
  }

  has(request: OpenRequest): boolean {
    return this.#byKey.get(request.key) === request;
  }

  /** Forgets a request that has its answer, or will not get one. */
  delete(id: RequestId): OpenRequest | undefined {
    const request = this.#byKey.get(keyOf(id));
    if (request === undefined) return undefined;
    this.#byKey.delete(request.key);
    request.release();
    if (this.#byKey.size === 0) this.#idle?.resolve();
    return request;
  }

  /** Ends the exchange of a request that nobody waits for any more. */
  abandon(id: RequestId, reason?: unknown): void {
    this.delete(id)?.cancel(reason);
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    if (this.#byKey.size === 0) return;
    this.#idle ??= createDeferred();
    await this.#idle.promise;
  }

  clear(): void {
    for (const request of this.#byKey.values()) this.delete(request.id);
  }

  /** What makes `take` find the request again. */
  headersFor(request: OpenRequest): Record<string, string> {
    return { ...request.options.headers, [REQUEST_HEADER]: request.key };
  }

  /** Finds the request that an HTTP exchange is for by its headers, and cleans those. */
  take(headers: Headers): OpenRequest | undefined {
    const key = headers.get(REQUEST_HEADER);
    headers.delete(REQUEST_HEADER);
    if (key !== null) return this.#byKey.get(key);
    const lastEventId = headers.get('last-event-id');
    if (lastEventId === null) return undefined;
    for (const request of this.#byKey.values()) if (request.lastEventId === lastEventId) return request;
    return undefined;
  }
}

/** `1` and `"1"` are different ids, and a header carries little more than ASCII. */
function keyOf(id: RequestId): string {
  return typeof id === 'number' ? `n${id}` : `s${encodeURIComponent(id)}`;
}
