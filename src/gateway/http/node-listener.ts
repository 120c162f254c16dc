import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gatewayCannotListen } from '../../errors/gateway.ts';
import { settledWithin } from '../../internal/limit.ts';
import { refusal } from './responses.ts';

/** How long the head of a request may take, in milliseconds. */
const HEADERS_TIMEOUT_MS = 30_000;
/** How long a whole request may take to come in, in milliseconds. */
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 75_000;
const MAX_CONNECTIONS = 10_000;

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** Listens with `node:http`, and hands each request to a function of web standards. */
export class NodeListener {
  readonly #server: Server;
  /** What is being answered. */
  readonly #answering: ReadonlySet<Promise<void>>;
  readonly url: string;

  private constructor(server: Server, url: string, answering: ReadonlySet<Promise<void>>) {
    this.#server = server;
    this.url = url;
    this.#answering = answering;
  }

  static async start(
    { host, port, path }: ListenAddress,
    answer: (request: Request) => Promise<Response>,
    bodyBytes: number,
  ): Promise<NodeListener> {
    const { toWebRequest } = await import('@modelcontextprotocol/node');
    const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
      const gone = new AbortController();
      outgoing.once('close', () => gone.abort());
      const { method = 'GET', url = '/' } = incoming;
      const options = { signal: gone.signal, maxRequestBodySize: bodyBytes };
      const request = await toWebRequest(Object.assign(incoming, { method, url }), undefined, options).catch(
        () => undefined,
      );
      const response = request === undefined ? unreadable(bodyBytes) : await answer(request);
      await send(response, outgoing);
    };
    const answering = new Set<Promise<void>>();
    const server = createServer((request, response) => {
      const [pathname] = (request.url ?? '').split('?', 1);
      if (pathname !== path && pathname !== '/healthz' && pathname !== '/readyz') {
        response.writeHead(404).end();
        return;
      }
      const handled = handle(request, response)
        .catch(() => void response.destroy())
        .finally(() => answering.delete(handled));
      answering.add(handled);
    });
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.maxConnections = MAX_CONNECTIONS;
    server.listen(port, host);
    await once(server, 'listening').catch((error: unknown) => {
      throw gatewayCannotListen(host, port, error);
    });
    const url = `http://${hostInUrl(host)}:${portOf(server.address())}${path}`;
    return new NodeListener(server, url, answering);
  }

  /** Takes no further connection, and ends those that are open, after answers that end within `graceMs` milliseconds. */
  async close(graceMs: number): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await settledWithin(Promise.allSettled(this.#answering), graceMs);
    this.#server.closeAllConnections();
    await closed;
  }
}

/** The body is too large, or broke off. */
function unreadable(bodyBytes: number): Response {
  return refusal(413, -32600, `The body cannot be read: it may have ${bodyBytes} bytes`, {
    connection: 'close',
  });
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  // The head of an event stream is to arrive before its first event.
  outgoing.flushHeaders();
  if (response.body === null) {
    outgoing.end();
    return;
  }
  // A client that does not read holds up its own stream only; one that has gone ends it.
  await pipeline(Readable.fromWeb(response.body), outgoing);
}

function portOf(address: string | AddressInfo | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
