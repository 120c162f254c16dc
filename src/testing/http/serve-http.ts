import type { IncomingMessage, ServerResponse } from 'node:http';
import { sleep } from '../../internal/limit.ts';
import type { Origin } from '../server/call.ts';
import {
  HEADER_MISMATCH,
  INVALID_PARAMS,
  INVALID_REQUEST,
  PARSE_ERROR,
  SESSION_NOT_FOUND,
  claimedVersion,
  isRequest,
  isRpcMessage,
  parseJson,
  type RpcMessage,
} from '../server/json-rpc.ts';
import type { Peer } from '../server/peer.ts';
import type { Crash, ServerScript } from '../script/script.ts';
import { ScriptedServer } from '../server/scripted-server.ts';
import { headersOf, isCrossOrigin, mismatch, readBody, refuse } from './exchange.ts';
import { checkHttpOptions, type ServeHttpOptions } from './http-options.ts';
import { HttpSession } from './http-session.ts';
import { Listener } from './listener.ts';
import { ReplyStream, type ReplyOptions } from './reply-stream.ts';

/**
 * Serves a scripted server as Streamable HTTP on loopback, in both eras. Rejects with `CONFIG_INVALID`, or with
 * `CONNECT_FAILED` when the port is taken.
 */
export async function serveHttp(
  script: ServerScript = {},
  options: ServeHttpOptions = {},
): Promise<ScriptedHttpServer> {
  checkHttpOptions(options);
  const server = new ScriptedHttpServer(script, options);
  await server.listen();
  return server;
}

/** One received HTTP request. */
export interface LoggedHttpRequest {
  method: string;
  headers: Record<string, string>;
}

const LOG_LIMIT = 1000;

export class ScriptedHttpServer extends ScriptedServer {
  readonly #options: ServeHttpOptions;
  readonly #listener = new Listener(
    (request, response) => this.core.whenAwake(() => void this.#handle(request, response)),
    () => this.core.connected(),
  );
  readonly #sessions = new Map<string, { session: HttpSession; peer: Peer }>();
  readonly #httpRequests: LoggedHttpRequest[] = [];
  /** How often each `httpStatus` fault has been applied. */
  readonly #statusCounts = new WeakMap<object, number>();

  /** @internal */
  constructor(script: ServerScript, options: ServeHttpOptions) {
    super(script);
    this.#options = options;
  }

  /** @internal */
  listen(): Promise<void> {
    return this.#listener.listen(this.#options.port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}/mcp`;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Sockets open now. */
  get openSockets(): number {
    return this.#listener.open;
  }

  /** Ids of the open sessions. */
  get sessions(): string[] {
    return [...this.#sessions.keys()];
  }

  /** The last 1000 HTTP requests, oldest first. */
  get httpRequests(): readonly LoggedHttpRequest[] {
    return this.#httpRequests;
  }

  /** Ends all open HTTP responses of sessions, as a proxy with a time limit does. */
  breakStreams(): void {
    for (const { session } of this.#sessions.values()) session.breakStreams();
  }

  async close(): Promise<void> {
    this.core.end(true);
    await this.#listener.close();
  }

  /** @internal */
  protected override died(_crash: Crash, afterAnswer: boolean): void {
    this.#listener.drop(afterAnswer ? 'flush' : 'reset');
    this.core.end();
  }

  /** @internal */
  protected override forgetSessions(): void {
    for (const { peer } of this.#sessions.values()) peer.end();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    this.#httpRequests.push({ method, headers: headersOf(request) });
    if (this.#httpRequests.length > LOG_LIMIT) this.#httpRequests.shift();
    const body = await readBody(request);
    const { latencyMs = 0 } = this.#options;
    if (latencyMs > 0) await sleep(latencyMs, this.core.life);
    if (response.destroyed) return;
    if (request.url !== '/mcp') return refuse(response, 404, 'Not found');
    if (isCrossOrigin(request)) return refuse(response, 403, 'The request comes from a foreign page');
    if (this.#lacksToken(request)) {
      return refuse(response, 401, 'Unauthorized', undefined, { 'www-authenticate': 'Bearer' });
    }
    if (this.#answerWithStatus(method, response)) return;
    if (body === undefined) return refuse(response, 413, 'The message is too large', INVALID_REQUEST);
    if (method === 'POST') return this.#post(request, response, body);
    if (this.#options.sessions === false || this.script.era === 'modern') {
      return refuse(response, 405, 'Method not allowed', undefined, { allow: 'POST' });
    }
    const known = this.#sessionOf(request, response);
    if (known === undefined) return;
    if (method === 'GET') return known.session.get(request, response);
    if (method !== 'DELETE') return refuse(response, 405, 'Method not allowed');
    known.peer.end();
    response.writeHead(200).end();
  }

  #post(request: IncomingMessage, response: ServerResponse, body: string): void {
    const message = parseJson(body);
    if (message === undefined) return refuse(response, 400, 'The body is not JSON', PARSE_ERROR);
    if (!isRpcMessage(message)) return refuse(response, 400, 'The body is not one message', INVALID_REQUEST);
    const { accept = '' } = request.headers;
    if (!accept.includes('application/json') || !accept.includes('text/event-stream')) {
      return refuse(response, 406, 'Clients must accept both application/json and text/event-stream');
    }
    const version = this.script.era === 'legacy' ? undefined : claimedVersion(message);
    if (version !== undefined) return this.#postModern(request, response, message, version);
    const isOpening = 'method' in message && message.method === 'initialize';
    if (this.script.era === 'modern' && !isOpening) {
      return refuse(response, 400, 'The request does not say which protocol version it uses', INVALID_PARAMS);
    }
    if (this.script.era === 'modern' || this.#options.sessions === false) {
      return this.#serveAlone(request, response, message);
    }
    if (isOpening && isRequest(message)) return this.#openSession(request, response, message);
    const known = this.#sessionOf(request, response);
    if (known === undefined) return;
    const { sessionExpiresAfter = Infinity } = this.script.faults ?? {};
    if (isRequest(message) && known.session.requests++ >= sessionExpiresAfter) {
      known.peer.end();
      return refuse(response, 404, 'Session not found', SESSION_NOT_FOUND);
    }
    if (isRequest(message)) {
      return known.session.post(known.peer, message.id, message, response, this.#origin(request));
    }
    known.peer.receive(message);
    response.writeHead(202).end();
  }

  #postModern(
    request: IncomingMessage,
    response: ServerResponse,
    message: RpcMessage,
    version: string,
  ): void {
    if (isRequest(message)) {
      const header = mismatch(request, version, message.method, message.params ?? {});
      if (header !== undefined) {
        const error = { code: HEADER_MISMATCH, message: `${header} does not match the body` };
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, error }));
        return;
      }
    }
    this.#serveAlone(request, response, message);
  }

  /** Serves one message without a session. When the client closes the response, the request is cancelled. */
  #serveAlone(request: IncomingMessage, response: ServerResponse, message: RpcMessage): void {
    const origin = this.#origin(request);
    const json = this.#options.answers !== 'sse';
    const stream = new ReplyStream({ json, modern: this.script.era !== 'legacy' });
    const peer = this.core.open({
      send: (each, _related, last) => stream.send(each, last),
      ...(!json && { sendRaw: (line: string | Buffer) => stream.sendRaw(line.toString()) }),
      origin: () => origin,
      close: () => stream.finished || stream.break(),
    });
    if (!isRequest(message)) {
      peer.receive(message);
      peer.end();
      response.writeHead(202).end();
      return;
    }
    stream.attach(response);
    response.on('close', () => {
      if (!stream.finished) peer.cancel(message.id);
      peer.end();
    });
    peer.receive(message);
  }

  #openSession(
    request: IncomingMessage,
    response: ServerResponse,
    message: RpcMessage & { id: string | number },
  ): void {
    const options: ReplyOptions = {
      json: this.#options.answers !== 'sse',
      modern: false,
      retryMs: this.#options.retryMs,
      primed: this.#options.answers === 'sse',
    };
    const origin = this.#origin(request);
    const session = new HttpSession(options, origin, ({ id }) => this.#sessions.delete(id));
    const peer = this.core.open(session);
    this.#sessions.set(session.id, { session, peer });
    session.post(peer, message.id, message, response, origin);
  }

  #sessionOf(
    request: IncomingMessage,
    response: ServerResponse,
  ): { session: HttpSession; peer: Peer } | undefined {
    const id = request.headers['mcp-session-id'];
    if (typeof id !== 'string') {
      refuse(response, 400, 'Bad request: there is no session yet, and this does not open one');
      return undefined;
    }
    const known = this.#sessions.get(id);
    if (known === undefined) refuse(response, 404, 'Session not found', SESSION_NOT_FOUND);
    return known;
  }

  #origin(request: IncomingMessage): Origin {
    return { connection: this.#listener.numberOf(request.socket), headers: headersOf(request) };
  }

  #lacksToken({ headers }: IncomingMessage): boolean {
    const { token } = this.#options;
    return token !== undefined && headers.authorization !== `Bearer ${token}`;
  }

  /** Applies the `httpStatus` fault; returns whether it answered the request. */
  #answerWithStatus(method: string, response: ServerResponse): boolean {
    const fault = this.script.faults?.httpStatus;
    if (fault === undefined || (fault.httpMethod ?? method) !== method) return false;
    const count = (this.#statusCounts.get(fault) ?? 0) + 1;
    if (count > (fault.times ?? Infinity)) return false;
    this.#statusCounts.set(fault, count);
    response.writeHead(fault.status, fault.headers).end(fault.body);
    return true;
  }
}
