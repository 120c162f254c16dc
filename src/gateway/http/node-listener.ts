import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { gatewayCannotListen, gatewayTlsFile, gatewayTlsUnusable } from '../../errors/gateway.ts';
import { settledWithin } from '../../internal/limit.ts';
import { startTimer } from '../../internal/timers.ts';
import type { GatewayTls } from '../gateway-options.ts';
import { isHealthPath } from './http-endpoint.ts';
import { isSignInRequest } from '../sign-in/sign-ins.ts';
import { isMetadataPath } from '../identity/authenticator.ts';
import { isWhole, refusal } from './responses.ts';
import { toWebRequest } from './web-request.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export interface ConnectionBounds {
  /** How long the head of a request may take, in milliseconds. */
  readonly headersMs: number;
  /** How long a whole request may take to come in, in milliseconds. */
  readonly requestMs: number;
  /** How long a connection is kept without a request, in milliseconds. */
  readonly keepAliveMs: number;
  readonly connections: number;
}

export interface ListenerOptions extends ConnectionBounds {
  readonly trustProxy: boolean;
  /** Without it the listener speaks plain HTTP. */
  readonly tls: GatewayTls | undefined;
}

/** How often requests that take too long are looked for, in milliseconds. */
const LOOK_MS = 1_000;
/** How much of a body that nobody wanted is thrown away before its connection is cut, in bytes and in milliseconds. */
const DISCARDED_BYTES = 8_388_608;
const DISCARD_MS = 5_000;
/** How long the head of a stream waits for its first event, so that both are sent at once, in milliseconds. */
const HEAD_MS = 10;
const EMPTY = new Uint8Array();

/** Methods that a `Request` of web standards cannot have. */
const NO_WEB_METHODS: ReadonlySet<string | undefined> = new Set(['CONNECT', 'TRACE', 'TRACK']);

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
    options: ListenerOptions,
  ): Promise<NodeListener> {
    const { tls, trustProxy } = options;
    const answering = new Set<Promise<void>>();
    const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      outgoing.once('finish', () => discardRest(incoming));
      const [pathname] = (incoming.url ?? '').split('?', 1);
      const { method } = incoming;
      const isHealth = isHealthPath(pathname);
      const isPage = isMetadataPath(pathname ?? '') || isSignInRequest(method, pathname ?? '');
      if (pathname !== path && !isHealth && !isPage) {
        outgoing.writeHead(404).end();
        return;
      }
      if (NO_WEB_METHODS.has(method) || (isHealth && method !== 'GET' && method !== 'HEAD')) {
        outgoing.writeHead(405, { allow: isHealth ? 'GET, HEAD' : 'GET, POST, DELETE' }).end();
        return;
      }
      const handled = handle(incoming, outgoing, answer, trustProxy)
        .catch(() => void outgoing.destroy())
        .finally(() => answering.delete(handled));
      answering.add(handled);
    };
    const server = await createHttpServer(tls);
    server.on('request', onRequest);
    // A client that waits to be told sends its body only when somebody wants to read it.
    server.on('checkContinue', onRequest);
    bound(server, options);
    server.listen(port, host);
    await once(server, 'listening').catch((error: unknown) => {
      throw gatewayCannotListen(host, port, error);
    });
    const scheme = tls === undefined ? 'http' : 'https';
    const url = `${scheme}://${hostInUrl(host)}:${portOf(server.address())}${path}`;
    return new NodeListener(server, url, answering);
  }

  /** Changes the bounds for the connections that are open, too. */
  bound(bounds: ConnectionBounds): void {
    bound(this.#server, bounds);
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

/** How often the files of key and certificate are looked at, in milliseconds. */
const CERTIFICATE_LOOK_MS = 5_000;

async function createHttpServer(tls: GatewayTls | undefined): Promise<Server> {
  const looks = { connectionsCheckingInterval: LOOK_MS };
  if (tls === undefined) return createServer(looks);
  const [key, cert] = await Promise.all([pemOf('key', tls.key), pemOf('cert', tls.cert)]);
  try {
    const server = createTlsServer({ ...looks, key, cert });
    renewCertificate(server, tls);
    return server;
  } catch (error) {
    throw gatewayTlsUnusable(error);
  }
}

/** Reads key and certificate again when their files have changed. Connections that are open stay as they are. */
function renewCertificate(server: TlsServer, tls: GatewayTls): void {
  const paths = [tls.key, tls.cert].filter(isPath);
  const renew = async (): Promise<void> => {
    try {
      const [key, cert] = await Promise.all([pemOf('key', tls.key), pemOf('cert', tls.cert)]);
      if (server.listening) server.setSecureContext({ key, cert });
    } catch {
      // One of two files is new already: what there was is good until the other one is.
    }
  };
  const onChanged = (): void => void renew();
  for (const path of paths) watchFile(path, { interval: CERTIFICATE_LOOK_MS, persistent: false }, onChanged);
  server.once('close', () => {
    for (const path of paths) unwatchFile(path, onChanged);
  });
}

function isPath(given: string | Buffer): given is string {
  return typeof given === 'string' && !given.includes('-----BEGIN ');
}

/** A text that is no PEM is a path. */
async function pemOf(option: string, given: string | Buffer): Promise<string | Buffer> {
  if (!isPath(given)) return given;
  try {
    return await readFile(given);
  } catch (error) {
    throw gatewayTlsFile(option, error);
  }
}

function bound(server: Server, { headersMs, requestMs, keepAliveMs, connections }: ConnectionBounds): void {
  server.headersTimeout = timeoutOf(headersMs);
  server.requestTimeout = timeoutOf(requestMs);
  server.keepAliveTimeout = timeoutOf(keepAliveMs);
  server.maxConnections = connections;
}

/** For `node:http` 0 means for ever. */
function timeoutOf(ms: number): number {
  return Number.isFinite(ms) ? Math.max(1, Math.round(ms)) : 0;
}

async function handle(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: (request: Request) => Promise<Response>,
  trustProxy: boolean,
): Promise<void> {
  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  let waits = incoming.headers.expect !== undefined;
  const onRead = (): void => {
    if (waits) outgoing.writeContinue();
    waits = false;
  };
  const request = toWebRequest(incoming, { signal: gone.signal, trustProxy, onRead });
  const response = request === undefined ? refusal(400, -32600, 'Bad Request') : await answer(request);
  // Nobody told the client to send its body: whether it comes is not known, so nothing else can come after it.
  if (waits) outgoing.setHeader('connection', 'close');
  await send(response, outgoing);
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  const { status, body } = response;
  if (outgoing.destroyed) return body?.cancel();
  const headers = Object.fromEntries(response.headers);
  if (body === null || isWhole(response)) {
    const bytes = body === null ? EMPTY : new Uint8Array(await response.arrayBuffer());
    outgoing.writeHead(status, body === null ? headers : { ...headers, 'content-length': bytes.byteLength });
    return end(outgoing, bytes);
  }
  outgoing.writeHead(status, headers);
  // The head of an event stream is to arrive although its first event may be long in coming.
  const stopTimer = startTimer(HEAD_MS, () => outgoing.flushHeaders());
  const reader = body.getReader();
  // A client that does not read holds up its own stream only; one that has gone ends it.
  outgoing.once('close', () => void reader.cancel().catch(() => {}));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      stopTimer();
      if (done) break;
      if (!outgoing.write(value)) await untilDrained(outgoing);
    }
  } finally {
    stopTimer();
  }
  return end(outgoing, EMPTY);
}

/** Resolves when all is sent, or the client has gone. */
function end(outgoing: ServerResponse, last: Uint8Array): Promise<void> {
  return new Promise((resolve) => outgoing.end(last, () => resolve()));
}

function untilDrained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const onOver = (): void => {
      outgoing.off('drain', onOver);
      outgoing.off('close', onOver);
      resolve();
    };
    outgoing.on('drain', onOver);
    outgoing.on('close', onOver);
  });
}

/**
 * Throws away what comes of a body after the answer, so that its client gets to read the answer. A body that goes on and on
 * costs its connection.
 */
function discardRest(incoming: IncomingMessage): void {
  if (incoming.complete) return;
  const cut = (): void => void incoming.socket.destroy();
  let left = DISCARDED_BYTES;
  incoming.removeAllListeners('data');
  incoming.on('data', (chunk: Buffer) => {
    left -= chunk.byteLength;
    if (left < 0) cut();
  });
  incoming.resume();
  const stopTimer = startTimer(DISCARD_MS, cut);
  incoming.once('end', stopTimer);
  incoming.once('close', stopTimer);
}

function portOf(address: string | AddressInfo | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
