import type {
  JSONRPCMessage,
  MessageExtraInfo,
  RequestId,
  Transport,
  TransportSendOptions,
} from '@modelcontextprotocol/client';
import { invalidResult, notJson } from '../../errors/call.ts';
import { messageOf, PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { settledWithin } from '../../internal/limit.ts';
import { DirectCalls } from './direct-calls.ts';
import { LIST_METHODS, ListBudget } from './list-budget.ts';
import { failRequest } from '../../transport/fail-request.ts';
import { askedId, isAnswer } from '../../transport/json-rpc.ts';
import type { ManagedTransport } from '../../transport/managed-transport.ts';

/** How many cancelled requests are remembered so that their late answers can be dropped quietly. */
const ABANDONED_LIMIT = 1_000;

/** How long a close waits for notifications that are still on their way, in milliseconds. */
const NOTIFICATIONS_MS = 1_000;

/**
 * Stands between the official client and a transport, and sees what neither tells: answers to requests that
 * were given up, the version that a server offered, whether it answered the era probe, when it last spoke.
 */
export class ConnectionTap implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void;
  /** The protocol version in the answer to `initialize`, whatever it was. */
  offeredVersion: string | undefined;
  /** Whether `server/discover` was sent, and whether it was answered in any way. */
  probe: 'none' | 'sent' | 'answered' = 'none';
  /** Whether it sent the request that only clients send: it sends back what it is sent. */
  echoes = false;
  /** When the server last sent anything, by `performance.now()`. */
  lastHeardAt = 0;
  /** Calls that the official client knows nothing of. */
  readonly directCalls = new DirectCalls((message) => this.send(message));

  readonly #inner: ManagedTransport;
  readonly #ended = createDeferred<void>();
  readonly #abandoned = new Set<RequestId>();
  readonly #lists = new ListBudget();
  /** Notifications that are being sent. Their senders do not wait for them, so a close has to. */
  readonly #notifications = new Set<Promise<void>>();
  #starting: Promise<void> | undefined;
  #early: [JSONRPCMessage, MessageExtraInfo | undefined][] | undefined = [];
  #initializeId: RequestId | undefined;
  #probeId: RequestId | undefined;
  /** Whether a notification was delivered that its handler has not seen yet. */
  #notified = false;
  #closed = false;

  constructor(inner: ManagedTransport) {
    this.#inner = inner;
    if ('stderr' in inner && 'pid' in inner) {
      // The official client knows a stdio transport, whose silence it reads as an older server, by these names.
      Object.defineProperties(this, { stderr: { value: null }, pid: { get: () => inner.pid } });
    }
  }

  /** Resolves when the connection has ended, with all that is known of why. */
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
    this.#inner.setProtocolVersion?.(version);
  }

  setSupportedProtocolVersions(versions: string[]): void {
    this.#inner.setSupportedProtocolVersions?.(versions);
  }

  /** The first call may come before there is a client: what the server says meanwhile waits for the second. */
  async start(): Promise<void> {
    this.#starting ??= this.#startInner();
    await this.#starting;
    if (this.onmessage === undefined) return;
    const early = this.#early;
    this.#early = undefined;
    for (const [message, extra] of early ?? []) this.#contain(() => this.#receive(message, extra));
  }

  async #startInner(): Promise<void> {
    this.#inner.onmessage = (message, extra) => {
      if (this.#early === undefined) this.#receive(message, extra);
      else this.#early.push([message, extra]);
    };
    this.#inner.onerror = (error) => this.onerror?.(error);
    this.#inner.onclose = () => {
      // A turn later: a request whose bytes never left must learn so from its own send, before the official
      // client fails everything in flight alike.
      setImmediate(() => this.#finish());
    };
    await this.#inner.start();
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if ('method' in message) this.#watch(message);
    const sending = this.#inner.send(message, options);
    if ('method' in message && !('id' in message)) return this.#sendNotification(message, sending);
    // Stdio says itself what is wrong with a message.
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

  /** Fails everything in flight without waiting for the transport's own end. */
  finish(): void {
    this.#finish();
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

  #watch(message: Extract<JSONRPCMessage, { method: string }>): void {
    switch (message.method) {
      case 'initialize':
        if ('id' in message) this.#initializeId = message.id;
        break;
      case 'server/discover':
        if ('id' in message && this.probe === 'none') {
          this.#probeId = message.id;
          this.probe = 'sent';
        }
        break;
      case 'notifications/cancelled': {
        const id = (message.params as { requestId?: RequestId } | undefined)?.requestId;
        if (id === undefined) break;
        if (this.#abandoned.size >= ABANDONED_LIMIT) this.#abandoned.clear();
        this.#abandoned.add(id);
        this.#lists.forget(id);
        break;
      }
      default:
        if ('id' in message && LIST_METHODS.has(message.method))
          this.#lists.asked(message.id, message.method, message.params);
    }
  }

  #receive(message: JSONRPCMessage, extra?: MessageExtraInfo): void {
    this.lastHeardAt = performance.now();
    if ('method' in message) {
      if (message.method === 'initialize' || message.method === 'server/discover') this.echoes = true;
    } else {
      const id = message.id === undefined ? undefined : askedId(message.id);
      // The late answer to a cancelled request.
      if (id !== undefined && this.#abandoned.size > 0 && this.#abandoned.delete(id)) return;
      if (id !== undefined && id === this.#probeId) this.probe = 'answered';
      if (id !== undefined && id === this.#initializeId && 'result' in message) {
        const offered = message.result?.['protocolVersion'];
        if (typeof offered === 'string') this.offeredVersion = offered;
      }
      const refusal = id === undefined ? undefined : this.#refusal(id, message);
      if (id !== undefined && refusal !== undefined) return this.#deliver(failRequest(id, refusal), extra);
    }
    this.#deliver(message, extra);
  }

  /** Why an answer is not handed on as it is. */
  #refusal(id: RequestId, message: JSONRPCMessage): PlenumError | undefined {
    if (isAnswer(message))
      return this.#lists.pending.size > 0 ? this.#lists.answered(id, message) : undefined;
    // The official client would drop it, and the request would wait on.
    return invalidResult('The answer is not a valid JSON-RPC response.');
  }

  /**
   * The official client hands notifications on a turn of the microtask queue later than answers. An answer that
   * came right behind one waits for it, so that a call's last progress report is not lost.
   */
  #deliver(message: JSONRPCMessage, extra?: MessageExtraInfo): void {
    if ('method' in message || !this.#notified) {
      if ('method' in message && !('id' in message)) this.#notified = true;
      this.#handOn(message, extra);
      if (this.#notified) queueMicrotask(() => (this.#notified = false));
      return;
    }
    queueMicrotask(() => this.#contain(() => this.#handOn(message, extra)));
  }

  #handOn(message: JSONRPCMessage, extra?: MessageExtraInfo): void {
    if ('method' in message || !this.directCalls.accept(message)) this.onmessage?.(message, extra);
  }

  /** A handler that throws is reported; it is no concern of who brings the message. */
  #contain(deliver: () => void): void {
    try {
      deliver();
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended.resolve();
    this.onclose?.();
    this.directCalls.end();
  }
}

/** Throws the error with which a message could not be sent, or one that says that JSON cannot carry the message. */
function explainSendFailure(message: JSONRPCMessage, error: unknown): never {
  if (error instanceof PlenumError || isJson(message)) throw error;
  throw notJson(error);
}

function isJson(message: object): boolean {
  try {
    return JSON.stringify(message) !== undefined;
  } catch {
    return false;
  }
}
