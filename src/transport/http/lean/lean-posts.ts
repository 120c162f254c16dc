import type { JSONRPCRequest, OAuthClientProvider, TransportSendOptions } from '@modelcontextprotocol/client';
import type { ServerAuth } from '../../../server-spec.ts';
import type { HttpDispatcher, HttpPool } from '../network/http-pool.ts';
import { DEFAULT_HEADERS } from '../network/pool-fetch.ts';
import { PostExchange, type PostListener } from './post-exchange.ts';

/** The official transport learns the session's id from the one, and keeps the stream of the other open. */
const OFFICIAL_METHODS: ReadonlySet<string> = new Set(['initialize', 'subscriptions/listen']);
const VERSION_CLAIM = 'io.modelcontextprotocol/protocolVersion';
/** Values that a header carries as they are; the official client encodes all others (SEP-2243). */
const PLAIN_VALUE = /^(?!=\?base64\?)[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/i;

export interface LeanPostsOptions<Request> {
  readonly pool: HttpPool;
  readonly url: URL;
  /** Headers that the spec gives. */
  readonly headers: Headers;
  readonly auth: ServerAuth | OAuthClientProvider | undefined;
  readonly listener: PostListener<Request>;
}

/**
 * Sends requests past the official transport, each as one POST. What needs more than that (a login, a resumption, headers of
 * its own) is left to the official transport (docs/decisions/0012).
 */
export class LeanPosts<Request> {
  readonly #dispatcher: HttpDispatcher;
  readonly #origin: string;
  readonly #path: string;
  readonly #headers: PostHeaders;
  readonly #auth: ServerAuth | OAuthClientProvider | undefined;
  readonly #listener: PostListener<Request>;

  constructor({ pool, url, headers, auth, listener }: LeanPostsOptions<Request>) {
    this.#dispatcher = pool.dispatcherFor(url.origin);
    this.#origin = url.origin;
    this.#path = `${url.pathname}${url.search}`;
    this.#headers = new PostHeaders(headers);
    this.#auth = auth;
    this.#listener = listener;
  }

  /** The token for the next request: empty when it needs none, undefined when only the official transport can tell. */
  askForToken(): string | Promise<string | undefined> {
    return this.#auth === undefined ? '' : tokenOf(this.#auth);
  }

  /** Sends the message of `request`. Sends nothing and returns undefined when the official transport has to. */
  send(
    message: JSONRPCRequest,
    { resumptionToken, headers }: TransportSendOptions,
    connection: ConnectionFacts,
    request: Request,
  ): PostExchange<Request> | undefined {
    if (OFFICIAL_METHODS.has(message.method)) return undefined;
    if (resumptionToken !== undefined || headers !== undefined) return undefined;
    const all = this.#headers.for(message, connection);
    if (all === undefined) return undefined;
    const body = JSON.stringify(message);
    const exchange = new PostExchange(this.#listener, request);
    const post = { origin: this.#origin, path: this.#path, method: 'POST', headers: all, body } as const;
    try {
      this.#dispatcher.dispatch(post, exchange);
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

/** What the requests of one connection have in common. */
export interface ConnectionFacts {
  readonly sessionId: string | undefined;
  readonly protocolVersion: string | undefined;
  /** Empty when there is none. */
  readonly token: string;
}

/**
 * The headers of a POST with one request, as the official transport would send them: its own win over those of the
 * spec. What all requests have in common is put together once.
 */
export class PostHeaders {
  readonly #spec: Headers;
  #facts: ConnectionFacts | undefined;
  #common: readonly string[] = [];
  /** With the version of the connection, for requests that do not name their own. */
  #versioned: string[] = [];

  constructor(spec: Headers) {
    this.#spec = spec;
  }

  /** Names and values in turn; undefined when a value would have to be encoded. */
  for({ method, params }: JSONRPCRequest, facts: ConnectionFacts): string[] | undefined {
    if (!isSame(facts, this.#facts)) this.#prepare(facts);
    const claim = params?._meta?.[VERSION_CLAIM];
    if (typeof claim !== 'string') return this.#versioned;
    const name = method === 'resources/read' ? params?.['uri'] : params?.['name'];
    if (!PLAIN_VALUE.test(claim) || !PLAIN_VALUE.test(method)) return undefined;
    const own = ['mcp-protocol-version', claim, 'mcp-method', method];
    if (typeof name !== 'string') return [...this.#common, ...own];
    return PLAIN_VALUE.test(name) ? [...this.#common, ...own, 'mcp-name', name] : undefined;
  }

  #prepare(facts: ConnectionFacts): void {
    const { protocolVersion } = facts;
    this.#facts = facts;
    this.#common = commonHeaders(this.#spec, facts);
    this.#versioned = [
      ...this.#common,
      ...(protocolVersion === undefined ? [] : ['mcp-protocol-version', protocolVersion]),
    ];
  }
}

function commonHeaders(spec: Headers, { sessionId, token }: ConnectionFacts): readonly string[] {
  const headers = new Headers(spec);
  for (const [name, value] of Object.entries(DEFAULT_HEADERS)) if (!spec.has(name)) headers.set(name, value);
  for (const name of ['mcp-protocol-version', 'mcp-method', 'mcp-name']) headers.delete(name);
  headers.set('content-type', 'application/json');
  headers.set('accept', 'application/json, text/event-stream');
  if (sessionId !== undefined) headers.set('mcp-session-id', sessionId);
  if (token !== '') headers.set('authorization', `Bearer ${token}`);
  return [...headers].flat();
}

function isSame(a: ConnectionFacts, b: ConnectionFacts | undefined): boolean {
  return (
    b !== undefined &&
    a.sessionId === b.sessionId &&
    a.protocolVersion === b.protocolVersion &&
    a.token === b.token
  );
}
