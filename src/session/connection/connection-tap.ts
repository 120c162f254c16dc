import type {
  Client,
  JSONRPCMessage,
  JSONRPCRequest,
  JSONRPCResultResponse,
  RequestId,
  Transport,
  TransportSendOptions,
} from '@modelcontextprotocol/client';
import { invalidResult, notJson } from '../../errors/call.ts';
import { messageOf, PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { settledWithin } from '../../internal/limit.ts';
import { printable } from '../../internal/text.ts';
import { MODERN_REVISIONS } from '../../options/tables/server.ts';
import type { RequestGuard } from '../lock/definition-lock.ts';
import { isOurs } from '../lock/our-lists.ts';
import type { IncomingRequests } from '../handlers/incoming-requests.ts';
import type { Answer, Call } from '../../reading/messages.ts';
import { withoutUnsendable } from '../../reading/header-declarations.ts';
import type { OddityLog } from '../../reading/oddities.ts';
import type { ServerReader } from '../../reading/server-reader.ts';
import { callResultOf } from './call-result.ts';
import { DirectCalls, isDirect } from './direct-calls.ts';
import { EraProbe } from './era-probe.ts';
import { LIST_METHODS, ListBudget } from './list-budget.ts';
import { failRequest } from '../../transport/fail-request.ts';
import { askedId, isAnswer, isCall, isId, isMessage, LONGEST_BATCH } from '../../transport/json-rpc.ts';
import type { ManagedTransport, MessageOrigin, Relation } from '../../transport/managed-transport.ts';

/** How many cancelled requests are remembered, so that late answers to them are dropped without a report. */
const ABANDONED_LIMIT = 1_000;

/** How long a close waits for notifications that are being sent, in milliseconds. */
const NOTIFICATIONS_MS = 1_000;

/**
 * A transport between the official client and the real transport. It observes what the client does not report: the
 * protocol version that a server offers, whether it answers the era probe, when it last sent anything. It drops late
 * answers to cancelled requests, has odd messages mended, bounds lists, and carries {@link DirectCalls}.
 */
export class ConnectionTap implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage, origin?: MessageOrigin) => void;
  /** The protocol version in the answer to `initialize`, also one that the client does not accept. */
  offeredVersion: string | undefined;
  /** Whether `server/discover` was sent, and whether it was answered in any way. */
  probe: 'none' | 'sent' | 'answered' = 'none';
  /** Called when a server that was taken for an older one answers the probe as one of 2026-07-28. */
  onModern: (() => void) | undefined;
  /** That request, while connecting. */
  eraProbe: EraProbe | undefined;
  /** Whether a request came that only clients send: then the program is no server, but sends back what it receives. */
  echoes = false;
  /** When the server last sent anything, by `performance.now()`. */
  lastHeardAt = 0;
  /** Bounds the server's requests. Set with the handlers, before the client gets a message. */
  incoming: IncomingRequests | undefined;
  /** Called with each request and notification of the server. */
  observe: ((message: Extract<JSONRPCMessage, { method: string }>) => void) | undefined;
  /** Holds requests back for what differs from a lock, whoever makes them with the client of this connection. */
  guard: RequestGuard | undefined;
  /** Returns instructions of the server if they may be used. Set before the handshake. */
  approve: ((instructions: string) => string | undefined) | undefined;
  /**
   * To which request of ours the notification belongs whose handler the client is calling, as far as the transport can
   * tell: to be read before the handler waits for anything.
   */
  relation: Relation | undefined;
  /** Tool calls that are sent without the official client. */
  readonly directCalls: DirectCalls;

  readonly #inner: ManagedTransport;
  readonly #probeSilenceMs: number | undefined;
  /** Mends odd messages; undefined with `checks: 'strict'`. */
  readonly #reader: ServerReader | undefined;
  /** Undefined where no argument is a header. */
  readonly #headerOddities: OddityLog | undefined;
  #isModern = false;
  /** The answer to the request that the official client is about to send. */
  #inHand: Answer | undefined;
  readonly #ended = createDeferred<void>();
  readonly #abandoned = new Set<RequestId>();
  readonly #lists = new ListBudget();
  /** Notifications that are being sent. The client does not wait for them, so `close` does. */
  readonly #notifications = new Set<Promise<void>>();
  #starting: Promise<void> | undefined;
  /** Messages that came before there was a client; undefined once there is one. */
  #early: [JSONRPCMessage, MessageOrigin | undefined][] | undefined = [];
  /**
   * Requests whose answers are compared with the lock before the official client gets them: lists that are not the
   * session's own, each with how often lists had changed, and handshakes.
   */
  readonly #compared = new Map<RequestId, number>();
  #initializeId: RequestId | undefined;
  #probeId: RequestId | undefined;
  /** Whether a notification was forwarded whose handler the client has not called yet. */
  #notified = false;
  #closed = false;

  /** `probeSilenceMs`: how long the answer to the era probe is waited for, in milliseconds; without it the client decides. */
  constructor(
    inner: ManagedTransport,
    probeSilenceMs?: number,
    reader?: ServerReader,
    headerOddities?: OddityLog,
  ) {
    this.#inner = inner;
    this.#headerOddities = headerOddities;
    this.#probeSilenceMs = probeSilenceMs;
    this.#reader = reader;
    this.directCalls = new DirectCalls(
      {
        send: (call, options) => inner.send(call, options),
        explain: explained,
        notify: (notification) => this.send(notification),
      },
      reader,
    );
    if ('stderr' in inner && 'pid' in inner) {
      // By these members the official client recognises stdio, where no answer to the era probe means an older server.
      Object.defineProperties(this, { stderr: { value: null }, pid: { get: () => inner.pid } });
    }
  }

  /** Resolves when the connection has ended; the transport's `end` then says why. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get hasPerRequestStream(): boolean {
    return this.#inner.hasPerRequestStream === true;
  }

  get sessionId(): string | undefined {
    return this.#inner.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.#isModern = MODERN_REVISIONS.some((revision) => revision === version);
    this.#inner.setProtocolVersion?.(version);
  }

  setSupportedProtocolVersions(versions: string[]): void {
    this.#inner.setSupportedProtocolVersions?.(versions);
  }

  /**
   * Called twice: before there is a client, to start the transport early, and by the client, which then gets what came.
   */
  async start(): Promise<void> {
    this.#starting ??= this.#startInner();
    await this.#starting;
    if (this.onmessage === undefined) return;
    const early = this.#early;
    this.#early = undefined;
    for (const [message, origin] of early ?? []) this.#reportErrors(() => this.#receive(message, origin));
  }

  async #startInner(): Promise<void> {
    this.#inner.onmessage = (message, origin) => {
      if (this.#early === undefined) this.#receive(message, origin);
      else this.#early.push([message, origin]);
    };
    this.#inner.onerror = (error) => this.onerror?.(error);
    this.#inner.onclose = () => {
      // In the next turn of the event loop: first the send of a request that was never written must reject, which says
      // that it did not run. The official client then fails all that is in flight with one error.
      setImmediate(() => this.#finish());
    };
    await this.#inner.start();
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const answer = this.#inHand;
    if (answer !== undefined && 'method' in message && 'id' in message)
      return this.#answerAtOnce(message, answer);
    return this.guard === undefined ? this.#send(message, options) : this.#sendGuarded(message, options);
  }

  #sendGuarded(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (!('method' in message) || !('id' in message)) return this.#send(message, options);
    try {
      const waiting = this.guard?.admit(message.method, message.params);
      return waiting === undefined
        ? this.#send(message, options)
        : waiting.then(() => this.#send(message, options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if ('method' in message && this.#watch(message)) return this.#sendProbe(message, options);
    const sending = this.#inner.send(message, options);
    if (!('method' in message)) this.incoming?.answered(message.id, sending);
    if ('method' in message && !('id' in message)) return this.#sendNotification(message, sending);
    // The stdio transport makes this error itself.
    return this.#inner.kind === 'stdio'
      ? sending
      : sending.catch((error) => explainSendFailure(message, error));
  }

  async close(): Promise<void> {
    if (this.#notifications.size > 0)
      await settledWithin(Promise.allSettled(this.#notifications), NOTIFICATIONS_MS);
    await this.#inner.close();
    this.#finish();
  }

  /**
   * Sends tool calls of 2026-07-28 past the official client from now on, with these members of `_meta`. Returns undefined
   * when the transport can be told only by a signal that nobody waits for an answer any more.
   */
  useModernCalls(client: Client, envelope: Readonly<Record<string, unknown>>): DirectCalls | undefined {
    const inner = this.#inner;
    if (this.hasPerRequestStream && inner.abandon === undefined) return undefined;
    const abandon = this.hasPerRequestStream ? (id: RequestId): void => inner.abandon?.(id) : undefined;
    this.directCalls.useModern({
      envelope,
      abandon,
      finish: (answer, params, options) =>
        this.#answerWith(answer, () =>
          client.request({ method: 'tools/call', params }, callResultOf('modern'), options),
        ),
    });
    return this.directCalls;
  }

  /** Fails everything in flight without waiting for the transport's own end. */
  finish(): void {
    this.#finish();
  }

  /** Makes a request of the official client that has its answer already: nothing is sent, and the client gets this one. */
  #answerWith<T>(answer: Answer, request: () => Promise<T>): Promise<T> {
    this.#inHand = answer;
    try {
      return request();
    } finally {
      this.#inHand = undefined;
    }
  }

  /** Gives the official client the answer that has come, in the place of sending its request. */
  async #answerAtOnce(message: JSONRPCRequest, answer: Answer): Promise<void> {
    this.#inHand = undefined;
    this.#watch(message);
    this.#reportErrors(() => this.#receiveAnswer({ ...answer, id: message.id }));
  }

  async #sendNotification(notification: JSONRPCMessage, sending: Promise<void>): Promise<void> {
    this.#notifications.add(sending);
    try {
      await sending;
    } catch (error) {
      explainSendFailure(notification, error);
    } finally {
      this.#notifications.delete(sending);
    }
  }

  async #sendProbe(message: JSONRPCRequest, options?: TransportSendOptions): Promise<void> {
    const probe = new EraProbe(message.id, this.#probeSilenceMs ?? Infinity, {
      tell: (answer) => this.onmessage?.(answer),
      onModern: () => this.onModern?.(),
    });
    this.eraProbe = probe;
    try {
      await this.#inner.send(message, { ...options, requestSignal: probe.signal });
    } catch (error) {
      const failure = this.#inner.end === undefined || probe.isGuess ? probe.failed(error) : error;
      if (failure !== undefined) explainSendFailure(message, failure);
    }
  }

  /** Notes what a message says about the connection. Returns whether it is an era probe that {@link EraProbe} handles. */
  #watch(message: Extract<JSONRPCMessage, { method: string }>): message is JSONRPCRequest {
    if ('id' in message && !isDirect(message.id))
      this.#reader?.asked(message.id, message.method, message.params);
    if ('id' in message && (this.guard ?? this.approve) !== undefined) this.#noteCompared(message);
    switch (message.method) {
      case 'initialize':
        if ('id' in message) this.#initializeId = message.id;
        break;
      case 'server/discover':
        if ('id' in message && this.probe === 'none') {
          this.#probeId = message.id;
          this.probe = 'sent';
          return this.#probeSilenceMs !== undefined;
        }
        break;
      case 'notifications/cancelled': {
        const id = (message.params as { requestId?: RequestId } | undefined)?.requestId;
        if (id === undefined) break;
        if (this.#abandoned.size >= ABANDONED_LIMIT) this.#abandoned.clear();
        this.#abandoned.add(id);
        this.#lists.forget(id);
        this.#compared.delete(id);
        this.#reader?.forget(id);
        break;
      }
      default:
        if ('id' in message && LIST_METHODS.has(message.method))
          this.#lists.asked(message.id, message.method, message.params);
    }
    return false;
  }

  #noteCompared({ id, method, params }: JSONRPCRequest): void {
    const isShake = method === 'initialize' || method === 'server/discover';
    if (isShake || (LIST_METHODS.has(method) && !isOurs(params)))
      this.#compared.set(id, this.guard?.changes ?? 0);
  }

  #receive(message: JSONRPCMessage, origin?: MessageOrigin): void {
    this.lastHeardAt = performance.now();
    if (isCall(message)) return this.#receiveCall(message, origin);
    // A transport of the user's or a server in this process may hand on a batch as it is.
    if (!Array.isArray(message)) return this.#receiveAnswer(message, origin);
    const batch: readonly unknown[] = message.slice(0, LONGEST_BATCH);
    for (const each of batch) if (isMessage(each)) this.#receive(each, origin);
  }

  #receiveCall(given: Call, origin?: MessageOrigin): void {
    // A message whose params cannot be mended goes on as it is: it is refused further on.
    const message = this.#reader?.readCall(given) ?? given;
    if (message.method === 'initialize' || message.method === 'server/discover') this.echoes = true;
    this.observe?.(message);
    if ('id' in message) {
      if (this.incoming?.admit(message, origin?.relation) !== false) this.onmessage?.(message, origin);
      return;
    }
    if (message.method === 'notifications/cancelled') this.#cancelled(message.params);
    this.#notified = true;
    const { relation } = origin ?? {};
    // The client calls the handler in a microtask, between this one and the next.
    if (relation !== undefined) queueMicrotask(() => (this.relation = relation));
    this.onmessage?.(message, origin);
    queueMicrotask(() => this.#onNotified());
  }

  /** The server has cancelled a request of its own. */
  #cancelled(params: unknown): void {
    const id = isRecord(params) ? params['requestId'] : undefined;
    if (typeof id === 'string' || typeof id === 'number') this.incoming?.close(id);
  }

  #receiveAnswer(message: Answer, origin?: MessageOrigin): void {
    const id = isId(message.id) ? askedId(message.id) : undefined;
    // The official client would take it for the answer to the request with that number.
    if (typeof id === 'string' && !Number.isNaN(Number(id)))
      return this.onerror?.(new Error(`No request has the id "${printable(id, 40)}" of an answer.`));
    // The late answer to a cancelled request.
    if (id !== undefined && this.#abandoned.size > 0 && this.#abandoned.delete(id)) return;
    const isRead = id === undefined || (this.directCalls.takesAsSent && this.directCalls.has(id));
    const read = isRead ? message : this.#readSafely(id, message);
    if (id !== undefined && id === this.#probeId) {
      if (this.eraProbe?.answered(read) === false) return;
      if (this.eraProbe?.isGuess !== true) this.probe = 'answered';
    }
    this.#deliverAnswer(read, origin);
  }

  /** What cannot be read, such as a value nested so deeply that the stack is full, fails its request, and not the reader. */
  #readSafely(id: RequestId, message: Answer): Answer {
    try {
      return this.#readAnswer(id, message);
    } catch (error) {
      return failRequest(id, invalidResult('The answer cannot be read.', { cause: error }));
    }
  }

  /** The answer as it is forwarded; one that cannot be is replaced by an error. */
  #readAnswer(id: RequestId, message: Answer): Answer {
    const isRight = isAnswer(message);
    const changes = this.#compared.size > 0 ? this.#compared.get(id) : undefined;
    if (changes !== undefined) this.#compared.delete(id);
    const read = this.#mended(id, message, isRight);
    if (id === this.#initializeId && 'result' in read) {
      this.eraProbe?.end();
      const offered = read.result?.['protocolVersion'];
      if (typeof offered === 'string') this.offeredVersion = offered;
    }
    // The official client would drop it, and the request would wait for its timeout.
    if (read === message ? !isRight : !isAnswer(read))
      return failRequest(id, invalidResult('The answer is not a valid JSON-RPC response.'));
    const isToolList = this.#lists.pending.size > 0 && this.#lists.pending.get(id) === 'tools/list';
    const refusal = this.#refusal(id, read);
    if (refusal !== undefined) return failRequest(id, refusal);
    if (!('result' in read)) return read;
    const isChecked = isToolList && this.#isModern && this.#headerOddities !== undefined;
    const sendable = isChecked ? withoutUnsendable(read, this.#headerOddities) : read;
    return changes === undefined ? sendable : this.#approved(sendable, changes);
  }

  /** The answer without what differs from the lock. */
  #approved(answer: JSONRPCResultResponse, changes: number): JSONRPCResultResponse {
    const { instructions, ...rest } = answer.result;
    if (typeof instructions === 'string' && this.approve?.(instructions) === undefined)
      return { ...answer, result: rest };
    return this.guard === undefined
      ? answer
      : { ...answer, result: this.guard.read(answer.result, false, changes) };
  }

  /** Why an answer is not forwarded; its request fails with this error instead. */
  #refusal(id: RequestId, answer: Answer): PlenumError | undefined {
    if (this.#lists.pending.size > 0) return this.#lists.answered(id, answer);
    if (!('result' in answer) || answer.result.resultType !== 'input_required') return undefined;
    return this.incoming?.refusal(answer.result);
  }

  #mended(id: RequestId, message: Answer, isRight: boolean): Answer {
    const reader = this.#reader;
    if (reader === undefined) return message;
    const isDirect = !isRight && this.directCalls.has(id);
    if (!isDirect && (reader.pending.size === 0 || !reader.pending.has(id))) return message;
    return reader.readAnswer(id, message, isRight, isDirect);
  }

  /**
   * Forwards an answer to its request. The client handles a notification one microtask later than an answer, so an answer
   * that follows a notification waits for as long: else the last progress report of a call would be lost.
   */
  #deliverAnswer(answer: Answer, origin?: MessageOrigin): void {
    if (!this.#notified) return this.#forwardAnswer(answer, origin);
    queueMicrotask(() => this.#reportErrors(() => this.#forwardAnswer(answer, origin)));
  }

  #onNotified(): void {
    this.#notified = false;
    this.relation = undefined;
  }

  #forwardAnswer(answer: Answer, origin?: MessageOrigin): void {
    if (!this.directCalls.accept(answer)) this.onmessage?.(answer, origin);
  }

  /** What a handler throws goes to `onerror`, and not to the transport that delivers the message. */
  #reportErrors(deliver: () => void): void {
    try {
      deliver();
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.eraProbe?.end();
    this.#ended.resolve();
    this.onclose?.();
    this.directCalls.end();
    this.incoming?.end();
  }
}

/** Throws the error of a failed send, or, when that was the reason, one that says that the message is not JSON. */
function explainSendFailure(message: JSONRPCMessage, error: unknown): never {
  throw explained(message, error);
}

function explained(message: JSONRPCMessage, error: unknown): unknown {
  return error instanceof PlenumError || isJson(message) ? error : notJson(error);
}

function isJson(message: object): boolean {
  try {
    return JSON.stringify(message) !== undefined;
  } catch {
    return false;
  }
}
