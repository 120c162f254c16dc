import { PlenumError } from '../../../errors/plenum-error.ts';
import { isOpenStream, type BodyFault, type BodyWatch, type HttpFetch } from '../network/http-fetch.ts';
import type { OpenRequest, OpenRequests } from '../open-requests.ts';
import { resumedStream } from './resumed-stream.ts';
import type { StandaloneStream } from './standalone-stream.ts';

export interface OfficialExchangesOptions {
  readonly server: string;
  readonly url: URL;
  readonly http: HttpFetch;
  readonly requests: OpenRequests;
  readonly standalone: StandaloneStream;
  /** Whether somebody else sees to a refusal for want of credentials. */
  readonly authenticates: boolean;
  /** Aborts when the connection ends. */
  readonly ending: AbortSignal;
  /** An exchange with the server failed. */
  readonly onFailed: (error: unknown) => void;
  readonly onStreamFault: (fault: BodyFault, error: PlenumError, request: OpenRequest | undefined) => void;
  /** The answer to a request will not come on a resumed stream. */
  readonly onResumptionFailed: (request: OpenRequest, cause?: unknown) => void;
  /** The server knows the session no more; `what` is ready to follow "the server". */
  readonly onExpired: (what: string, error: PlenumError) => void;
}

/** What an HTTP exchange is made of, with the headers at hand. */
type Exchange = RequestInit & { readonly headers: Headers };

/** Stands between the official transport and the network, and looks into what its exchanges tell of the connection. */
export class OfficialExchanges {
  readonly #options: OfficialExchangesOptions;

  constructor(options: OfficialExchangesOptions) {
    this.#options = options;
  }

  /** The official transport's `fetch`. */
  async fetch(url: URL, init: RequestInit = {}): Promise<Response> {
    const { url: own, http, requests, onFailed, onResumptionFailed } = this.#options;
    const headers = new Headers(init.headers);
    const request = requests.take(headers);
    const exchange = { ...init, headers };
    // The official OAuth flow asks other addresses, which tell nothing about this connection.
    if (url.href !== own.href) return http.fetch(url, exchange);

    try {
      if (init.method === 'GET') return await this.#get(exchange, request);
      const response = await this.#exchange(exchange, request);
      // What is no request has no answer; a body would only be read for as long as the server likes.
      if (request === undefined && init.method === 'POST' && response.ok) return await withoutBody(response);
      if (request !== undefined && response.ok && response.status !== 202)
        request.answer = isOpenStream(response) ? 'stream' : 'body';
      return response;
    } catch (error) {
      onFailed(error);
      if (request !== undefined) onResumptionFailed(request, error);
      throw error;
    }
  }

  /** One exchange with the server; what breaks it is looked into. */
  async #exchange(
    init: Exchange,
    request: OpenRequest | undefined,
    onStreamEnd?: () => void,
  ): Promise<Response> {
    const { url, http, onFailed, onStreamFault } = this.#options;
    let streaming = false;
    const watch: BodyWatch = {
      onFault: (fault, error) => {
        if (streaming) onStreamFault(fault, error, request);
        else onFailed(error);
      },
      onEnd: () => {
        if (streaming) onStreamEnd?.();
      },
    };
    const response = await http.fetch(url, init, watch, request?.takeInHand());
    streaming = isOpenStream(response);
    await this.#watchSession(response, init);
    return response;
  }

  /** Opens an event stream, or goes on with one that broke off. */
  async #get(init: Exchange, request: OpenRequest | undefined): Promise<Response> {
    const { standalone, ending } = this.#options;
    const lastEventId = init.headers.get('last-event-id');
    const response =
      request === undefined
        ? await standalone.open(
            (signal) => this.#exchange({ ...init, signal }, undefined, () => standalone.ended()),
            init.signal ?? ending,
            lastEventId !== null,
          )
        : await this.#exchange(init, request);
    if (!isOpenStream(response)) return this.#noStream(response, request);
    return lastEventId === null ? response : resumedStream(response, lastEventId);
  }

  /** A page in the place of a stream would be asked for again and again. */
  async #noStream(response: Response, request: OpenRequest | undefined): Promise<Response> {
    const { authenticates, onResumptionFailed } = this.#options;
    if (response.ok) await response.body?.cancel();
    const mayLogIn = authenticates && (response.status === 401 || response.status === 403);
    if (request !== undefined && !mayLogIn) onResumptionFailed(request);
    return response.ok ? new Response(null, { status: 405 }) : response;
  }

  /** Row S16: an HTTP 404 for a session that was known says that it is known no more. */
  async #watchSession(response: Response, { method, headers }: Exchange): Promise<void> {
    const { server, standalone, onExpired } = this.#options;
    if (response.status !== 404 || !headers.has('mcp-session-id')) return;
    // A server that never served a GET may have nothing there.
    if (method !== 'POST' && !(method === 'GET' && standalone.served)) return;
    await response.body?.cancel();
    const what = 'does not know this session any more (HTTP 404)';
    const message = `Server "${server}" ${what}. The request was not handled.`;
    const error = new PlenumError('SESSION_EXPIRED', message, { server, maybeExecuted: false });
    onExpired(what, error);
    throw error;
  }
}

async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, {
    status: response.status === 200 ? 204 : response.status,
    headers: response.headers,
  });
}
