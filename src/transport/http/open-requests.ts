import type { RequestId, TransportSendOptions } from '@modelcontextprotocol/client';
import type { PlenumError } from '../../errors.ts';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';

/** Tells which request a POST carries; taken off before the POST leaves. */
const REQUEST_HEADER = 'x-plenum-request';

/** One JSON-RPC request that has no answer yet, and the HTTP exchange that is to bring it. */
export interface OpenRequest {
  readonly id: RequestId;
  readonly key: string;
  /** Ends the exchange. The official transport then neither reports it nor tries to resume it. */
  readonly exchange: AbortController;
  /** What the caller gave with the request. */
  readonly options: TransportSendOptions;
  /** Ends the listening to the caller's own signal. */
  release: () => void;
  /** The last event id seen: what a GET that resumes this request will carry. */
  lastEventId: string | undefined;
  /** What the response turned out to be. */
  answer: 'none' | 'body' | 'stream';
  /** The last thing that went wrong with its stream. */
  fault: PlenumError | undefined;
}

/** The requests under way on one Streamable HTTP connection. */
export class OpenRequests {
  readonly #byKey = new Map<string, OpenRequest>();
  #idle: Deferred<void> | undefined;

  add(id: RequestId, options: TransportSendOptions = {}): OpenRequest {
    const request: OpenRequest = {
      id,
      key: keyOf(id),
      exchange: new AbortController(),
      options,
      release: () => {},
      lastEventId: options.resumptionToken,
      answer: 'none',
      fault: undefined,
    };
    this.#byKey.set(request.key, request);
    const given = options.requestSignal;
    if (given !== undefined) {
      const onAbort = (): void => this.abandon(id, given.reason);
      given.addEventListener('abort', onAbort, { once: true });
      request.release = () => given.removeEventListener('abort', onAbort);
      if (given.aborted) onAbort();
    }
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
    this.delete(id)?.exchange.abort(reason);
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
