import {
  isJSONRPCResultResponse,
  SdkHttpError,
  SseError,
  UnauthorizedError,
  type JSONRPCMessage,
  type RequestId,
  type TransportSendOptions,
} from '@modelcontextprotocol/client';
import { neitherHttpNorSse } from '../../errors/transport.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { onAbort } from '../../internal/limit.ts';
import type { UrlServerSpec } from '../../server-spec.ts';
import { answerOf, rpcFaultIn } from './refusal.ts';
import { BaseTransport } from '../base-transport.ts';
import type {
  ManagedTransport,
  TransportContext,
  TransportEnd,
  TransportKind,
} from '../managed-transport.ts';
import { SseTransport } from './sse-transport.ts';
import { StreamableHttpTransport } from './streamable-http-transport.ts';

/** How a server of 2024-11-05 answers an `initialize` that is posted to the URL of its event stream. */
const OLD_SERVER_STATUSES: ReadonlySet<number> = new Set([400, 404, 405]);

/**
 * A URL without a type. Speaks Streamable HTTP, and SSE from the moment at which the server answers `initialize` as a server
 * of 2024-11-05 does. The next connection remembers what the server speaks.
 */
export class UrlTransport extends BaseTransport {
  readonly #spec: UrlServerSpec;
  readonly #context: TransportContext;
  #inner: ManagedTransport;
  #decided: boolean;
  /** What the server asked for before it was tried as one of the old kind. */
  #askedMs: number | undefined;

  constructor(spec: UrlServerSpec, context: TransportContext) {
    super(context.server);
    this.#spec = spec;
    this.#context = context;
    this.#decided = context.memory.urlKind !== undefined;
    this.#inner = this.#make(context.memory.urlKind ?? 'http');
  }

  get kind(): TransportKind {
    return this.#inner.kind;
  }

  get hasPerRequestStream(): boolean {
    return this.#inner.hasPerRequestStream === true;
  }

  get retryAfterMs(): number | undefined {
    return this.#inner.retryAfterMs ?? this.#askedMs;
  }

  get sessionId(): string | undefined {
    return this.#inner.sessionId;
  }

  override get end(): TransportEnd | undefined {
    return super.end ?? this.#inner.end;
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion?.(version);
  }

  abandon(id: RequestId): void {
    this.#inner.abandon?.(id);
  }

  protected async open(): Promise<void> {
    try {
      await this.#inner.start();
    } catch (error) {
      if (isClientFault(error)) delete this.#context.memory.urlKind;
      throw error;
    }
  }

  protected transmit(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    return this.kind === 'http' && 'method' in message && message.method === 'initialize'
      ? this.#initialize(message, options)
      : this.#inner.send(message, options);
  }

  async #initialize(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    try {
      await this.#inner.send(message, options);
    } catch (error) {
      if (!(error instanceof SdkHttpError) || !OLD_SERVER_STATUSES.has(error.data.status)) throw error;
      if (isAnswerTo(message, error)) throw error;
      // What was remembered is no longer true: the next connection finds out anew.
      if (this.#decided) delete this.#context.memory.urlKind;
      else await this.#turnToSse(message, error);
      if (this.kind === 'http') throw error;
    }
  }

  protected async shut(force: AbortSignal): Promise<void> {
    await (force.aborted ? this.#inner.destroy() : this.#closeInner(force));
  }

  async #turnToSse(initialize: JSONRPCMessage, refusal: SdkHttpError): Promise<void> {
    this.#askedMs = this.#inner.retryAfterMs;
    await this.#inner.destroy();
    if (this.ending.aborted) throw refusal;
    this.#inner = this.#make('sse');
    try {
      await this.#inner.start();
      await this.#inner.send(initialize);
    } catch (error) {
      if (isAuthFailure(error)) throw error;
      throw neitherHttpNorSse(this.server, answerOf(refusal.data), error);
    }
    this.#decide('sse');
  }

  #make(kind: 'http' | 'sse'): ManagedTransport {
    const Kind = kind === 'http' ? StreamableHttpTransport : SseTransport;
    const inner = new Kind(this.#spec, this.#context);
    inner.onmessage = (message, extra) => {
      if (kind === 'http' && !this.#decided && isJSONRPCResultResponse(message)) this.#decide('http');
      this.deliver(message, extra);
    };
    inner.onerror = (error) => this.report(error);
    inner.onclose = () => {
      if (inner.end !== undefined) this.endWith(inner.end);
    };
    return inner;
  }

  #decide(kind: 'http' | 'sse'): void {
    this.#decided = true;
    this.#context.memory.urlKind = kind;
  }

  async #closeInner(force: AbortSignal): Promise<void> {
    const stopListening = onAbort(force, () => void this.#inner.destroy());
    await this.#inner.close();
    stopListening();
  }
}

/** Whether the body of an error answers this very message, as only a server of Streamable HTTP does. */
function isAnswerTo(message: JSONRPCMessage, { data }: SdkHttpError): boolean {
  const id = typeof data['text'] === 'string' ? rpcFaultIn(data['text'])?.id : undefined;
  return id !== undefined && 'id' in message && message.id === id;
}

/** Whether the request for an event stream was answered with a 4xx status. */
function isClientFault(error: unknown): boolean {
  const cause = error instanceof PlenumError ? error.cause : error;
  return cause instanceof SseError && cause.code !== undefined && cause.code >= 400 && cause.code < 500;
}

function isAuthFailure(error: unknown): boolean {
  return (
    error instanceof UnauthorizedError || (error instanceof PlenumError && error.code === 'AUTH_REQUIRED')
  );
}
