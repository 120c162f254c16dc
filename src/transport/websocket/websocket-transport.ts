import type { IncomingMessage } from 'node:http';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { WebSocket, type RawData } from '#ws';
import { notAMessage, openFailed, sendFailed } from '../../errors/transport.ts';
import { messageOf, type PlenumError } from '../../errors/plenum-error.ts';
import { urlSpec } from '../../options/tables/server.ts';
import { Backlog, mayReadOn } from '../backlog.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { Limit, settledWithin } from '../../internal/limit.ts';
import { printable } from '../../internal/text.ts';
import type { UrlServerSpec } from '../../server-spec.ts';
import { BaseTransport } from '../base-transport.ts';
import { networkError } from '../http/network/network-error.ts';
import { resolveHeaders } from '../http/network/resolve-headers.ts';
import { retryAfterOf } from '../http/refusal.ts';
import { messagesIn } from '../json-rpc.ts';
import type { TransportContext } from '../managed-transport.ts';
import { parseServerUrl } from '../server-url.ts';
import { tlsConnect } from '../tls-connect.ts';

const SUBPROTOCOL = 'mcp';
/** What may wait for a server that does not read; with more, the connection is ended. */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024;
const OPEN_TIMEOUT_MS = 30_000;
const CLOSE_GRACE_MS = 2_000;
const PING_INTERVAL_MS = 30_000;
const NORMAL_CLOSURE = 1_000;
/** How many pings in a row may go unanswered. */
const MAX_MISSED_PINGS = 2;

interface Frame {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** Stands for a frame that has been read, when the next one has to wait. */
const READ: Frame = { data: Buffer.alloc(0), isBinary: false };

/** WebSocket: subprotocol `mcp`, one JSON-RPC message in each text frame. */
export class WebSocketTransport extends BaseTransport {
  readonly kind = 'websocket';
  retryAfterMs: number | undefined;

  readonly #spec: UrlServerSpec;
  readonly #context: TransportContext;
  readonly #url: URL;
  readonly #pingIntervalMs: number;
  readonly #opened = createDeferred<void>();
  readonly #closed = createDeferred<void>();
  #socket: WebSocket | undefined;
  #isOpen = false;
  #fault: Error | undefined;
  #stopPings = (): void => {};

  constructor(spec: UrlServerSpec, context: TransportContext, options: { pingIntervalMs?: number } = {}) {
    super(context.server);
    this.#spec = spec;
    this.#context = context;
    this.#url = parseServerUrl(spec, context.server).url;
    this.#pingIntervalMs = options.pingIntervalMs ?? PING_INTERVAL_MS;
  }

  protected async open(ending: AbortSignal): Promise<void> {
    const headers = await resolveHeaders(this.#spec.headers, this.server);
    if (ending.aborted) return;
    this.#socket = this.#connect(headers);
    const openTimeoutMs = this.#spec.openTimeoutMs ?? OPEN_TIMEOUT_MS;
    const expired = (): PlenumError =>
      this.#failed(`no handshake within ${openTimeoutMs} ms. Allow more with "openTimeoutMs".`);
    const limit = new Limit({ ms: openTimeoutMs, expired }, ending);
    try {
      await limit.hold(this.#opened.promise);
    } finally {
      limit.stop();
    }
  }

  protected async transmit(message: JSONRPCMessage): Promise<void> {
    const socket = this.#socket;
    const text = JSON.stringify(message);
    await new Promise<void>((resolve, reject) => {
      if (socket?.readyState !== WebSocket.OPEN) {
        return reject(this.#lost('the connection is closing', false));
      }
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        this.endWith({ what: 'does not read what it is sent' });
        return reject(this.#lost('the server does not read what it is sent', false));
      }
      socket.send(text, (error) => {
        if (error) reject(this.#lost(messageOf(error), true, error));
        else resolve();
      });
    });
  }

  protected async shut(force: AbortSignal): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (socket.readyState === WebSocket.OPEN && !force.aborted) {
      socket.close(NORMAL_CLOSURE);
      await settledWithin(this.#closed.promise, CLOSE_GRACE_MS, force);
    }
    socket.terminate();
    await this.#closed.promise;
  }

  #connect(headers: Headers): WebSocket {
    const { trust, identity } = tlsConnect(this.#spec.tls);
    const options = {
      ...trust,
      ...identity,
      headers: Object.fromEntries(headers),
      maxPayload: this.#spec.maxMessageBytes ?? urlSpec.maxMessageBytes.default,
      followRedirects: false,
      // Compression gains little on small frames, and takes memory for each connection.
      perMessageDeflate: false,
      // How long a server may take to end a connection that it has closed. The types of `ws` do not have it yet.
      closeTimeout: CLOSE_GRACE_MS,
    };
    const socket = new WebSocket(this.#url, SUBPROTOCOL, options);
    socket.on('open', () => this.#onOpen(socket));
    socket.on('unexpected-response', (_request, response) => this.#onHandshakeAnswer(response));
    const backlog = new Backlog<Frame>(socket, (frame) => this.#read(frame));
    socket.on('message', (data, isBinary) => {
      const frame = { data: bytesOf(data), isBinary };
      const rest = backlog.isEmpty ? this.#read(frame) : frame;
      if (rest !== undefined) backlog.push(rest);
    });
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', (code, reason) => backlog.whenRead(() => this.#onClose(code, reason.toString())));
    return socket;
  }

  #onOpen(socket: WebSocket): void {
    this.#isOpen = true;
    this.#stopPings = keepAlive(socket, this.#pingIntervalMs, () =>
      this.endWith({ what: 'answers no pings any more' }),
    );
    this.#opened.resolve();
  }

  /** Reads a frame. Returns something when the next one has to wait for a later turn of the event loop. */
  #read(frame: Frame): Frame | undefined {
    if (frame === READ) return undefined;
    const messages = this.#messagesIn(frame);
    for (const message of messages) this.deliver(message);
    return mayReadOn(frame.data.length, Math.max(messages.length, 1)) ? undefined : READ;
  }

  #messagesIn({ data, isBinary }: Frame): readonly JSONRPCMessage[] {
    try {
      if (isBinary) throw new Error('a binary frame');
      return messagesIn(JSON.parse(data.toString()));
    } catch (error) {
      const what = 'sent a frame that is not a JSON-RPC message; it was dropped';
      this.#context.onProblem(notAMessage(this.server, what, error));
      return [];
    }
  }

  #onHandshakeAnswer(response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    const needsAuth = status === 401 || status === 403;
    const advice = needsAuth
      ? 'Check "headers" of its spec.'
      : status >= 300 && status < 400
        ? 'Redirects are not followed; give the URL that it leads to.'
        : 'Check the path of its URL.';
    const code = needsAuth ? 'AUTH_REQUIRED' : 'CONNECT_FAILED';
    const { 'retry-after': wait = '', date = '' } = response.headers;
    this.retryAfterMs = retryAfterOf(new Headers({ 'retry-after': wait, date }));
    const why = `the handshake was answered with HTTP ${status}. ${advice}`;
    this.#opened.reject(this.#failed(why, { status }, code));
    response.destroy();
    this.#socket?.terminate();
  }

  #onError(error: Error): void {
    this.#fault ??= error;
    const failure = networkError(error, {
      server: this.server,
      doing: 'WebSocket handshake',
      url: this.#url,
    });
    this.#opened.reject(
      failure.maybeExecuted === true ? this.#failed(`${messageOf(error)}.`, { cause: error }) : failure,
    );
  }

  #onClose(code: number, reason: string): void {
    this.#stopPings();
    this.#closed.resolve();
    const words = reason === '' ? `code ${code}` : `code ${code}, "${printable(reason)}"`;
    const fault = this.#fault;
    if (!this.#isOpen)
      return this.#opened.reject(
        this.#failed(`the server closed the connection (${words}).`, { cause: fault }),
      );
    const why = fault === undefined ? '' : `: ${printable(messageOf(fault))}`;
    // `ws` ends such a connection itself, and reports it as an abnormal close of the server's.
    const tooLarge =
      fault !== undefined && 'code' in fault && fault.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    this.endWith({
      what: tooLarge
        ? 'sent a message larger than "maxMessageBytes" allows'
        : `closed the connection (${words})${why}`,
      ...(fault !== undefined && { error: fault }),
    });
  }

  #failed(
    why: string,
    facts: { readonly cause?: Error | undefined; readonly status?: number } = {},
    code: 'CONNECT_FAILED' | 'AUTH_REQUIRED' = 'CONNECT_FAILED',
  ): PlenumError {
    const doing = `Opening a WebSocket to server "${this.server}" at ${this.#url.host}`;
    return openFailed(code, this.server, doing, why, facts);
  }

  #lost(why: string, maybeExecuted: boolean, cause?: Error): PlenumError {
    return sendFailed(this.server, `Sending to server "${this.server}"`, why, { cause, maybeExecuted });
  }
}

/**
 * Pings the server, and calls `onSilence` once when two pings in a row had no answer and no message came: a half-open
 * connection shows itself in no other way. Returns what ends it. Does not keep the process alive.
 */
function keepAlive(socket: WebSocket, intervalMs: number, onSilence: () => void): () => void {
  let missed = 0;
  const heard = (): void => {
    missed = 0;
  };
  const stop = (): void => {
    clearInterval(timer);
    socket.off('pong', heard);
    socket.off('message', heard);
  };
  const timer = setInterval(() => {
    if (missed >= MAX_MISSED_PINGS) {
      stop();
      onSilence();
      return;
    }
    missed++;
    socket.ping();
  }, intervalMs);
  timer.unref();
  socket.on('pong', heard);
  socket.on('message', heard);
  return stop;
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
