import { InMemoryTransport, type JSONRPCMessage, type MessageExtraInfo } from '@modelcontextprotocol/client';
import { notAMessage, notSerializable } from '../../errors/transport.ts';
import { unusableServer } from '../../errors/options.ts';
import { connectFailure } from '../../errors/connect.ts';
import { messageOf, type PlenumError } from '../../errors/plenum-error.ts';
import type { InProcessServer, InProcessServerSpec } from '../../server-spec.ts';
import { BaseTransport } from '../base-transport.ts';
import { failRequest } from '../fail-request.ts';
import { isMessage, LONGEST_BATCH } from '../json-rpc.ts';
import type { TransportContext } from '../managed-transport.ts';
import { jsonCopy } from '../../internal/json/json-copy.ts';
import { settledWithin } from '../../internal/limit.ts';

const CLOSE_TIMEOUT_MS = 2_000;

/**
 * A server in this process, over a linked pair. It is connected at the start and closed at the end.
 *
 * Each side gets copies of messages, so that it cannot change what the other holds. They are what JSON makes of the
 * messages, so that a server behaves here as it does behind any other transport.
 */
export class InProcessTransport extends BaseTransport {
  readonly kind = 'in-process';

  readonly #given: InProcessServerSpec['server'];
  #instance: InProcessServer | undefined;
  readonly #ours: InMemoryTransport;
  readonly #theirs: InMemoryTransport;

  constructor(spec: InProcessServerSpec, context: TransportContext) {
    super(context.server);
    this.#given = spec.server;
    [this.#ours, this.#theirs] = InMemoryTransport.createLinkedPair();
    this.#ours.onmessage = (message, extra) => this.#receive(message, extra);
    this.#ours.onerror = (error) => this.report(error);
    this.#ours.onclose = () => this.endWith({ what: 'closed the connection' });
  }

  protected async open(ending: AbortSignal): Promise<void> {
    const doing = `Connecting to server "${this.server}" in this process`;
    const instance = await this.#make(doing);
    if (ending.aborted) return;
    if (isTaken(instance)) {
      throw unusableServer(
        `${doing}: it is connected to another client already, and a server object serves one at a time. Close that one first, or give a function that makes one for every connection.`,
        this.server,
      );
    }
    this.#instance = instance;
    try {
      await instance.connect(this.#theirs);
      if (!ending.aborted) await this.#ours.start();
    } catch (error) {
      // It must not be closed: it may have been connected to another client meanwhile.
      this.#instance = undefined;
      throw connectFailure(this.server, error, doing);
    }
  }

  protected async transmit(message: JSONRPCMessage): Promise<void> {
    let copy: JSONRPCMessage;
    try {
      copy = jsonCopy(message);
    } catch (error) {
      throw notSerializable(this.server, `Sending to server "${this.server}"`, error);
    }
    await this.#ours.send(copy);
  }

  protected async shut(force: AbortSignal): Promise<void> {
    await this.#ours.close();
    if (this.#instance !== undefined) await settledWithin(this.#instance.close(), CLOSE_TIMEOUT_MS, force);
  }

  async #make(doing: string): Promise<InProcessServer> {
    if (typeof this.#given !== 'function') return this.#given;
    try {
      return await this.#given();
    } catch (error) {
      throw connectFailure(this.server, error, `${doing}: its function "server" threw`);
    }
  }

  /** Runs inside the server's `send`, which rejects with what is thrown here: only failures of the server may be thrown. */
  #receive(message: JSONRPCMessage, extra?: MessageExtraInfo): void {
    let copy: JSONRPCMessage;
    try {
      copy = jsonCopy(message);
    } catch (error) {
      const failure = notAMessage(
        this.server,
        `sent a message that JSON cannot hold (${messageOf(error)})`,
        error,
      );
      this.#failRequest(message, failure);
      throw failure;
    }
    if (isMessage(copy)) return this.deliver(copy, extra);
    const given: unknown = copy;
    const batch: readonly unknown[] = Array.isArray(given) ? given.slice(0, LONGEST_BATCH) : [];
    const messages = batch.filter(isMessage);
    for (const each of messages) this.deliver(each, extra);
    if (messages.length === 0) this.report(notAMessage(this.server, 'sent what is not a JSON-RPC message'));
  }

  /** Fails the request of an answer that cannot be delivered: the server will not send another. */
  #failRequest(message: JSONRPCMessage, failure: PlenumError): void {
    if ('method' in message || message.id === undefined) return;
    this.deliver(failRequest(message.id, failure));
  }
}

/** Whether a server is connected: `McpServer` has `isConnected()`, `Server` has `transport`. */
function isTaken(server: InProcessServer): boolean {
  if ('isConnected' in server && typeof server.isConnected === 'function')
    return server.isConnected() === true;
  return 'transport' in server && server.transport !== undefined;
}
