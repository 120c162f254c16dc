import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { Server, ServerContext } from '@modelcontextprotocol/server';
import { createDeferred } from '../../internal/deferred.ts';
import { ServerChannel } from '../clients/client-server.ts';
import { GatewayClient } from '../clients/gateway-client.ts';
import { LOCAL_IDENTITY } from '../clients/identity.ts';

export interface StdioHost {
  createServer(clientOf: (ctx: ServerContext) => GatewayClient): Server;
  onConnected(client: GatewayClient, server: Server): void;
  onGone(client: GatewayClient): void;
}

/** The one client that speaks with the gateway over standard input and output. */
export class StdioFace {
  readonly #closed = createDeferred<void>();
  #close: () => Promise<void> = async () => {};

  /** Resolves when the client has closed its end, or `close` was called. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async start(host: StdioHost, input: Readable, output: Writable): Promise<void> {
    const { serveStdio, StdioServerTransport } = await import('@modelcontextprotocol/server/stdio');
    const transport = new StdioServerTransport(input, output);
    let client: GatewayClient | undefined;
    const handle = serveStdio(
      ({ era }) => {
        const mine = new GatewayClient(randomUUID(), LOCAL_IDENTITY, era);
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
        mine.channel = new ServerChannel(server, () => era === 'legacy');
        server.oninitialized = connected;
        return server;
      },
      { transport },
    );
    const onclose = transport.onclose;
    transport.onclose = () => {
      onclose?.();
      if (client !== undefined) host.onGone(client);
      this.#closed.resolve();
    };
    this.#close = () => handle.close();
  }

  async close(): Promise<void> {
    await this.#close();
    this.#closed.resolve();
  }
}
