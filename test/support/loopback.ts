import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Loopback {
  readonly origin: string;
  readonly url: string;
  /** Every request, in the order of their coming. */
  readonly seen: readonly SeenRequest[];
  /** Requests of one HTTP method. */
  saw(method: string): SeenRequest[];
  openSockets(): number;
  /** Requests whose response has neither been completed nor cut. */
  pending(): SeenRequest[];
  /** Cuts every connection, as a crash does. */
  dropSockets(): void;
  /** Cuts every connection and frees the port. */
  stop(): Promise<void>;
}

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
) => void | Promise<void>;

/** A real HTTP server on a free port of 127.0.0.1, which ends with the test. */
export async function serve(handler: Handler): Promise<Loopback> {
  const seen: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const pending = new Set<SeenRequest>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const each = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    seen.push(each);
    pending.add(each);
    response.on('close', () => pending.delete(each));
    await handler(request, response, body);
  });
  // So long that a socket which goes was closed on purpose.
  server.keepAliveTimeout = 120_000;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const dropSockets = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= new Promise((resolve) => {
      server.close(() => resolve());
      dropSockets();
    });
    return stopped;
  };
  onTestFinished(stop);
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    url: `${origin}/mcp`,
    seen,
    saw: (method) => seen.filter((each) => each.method === method),
    openSockets: () => sockets.size,
    pending: () => [...pending],
    dropSockets,
    stop,
  };
}

/** A port on which nothing listens. */
export async function unusedOrigin(): Promise<string> {
  const loopback = await serve(() => {});
  await loopback.stop();
  return loopback.origin;
}
