import type { PlenumError } from '../../../errors/plenum-error.ts';
import { expiredSession, refusalOf, type ExpiredSession, type SessionRefusal } from '../expired-session.ts';
import { isOpenStream } from '../network/answer-type.ts';
import type { BodyFault, BodyWatch, HttpFetch } from '../network/http-fetch.ts';
import { withStandIns } from './as-sent.ts';
import type { OpenRequest, OpenRequests } from '../open-requests.ts';
import { redirectStatusOf, retryAfterOf } from '../refusal.ts';
import type { StandaloneStream } from './standalone-stream.ts';

export interface OfficialExchangesOptions {
  readonly server: string;
  readonly url: URL;
  readonly http: HttpFetch;
  readonly requests: OpenRequests;
  readonly standalone: StandaloneStream;
  /** Whether the spec has credentials: then 401 and 403 are for the official transport to deal with. */
  readonly authenticates: boolean;
  /** Aborts when the connection ends. */
  readonly ending: AbortSignal;
  /** An exchange with the server failed. */
  readonly onFailed: (error: unknown) => void;
  readonly onStreamFault: (fault: BodyFault, error: PlenumError, request: OpenRequest | undefined) => void;
  /** The answer to a request will not come on a resumed stream. */
  readonly onResumptionFailed: (request: OpenRequest, cause?: unknown) => void;
  /** The server refused something, and asks to wait for so many milliseconds. */
  readonly onAskedToWait: (waitMs: number) => void;
  /** The server refuses the stream that it served before. */
  readonly onStreamRefused: (refusal: SessionRefusal) => void;
  /** The server no longer knows the session. */
  readonly onExpired: (end: ExpiredSession) => void;
}

/** A request as the official transport makes it, with its headers read. */
type Exchange = RequestInit & { readonly headers: Headers };

/**
 * The `fetch` of the official transport. It finds the request that an exchange is for, sends it, and reports what its
 * outcome says about the request, the session and the connection.
 */
export class OfficialExchanges {
  readonly #options: OfficialExchangesOptions;

  constructor(options: OfficialExchangesOptions) {
    this.#options = options;
  }

  async fetch(url: URL, init: RequestInit = {}): Promise<Response> {
    const { url: own, http, requests, onFailed, onResumptionFailed } = this.#options;
    // The official OAuth flow asks other addresses, which tell nothing about this connection.
    if (url.href !== own.href) return http.fetch(url, init);

    const headers = new Headers(init.headers);
    const request = requests.find(init, headers);
    const exchange = { ...init, headers };
    try {
      if (init.method === 'GET') return await this.#get(exchange, request);
      const response = await this.#exchange(exchange, request);
      // Only requests have answers: the body of anything else could keep its socket for as long as the server likes.
      if (request === undefined && init.method === 'POST' && response.ok) return await withoutBody(response);
      if (request !== undefined && response.ok) request.answer = kindOf(response);
      return response;
    } catch (error) {
      onFailed(error);
      const redirect = redirectStatusOf(error);
      if (init.method === 'GET' && redirect !== undefined) this.#noteRefusedStream(redirect, request);
      if (request !== undefined) onResumptionFailed(request, error);
      throw error;
    }
  }

  /** Makes one exchange with the server, and watches its body. */
  async #exchange(
    init: Exchange,
    request: OpenRequest | undefined,
    onStreamEnd?: () => void,
  ): Promise<Response> {
    const { url, http, onFailed, onStreamFault } = this.#options;
    let streaming = false;
    const watch: BodyWatch = {
      isAnswer: request !== undefined && init.method === 'POST',
      onFault: (fault, error) => {
        if (streaming) onStreamFault(fault, error, request);
        else onFailed(error);
      },
      onEnd: () => {
        if (streaming) onStreamEnd?.();
      },
    };
    const response = await http.fetch(url, init, watch, request?.takeResponse());
    streaming = isOpenStream(response);
    if (!response.ok) {
      this.#noteWait(response, request);
      await this.#watchSession(response, init, request);
    } else if (init.method === 'GET' && !streaming) this.#noteRefusedStream(response.status, request);
    if (init.method === 'DELETE' || (request === undefined && !streaming)) return response;
    return withStandIns(response, request?.relation ?? 'none', (text) => {
      if (request !== undefined) request.said = text.slice(0, MOST_SAID);
    });
  }

  /** The answer to the request for the stream of the session is none. */
  #noteRefusedStream(status: number, request: OpenRequest | undefined): void {
    const { standalone, onStreamRefused } = this.#options;
    if (request === undefined && standalone.served) onStreamRefused({ status, fault: undefined, text: '' });
  }

  #noteWait({ headers }: Response, request: OpenRequest | undefined): void {
    const waitMs = retryAfterOf(headers);
    if (waitMs === undefined) return;
    if (request !== undefined) request.retryAfterMs = waitMs;
    this.#options.onAskedToWait(waitMs);
  }

  /** Opens an event stream, or goes on with one that broke off. */
  async #get(init: Exchange, request: OpenRequest | undefined): Promise<Response> {
    const { standalone, ending } = this.#options;
    const lastEventId = init.headers.get('last-event-id');
    const response =
      request === undefined
        ? await standalone.open(
            (signal, onEnd) => this.#exchange({ ...init, signal }, undefined, onEnd),
            init.signal ?? ending,
            lastEventId !== null,
          )
        : await this.#exchange(init, request);
    if (!isOpenStream(response)) return this.#noStream(response, request);
    return lastEventId === null ? response : resumedStream(response, lastEventId);
  }

  /** Answers a GET without a stream with 405 when it was HTTP 200: the official transport would ask again and again. */
  async #noStream(response: Response, request: OpenRequest | undefined): Promise<Response> {
    const { authenticates, onResumptionFailed } = this.#options;
    if (response.ok) await response.body?.cancel();
    const mayLogIn = authenticates && (response.status === 401 || response.status === 403);
    if (request !== undefined && !mayLogIn) onResumptionFailed(request);
    return response.ok ? new Response(null, { status: 405 }) : response;
  }

  /** Throws `SESSION_EXPIRED` when the answer says that the server no longer knows the session. */
  async #watchSession(
    response: Response,
    { method, headers }: Exchange,
    request: OpenRequest | undefined,
  ): Promise<void> {
    const { server, standalone, onExpired, onStreamRefused } = this.#options;
    if (!headers.has('mcp-session-id')) return;
    // A server that has never served a GET may have nothing at all for it.
    if (method !== 'POST' && !(method === 'GET' && standalone.served)) return;
    const refusal = refusalOf(response.status, await response.clone().text());
    const expired = expiredSession(response.status, server);
    if (expired === undefined) {
      if (method === 'GET') onStreamRefused(refusal);
      return;
    }
    // A JSON-RPC error that answers this very request may be about that: whoever sent the request finds out.
    if (request !== undefined && refusal.fault?.id === request.id) return;
    await response.body?.cancel();
    onExpired(expired);
    throw expired.error;
  }
}

/** How much of a body is kept for what it says about the session, in characters. */
const MOST_SAID = 8_192;

function kindOf(response: Response): OpenRequest['answer'] {
  if (response.status === 202) return 'later';
  return isOpenStream(response) ? 'stream' : 'body';
}

async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, {
    status: response.status === 200 ? 204 : response.status,
    headers: response.headers,
  });
}

/**
 * Begins a stream that goes on after the event `lastEventId` with an event of that id and no data. Without it the
 * official transport would forget the id if the stream broke again before its first event: it would then ask for a new
 * stream, and what the server still had to send on this one would be lost.
 */
function resumedStream(response: Response, lastEventId: string): Response {
  if (response.body === null) return response;
  const reminder = new TextEncoder().encode(`id: ${lastEventId}\ndata:\n\n`);
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({ start: (controller) => controller.enqueue(reminder) }),
  );
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
