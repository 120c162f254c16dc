import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Dispatcher } from 'undici';
import type { PlenumError } from '../../../errors/plenum-error.ts';
import { startTimer, type StopTimer } from '../../../internal/timers.ts';
import { isAnswer, isMessage, LONGEST_BATCH } from '../../json-rpc.ts';
import { ByteList } from './byte-list.ts';
import { EventSplitter } from './event-splitter.ts';
import { limitEvent, type BodyGuard } from '../network/guard-body.ts';
import { ResponseHandler, type ResponseHeaders } from '../network/response-handler.ts';

type Controller = Dispatcher.DispatchController;

/** How long a stream may go on after the answer to its request, in milliseconds. */
const AFTER_ANSWER_MS = 1_000;

export type StreamFault = 'network' | 'silent' | 'too-large';

/** Receives what comes of the lean exchanges of one connection, and sets their limits. */
export interface PostListener<Request> {
  readonly maxBytes: number;
  /** How long an event stream may be silent, in milliseconds. */
  readonly silenceMs: number;
  tooLarge(): PlenumError;
  tooMany(messages: number): PlenumError;
  onMessage(message: JSONRPCMessage): void;
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
  #resolve!: (response?: Response) => void;
  #reject!: (error: unknown) => void;
  #controller: Controller | undefined;
  #head: ResponseHead = NO_HEAD;
  /** The body of a JSON answer so far: hardly any has more than one chunk. */
  #firstChunk: Buffer | undefined;
  #moreChunks: ByteList | undefined;
  #bytes = 0;
  /** Undefined while the answer is no event stream. */
  #events: EventSplitter | undefined;
  #checkEvents: BodyGuard['check'] | undefined;
  /** Whether none of its text has been read yet. */
  #atStart = true;
  /** Whether the answer has come on the stream, after which nothing would be resumed. */
  #answered = false;
  #heardAt = 0;
  #stopTimer: StopTimer | undefined;
  /** Makes a `Response` of the answer, once that has turned out to be one for the official transport. */
  #official: ResponseHandler | undefined;
  #cancelled: { readonly reason: unknown } | undefined;

  constructor(listener: PostListener<Request>, request: Request) {
    this.#listener = listener;
    this.#request = request;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Ends the exchange at any stage. Its listener is not called any more. */
  cancel(reason: unknown): void {
    if (this.#official !== undefined) return this.#official.cancel(reason);
    if (this.#cancelled !== undefined) return;
    this.#cancelled = { reason };
    this.#stopTimer?.();
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
    const isPlain = status === 200 && headers['content-encoding'] === undefined;
    const type = isPlain ? mediaType(headers['content-type']) : '';
    if (type === 'application/json') return;
    if (type !== 'text/event-stream') return this.#handOver(controller, []);
    const { maxBytes, silenceMs } = this.#listener;
    this.#checkEvents = limitEvent(maxBytes, () => this.#listener.tooLarge());
    this.#events = new EventSplitter();
    this.#heardAt = performance.now();
    this.#watchSilence(silenceMs);
    this.#listener.onStream(this.#request);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#official !== undefined) return this.#official.onResponseData(controller, chunk);
    if (this.#cancelled !== undefined) return;
    if (this.#events === undefined) return this.#keep(chunk);
    try {
      this.#checkEvents?.(chunk);
    } catch (error) {
      return this.#breakOff('too-large', error);
    }
    this.#heardAt = performance.now();
    const text = this.#nextText(this.#events, chunk);
    if (text === undefined) return;
    if (this.#answered || !mayBeResumed(text)) return this.#read(text);
    this.#handOver(controller, [Buffer.from(text), ...this.#events.rest]);
  }

  onResponseEnd(controller: Controller): void {
    if (this.#official !== undefined) return this.#official.onResponseEnd();
    if (this.#cancelled !== undefined) return;
    this.#stopTimer?.();
    if (this.#events === undefined) return this.#endBody(controller);
    // Before the listener is told: it may cancel the exchange.
    this.#resolve();
    this.#listener.onStreamEnd(this.#request);
  }

  onResponseError(controller: Controller, error: Error): void {
    if (this.#official !== undefined) return this.#official.onResponseError(controller, error);
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

  #nextText(events: EventSplitter, chunk: Buffer): string | undefined {
    const text = events.push(chunk);
    if (text === undefined || !this.#atStart) return text;
    this.#atStart = false;
    return withoutMark(text);
  }

  #endBody(controller: Controller): void {
    const chunks = this.#chunks;
    const messages = readMessages(textOf(chunks));
    // The official transport says what is wrong with it.
    if (messages === undefined) {
      this.#handOver(controller, chunks);
      this.#official?.onResponseEnd();
      return;
    }
    if (messages.length > LONGEST_BATCH) return this.#reject(this.#listener.tooMany(messages.length));
    for (const message of messages) this.#listener.onMessage(message);
    this.#resolve();
  }

  #read(text: string): void {
    for (const { event, data } of eventsOf(text)) {
      if (data === '' || (event !== undefined && event !== 'message')) continue;
      try {
        const message: unknown = JSON.parse(data);
        if (!isUsable(message)) throw new TypeError('An event holds no JSON-RPC message.');
        if (!('method' in message)) this.#answered = true;
        this.#listener.onMessage(message);
      } catch (error) {
        this.#listener.onProblem(error);
      }
    }
    if (!this.#answered) return;
    this.#resolve();
    this.#stopTimer?.();
    this.#stopTimer = startTimer(AFTER_ANSWER_MS, () => this.#leave());
  }

  /** Ends a stream that goes on after the answer: some servers leave it open, and it would keep its socket for ever. */
  #leave(): void {
    this.#cancelled = { reason: undefined };
    this.#controller?.abort(new Error('The answer has come.'));
    this.#listener.onStreamEnd(this.#request);
  }

  /** Ends the exchange and tells the listener why. */
  #breakOff(fault: StreamFault, error: unknown): void {
    this.#cancelled = { reason: error };
    this.#stopTimer?.();
    if (fault !== 'network') this.#controller?.abort(new Error('The answer is not read any further.'));
    if (this.#events === undefined) return this.#reject(error);
    this.#resolve();
    this.#listener.onStreamFault(this.#request, fault, error);
    this.#listener.onStreamEnd(this.#request);
  }

  #watchSilence(waitMs: number): void {
    this.#stopTimer = startTimer(waitMs, () => {
      const leftMs = this.#listener.silenceMs - (performance.now() - this.#heardAt);
      if (leftMs > 0) this.#watchSilence(leftMs);
      else this.#breakOff('silent', undefined);
    });
  }

  #handOver(controller: Controller, chunks: readonly Buffer[]): void {
    this.#stopTimer?.();
    this.#official = new ResponseHandler({ resolve: this.#resolve, reject: this.#reject });
    this.#official.onRequestStart(controller);
    this.#official.onResponseStart(controller, ...this.#head);
    for (const chunk of chunks) this.#official.onResponseData(controller, chunk);
  }
}

function mediaType(header: string | string[] | undefined): string {
  if (typeof header !== 'string') return '';
  const end = header.indexOf(';');
  return (end === -1 ? header : header.slice(0, end)).trim().toLowerCase();
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

function isUsable(value: unknown): value is JSONRPCMessage {
  return isAnswer(value) || (isMessage(value) && 'method' in value);
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
  return found.every(isUsable) ? found : undefined;
}

/** One parser for all exchanges: it is fed whole events only, so that nothing of one exchange is left in it for the next. */
const collected: EventSourceMessage[] = [];
const parser = createParser({ onEvent: (event) => void collected.push(event) });

function eventsOf(text: string): EventSourceMessage[] {
  parser.feed(text);
  return collected.splice(0);
}
