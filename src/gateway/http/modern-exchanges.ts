import { randomUUID } from 'node:crypto';
import type {
  ClientCapabilities,
  Implementation,
  McpHttpHandler,
  McpServer,
  Server,
  ServerEvent,
  ServerEventBus,
} from '@modelcontextprotocol/server';
import { GatewayClient } from '../clients/gateway-client.ts';
import type { Identity } from '../identity/identity.ts';
import {
  createPrincipalListener,
  endOfListening,
  listenedUris,
  ListenStreams,
  type ResourceSubscriber,
} from '../clients/listen-streams.ts';
import { toRpcError } from '../routing/rpc-error.ts';
import { answerError, isWhole, watchEnd, watchStream, type BusyAnswers } from './responses.ts';
import { isRecord } from '../../internal/checks.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { readAs, type OfficialServer } from '../official-server.ts';
import { keyOf } from '../upstreams/session-key.ts';

export interface ModernHost extends ResourceSubscriber {
  /** Makes the server that answers one request of this client. */
  createServer(client: GatewayClient, body: unknown): Server | McpServer;
  readonly serverInfo: Implementation;
}

export interface ModernBounds {
  readonly bodyBytes: number;
  /** How many resources one principal may listen for. */
  readonly subscriptions: number;
}

/** How many principals' handlers are kept while none of their streams is open. */
const MAX_IDLE_HANDLERS = 100;

/** What is known of a request before the official handler sees it. */
interface Sender {
  readonly identity: Identity;
  readonly body: unknown;
}

interface PrincipalHandler {
  readonly handler: McpHttpHandler;
  readonly bus: ServerEventBus;
  readonly identity: Identity;
  /** By what the clients that listen can do: so they listen on the sessions that their calls run on. */
  readonly listeners: Map<string, ListenStreams>;
  /** How many of its requests are being answered, open streams included. */
  busy: number;
}

/** Clients of 2026-07-28 over HTTP. Each request stands by itself; what is kept for `subscriptions/listen` is kept for a principal. */
export class ModernExchanges {
  readonly #sdk: OfficialServer;
  readonly #host: ModernHost;
  readonly #bounds: ModernBounds;
  readonly #busy: BusyAnswers;
  readonly #handlers = new Map<string, PrincipalHandler>();
  readonly #senders = new WeakMap<Request, Sender>();

  constructor(sdk: OfficialServer, bounds: ModernBounds, busy: BusyAnswers, host: ModernHost) {
    this.#busy = busy;
    this.#sdk = sdk;
    this.#bounds = bounds;
    this.#host = host;
  }

  async answer(request: Request, identity: Identity, body: unknown): Promise<Response> {
    this.#senders.set(request, { identity, body });
    const known = this.#handlerOf(identity);
    known.busy++;
    let unlisten = (): void => {};
    const onEnd = (): void => {
      known.busy--;
      unlisten();
    };
    try {
      const uris = listenedUris(body);
      if (uris.length > 0) {
        const lost = createDeferred<void>();
        unlisten = await this.#listen(known, uris, body, () => lost.resolve());
        const answer = await known.handler.fetch(request, { parsedBody: body });
        const { response, end } = watchStream(answer, onEnd);
        void lost.promise.then(() => end(this.endOf(body)));
        return response;
      }
      const response = await known.handler.fetch(request, { parsedBody: body });
      return watchEnd(isWhole(response) ? this.#busy.inPlaceOf(response, request, body) : response, onEnd);
    } catch (error) {
      onEnd();
      return answerError(body, toRpcError(error));
    }
  }

  /** Tells listening clients of a change: those of one principal, or all. */
  publish(event: ServerEvent, principal?: string): void {
    if (principal !== undefined) return this.#handlers.get(principal)?.bus.publish(event);
    for (const { bus } of this.#handlers.values()) bus.publish(event);
  }

  async #listen(
    { identity, bus, listeners }: PrincipalHandler,
    uris: readonly string[],
    body: unknown,
    onLost: () => void,
  ): Promise<() => void> {
    const capabilities = this.#capabilitiesIn(body);
    const client = createPrincipalListener(identity, capabilities, (event) => bus.publish(event));
    const key = keyOf(client, 'principal');
    const listener = listeners.get(key) ?? new ListenStreams(client, this.#host, this.#bounds);
    listeners.set(key, listener);
    const forgetIfUnused = (): void => {
      if (listener.isEmpty && listeners.get(key) === listener) listeners.delete(key);
    };
    try {
      const end = await listener.listen(uris, onLost);
      return () => {
        end();
        forgetIfUnused();
      };
    } catch (error) {
      forgetIfUnused();
      throw error;
    }
  }

  /** The last event of a stream that listens. */
  endOf(body: unknown): string {
    const id = isRecord(body) ? body['id'] : undefined;
    if (typeof id !== 'string' && typeof id !== 'number') return '';
    const message = endOfListening(this.#sdk, id, this.#host.serverInfo);
    return `event: message\ndata: ${JSON.stringify(message)}\n\n`;
  }

  /** What a client says in a request that it can do. */
  #capabilitiesIn(body: unknown): ClientCapabilities {
    const params = isRecord(body) ? body['params'] : undefined;
    const meta = isRecord(params) ? params['_meta'] : undefined;
    const { CLIENT_CAPABILITIES_META_KEY, specTypeSchemas } = this.#sdk;
    const given = isRecord(meta) ? meta[CLIENT_CAPABILITIES_META_KEY] : undefined;
    return readAs(specTypeSchemas.ClientCapabilities, given) ?? {};
  }

  async close(): Promise<void> {
    const handlers = [...this.#handlers.values()];
    this.#handlers.clear();
    await Promise.all(handlers.map(({ handler }) => handler.close()));
  }

  #handlerOf(identity: Identity): PrincipalHandler {
    const { principal } = identity;
    const known = this.#handlers.get(principal);
    if (known !== undefined) {
      // The last one used is the last one dropped.
      this.#handlers.delete(principal);
      this.#handlers.set(principal, known);
      return known;
    }
    const made = this.#createHandler(identity);
    this.#handlers.set(principal, made);
    made.busy++; // Not this one.
    if (this.#handlers.size > MAX_IDLE_HANDLERS) this.#dropIdle();
    made.busy--;
    return made;
  }

  #dropIdle(): void {
    for (const [principal, { busy }] of this.#handlers) {
      if (this.#handlers.size <= MAX_IDLE_HANDLERS) return;
      if (busy === 0) this.#handlers.delete(principal);
    }
  }

  #createHandler(identity: Identity): PrincipalHandler {
    const listeners = new Set<(event: ServerEvent) => void>();
    const bus: ServerEventBus = {
      publish: (event) => {
        for (const listener of listeners) listener(event);
      },
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const handler = this.#sdk.createMcpHandler(
      ({ requestInfo }) => {
        const sender = requestInfo && this.#senders.get(requestInfo);
        const client = new GatewayClient(randomUUID(), sender?.identity ?? identity, 'modern');
        return this.#host.createServer(client, sender?.body);
      },
      { legacy: 'reject', bus, maxRequestBodySize: this.#bounds.bodyBytes },
    );
    return { handler, bus, identity, listeners: new Map(), busy: 0 };
  }
}
