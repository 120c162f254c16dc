import type {
  JSONRPCMessage,
  MessageExtraInfo,
  Transport,
  TransportSendOptions,
} from '@modelcontextprotocol/client';
import { PlenumError } from '../errors/plenum-error.ts';
import { createDeferred, type Deferred } from '../internal/deferred.ts';
import type { ManagedTransport, TransportEnd, TransportKind } from './managed-transport.ts';

/** The one way that every transport goes; no stage comes twice. */
type Stage = 'new' | 'opening' | 'open' | 'closing' | 'closed';

/**
 * The life of a transport, from `start()` to its end: which calls are in order when, `onclose` exactly once, and
 * `close()` and `destroy()` in any order. A subclass says how to open, how to send and how to shut.
 */
export abstract class BaseTransport implements ManagedTransport {
  abstract readonly kind: TransportKind;
  onclose?: Transport['onclose'];
  onerror?: Transport['onerror'];
  onmessage?: Transport['onmessage'];

  protected readonly server: string;
  readonly #ending = new AbortController();
  readonly #force = new AbortController();
  /** While it opens: rejects when that is cut short. */
  #opening: Deferred<never> | undefined;
  #stage: Stage = 'new';
  #end: TransportEnd | undefined;
  #farewell: NodeJS.Immediate | undefined;
  #closing: Promise<void> | undefined;

  constructor(server: string) {
    this.server = server;
  }

  /**
   * Connects to the peer. What it still waits for when `ending` aborts is nobody's business any more: from then
   * on it must not acquire anything that `shut` would have to release.
   */
  protected abstract open(ending: AbortSignal): Promise<void>;
  protected abstract transmit(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void>;
  /** Releases everything, whatever stage `open` had reached; at once when `force` is or becomes aborted. */
  protected abstract shut(force: AbortSignal): Promise<void>;

  /** What may still come to its own conclusion after the peer was lost, before the end; bounded, cut short by `ending`. */
  protected linger(): Promise<unknown> | undefined {
    return undefined;
  }

  get end(): TransportEnd | undefined {
    return this.#end;
  }

  /** Aborts when the transport's end begins. */
  protected get ending(): AbortSignal {
    return this.#ending.signal;
  }

  async start(): Promise<void> {
    if (this.#stage !== 'new') {
      throw new PlenumError(
        'NOT_CONNECTED',
        `Starting the transport of server "${this.server}": it was started or closed before; each connection needs a new one.`,
        { server: this.server },
      );
    }
    this.#stage = 'opening';
    this.#opening = createDeferred<never>();
    try {
      await Promise.race([this.open(this.#ending.signal), this.#opening.promise]);
      if (this.#isEnding || this.#end !== undefined) throw this.#closedWhileOpening();
      this.#stage = 'open';
    } catch (error) {
      await this.destroy();
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (this.#stage === 'open' && this.end === undefined) return this.transmit(message, options);
    const why = this.end === undefined ? 'the connection is not open' : `the server ${this.end.what}`;
    const what = `Sending to server "${this.server}": ${why}.`;
    return Promise.reject(
      new PlenumError('CONNECTION_LOST', what, {
        server: this.server,
        cause: this.end?.error,
        maybeExecuted: false,
      }),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutOnce();
    return this.#closing;
  }

  destroy(): Promise<void> {
    this.#force.abort();
    return this.close();
  }

  /** Hands a message on. A handler that throws is reported here; it is no concern of the peer's. */
  protected deliver(message: JSONRPCMessage, extra?: MessageExtraInfo): void {
    if (this.#stage === 'closed') return;
    try {
      this.onmessage?.(message, extra);
    } catch (error) {
      this.report(error);
    }
  }

  /** Reports an error that concerns no single request; not those that an end of ours causes. */
  protected report(error: unknown): void {
    if (!this.#isEnding) this.onerror?.(asError(error));
  }

  /** Records that the peer went away, and ends the connection. Nothing, when that had begun already. */
  protected lose(end: TransportEnd): void {
    if (this.#end !== undefined || this.#isEnding) return;
    this.#end = end;
    // A turn later: what made the loss known may be a failing send, and its caller must hear that failure, which
    // knows whether the request left, before `onclose` fails all requests alike.
    this.#farewell = setImmediate(() => void this.#leave());
  }

  get #isEnding(): boolean {
    return this.#stage === 'closing' || this.#stage === 'closed';
  }

  async #leave(): Promise<void> {
    await this.#contain(() => this.linger());
    await this.destroy();
  }

  async #shutOnce(): Promise<void> {
    const wasOpen = this.#stage === 'open';
    this.#stage = 'closing';
    clearImmediate(this.#farewell);
    this.#ending.abort();
    this.#opening?.reject(this.#closedWhileOpening());
    await this.#contain(() => this.shut(this.#force.signal));
    this.#stage = 'closed';
    if (wasOpen) await this.#contain(() => this.onclose?.());
  }

  /** An end that began is gone through, and never rejects. */
  async #contain(step: () => unknown): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.onerror?.(asError(error));
    }
  }

  #closedWhileOpening(): PlenumError {
    const why = this.#end === undefined ? 'it was closed meanwhile' : `the server ${this.#end.what}`;
    return new PlenumError('CONNECT_FAILED', `Connecting to server "${this.server}": ${why}.`, {
      server: this.server,
      cause: this.#end?.error,
    });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
