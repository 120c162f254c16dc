import type { JSONRPCMessage, JSONRPCRequest, TransportSendOptions } from '@modelcontextprotocol/client';
import type { Dispatcher } from 'undici';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Backlog, mayReadOn, type PausableSource } from '../backlog.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { ServerAuth } from '../../server-spec.ts';
import { isCall, isMessage, LONGEST_BATCH, messagesIn } from '../json-rpc.ts';
import type { OnHttpOddity } from '../managed-transport.ts';
import { isOddType, mediaTypeOf } from './network/answer-type.ts';
import { ByteList } from './network/byte-list.ts';
import { mergeCookies } from './network/cookie-jar.ts';
import { EventReader, EventSplitter } from './network/event-stream.ts';
import type { HttpDispatcher, HttpPool } from './network/http-pool.ts';
import { DEFAULT_HEADERS } from './network/pool-fetch.ts';
import { sourceAtHand } from './network/socket-pool.ts';
import { ResponseHandler, type ResponseHeaders } from './network/response-handler.ts';

type Controller = Dispatcher.DispatchController;

/** The official transport learns the session's id from the one, and keeps the stream of the other open. */
const OFFICIAL_METHODS: ReadonlySet<string> = new Set(['initialize', 'subscriptions/listen']);
/** From this size on, an event counts although it is the first one of its answer. */
const LONG_EVENT = 16 * 1024;
/** How long a stream may go on after the answer to its request, in milliseconds. */
const AFTER_ANSWER_MS = 1_000;
const VERSION_CLAIM = 'io.modelcontextprotocol/protocolVersion';
/** Values that a header carries as they are; the official client encodes all others (SEP-2243). */
const PLAIN_VALUE = /^(?!=\?base64\?)[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/i;

export interface LeanPostsOptions<Request> {
  readonly pool: HttpPool;
  readonly url: URL;
  /** Headers that the spec gives. */
  readonly headers: Headers;
  readonly auth: ServerAuth | undefined;
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
  readonly #auth: ServerAuth | undefined;
  readonly #listener: PostListener<Request>;
  readonly #streams = new StreamWatch();

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
    const exchange = new PostExchange(this.#listener, request, this.#streams);
    const post = { origin: this.#origin, path: this.#path, method: 'POST', headers: all, body } as const;
    try {
      this.#dispatcher.dispatch(post, exchange);
    } catch (error) {
      exchange.cancel(error);
    }
    return exchange;
  }

  /** Ends the watch over streams, when the connection ends. */
  stop(): void {
    this.#streams.stop();
  }
}

/** The official transport asks for it again, and knows what a failure means. */
async function tokenOf(auth: ServerAuth): Promise<string | undefined> {
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
  /** The server's own, as a `Cookie` header; empty when there are none. */
  readonly cookies: string;
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

function commonHeaders(spec: Headers, { sessionId, token, cookies }: ConnectionFacts): readonly string[] {
  const headers = new Headers(spec);
  for (const [name, value] of Object.entries(DEFAULT_HEADERS)) if (!spec.has(name)) headers.set(name, value);
  for (const name of ['mcp-protocol-version', 'mcp-method', 'mcp-name']) headers.delete(name);
  headers.set('content-type', 'application/json');
  headers.set('accept', 'application/json, text/event-stream');
  if (sessionId !== undefined) headers.set('mcp-session-id', sessionId);
  if (cookies !== '') headers.set('cookie', mergeCookies(spec.get('cookie'), cookies));
  if (token !== '') headers.set('authorization', `Bearer ${token}`);
  return [...headers].flat();
}

function isSame(a: ConnectionFacts, b: ConnectionFacts | undefined): boolean {
  return (
    b !== undefined &&
    a.sessionId === b.sessionId &&
    a.protocolVersion === b.protocolVersion &&
    a.token === b.token &&
    a.cookies === b.cookies
  );
}

export type StreamFault = 'network' | 'silent' | 'too-large';

/** Receives what comes of the lean exchanges of one connection, and sets their limits. */
export interface PostListener<Request> {
  readonly maxBytes: number;
  /** How long an event stream may be silent, in milliseconds. */
  readonly silenceMs: number;
  /** See `TransportContext`. */
  readonly onOddity?: OnHttpOddity | false | undefined;
  tooLarge(): PlenumError;
  tooMany(messages: number): PlenumError;
  /** The answer sets cookies. */
  onCookies(setCookie: string | readonly string[]): void;
  onMessage(message: JSONRPCMessage, request: Request): void;
  /** An event that holds no message. */
  onProblem(error: unknown): void;
  /** The answer is an event stream. */
  onStream(request: Request): void;
  /** That stream broke, was silent too long, or exceeded a limit, for which there is an error. */
  onStreamFault(request: Request, fault: StreamFault, error: unknown): void;
  /** It has ended, in whatever way. */
  onStreamEnd(request: Request): void;
}

/** What the head of an answer says; what `ResponseHandler.onResponseStart` takes. */
type ResponseHead = readonly [status: number, headers: ResponseHeaders, statusText: string];

const NO_HEAD: ResponseHead = [0, {}, ''];

/**
 * A POST that is answered with HTTP 200 and a JSON body, or with an event stream that needs no resumption. Its messages
 * are read from the socket's bytes, without a `Response` or a web stream in between.
 *
 * Any other answer becomes a `Response` with all of its body, which the official transport takes as if it had sent the
 * request itself. So no request is ever sent twice.
 */
export class PostExchange<Request> implements Dispatcher.DispatchHandler {
  /**
   * Resolves with undefined once the answer has been handed on, or the stream that should bring it has ended; or with the
   * response that the official transport has to deal with. Rejects with what broke the exchange.
   */
  readonly outcome: Promise<Response | undefined>;
  readonly #listener: PostListener<Request>;
  readonly #request: Request;
  readonly #streams: StreamWatch;
  #resolve!: (response?: Response) => void;
  #reject!: (error: unknown) => void;
  #controller: Controller | undefined;
  /** Where the answer comes from; undefined while it is a JSON body. */
  #source: PausableSource | undefined;
  #head: ResponseHead = NO_HEAD;
  /** The body of a JSON answer so far: hardly any has more than one chunk. */
  #firstChunk: Buffer | undefined;
  #moreChunks: ByteList | undefined;
  #bytes = 0;
  /** Undefined while the answer is no event stream. */
  #events: EventSplitter | undefined;
  /** Whether none of its text has been read yet. */
  #atStart = true;
  /** Whether the answer has come on the stream, after which nothing would be resumed. */
  #answered = false;
  /** Whether an event was read. */
  #hasRead = false;
  /** Events that wait for a later turn of the event loop: none, as a rule. */
  #backlog: Backlog<EventReader> | undefined;
  /** When the stream is ended unless it has ended by then; a time of `performance.now()`. */
  dueAt = 0;
  /** Makes a `Response` of the answer, once that has turned out to be one for the official transport. */
  #official: ResponseHandler | undefined;
  #cancelled: { readonly reason: unknown } | undefined;

  constructor(listener: PostListener<Request>, request: Request, streams: StreamWatch) {
    this.#listener = listener;
    this.#request = request;
    this.#streams = streams;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** A request is written right after its start, and not a byte of it before. */
  get isSent(): boolean {
    return this.#controller !== undefined;
  }

  /** Ends the exchange at any stage. Its listener is not called any more. */
  cancel(reason: unknown): void {
    if (this.#official !== undefined) return this.#official.cancel(reason);
    if (this.#cancelled !== undefined) return;
    this.#cancelled = { reason };
    this.#backlog?.clear();
    this.#streams.delete(this);
    this.#reject(reason);
    this.#controller?.abort(reason instanceof Error ? reason : new Error(String(reason)));
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#cancelled !== undefined) controller.abort(new Error('The request was cancelled.'));
  }

  onResponseStart(controller: Controller, status: number, headers: ResponseHeaders, text = ''): void {
    if (status < 200) return;
    this.#head = [status, headers, text];
    const cookies = headers['set-cookie'];
    if (cookies !== undefined) this.#listener.onCookies(cookies);
    const isPlain = status === 200 && headers['content-encoding'] === undefined;
    const given = headers['content-type'];
    const isUsual = given === 'application/json' || given === 'text/event-stream';
    const type = isPlain ? (isUsual ? given : this.#typeIn(given)) : '';
    if (type === 'application/json') return;
    this.#source = sourceAtHand(controller);
    if (type !== 'text/event-stream') return this.#handOver(controller, []);
    this.#events = new EventSplitter(this.#listener);
    this.dueAt = performance.now() + this.#listener.silenceMs;
    this.#streams.add(this);
    this.#listener.onStream(this.#request);
  }

  /** Empty when the official transport has to say what is wrong with the type. */
  #typeIn(header: string | readonly string[] | undefined): string {
    const type = mediaTypeOf(header);
    const { onOddity } = this.#listener;
    if (type === '' || !isOddType(header)) return type;
    if (onOddity === false) return '';
    onOddity?.('content-type', String(header));
    return type;
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#official !== undefined) return this.#official.onResponseData(controller, chunk);
    if (this.#cancelled !== undefined) return;
    if (this.#events === undefined) return this.#keep(chunk);
    if (this.#backlog?.isEmpty === false)
      return this.#backlog.whenRead(() => this.onResponseData(controller, chunk));
    if (!this.#answered) this.dueAt = performance.now() + this.#listener.silenceMs;
    let text: string | undefined;
    try {
      text = this.#started(this.#events.push(chunk));
    } catch (error) {
      return this.#breakOff('too-large', error);
    }
    if (text === undefined) return;
    if (this.#answered || !mayBeResumed(text)) return this.#read(text);
    this.#handOver(controller, [Buffer.from(text), ...this.#events.rest]);
  }

  onResponseEnd(controller: Controller): void {
    if (this.#official !== undefined) return this.#official.onResponseEnd();
    if (this.#backlog?.isEmpty === false) return this.#backlog.whenRead(() => this.onResponseEnd(controller));
    if (this.#cancelled !== undefined) return;
    this.#streams.delete(this);
    if (this.#events === undefined) return this.#endBody(controller);
    const { onOddity } = this.#listener;
    const last = onOddity === false ? undefined : this.#started(this.#events.end());
    if (last !== undefined) {
      if (onOddity !== false) onOddity?.('end-of-stream', 'the last event');
      if (!this.#answered && mayBeResumed(last)) return this.#handOverWhole(controller, [Buffer.from(last)]);
      this.#read(last);
      if (this.#cancelled !== undefined) return;
    }
    // Before the listener is told: it may cancel the exchange.
    this.#resolve();
    this.#listener.onStreamEnd(this.#request);
  }

  onResponseError(controller: Controller, error: Error): void {
    if (this.#official !== undefined) return this.#official.onResponseError(controller, error);
    if (this.#backlog?.isEmpty === false)
      return this.#backlog.whenRead(() => this.onResponseError(controller, error));
    if (this.#cancelled !== undefined) return;
    this.#breakOff('network', error);
  }

  #keep(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#listener.maxBytes) return this.#breakOff('too-large', this.#listener.tooLarge());
    if (this.#firstChunk === undefined) this.#firstChunk = chunk;
    else (this.#moreChunks ??= new ByteList()).push(chunk);
  }

  get #chunks(): readonly Buffer[] {
    if (this.#firstChunk === undefined) return [];
    return this.#moreChunks === undefined ? [this.#firstChunk] : [this.#firstChunk, ...this.#moreChunks.all];
  }

  /** The text of events, without the byte order mark that a stream may begin with. */
  #started(text: string | undefined): string | undefined {
    if (text === undefined || !this.#atStart) return text;
    this.#atStart = false;
    return withoutMark(text);
  }

  #endBody(controller: Controller): void {
    const chunks = this.#chunks;
    const messages = readMessages(textOf(chunks));
    // The official transport says what is wrong with it.
    if (messages === undefined) return this.#handOverWhole(controller, chunks);
    if (messages.length > LONGEST_BATCH) return this.#reject(this.#listener.tooMany(messages.length));
    for (const message of messages) this.#listener.onMessage(message, this.#request);
    this.#resolve();
  }

  #read(text: string): void {
    const rest = this.#readEvents(new EventReader(text));
    if (rest === undefined || this.#source === undefined) return;
    this.#backlog ??= new Backlog(this.#source, (events) => this.#readEvents(events));
    this.#backlog.push(rest);
  }

  /** Returns the events when some of them have to wait for a later turn. */
  #readEvents(events: EventReader): EventReader | undefined {
    for (let data = events.next(); data !== undefined; data = events.next()) {
      if (data !== '') this.#readEvent(data);
      if (this.#cancelled !== undefined) return undefined;
      // Most answers are one event: that need not be counted unless it is long.
      const counts = this.#hasRead || !events.isAtEnd || data.length >= LONG_EVENT;
      this.#hasRead = true;
      if (counts && !mayReadOn(data.length)) return events;
    }
    if (!this.#answered) return undefined;
    this.#resolve();
    this.dueAt = performance.now() + AFTER_ANSWER_MS;
    this.#streams.hasten(this.dueAt);
    return undefined;
  }

  #readEvent(data: string): void {
    try {
      const messages = messagesIn(JSON.parse(data));
      if (messages.length > 1) mayReadOn(0, messages.length);
      for (const message of messages) {
        if (this.#cancelled !== undefined) return;
        if (!isCall(message)) this.#answered = true;
        this.#listener.onMessage(message, this.#request);
      }
    } catch (error) {
      this.#listener.onProblem(error);
    }
  }

  /** Ends a stream that is silent, or goes on after the answer: some servers leave it open, and it would keep its socket. */
  onDue(): void {
    if (this.#backlog?.isEmpty === false) {
      // What it waits for may have come.
      this.dueAt = performance.now() + AFTER_ANSWER_MS;
      return this.#streams.hasten(this.dueAt);
    }
    if (!this.#answered) return this.#breakOff('silent', undefined);
    this.#streams.delete(this);
    this.#cancelled = { reason: undefined };
    this.#controller?.abort(new Error('The answer has come.'));
    this.#listener.onStreamEnd(this.#request);
  }

  /** Ends the exchange and tells the listener why. */
  #breakOff(fault: StreamFault, error: unknown): void {
    this.#cancelled = { reason: error };
    this.#streams.delete(this);
    if (fault !== 'network') this.#controller?.abort(new Error('The answer is not read any further.'));
    if (this.#events === undefined) return this.#reject(error);
    this.#resolve();
    this.#listener.onStreamFault(this.#request, fault, error);
    this.#listener.onStreamEnd(this.#request);
  }

  /** Hands over a body that has ended. */
  #handOverWhole(controller: Controller, chunks: readonly Buffer[]): void {
    this.#handOver(controller, chunks);
    this.#official?.onResponseEnd();
  }

  #handOver(controller: Controller, chunks: readonly Buffer[]): void {
    this.#streams.delete(this);
    this.#official = new ResponseHandler({ resolve: this.#resolve, reject: this.#reject }, this.#source);
    this.#official.onRequestStart(controller);
    this.#official.onResponseStart(controller, ...this.#head);
    for (const chunk of chunks) this.#official.onResponseData(controller, chunk);
  }
}

/** The official transport resumes a stream after the last event with an id, at the time that `retry` says. */
function mayBeResumed(text: string): boolean {
  return /^(?:id|retry)\b/m.test(text);
}

/** Without a byte order mark. */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function textOf(chunks: readonly Buffer[]): string {
  const [first, ...more] = chunks;
  if (first === undefined) return '';
  return withoutMark((more.length === 0 ? first : Buffer.concat(chunks)).toString());
}

/** The messages of a JSON body, alone or in a batch; nothing when it is anything else. */
function readMessages(text: string): readonly JSONRPCMessage[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const found: readonly unknown[] = Array.isArray(value) ? value : [value];
  return found.every(isMessage) ? found : undefined;
}

/** A stream that is ended when it is due. */
interface DueStream {
  readonly dueAt: number;
  onDue(): void;
}

/**
 * Ends the event streams of one connection that are due. There is one timer for all of them, as most have ended long before
 * a timer of their own would fire.
 */
export class StreamWatch {
  readonly #streams = new Set<DueStream>();
  #firesAt = Infinity;
  #stopTimer: StopTimer | undefined;

  add(stream: DueStream): void {
    this.#streams.add(stream);
    this.hasten(stream.dueAt);
  }

  delete(stream: DueStream): void {
    this.#streams.delete(stream);
  }

  /** A stream is due at `dueAt`, earlier than it was. One that is due later needs no word: it is looked at again then. */
  hasten(dueAt: number): void {
    if (dueAt >= this.#firesAt) return;
    this.#stopTimer?.();
    this.#firesAt = dueAt;
    this.#stopTimer = startTimer(dueAt - performance.now(), () => this.#endDue());
  }

  stop(): void {
    this.#streams.clear();
    this.#stopTimer?.();
    this.#firesAt = Infinity;
  }

  #endDue(): void {
    this.#firesAt = Infinity;
    const now = performance.now();
    let next = Infinity;
    for (const stream of this.#streams) {
      if (stream.dueAt <= now) stream.onDue();
      else next = Math.min(next, stream.dueAt);
    }
    this.hasten(next);
  }
}
