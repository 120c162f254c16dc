import {
  StreamableHTTPClientTransport,
  type FetchLike,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type OAuthClientProvider,
  type RequestId,
  type TransportSendOptions,
} from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { ServerAuth, UrlServerSpec } from '../../server-spec.ts';
import { BaseTransport } from '../base-transport.ts';
import { failRequest } from '../fail-request.ts';
import type { TransportContext } from '../managed-transport.ts';
import { parseServerUrl } from '../server-url.ts';
import { settledWithin } from '../../internal/limit.ts';
import { HttpFetch, type BodyFault } from './network/http-fetch.ts';
import { goneBecause, networkError } from './network/network-error.ts';
import { OfficialExchanges } from './official/official-exchanges.ts';
import { OpenRequests, type OpenRequest } from './open-requests.ts';
import { PlainPosts } from './lean/lean-posts.ts';
import type { PostExchange, PostListener } from './lean/post-exchange.ts';
import { StandaloneStream } from './official/standalone-stream.ts';
import { withAuth } from './with-auth.ts';

const OPEN_TIMEOUT_MS = 30_000;
const TERMINATE_TIMEOUT_MS = 2_000;
/** How long a server may take to accept a notification, or an answer to a request of its own. */
const NOTIFICATION_TIMEOUT_MS = 10_000;
const FORCED_TERMINATE_TIMEOUT_MS = 500;
/** How long requests under way have to learn their own fate when the server is gone or forgot the session. */
const LINGER_MS = 1_000;
/** However little a server asks to wait before a stream is resumed. */
const MIN_RESUME_DELAY_MS = 100;
const RECONNECTION = {
  initialReconnectionDelay: 1_000,
  maxReconnectionDelay: 30_000,
  reconnectionDelayGrowFactor: 1.5,
  maxRetries: 5,
};

/**
 * Streamable HTTP. The official transport speaks it; this one sees to it that every request is settled, that a
 * server which is gone or has forgotten the session ends the connection, and that the end leaves nothing.
 */
export class StreamableHttpTransport extends BaseTransport {
  readonly kind = 'http';
  readonly hasPerRequestStream = true;

  readonly #spec: UrlServerSpec;
  readonly #context: TransportContext;
  readonly #url: URL;
  readonly #http: HttpFetch;
  readonly #official: StreamableHTTPClientTransport;
  /** Whether a request takes no more than a token: it is not signed, nor sent by a `fetch` of the user's. */
  readonly #isPlain: boolean;
  readonly #auth: ServerAuth | OAuthClientProvider | undefined;
  #posts: PlainPosts<OpenRequest> | undefined;
  readonly #requests = new OpenRequests();
  readonly #resumptions = new Set<StopTimer>();
  readonly #standalone: StandaloneStream;
  /** Whether any request was answered: until then there is no connection that could be kept. */
  #answered = false;
  /** The server is there, and only its event stream is not: it is to be told of the end. */
  #isDeaf = false;

  constructor(spec: UrlServerSpec, context: TransportContext) {
    super(context.server);
    this.#spec = spec;
    this.#context = context;
    this.#url = parseServerUrl(spec, context.server).url;
    this.#http = new HttpFetch({
      server: context.server,
      url: this.#url,
      spec,
      openTimeoutMs: spec.openTimeoutMs ?? OPEN_TIMEOUT_MS,
    });
    this.#standalone = new StandaloneStream({
      silenceMs: this.#http.silenceMs,
      authenticates: spec.auth !== undefined,
      ending: this.ending,
      onBroken: (error) => this.#judge(error),
      onMissed: () => context.onStreamReopened?.(),
      onGone: (what) => {
        this.#isDeaf = true;
        this.lose({ what });
      },
    });
    const exchanges = new OfficialExchanges({
      server: context.server,
      url: this.#url,
      http: this.#http,
      requests: this.#requests,
      standalone: this.#standalone,
      authenticates: spec.auth !== undefined,
      ending: this.ending,
      onFailed: (error) => this.#judge(error),
      onStreamFault: (fault, error, request) => this.#onStreamFault(fault, error, request),
      onResumptionFailed: (request, cause) => this.#onResumptionFailed(request, cause),
      onExpired: (what, error) => this.lose({ what, error, sessionExpired: true }),
    });
    const fetch: FetchLike = (url, init) => exchanges.fetch(new URL(url), init);
    const auth = withAuth(spec.auth, context.server, this.#url, fetch);
    this.#auth = auth.authProvider;
    this.#isPlain = auth.fetch === fetch && spec.fetch === undefined;
    this.#official = new StreamableHTTPClientTransport(this.#url, {
      ...auth,
      reconnectionOptions: RECONNECTION,
      reconnectionScheduler: (resume, delay) => this.#resumeLater(resume, delay),
    });
    this.#official.onmessage = (message) => this.#receive(message);
    this.#official.onerror = (error) => this.report(error);
  }

  get sessionId(): string | undefined {
    return this.#official.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.#official.setProtocolVersion(version);
  }

  protected async open(ending: AbortSignal): Promise<void> {
    await this.#http.open();
    if (this.#isPlain) this.#posts = this.#plainPosts();
    if (!ending.aborted) await this.#official.start();
  }

  protected transmit(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    return 'method' in message && 'id' in message
      ? this.#request(message, options)
      : this.#tell(message, options);
  }

  /** Row S17 wants an end to everything: that of a message without an answer is a time limit. */
  async #tell(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    // Older servers leave the stream of a cancelled request open.
    const cancelled = cancelledId(message);
    if (cancelled !== undefined) this.#requests.abandon(cancelled);
    // No resumption token here: it would make a GET of the message.
    await this.#official.send(message, {
      requestSignal: AbortSignal.timeout(NOTIFICATION_TIMEOUT_MS),
      ...(options?.headers !== undefined && { headers: options.headers }),
    });
  }

  /** Each request is an exchange of its own: a refusal says for certain that it did not run, an abort does not. */
  protected override linger(): Promise<unknown> {
    return settledWithin(this.#requests.settled(), LINGER_MS, this.ending);
  }

  protected async shut(force: AbortSignal): Promise<void> {
    // By force, too: it takes a server that is there a moment, and would be left with the session otherwise.
    if ((this.end === undefined || this.#isDeaf) && this.#spec.terminateSession !== false) {
      const limitMs = force.aborted ? FORCED_TERMINATE_TIMEOUT_MS : TERMINATE_TIMEOUT_MS;
      await settledWithin(this.#official.terminateSession(), limitMs, force.aborted ? undefined : force);
    }
    this.#requests.clear();
    await this.#official.close();
    for (const stop of this.#resumptions) stop();
    this.#standalone.stop();
    await this.#http.destroy();
  }

  async #request(message: JSONRPCRequest, options?: TransportSendOptions): Promise<void> {
    const request = this.#requests.add(message.id, options);
    try {
      let token = this.#posts?.askForToken();
      if (typeof token === 'object') {
        token = await token;
        this.#expectWanted(request);
      }
      const exchange = this.#startExchange(message, request, token);
      if (exchange !== undefined) request.inHand = await exchange.outcome;
      if (exchange === undefined || request.inHand !== undefined)
        await this.#sendOfficially(message, request);
      else if (request.answer === 'none') request.answer = 'body';
    } catch (error) {
      this.#requests.delete(message.id);
      // Nobody else is going to read it, and it would keep its socket.
      request
        .takeInHand()
        ?.body?.cancel()
        .catch(() => {});
      throw this.#whyFailed(error, request);
    }
    if (request.answer === 'body' && this.#requests.has(request)) {
      this.#requests.delete(message.id);
      throw new PlenumError(
        'INVALID_RESULT',
        `POST to ${this.#url.origin} for server "${this.server}": the response holds no answer to the request.`,
        { server: this.server },
      );
    }
  }

  /** What was given up, or came to its end, while its token was asked for never leaves. */
  #expectWanted(request: OpenRequest): void {
    if (this.ending.aborted) throw this.#cutOff(undefined, false);
    request.throwIfCancelled();
  }

  /** Sends it the usual way; undefined when there is something unusual about it. */
  #startExchange(
    message: JSONRPCRequest,
    request: OpenRequest,
    token: string | undefined,
  ): PostExchange<OpenRequest> | undefined {
    if (this.#posts === undefined || token === undefined) return undefined;
    const { sessionId, protocolVersion } = this.#official;
    const facts = { sessionId, protocolVersion, token };
    const exchange = this.#posts.send(message, request.options, facts, request);
    if (exchange !== undefined) request.carriedBy(exchange);
    return exchange;
  }

  #whyFailed(error: unknown, request: OpenRequest): unknown {
    if (this.ending.aborted) return error instanceof PlenumError ? error : this.#cutOff(error);
    // The official transport has told of its own failures by now.
    if (request.isCancelled || !request.isCarried) return error;
    const explained = this.#explain(error);
    this.#judge(explained);
    this.report(explained);
    return explained;
  }

  async #sendOfficially(message: JSONRPCRequest, request: OpenRequest): Promise<void> {
    const { options } = request;
    await this.#official.send(message, {
      headers: this.#requests.headersFor(request),
      requestSignal: request.signal,
      onRequestStreamEnd: () => this.#onStreamEnd(request),
      onresumptiontoken: (token) => {
        request.lastEventId = token;
        options.onresumptiontoken?.(token);
      },
      ...(options.resumptionToken !== undefined && { resumptionToken: options.resumptionToken }),
    });
  }
  #cutOff(cause: unknown, maybeExecuted = true): PlenumError {
    const why = this.end === undefined ? 'the connection was closed' : `the server ${this.end.what}`;
    return new PlenumError(
      'CONNECTION_LOST',
      `POST to ${this.#url.origin} for server "${this.server}" was cut off: ${why}.`,
      { server: this.server, cause, maybeExecuted },
    );
  }

  #plainPosts(): PlainPosts<OpenRequest> {
    const listener: PostListener<OpenRequest> = {
      maxBytes: this.#http.maxMessageBytes,
      silenceMs: this.#http.silenceMs,
      tooLarge: () => this.#http.tooLarge(),
      tooMany: (messages) => this.#http.tooMany(messages),
      onMessage: (message) => this.#receive(message),
      onProblem: (error) => this.report(error),
      onStream: (request) => (request.answer = 'stream'),
      onStreamFault: (request, fault, error) => {
        if (!this.ending.aborted)
          this.#onStreamFault(
            fault,
            fault === 'silent' ? this.#http.tooSilent() : this.#explain(error),
            request,
          );
      },
      onStreamEnd: (request) => {
        if (!this.ending.aborted) this.#onStreamEnd(request);
      },
    };
    return new PlainPosts({ http: this.#http, url: this.#url, auth: this.#auth, listener });
  }

  #explain(error: unknown): PlenumError {
    return networkError(error, { server: this.server, doing: 'POST', url: this.#url });
  }

  #receive(message: JSONRPCMessage): void {
    if (!('method' in message)) {
      this.#answered = true;
      if (message.id !== undefined) this.#requests.delete(message.id);
    }
    this.deliver(message);
  }

  /** Finds out what a failed exchange says about the connection as a whole. */
  #judge(error: unknown): void {
    if (!(error instanceof PlenumError) || error.code !== 'CONNECTION_LOST') return;
    const reason = goneBecause(error);
    if (reason === undefined) this.#context.onSuspect?.(error);
    else this.lose({ what: `cannot be reached at ${this.#url.origin}: ${reason}`, error });
  }

  #onStreamFault(fault: BodyFault, error: PlenumError, request: OpenRequest | undefined): void {
    if (fault === 'network') this.#context.onSuspect?.(error);
    if (fault !== 'too-large') {
      // The official transport decides whether the stream can be resumed.
      if (request !== undefined) request.fault = error;
      return;
    }
    // Resuming would only bring the same message again.
    if (request !== undefined) this.#fail(request, error);
    else this.lose({ what: 'sent a message that is too large', error });
  }

  /** Row S17: a request does not wait for an answer whose stream is gone for good. */
  #onStreamEnd(request: OpenRequest): void {
    request.options.onRequestStreamEnd?.();
    if (!this.#requests.has(request)) return;
    const error = new PlenumError(
      'CONNECTION_LOST',
      `Server "${this.server}" ended the stream of a request before its answer.`,
      { server: this.server, cause: request.fault, maybeExecuted: true },
    );
    if (this.#answered) return this.#fail(request, error);
    // An error as the first answer would be taken for the word of an older server.
    this.lose({ what: 'broke off its first answer', error });
  }

  /** The official transport does not tell when a request that the caller resumes cannot be. */
  #onResumptionFailed(request: OpenRequest, cause?: unknown): void {
    if (request.options.resumptionToken === undefined || !this.#requests.has(request)) return;
    const error = new PlenumError('CONNECTION_LOST', `Server "${this.server}" does not resume the request.`, {
      server: this.server,
      cause,
      maybeExecuted: true,
    });
    this.#fail(request, error);
  }

  /** Fails a request for which the official transport still waits. */
  #fail(request: OpenRequest, error: PlenumError): void {
    const waiting = this.#requests.has(request);
    if (waiting) this.#requests.delete(request.id);
    request.cancel();
    if (waiting) this.deliver(failRequest(request.id, error));
  }

  /** The official transport remembers one timer only, whatever the number of its streams. */
  #resumeLater(resume: () => void, delayMs: number): void {
    this.#standalone.planned(delayMs);
    const stop = startTimer(
      Math.max(delayMs, MIN_RESUME_DELAY_MS),
      () => {
        this.#resumptions.delete(stop);
        resume();
      },
      { keepAlive: true },
    );
    this.#resumptions.add(stop);
  }
}

function cancelledId(message: JSONRPCMessage): RequestId | undefined {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return undefined;
  return (message.params as { requestId?: RequestId } | undefined)?.requestId;
}
