import type { JSONRPCRequest, OAuthClientProvider, TransportSendOptions } from '@modelcontextprotocol/client';
import type { ServerAuth } from '../../../server-spec.ts';
import type { HttpFetch } from '../network/http-fetch.ts';
import { targetOf, type PoolTarget } from '../network/http-pool.ts';
import { PostExchange, type PostListener } from './post-exchange.ts';
import { PostHeaders, type ConnectionFacts } from './post-headers.ts';

/** What the official transport has a part in: it learns the session's id from the one, and keeps the other open. */
const OFFICIAL_METHODS: ReadonlySet<string> = new Set(['initialize', 'subscriptions/listen']);

export interface PlainPostsOptions<Request> {
  readonly http: HttpFetch;
  readonly url: URL;
  readonly auth: ServerAuth | OAuthClientProvider | undefined;
  readonly listener: PostListener<Request>;
}

/** Sends the requests of one connection, as long as there is nothing unusual about them. */
export class PlainPosts<Request> {
  readonly #options: PlainPostsOptions<Request>;
  readonly #target: PoolTarget;
  readonly #headers: PostHeaders;

  constructor(options: PlainPostsOptions<Request>) {
    this.#options = options;
    this.#target = targetOf(options.url);
    this.#headers = new PostHeaders(options.http.headers);
  }

  /** The token for the next request: empty when it needs none, undefined when only the official transport can tell. */
  askForToken(): string | Promise<string | undefined> {
    const { auth } = this.#options;
    return auth === undefined ? '' : tokenOf(auth);
  }

  /** Sends a request for `request`; nothing is sent, nor returned, when that is the official transport's to do. */
  send(
    message: JSONRPCRequest,
    { resumptionToken, headers }: TransportSendOptions,
    connection: ConnectionFacts,
    request: Request,
  ): PostExchange<Request> | undefined {
    const { http, listener } = this.#options;
    if (http.pool === undefined || OFFICIAL_METHODS.has(message.method)) return undefined;
    if (resumptionToken !== undefined || headers !== undefined) return undefined;
    const all = this.#headers.for(message, connection);
    if (all === undefined) return undefined;
    const body = JSON.stringify(message);
    const exchange = new PostExchange(listener, request);
    try {
      http.pool.dispatch(this.#target, { method: 'POST', headers: all, body }, exchange);
    } catch (error) {
      exchange.cancel(error);
    }
    return exchange;
  }
}

/** The official transport asks for it again, and knows what a failure means. */
async function tokenOf(auth: ServerAuth | OAuthClientProvider): Promise<string | undefined> {
  if (!('token' in auth)) return undefined;
  try {
    return (await auth.token()) ?? '';
  } catch {
    return undefined;
  }
}
