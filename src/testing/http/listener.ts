import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { listenOn, onceGone, resetSocket } from '../network/sockets.ts';

/** A node:http server on loopback that keeps track of its sockets. */
export class Listener {
  readonly server: Server;
  readonly #sockets = new Map<Socket, number>();
  #port = 0;
  #closed: Promise<void> | undefined;

  /** `connected` numbers each socket. */
  constructor(handle: RequestListener, connected: () => number) {
    this.server = createServer(handle);
    // No timeouts of Node: a test decides how long things take.
    this.server.requestTimeout = 0;
    this.server.headersTimeout = 0;
    this.server.keepAliveTimeout = 0;
    this.server.on('connection', (socket) => {
      this.#sockets.set(socket, connected());
      onceGone(socket, () => this.#sockets.delete(socket));
    });
  }

  async listen(port = 0): Promise<void> {
    await listenOn(this.server, port);
    this.#port = (this.server.address() as AddressInfo).port;
  }

  get port(): number {
    return this.#port;
  }

  /** Sockets open now. */
  get open(): number {
    return this.#sockets.size;
  }

  numberOf(socket: Socket): number {
    return this.#sockets.get(socket) ?? 0;
  }

  /** Ends every socket: with a reset, or after all written data has been sent. */
  drop(how: 'reset' | 'flush'): void {
    for (const socket of this.#sockets.keys()) {
      if (how === 'reset') resetSocket(socket);
      else socket.destroySoon();
    }
  }

  /** Stops listening; resolves when every socket is gone. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const sockets = [...this.#sockets.keys()].map(
      (socket) => new Promise<void>((resolve) => onceGone(socket, resolve)),
    );
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.drop('flush');
    // Reset sockets whose peer does not close its side.
    const force = setTimeout(() => this.drop('reset'), 100);
    await Promise.all([closed, ...sockets]);
    clearTimeout(force);
  }
}
