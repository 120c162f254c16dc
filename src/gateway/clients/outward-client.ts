import type {
  CreateMessageRequest,
  CreateMessageResult,
  CreateMessageResultWithTools,
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
  ListRootsResult,
  LoggingLevel,
  Server,
} from '@modelcontextprotocol/server';
import { clientCannot } from '../../errors/gateway.ts';
import type { GatewayClient } from './gateway-client.ts';

/**
 * One client, for a program that is itself the server. Each method rejects with `NOT_CONNECTED` when the client speaks
 * 2026-07-28, where a server asks with an `input_required` result, when it did not declare what it is asked for, or when it
 * has no stream open on which it could be reached.
 */
export class OutwardClient {
  readonly #client: GatewayClient;
  readonly #server: Server;

  /** @internal */
  constructor(client: GatewayClient, server: Server) {
    this.#client = client;
    this.#server = server;
  }

  /** Asks the user, by a form or by a URL (`elicitation/create`). */
  async elicit(params: ElicitRequestFormParams | ElicitRequestURLParams): Promise<ElicitResult> {
    this.#expect('Asking the user', this.#client.capabilities.elicitation, 'elicitation');
    return this.#server.elicitInput(params);
  }

  /** Asks for a completion by the client's model, with or without tools (`sampling/createMessage`). */
  async createMessage(
    params: CreateMessageRequest['params'],
  ): Promise<CreateMessageResult | CreateMessageResultWithTools> {
    this.#expect('Asking for a completion', this.#client.capabilities.sampling, 'sampling');
    return this.#server.createMessage(params);
  }

  /** Asks for the folders or URIs that the client works in (`roots/list`). */
  async listRoots(): Promise<ListRootsResult> {
    this.#expect('Asking for the roots', this.#client.capabilities.roots, 'roots');
    return this.#server.listRoots();
  }

  /** Checks that the client answers. */
  async ping(): Promise<void> {
    this.#expect('Pinging the client', {}, '');
    await this.#server.ping();
  }

  /**
   * Sends a log message, if the client wants those of this level. Rejects with `NOT_CONNECTED` when no server behind the
   * gateway declares the capability `logging`: then the gateway did not declare it either.
   */
  async log(level: LoggingLevel, data: unknown, logger?: string): Promise<void> {
    if (this.#server.getCapabilities().logging === undefined)
      throw clientCannot(
        `Logging to client ${this.#client.id}`,
        'no server declares the capability "logging".',
      );
    if (!this.#client.wantsLog(level)) return;
    await this.notify('notifications/message', { level, data, ...(logger !== undefined && { logger }) });
  }

  /** Sends a notification. */
  async notify(method: string, params?: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#server.notification({ method, ...(params !== undefined && { params: { ...params } }) });
  }

  #expect(doing: string, capability: unknown, name: string): void {
    const { id, era, channel } = this.#client;
    const of = `${doing} of client ${id}`;
    if (era === 'modern')
      throw clientCannot(of, 'it speaks 2026-07-28, in which a server asks with an "input_required" result.');
    if (capability === undefined) throw clientCannot(of, `it did not declare the capability "${name}".`);
    if (channel?.isOpen !== true) throw clientCannot(of, 'it has no stream open on which it could be asked.');
  }
}
