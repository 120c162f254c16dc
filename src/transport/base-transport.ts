import type { JSONRPCMessage, Transport, TransportSendOptions } from '@modelcontextprotocol/client';
import { sendFailed, transportUsedUp } from '../errors/transport.ts';
import { connectFailed } from '../errors/connect.ts';
import { messageOf, type PlenumError } from '../errors/plenum-error.ts';
import { Limit } from '../internal/limit.ts';
import type { ManagedTransport, MessageOrigin, TransportEnd, TransportKind } from './managed-transport.ts';

/** Stages follow each other in this order, and none comes twice. */
type Stage = 'new' | 'opening' | 'open' | 'closing' | 'closed';

/**
 * What all transports but stdio have in common (docs/decisions/0015): which calls are allowed when, `onclose` exactly
 * once, `close()` and `destroy()` in any order. A subclass says how to open, how to send and how to shut.
 */
export abstract class BaseTransport implements ManagedTransport {
  abstract readonly kind: TransportKind;
  onclose?: Transport['onclose'];
  onerror?: Transport['onerror'];
  onmessage?: ManagedTransport['onmessage'];

  protected readonly server: string;
  readonly #ending = new AbortController();
  readonly #force = new AbortController();
  /** Set while it opens; it ends when the transport is closed meanwhile. */
  #opening: Limit | undefined;
  #stage: Stage = 'new';
  #end: TransportEnd | undefined;
  #leaving: NodeJS.Immediate | undefined;
  #closing: Promise<void> | undefined;

  constructor(server: string) {
    this.server = server;
  }

  /**
   * Connects to the peer. Once `ending` has aborted, nobody waits for it any more, and it must not acquire anything that
   * `shut` would have to release.
   */
  protected abstract open(ending: AbortSignal): Promise<void>;
  protected abstract transmit(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void>;
  /** Releases everything, whatever stage `open` had reached; at once when `force` is or becomes aborted. */
  protected abstract shut(force: AbortSignal): Promise<void>;

  /** What may still settle by itself after the peer was lost, before the end. It must be bounded, and end with `ending`. */
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
      throw transportUsedUp(this.server);
    }
    this.#stage = 'opening';
    const opening = new Limit({});
    this.#opening = opening;
    try {
      await opening.hold(this.open(this.#ending.signal));
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
    const doing = `Sending to server "${this.server}"`;
    return Promise.reject(
      sendFailed(this.server, doing, why, { cause: this.end?.error, maybeExecuted: false }),
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

  /** Hands a message on. An error that the handler throws is reported. */
  protected deliver(message: JSONRPCMessage, origin?: MessageOrigin): void {
    if (this.#stage === 'closed') return;
    try {
      this.onmessage?.(message, origin);
    } catch (error) {
      this.report(error);
    }
  }

  /** Reports an error that concerns no single request, except while the transport ends: its own end causes errors. */
  protected report(error: unknown): void {
    if (!this.#isEnding) this.onerror?.(asError(error));
  }

  /** Records that the peer went away, and ends the connection. Does nothing once that has begun. */
  protected endWith(end: TransportEnd): void {
    if (this.#end !== undefined || this.#isEnding) return;
    this.#end = end;
    // A turn later: the loss may have been noticed by a send that failed. Its caller must get that failure, which says
    // whether the request was sent, before `onclose` fails all requests alike.
    this.#leaving = setImmediate(() => void this.#leave());
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
    clearImmediate(this.#leaving);
    this.#opening?.end(this.#closedWhileOpening());
    this.#ending.abort();
    await this.#contain(() => this.shut(this.#force.signal));
    this.#stage = 'closed';
    if (wasOpen) await this.#contain(() => this.onclose?.());
  }

  /** Runs a step of the end. An error is reported, and does not keep the end from going on. */
  async #contain(step: () => unknown): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.onerror?.(asError(error));
    }
  }

  #closedWhileOpening(): PlenumError {
    const why = this.#end === undefined ? 'it was closed meanwhile' : `the server ${this.#end.what}`;
    return connectFailed(this.server, `${why}.`, { cause: this.#end?.error });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
