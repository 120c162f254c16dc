import { WebSocketServer, type RawData, type WebSocket } from '#ws';
import type { IncomingMessage } from 'node:http';
import { badTestInput } from '../errors/testing.ts';
import { count, shape } from './script/checks.ts';
import { headersOf } from './http/exchange.ts';
import { Listener } from './http/listener.ts';
import { isRpcMessage, parseJson } from './server/json-rpc.ts';
import type { Crash, ServerScript } from './script/script.ts';
import { ScriptedServer } from './server/scripted-server.ts';

export interface ServeWebSocketOptions {
  /** @default 0, a free one */
  port?: number;
}

const fields = shape({}, { port: count });

/**
 * Serves a scripted server over WebSocket, with the subprotocol `mcp`, on loopback, in both eras. Rejects with
 * `CONFIG_INVALID`, or with `CONNECT_FAILED` when the port is taken.
 */
export async function serveWebSocket(
  script: ServerScript = {},
  options: ServeWebSocketOptions = {},
): Promise<ScriptedWebSocketServer> {
  const problem = fields(options, 'options');
  if (problem !== undefined) throw badTestInput('WebSocket cannot be served so', problem);
  const server = new ScriptedWebSocketServer(script, options);
  await server.listen();
  return server;
}

export class ScriptedWebSocketServer extends ScriptedServer {
  readonly #options: ServeWebSocketOptions;
  readonly #listener = new Listener(
    (_request, response) => response.writeHead(426).end(),
    () => this.core.connected(),
  );
  readonly #upgrades = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has('mcp') ? 'mcp' : false),
  });

  /** @internal */
  constructor(script: ServerScript, options: ServeWebSocketOptions) {
    super(script);
    this.#options = options;
    this.#listener.server.on('upgrade', (request, socket, head) => {
      this.core.whenAwake(() => {
        const refusal = this.script.faults?.httpStatus?.status;
        if (refusal !== undefined)
          return void socket.end(`HTTP/1.1 ${refusal} Refused\r\nconnection: close\r\n\r\n`);
        this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => this.#serve(webSocket, request));
      });
    });
  }

  /** @internal */
  listen(): Promise<void> {
    return this.#listener.listen(this.#options.port);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#listener.port}/`;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Sockets open now. */
  get openSockets(): number {
    return this.#listener.open;
  }

  /** Closes every socket with a close frame of this code. */
  closeSockets(code = 1001, reason = ''): void {
    for (const socket of this.#upgrades.clients) socket.close(code, reason);
  }

  async close(): Promise<void> {
    this.core.end(true);
    this.#upgrades.close();
    await this.#listener.close();
  }

  /** @internal */
  protected override died(_crash: Crash, afterAnswer: boolean): void {
    this.#listener.drop(afterAnswer ? 'flush' : 'reset');
    this.core.end();
  }

  /**
   * A hung server does not read from its sockets.
   *
   * @internal
   */
  protected override heldInput(held: boolean): void {
    for (const socket of this.#upgrades.clients) {
      if (held) socket.pause();
      else socket.resume();
    }
  }

  #serve(socket: WebSocket, request: IncomingMessage): void {
    const origin = { connection: this.#listener.numberOf(request.socket), headers: headersOf(request) };
    const peer = this.core.open({
      send: (message) => socket.send(JSON.stringify(message)),
      sendRaw: (line) => socket.send(line),
      origin: () => origin,
      close: () => socket.close(1001),
    });
    socket.on('message', (data: RawData) => {
      const message = parseJson(Buffer.isBuffer(data) ? data.toString() : '');
      if (isRpcMessage(message)) peer.receive(message);
    });
    socket.on('error', () => {});
    socket.on('close', () => peer.end());
  }
}
