import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  SdkHttpError,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type JSONRPCResponse,
  type RequestId,
  type TransportSendOptions,
} from '@modelcontextprotocol/client';
import { answerLost, responseEmpty, sendFailed } from '../../errors/transport.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { INTERNAL_ERROR } from '../../internal/json/rpc-codes.ts';
import { Limit, settledWithin } from '../../internal/limit.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { ServerAuth, UrlServerSpec } from '../../server-spec.ts';
import { BaseTransport } from '../base-transport.ts';
import { failRequest } from '../fail-request.ts';
import { askedId, isCall } from '../json-rpc.ts';
import type { Relation, TransportContext } from '../managed-transport.ts';
import { parseServerUrl } from '../server-url.ts';
import {
  CHECK_ID,
  isSuspicious,
  questionsAbout,
  refusalInResult,
  refusalOf,
  SessionCheck,
  type SessionRefusal,
} from './expired-session.ts';
import { HttpFetch, type BodyFault } from './network/http-fetch.ts';
import type { HttpPool } from './network/http-pool.ts';
import { goneBecause, networkError } from './network/network-error.ts';
import { asSent, relationIn } from './official/as-sent.ts';
import { OfficialExchanges } from './official/official-exchanges.ts';
import { OpenRequests, type OpenRequest } from './open-requests.ts';
import { LeanPosts, type PostExchange, type PostListener } from './lean-posts.ts';
import { redirectStatusOf } from './refusal.ts';
import { StandaloneStream } from './official/standalone-stream.ts';
import { resolveHeaders } from './network/resolve-headers.ts';
import { withAuth } from './with-auth.ts';

const OPEN_TIMEOUT_MS = 30_000;
const TERMINATE_TIMEOUT_MS = 2_000;
/** How long a server may take to accept a notification, or an answer to a request of its own. */
const NOTIFICATION_TIMEOUT_MS = 10_000;
const FORCED_TERMINATE_TIMEOUT_MS = 500;
/**
 * How long requests under way may still come to their own ends once the server is gone or has forgotten the session: as long
 * as they do, this time is repeated.
 */
const LINGER_MS = 1_000;
const MOST_LINGERS = 10;
/** How long the answer to a request that the server only accepted may take before the session is doubted. */
const LATER_MS = 2_000;
/** The shortest wait before a stream is resumed, also when the server asks for less. */
const MIN_RESUME_DELAY_MS = 100;
const RECONNECTION = {
  initialReconnectionDelay: 1_000,
  maxReconnectionDelay: 30_000,
  reconnectionDelayGrowFactor: 1.5,
  maxRetries: 5,
};

/**
 * Streamable HTTP. A usual request goes out by `LeanPosts.send` to the socket pool, and `PostExchange` brings its answer to
 * `#receive`. Everything else goes through the official transport, whose `fetch` is `OfficialExchanges`. This class sees to it that every request is settled, that the connection ends when the server is gone or has
 * forgotten the session, and that the end leaves nothing behind.
 */
export class StreamableHttpTransport extends BaseTransport {
  readonly kind = 'http';
  readonly hasPerRequestStream = true;
  retryAfterMs: number | undefined;

  readonly #spec: UrlServerSpec;
  readonly #context: TransportContext;
  readonly #url: URL;
  readonly #http: HttpFetch;
  readonly #official: StreamableHTTPClientTransport;
  readonly #auth: ServerAuth | undefined;
  /** Whether `auth` wraps `fetch`, to sign requests for example. */
  readonly #wrapsFetch: boolean;
  /** Undefined until the connection is open, and when every request has to go through a `fetch` of the user's. */
  #lean: LeanPosts<OpenRequest> | undefined;
  readonly #requests = new OpenRequests();
  readonly #resumptions = new Set<StopTimer>();
  readonly #standalone: StandaloneStream;
  readonly #sessionCheck: SessionCheck;
  /** The request that opened the session. */
  #handshake: JSONRPCRequest | undefined;
  /** Only the stream for notifications is lost: the server is there, and gets a DELETE when the session ends. */
  #lostStreamOnly = false;

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
      onOddity: context.onOddity,
    });
    this.#standalone = new StandaloneStream({
      silenceMs: this.#http.silenceMs,
      authenticates: spec.auth !== undefined,
      ending: this.ending,
      onBroken: (error) => this.#judge(error),
      onMissed: () => context.onStreamReopened?.(),
      onGone: (what) => {
        this.#lostStreamOnly = true;
        this.endWith({ what });
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
      onAskedToWait: (waitMs) => (this.retryAfterMs = waitMs),
      onStreamRefused: (refusal) => void this.#findOut(refusal),
      onExpired: (end) => this.endWith(end),
    });
    const fetch = this.#http.forConnection((url, init) => exchanges.fetch(new URL(url), init));
    const auth = withAuth(spec.auth, context.server, this.#url, fetch);
    this.#auth = auth.authProvider;
    this.#wrapsFetch = auth.fetch !== fetch;
    this.#official = new StreamableHTTPClientTransport(this.#url, {
      ...auth,
      reconnectionOptions: RECONNECTION,
      reconnectionScheduler: (resume, delay) => this.#resumeLater(resume, delay),
    });
    const direct = this.#http.forConnection((url, init) => this.#http.fetch(url, init));
    this.#sessionCheck = new SessionCheck(
      context.server,
      questionsAbout({
        url: this.#url,
        fetch: withAuth(spec.auth, context.server, this.#url, direct).fetch,
        credentials: () => this.#credentials(),
        session: () => ({ id: this.sessionId, protocolVersion: this.#official.protocolVersion }),
        handshake: () => this.#handshake,
        mayAnswerLater: () => this.#standalone.served,
        ending: this.ending,
      }),
    );
    this.#official.onmessage = (message) => this.#receive(asSent(message), relationIn(message));
    this.#official.onerror = (error) => this.report(error);
  }

  get sessionId(): string | undefined {
    return this.#official.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.#official.setProtocolVersion(version);
  }

  abandon(id: RequestId): void {
    this.#requests.abandon(id);
  }

  protected async open(ending: AbortSignal): Promise<void> {
    await this.#http.open();
    const { pool } = this.#http;
    if (pool !== undefined && !this.#wrapsFetch) this.#lean = this.#leanPosts(pool);
    if (!ending.aborted) await this.#official.start();
  }

  protected transmit(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    return 'method' in message && 'id' in message
      ? this.#request(message, options)
      : this.#tell(message, options);
  }

  /** A message without an answer has a time limit, so that it is settled in any case. */
  async #tell(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    // Older servers leave the stream of a cancelled request open.
    const cancelled = cancelledId(message);
    if (cancelled !== undefined) this.#requests.abandon(cancelled);
    const limit = new Limit({ ms: NOTIFICATION_TIMEOUT_MS, keepAlive: false });
    try {
      // Without a resumption token, which would make a GET of the message.
      await this.#official.send(message, {
        requestSignal: limit.signal,
        ...(options?.headers !== undefined && { headers: options.headers }),
      });
    } finally {
      limit.stop();
    }
  }

  /** A request that the server answers with a refusal has surely not run; of one that is aborted nobody knows. */
  protected override async linger(): Promise<void> {
    for (let waited = 0; waited < MOST_LINGERS; waited++) {
      const open = this.#requests.size;
      if (await settledWithin(this.#requests.settled(), LINGER_MS, this.ending)) return;
      // On a busy machine the time is over before the answers are read that have come.
      await nextTurn();
      if (this.ending.aborted || this.#requests.size === open) return;
    }
  }

  protected async shut(force: AbortSignal): Promise<void> {
    // Also by force: it takes a moment only, and the server would keep the session otherwise.
    if ((this.end === undefined || this.#lostStreamOnly) && this.#spec.terminateSession !== false) {
      const limitMs = force.aborted ? FORCED_TERMINATE_TIMEOUT_MS : TERMINATE_TIMEOUT_MS;
      await settledWithin(this.#official.terminateSession(), limitMs, force.aborted ? undefined : force);
    }
    this.#requests.clear();
    this.#lean?.stop();
    await this.#official.close();
    for (const stop of this.#resumptions) stop();
    this.#standalone.stop();
    await this.#http.destroy();
  }

  async #request(message: JSONRPCRequest, options?: TransportSendOptions): Promise<void> {
    const request = this.#requests.add(message.id, options);
    if (message.method === 'initialize') this.#handshake = message;
    try {
      let token = this.#lean?.askForToken();
      if (typeof token === 'object') {
        token = await token;
        this.#expectWanted(request);
      }
      const exchange = this.#sendLean(message, request, token);
      if (exchange !== undefined) request.response = await exchange.outcome;
      if (exchange === undefined || request.response !== undefined)
        await this.#sendOfficially(message, request);
      else if (request.answer === 'none') request.answer = 'body';
    } catch (error) {
      this.#requests.delete(message.id);
      // A response that nobody reads would keep its socket.
      request
        .takeResponse()
        ?.body?.cancel()
        .catch(() => {});
      const why = this.#whyFailed(error, request);
      throw (await this.#findOut(this.#refusalIn(why, request), why)) ?? why;
    }
    if (!this.#requests.has(request)) return;
    if (request.answer === 'later') this.#expectLater(request);
    if (request.answer !== 'body') return;
    this.#requests.delete(message.id);
    const why = responseEmpty(this.server, this.#url.origin);
    throw (await this.#findOut(refusalOf(200, request.said), why)) ?? why;
  }

  /** A request was only accepted. Some servers answer it on the stream of the session, and some that forgot it do not. */
  #expectLater(request: OpenRequest): void {
    if (this.sessionId === undefined) return;
    request.stopWaiting = startTimer(LATER_MS, () => {
      const why = answerLost(this.server, 'accepted a request in a session that it does not know any more');
      void this.#findOut({ status: 202, fault: undefined, text: '' }, why).then(() => {
        if (this.end?.sessionExpired === true) this.#fail(request, why);
      });
    });
  }

  /** Throws when the request was cancelled, or the connection ended, while its token was asked for: it is not sent then. */
  #expectWanted(request: OpenRequest): void {
    if (this.ending.aborted) throw this.#cutOff(undefined, false);
    request.throwIfCancelled();
  }

  /** Sends a request as a lean post; undefined when the official transport has to send it. */
  #sendLean(
    message: JSONRPCRequest,
    request: OpenRequest,
    token: string | undefined,
  ): PostExchange<OpenRequest> | undefined {
    if (this.#lean === undefined || token === undefined) return undefined;
    const { sessionId, protocolVersion } = this.#official;
    const { cookies } = this.#http;
    if (cookies.header !== '') cookies.dropExpired();
    const facts = { sessionId, protocolVersion, token, cookies: cookies.header };
    const exchange = this.#lean.send(message, request.options, facts, request);
    if (exchange !== undefined) request.carriedBy(exchange);
    return exchange;
  }

  #whyFailed(error: unknown, request: OpenRequest): unknown {
    if (this.ending.aborted)
      return error instanceof PlenumError ? error : this.#cutOff(error, !request.isUnsent);
    // The official transport does not hand the headers of an answer on.
    if (error instanceof SdkHttpError && request.retryAfterMs !== undefined)
      error.data['retryAfterMs'] = request.retryAfterMs;
    // The official transport has reported its own failures by now.
    if (request.isCancelled || !request.isLean) return error;
    const explained = this.#explain(error, request.isUnsent);
    this.#judge(explained);
    this.report(explained);
    return explained;
  }

  async #sendOfficially(message: JSONRPCRequest, request: OpenRequest): Promise<void> {
    const { options } = request;
    await this.#official.send(message, {
      requestSignal: request.signal,
      onRequestStreamEnd: () => this.#onStreamEnd(request),
      onresumptiontoken: (token) => {
        request.lastEventId = token;
        options.onresumptiontoken?.(token);
      },
      ...(options.headers !== undefined && { headers: options.headers }),
      ...(options.resumptionToken !== undefined && { resumptionToken: options.resumptionToken }),
    });
  }

  #cutOff(cause: unknown, maybeExecuted = true): PlenumError {
    const why = this.end === undefined ? 'the connection was closed' : `the server ${this.end.what}`;
    const what = `POST to ${this.#url.origin} for server "${this.server}" was cut off`;
    return sendFailed(this.server, what, why, { cause, maybeExecuted });
  }

  #leanPosts(pool: HttpPool): LeanPosts<OpenRequest> {
    const listener: PostListener<OpenRequest> = {
      maxBytes: this.#http.maxMessageBytes,
      silenceMs: this.#http.silenceMs,
      onOddity: this.#context.onOddity,
      tooLarge: () => this.#http.tooLarge(),
      tooMany: (messages) => this.#http.tooMany(messages),
      onCookies: (lines) => this.#http.cookies.store([lines].flat(), this.#url),
      onMessage: (message, request) => this.#receive(message, request.relation),
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
    return new LeanPosts({
      pool,
      url: this.#url,
      headers: this.#http.headers,
      auth: this.#auth,
      listener,
    });
  }

  #explain(error: unknown, unsent = false): PlenumError {
    return networkError(error, { server: this.server, doing: 'POST', url: this.#url, unsent });
  }

  #receive(message: JSONRPCMessage, relation: Relation): void {
    if (isCall(message)) return this.deliver(message, { relation });
    const request = message.id === undefined ? undefined : this.#requests.delete(askedId(message.id));
    if (request === undefined) {
      if (message.id === CHECK_ID) return this.#sessionCheck.answered();
    } else if (this.sessionId !== undefined) {
      const refusal = 'error' in message ? refusalIn(message) : refusalInResult(message.result);
      if (refusal !== undefined && isSuspicious(refusal))
        return void this.#deliverRefusal(message, request, refusal);
    }
    this.deliver(message);
  }

  /** Delivers an answer that may mean that the session is gone, once that is known. */
  async #deliverRefusal(
    message: JSONRPCResponse,
    { id }: OpenRequest,
    refusal: SessionRefusal,
  ): Promise<void> {
    const error = await this.#findOut(refusal);
    this.deliver(error === undefined ? message : failRequest(id, error));
  }

  /** How a request was refused in its session; undefined when it failed in another way. */
  #refusalIn(error: unknown, request: OpenRequest): SessionRefusal | undefined {
    if (error instanceof SdkHttpError) {
      const { status, text } = error.data;
      return refusalOf(status, typeof text === 'string' ? text : '');
    }
    const redirect = redirectStatusOf(error);
    if (redirect !== undefined) return refusalOf(redirect, '');
    // An answer came, and could not be read.
    const isLost = error instanceof PlenumError && error.code === 'CONNECTION_LOST';
    if (request.answer === 'body' && !isLost && !request.isCancelled) return refusalOf(200, request.said);
    // Without an answer of its own. Credentials that deal with a refusal have begun a sign-in.
    const isFinal = error instanceof UnauthorizedError && this.#auth !== undefined && isPlain(this.#auth);
    return isFinal ? refusalOf(401, '') : undefined;
  }

  /**
   * Finds out whether a refusal means that the server no longer knows the session, and ends the connection then. Resolves
   * with the error of the request if it surely did not run.
   */
  async #findOut(refusal: SessionRefusal | undefined, cause?: unknown): Promise<PlenumError | undefined> {
    if (refusal === undefined || this.sessionId === undefined || this.ending.aborted) return undefined;
    if (!isSuspicious(refusal)) return undefined;
    const verdict = await this.#sessionCheck.confirm(refusal, cause);
    if (verdict === undefined) return undefined;
    this.endWith(verdict.end);
    return verdict.sure ? verdict.end.error : undefined;
  }

  async #credentials(): Promise<Headers> {
    const headers = await resolveHeaders(this.#spec.headers, this.server);
    const token = this.#auth === undefined ? undefined : await this.#auth.token();
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return headers;
  }

  /** Ends the connection when a failed exchange shows that nobody serves there any more. */
  #judge(error: unknown): void {
    if (!(error instanceof PlenumError) || error.code !== 'CONNECTION_LOST') return;
    const reason = goneBecause(error);
    if (reason === undefined) this.#context.onSuspect?.(error);
    else this.endWith({ what: `cannot be reached at ${this.#url.origin}: ${reason}`, error });
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
    else this.endWith({ what: 'sent a message that is too large', error });
  }

  /** Fails a request whose stream has ended for good without its answer. */
  #onStreamEnd(request: OpenRequest): void {
    request.options.onRequestStreamEnd?.();
    if (!this.#requests.has(request)) return;
    const why = answerLost(this.server, 'ended the stream of a request before its answer', request.fault);
    this.#fail(request, why);
    if (request.fault === undefined) void this.#findOut({ status: 200, fault: undefined, text: '' }, why);
  }

  /** Fails a request that cannot be resumed: the official transport does not tell its caller. */
  #onResumptionFailed(request: OpenRequest, cause?: unknown): void {
    if (request.options.resumptionToken === undefined || !this.#requests.has(request)) return;
    const error = answerLost(this.server, 'does not resume the request', cause);
    this.#fail(request, error);
  }

  /** Fails a request for which the official transport still waits. */
  #fail(request: OpenRequest, error: PlenumError): void {
    const waiting = this.#requests.has(request);
    if (waiting) this.#requests.delete(request.id);
    request.cancel();
    if (waiting) this.deliver(failRequest(request.id, error));
  }

  /** Schedules a resumption. The official transport would keep one timer only, however many streams it resumes. */
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

function refusalIn({ error, id }: JSONRPCErrorResponse): SessionRefusal {
  // Some servers send a text in place of an error.
  const given: unknown = error;
  const { code, message, data } =
    typeof given === 'string' ? { code: INTERNAL_ERROR, message: given, data: undefined } : error;
  return { status: 200, fault: { id, code, message, data }, text: '' };
}

/** Whether credentials have no way to deal with a refusal. */
function isPlain(auth: ServerAuth): boolean {
  return auth.onUnauthorized === undefined;
}

function cancelledId(message: JSONRPCMessage): RequestId | undefined {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return undefined;
  return (message.params as { requestId?: RequestId } | undefined)?.requestId;
}
