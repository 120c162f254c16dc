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
import type { ForwardedByServer } from '../upstreams/forwarded-headers.ts';
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
  /** What servers get of the headers of a request. */
  forwardedOf(request: Request): ForwardedByServer;
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
  /** How many of its requests are being answered. */
  busy: number;
}

/** A stream that listens: what its client is told depends on who that is, and on what it can do. */
interface ListeningStream {
  readonly handler: McpHttpHandler;
  readonly bus: ServerEventBus;
  readonly client: GatewayClient;
  /** By what it shares subscriptions with others. */
  readonly key: string;
  /** Ends it as the specification says, so that the client may listen anew. */
  readonly end: () => void;
}

/** Clients of 2026-07-28 over HTTP. Each request stands by itself; what is kept for `subscriptions/listen` is kept for a principal. */
export class ModernExchanges {
  readonly #sdk: OfficialServer;
  readonly #host: ModernHost;
  readonly #bounds: ModernBounds;
  readonly #busy: BusyAnswers;
  readonly #handlers = new Map<string, PrincipalHandler>();
  readonly #streams = new Set<ListeningStream>();
  /**
   * What the streams of a principal subscribe to, by what their clients can do: so they listen on the sessions that its
   * calls run on.
   */
  readonly #listeners = new Map<string, ListenStreams>();
  readonly #senders = new WeakMap<Request, Sender>();

  constructor(sdk: OfficialServer, bounds: ModernBounds, busy: BusyAnswers, host: ModernHost) {
    this.#busy = busy;
    this.#sdk = sdk;
    this.#bounds = bounds;
    this.#host = host;
  }

  async answer(request: Request, identity: Identity, body: unknown): Promise<Response> {
    this.#senders.set(request, { identity, body });
    if (isRecord(body) && body['method'] === 'subscriptions/listen')
      return this.#listen(request, identity, body);
    const known = this.#handlerOf(identity);
    known.busy++;
    const onEnd = (): void => {
      known.busy--;
    };
    try {
      const response = await known.handler.fetch(request, { parsedBody: body });
      return watchEnd(isWhole(response) ? this.#busy.inPlaceOf(response, request, body) : response, onEnd);
    } catch (error) {
      onEnd();
      return answerError(body, toRpcError(error));
    }
  }

  /** Tells listening clients of changes. `eventsFor` says of which a client is told, which stands for one stream. */
  publish(eventsFor: (client: GatewayClient) => Iterable<ServerEvent>): void {
    for (const { bus, client } of this.#streams) for (const event of eventsFor(client)) bus.publish(event);
  }

  /** Ends the streams that listen, so that clients listen anew: what they may hear of has changed. */
  endStreams(): void {
    for (const { end } of this.#streams) end();
  }

  /** Each stream has a handler of its own, as each client is told something else. */
  async #listen(request: Request, identity: Identity, body: unknown): Promise<Response> {
    const bus = createBus();
    const client = createPrincipalListener(identity, this.#capabilitiesIn(body), (event) =>
      bus.publish(event),
    );
    client.forwarded = this.#host.forwardedOf(request);
    const ended = createDeferred<void>();
    const stream = {
      handler: this.#createHandler(identity, bus),
      bus,
      client,
      key: listenerKey(client),
      end: () => ended.resolve(),
    };
    this.#streams.add(stream);
    let unlisten = (): void => {};
    const onEnd = (): void => {
      this.#streams.delete(stream);
      unlisten();
    };
    try {
      const uris = listenedUris(body);
      if (uris.length > 0) unlisten = await this.#subscribe(stream, uris);
      const answer = await stream.handler.fetch(request, { parsedBody: body });
      const { response, end } = watchStream(answer, onEnd);
      void ended.promise.then(() => end(this.endOf(body)));
      return response;
    } catch (error) {
      onEnd();
      return answerError(body, toRpcError(error));
    }
  }

  async #subscribe(
    { key, client, end: onLost }: ListeningStream,
    uris: readonly string[],
  ): Promise<() => void> {
    const listener = this.#listeners.get(key) ?? this.#createListener(key, client);
    const forgetIfUnused = (): void => {
      if (listener.isEmpty && this.#listeners.get(key) === listener) this.#listeners.delete(key);
    };
    try {
      const end = await listener.listen(uris, client.identity, onLost);
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

  /** Subscribes for all streams of this key. Each of them picks what it wants to hear of. */
  #createListener(key: string, { identity, capabilities, forwarded }: GatewayClient): ListenStreams {
    const client = createPrincipalListener(identity, capabilities, (event) => {
      for (const stream of this.#streams) if (stream.key === key) stream.bus.publish(event);
    });
    client.forwarded = forwarded;
    const listener = new ListenStreams(client, this.#host, this.#bounds);
    this.#listeners.set(key, listener);
    return listener;
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
    const handlers = [...this.#handlers.values(), ...this.#streams];
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
    const made = { handler: this.#createHandler(identity, createBus()), busy: 0 };
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

  #createHandler(identity: Identity, bus: ServerEventBus): McpHttpHandler {
    return this.#sdk.createMcpHandler(
      ({ requestInfo }) => {
        const sender = requestInfo && this.#senders.get(requestInfo);
        const client = new GatewayClient(randomUUID(), sender?.identity ?? identity, 'modern');
        if (requestInfo !== undefined) client.forwarded = this.#host.forwardedOf(requestInfo);
        return this.#host.createServer(client, sender?.body);
      },
      { legacy: 'reject', bus, maxRequestBodySize: this.#bounds.bodyBytes },
    );
  }
}

function createBus(): ServerEventBus {
  const listeners = new Set<(event: ServerEvent) => void>();
  return {
    publish: (event) => {
      for (const listener of listeners) listener(event);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What clients are the same by for which one listens: they use the same sessions with servers. */
function listenerKey(client: GatewayClient): string {
  return JSON.stringify([keyOf(client, 'principal'), ...client.forwarded]);
}
