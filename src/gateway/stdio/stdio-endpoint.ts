import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Server, ServerContext } from '@modelcontextprotocol/server';
import type { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { createDeferred } from '../../internal/deferred.ts';
import { INVALID_REQUEST } from '../../internal/json/rpc-codes.ts';
import { ServerChannel } from '../clients/client-server.ts';
import { GatewayClient } from '../clients/gateway-client.ts';
import { LOCAL_IDENTITY } from '../identity/identity.ts';
import { BoundedLines, type LineBounds } from './bounded-lines.ts';
import {
  listenedUris,
  ListenStreams,
  type ResourceSubscriber,
  type SubscriptionBounds,
} from '../clients/listen-streams.ts';
import { toRpcError } from '../routing/rpc-error.ts';

export interface StdioHost extends ResourceSubscriber {
  readonly bounds: SubscriptionBounds & LineBounds;
  /** The result by which a stream that listens ends on the gateway's side. */
  endOfListening(id: string | number): JSONRPCMessage;
  createServer(clientOf: (ctx: ServerContext) => GatewayClient): Server;
  onConnected(client: GatewayClient, server: Server): void;
  onGone(client: GatewayClient): void;
  onRootsChanged(client: GatewayClient): void;
}

/** The one client that speaks with the gateway over standard input and output. */
export class StdioEndpoint {
  readonly #closed = createDeferred<void>();
  /** Who may speak: which of them does is known with the first request, but one may listen before it. */
  readonly clients = new Set<GatewayClient>();
  #close: () => Promise<void> = async () => {};

  /** Resolves when the client has closed its end, or `close` was called. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async start(host: StdioHost, input: Readable, output: Writable): Promise<void> {
    const official = await import('@modelcontextprotocol/server/stdio');
    const lines = new BoundedLines(host.bounds, (id) => {
      const message = `A message may have ${host.bounds.bodyBytes} bytes`;
      const error = { code: INVALID_REQUEST, message };
      transport.send({ jsonrpc: '2.0', ...(id !== undefined && { id }), error }).catch(() => {}); // The client is gone.
    });
    const onGone = (): void => void lines.end();
    input.pipe(lines);
    input.once('close', onGone).once('error', onGone);
    // The lines are bounded already.
    const transport = new official.StdioServerTransport(lines, output, { maxBufferSize: Infinity });
    let client: GatewayClient | undefined;
    // It may listen before it makes its first request.
    const modern = new GatewayClient(randomUUID(), LOCAL_IDENTITY, 'modern');
    this.clients.add(modern);
    let modernServer: Server | undefined;
    modern.channel = new ServerChannel(
      () => modernServer,
      () => false,
    );
    const handle = official.serveStdio(
      ({ era }) => {
        const mine = era === 'modern' ? modern : new GatewayClient(randomUUID(), LOCAL_IDENTITY, era);
        this.clients.add(mine);
        let isKnown = false;
        const connected = (): void => {
          if (isKnown) return;
          isKnown = true;
          client = mine;
          mine.info = server.getClientVersion();
          mine.capabilities = server.getClientCapabilities() ?? {};
          host.onConnected(mine, server);
        };
        const server = host.createServer(() => {
          // A modern client says who it is with each request, and sends no `initialized`.
          connected();
          return mine;
        });
        if (era === 'modern') modernServer = server;
        else
          mine.channel = new ServerChannel(
            () => server,
            () => true,
          );
        server.oninitialized = connected;
        server.setNotificationHandler('notifications/roots/list_changed', () => host.onRootsChanged(mine));
        return server;
      },
      { transport },
    );
    this.#followListening(transport, new ListenStreams(modern, host, host.bounds), host);
    const onclose = transport.onclose;
    transport.onclose = () => {
      onclose?.();
      input.unpipe(lines).off('close', onGone).off('error', onGone);
      // Nobody else reads it, and it would keep the process.
      if (input.listenerCount('data') === 0) input.pause();
      if (client !== undefined) host.onGone(client);
      this.#closed.resolve();
    };
    this.#close = () => handle.close();
  }

  /** The official server keeps to itself what a modern client listens for: a server is to be subscribed to before. */
  #followListening(transport: StdioServerTransport, streams: ListenStreams, host: StdioHost): void {
    const deliver = transport.onmessage;
    const ends = new Map<unknown, Promise<() => void>>();
    // All streams end with the endpoint.
    void this.closed.then(() => ends.clear());
    const unlisten = (id: unknown): void => {
      // An end that failed to begin was answered already.
      void ends.get(id)?.then(
        (end) => end(),
        () => {},
      );
      ends.delete(id);
    };
    const onLost = (id: string | number): void => {
      // The acknowledgement comes first.
      const gone = ends.get(id)?.then(
        () => {
          unlisten(id);
          const requestId = { requestId: id };
          deliver?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params: requestId });
          return transport.send(host.endOfListening(id));
        },
        () => {},
      );
      gone?.catch(() => {}); // The client is gone.
    };
    transport.onmessage = (message) => {
      if ('method' in message && message.method === 'notifications/cancelled') {
        unlisten(message.params?.['requestId']);
      }
      const uris = listenedUris(message);
      if (!('id' in message) || message.id === undefined || uris.length === 0) {
        deliver?.(message);
        return;
      }
      const { id } = message;
      const subscribing = streams.listen(uris, LOCAL_IDENTITY, () => onLost(id));
      ends.set(id, subscribing);
      subscribing.then(
        () => deliver?.(message),
        (error: unknown) => {
          ends.delete(id);
          const { code, message: text, data } = toRpcError(error);
          const answer = { code, message: text, ...(data !== undefined && { data }) };
          transport.send({ jsonrpc: '2.0', id, error: answer }).catch(() => {}); // The client is gone.
        },
      );
    };
  }

  async close(): Promise<void> {
    await this.#close();
    this.#closed.resolve();
  }
}
