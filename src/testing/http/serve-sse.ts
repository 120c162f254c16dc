import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { badTestInput } from '../../errors/testing.ts';
import { count, nonEmpty, shape } from '../script/checks.ts';
import { isRpcMessage, parseJson } from '../server/json-rpc.ts';
import type { Peer } from '../server/peer.ts';
import type { Crash, ServerScript } from '../script/script.ts';
import { ScriptedServer } from '../server/scripted-server.ts';
import { headersOf, readBody, refuse } from './exchange.ts';
import { Listener } from './listener.ts';

export interface ServeSseOptions {
  /** @default 0, a free one */
  port?: number;
  /**
   * The URL of the `endpoint` event, to which clients post; it may be one of another server.
   * @default '/messages'
   */
  endpoint?: string;
}

const fields = shape({}, { port: count, endpoint: nonEmpty });

/**
 * Serves a scripted server over the old HTTP+SSE transport of 2024-11-05, on loopback; in the legacy era unless
 * the script says otherwise. Rejects with `CONFIG_INVALID`, or with `CONNECT_FAILED` when the port is taken.
 */
export async function serveSse(
  script: ServerScript = {},
  options: ServeSseOptions = {},
): Promise<ScriptedSseServer> {
  const problem = fields(options, 'options');
  if (problem !== undefined) throw badTestInput('SSE cannot be served so', problem);
  const server = new ScriptedSseServer({ era: 'legacy', ...script }, options);
  await server.listen();
  return server;
}

export class ScriptedSseServer extends ScriptedServer {
  readonly #options: ServeSseOptions;
  readonly #listener = new Listener(
    (request, response) => this.core.whenAwake(() => void this.#handle(request, response)),
    () => this.core.connected(),
  );
  readonly #peers = new Map<string, Peer>();

  /** @internal */
  constructor(script: ServerScript, options: ServeSseOptions) {
    super(script);
    this.#options = options;
  }

  /** @internal */
  listen(): Promise<void> {
    return this.#listener.listen(this.#options.port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}/sse`;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Event streams open now. */
  get openStreams(): number {
    return this.#peers.size;
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

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (pathname === '/sse' && request.method === 'GET') return this.#open(request, response);
    if (pathname === '/sse') return refuse(response, 405, 'Method not allowed');
    if (pathname !== '/messages' || request.method !== 'POST') return refuse(response, 404, 'Not found');
    const peer = this.#peers.get(searchParams.get('session') ?? '');
    if (peer === undefined) return refuse(response, 404, 'Session not found');
    const message = parseJson((await readBody(request)) ?? '');
    if (!isRpcMessage(message)) return refuse(response, 400, 'The body is not one message');
    response.writeHead(202).end('Accepted');
    peer.receive(message);
  }

  #open(request: IncomingMessage, response: ServerResponse): void {
    const id = randomUUID();
    const origin = { connection: this.#listener.numberOf(request.socket), headers: headersOf(request) };
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
    });
    const endpoint = `${this.#options.endpoint ?? '/messages'}?session=${id}`;
    response.write(`event: endpoint\ndata: ${endpoint}\n\n`);
    const write = (data: string): void => void response.write(`event: message\ndata: ${data}\n\n`);
    const peer = this.core.open({
      send: (message) => write(JSON.stringify(message)),
      sendRaw: (line) => write(line.toString()),
      origin: () => origin,
      close: () => {
        this.#peers.delete(id);
        response.end();
      },
    });
    this.#peers.set(id, peer);
    response.on('close', () => peer.end());
  }
}
