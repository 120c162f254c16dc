import { setImmediate } from 'node:timers/promises';
import {
  SdkErrorCode,
  SdkHttpError,
  SSEClientTransport,
  SseError,
  UnauthorizedError,
  type JSONRPCMessage,
} from '@modelcontextprotocol/client';
import { noEndpointEvent, streamRefused } from '../../errors/transport.ts';
import { connectFailure } from '../../errors/connect.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { Limit } from '../../internal/limit.ts';
import type { UrlServerSpec } from '../../server-spec.ts';
import { BaseTransport } from '../base-transport.ts';
import type { TransportContext } from '../managed-transport.ts';
import { parseServerUrl } from '../server-url.ts';
import { expiredSession, isSuspicious, refusalOf } from './expired-session.ts';
import { HttpFetch } from './network/http-fetch.ts';
import { asSent, withStandIns } from './official/as-sent.ts';
import { goneBecause } from './network/network-error.ts';
import { answerOf, retryAfterOf } from './refusal.ts';
import { withAuth } from './with-auth.ts';

const OPEN_TIMEOUT_MS = 5_000;
/** How long after a reported refusal no other one is reported, in milliseconds. */
const QUIET_MS = 1_000;

/**
 * HTTP with SSE, the transport of 2024-11-05, by the official transport. The event source of that would reconnect by
 * itself, to a new session in which the server knows no earlier request; so here the end of the stream ends the connection.
 */
export class SseTransport extends BaseTransport {
  readonly kind = 'sse';
  retryAfterMs: number | undefined;

  readonly #context: TransportContext;
  readonly #url: URL;
  readonly #openTimeoutMs: number;
  readonly #authenticates: boolean;
  readonly #http: HttpFetch;
  readonly #official: SSEClientTransport;
  #opened = false;
  #endpoint: string | undefined;
  /** Why the stream broke. The event source keeps no more than a message of it. */
  #fault: PlenumError | undefined;
  #tooLarge = false;
  #streamError: SseError | undefined;
  #quietUntil = 0;
  /** The body of the answer that refused the stream. */
  #refusal = '';

  constructor(spec: UrlServerSpec, context: TransportContext) {
    super(context.server);
    this.#context = context;
    this.#url = parseServerUrl(spec, context.server).url;
    this.#openTimeoutMs = spec.openTimeoutMs ?? OPEN_TIMEOUT_MS;
    this.#authenticates = spec.auth !== undefined;
    this.#http = new HttpFetch({
      server: context.server,
      url: this.#url,
      spec,
      openTimeoutMs: this.#openTimeoutMs,
      onOddity: context.onOddity,
    });
    this.#official = new SSEClientTransport(
      this.#url,
      withAuth(
        spec.auth,
        context.server,
        this.#url,
        this.#http.forConnection((url, init) => this.#fetch(new URL(url), init)),
      ),
    );
    this.#official.onmessage = (message) => this.deliver(asSent(message));
    this.#official.onerror = (error) => this.#onError(error);
  }

  setProtocolVersion(version: string): void {
    this.#official.setProtocolVersion(version);
  }

  protected async open(ending: AbortSignal): Promise<void> {
    await this.#http.open();
    if (ending.aborted) return;
    const limit = new Limit({ ms: this.#openTimeoutMs, expired: () => this.#noEndpoint() }, ending);
    try {
      await limit.hold(this.#official.start());
      // It may have ended at the moment at which it named its endpoint; its end takes a moment to come through.
      await setImmediate();
      if (this.#streamError !== undefined) throw this.#streamError;
      this.#opened = true;
    } catch (error) {
      throw this.#explain(error);
    } finally {
      limit.stop();
    }
  }

  protected async transmit(message: JSONRPCMessage): Promise<void> {
    await this.#official.send(message);
  }

  protected async shut(): Promise<void> {
    await this.#official.close();
    await this.#http.destroy();
  }

  /** The `fetch` of the official transport. */
  async #fetch(url: URL, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? 'GET';
    if (method === 'GET' && url.href === this.#url.href) return this.#openStream(url, init);
    // The first POST after the stream has opened goes to the endpoint that the server named; those of a login may follow.
    if (method === 'POST' && this.#opened) this.#endpoint ??= url.href;
    if (url.href === this.#endpoint) return this.#post(url, init);
    return this.#http.fetch(url, init);
  }

  async #openStream(url: URL, init: RequestInit): Promise<Response> {
    try {
      const response = await this.#http.fetch(url, init, {
        onFault: (fault, error) => {
          this.#fault = error;
          this.#tooLarge = fault === 'too-large';
        },
      });
      if (!response.ok) {
        this.retryAfterMs = retryAfterOf(response.headers);
        this.#refusal = await response.clone().text();
      }
      return await withStandIns(response);
    } catch (error) {
      if (error instanceof PlenumError) this.#fault = error;
      throw error;
    }
  }

  async #post(url: URL, init: RequestInit): Promise<Response> {
    try {
      const response = await this.#http.fetch(url, init);
      if (!response.ok) await this.#fail(response, init.body);
      return response;
    } catch (error) {
      if (error instanceof PlenumError) this.#judge(error);
      throw error;
    }
  }

  /** Throws what an error status means; the official transport would put it into a message only. */
  async #fail(response: Response, sent: RequestInit['body']): Promise<void> {
    const { status, statusText } = response;
    const retryAfterMs = retryAfterOf(response.headers);
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
    if (status === 401 && this.#authenticates) return;
    const text = await response.text();
    const refusal = refusalOf(status, text);
    // A JSON-RPC error that answers this very request may be about that: whoever sent the request finds out.
    const asked = refusal.fault === undefined ? undefined : idIn(sent);
    const isAnswer = asked !== undefined && asked === refusal.fault?.id;
    const expired = this.#opened && !isAnswer ? expiredSession(status, this.server) : undefined;
    if (expired !== undefined) {
      // Behind a proxy the event stream may seem open for long.
      this.endWith(expired);
      throw expired.error;
    }
    const error = new SdkHttpError(
      SdkErrorCode.ClientHttpNotImplemented,
      `POST to ${this.#url.origin} was answered with HTTP ${status}`,
      { status, statusText, text, retryAfterMs },
    );
    if (this.#opened && isSuspicious(refusal) && performance.now() >= this.#quietUntil) {
      this.#quietUntil = performance.now() + QUIET_MS;
      this.#context.onSuspect?.(error);
    }
    throw error;
  }

  /** Ends the connection when a failed POST shows that nobody serves there any more. */
  #judge(error: PlenumError): void {
    if (error.code !== 'CONNECTION_LOST') return;
    const reason = goneBecause(error);
    if (reason === undefined) this.#context.onSuspect?.(error);
    else this.endWith({ what: `cannot be reached at ${this.#url.origin}: ${reason}`, error });
  }

  #onError(error: Error): void {
    if (!(error instanceof SseError)) return this.report(error);
    this.#streamError ??= error;
    const what = this.#tooLarge
      ? 'sent an event larger than "maxMessageBytes" allows'
      : 'ended its event stream';
    if (this.#opened) this.endWith({ what, error: this.#fault ?? error });
  }

  #explain(error: unknown): unknown {
    if (error instanceof PlenumError || error instanceof UnauthorizedError || error instanceof SdkHttpError)
      return error;
    if (this.#fault !== undefined) return this.#fault;
    const doing = `Opening the event stream of server "${this.server}" at ${this.#url.origin}`;
    const status = error instanceof SseError ? error.code : undefined;
    if (status !== undefined && status !== 200) {
      const { retryAfterMs } = this;
      const answer = answerOf({ status, text: this.#refusal, retryAfterMs });
      return streamRefused(this.server, doing, answer, error);
    }
    return connectFailure(this.server, error, doing);
  }

  #noEndpoint(): PlenumError {
    const doing = `Opening the event stream of server "${this.server}" at ${this.#url.origin}`;
    return noEndpointEvent(this.server, doing, this.#openTimeoutMs);
  }
}

/** The id of the request in a body; undefined where there is none. */
function idIn(body: RequestInit['body']): unknown {
  if (typeof body !== 'string') return undefined;
  const message: unknown = JSON.parse(body);
  return isRecord(message) ? message['id'] : undefined;
}
