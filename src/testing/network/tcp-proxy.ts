import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { badTestInput } from '../../errors/testing.ts';
import { checkOptions } from '../../options/check-options.ts';
import { either, optionsOf, port, text, urlObject, type OptionTable } from '../../options/kinds.ts';
import { listenOn, onceGone, resetSocket } from './sockets.ts';
import { Pump, type Valve } from './pump.ts';

export interface TcpProxyOptions {
  /** Where connections go: a URL of any scheme, or host and port. */
  target: string | URL | { host: string; port: number };
  /** @default 0, a free one */
  port?: number;
}

const address: OptionTable = {
  host: { kind: text, required: true, about: 'The host to connect to.' },
  port: { kind: port, required: true, about: 'The port to connect to.' },
};

const tcpProxyOptions: OptionTable = {
  target: {
    kind: either(text, urlObject, optionsOf(address, 'an object such as { host, port }')),
    required: true,
    about: 'Where connections go.',
  },
  port: { kind: port, default: 0, about: 'The port of the proxy.' },
};

interface Link {
  readonly sockets: readonly [Socket, Socket];
  readonly pumps: readonly [Pump, Pump];
}

/** A TCP proxy on loopback that can simulate a bad network. */
export class TcpProxy {
  readonly #target: { host: string; port: number };
  readonly #targetUrl: URL | undefined;
  readonly #links = new Set<Link>();
  readonly #valve: Valve = { open: true, bytesPerSecond: Infinity };
  #server: Server | undefined;
  #port: number;

  /** Rejects with `CONFIG_INVALID`, or with `CONNECT_FAILED` when the port is taken. */
  static async listen(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await proxy.accept();
    return proxy;
  }

  private constructor(options: TcpProxyOptions) {
    checkOptions(tcpProxyOptions, options, 'Options of a TcpProxy');
    const { target, port = 0 } = options;
    if (typeof target === 'string' || target instanceof URL) {
      this.#targetUrl = parseUrl(target);
      this.#target = {
        host: this.#targetUrl.hostname,
        port: Number(this.#targetUrl.port) || defaultPort(this.#targetUrl),
      };
    } else {
      this.#target = target;
    }
    this.#port = port;
  }

  /** The target's URL with this proxy's address; `tcp://127.0.0.1:<port>` when the target is no URL. */
  get url(): string {
    const url = new URL(this.#targetUrl ?? 'tcp://127.0.0.1');
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** Resets every connection on both sides. New connections are accepted. */
  cut(): void {
    for (const { sockets } of this.#links) sockets.forEach(resetSocket);
  }

  /** Closes the port, so that new connections are refused. Open connections stay. */
  async refuse(): Promise<void> {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Accepts connections again, on the same port. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#link(socket));
    this.#server = server;
    await listenOn(server, this.#port);
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Holds back all bytes in both directions. Connections stay open, and new ones are accepted. */
  stall(): void {
    this.#valve.open = false;
  }

  /** Passes bytes on again, first those that were held back. */
  resume(): void {
    this.#valve.open = true;
    this.#move();
  }

  /** Limits each connection and direction to this many bytes per second, at least 100; `Infinity` for no limit. */
  throttle(bytesPerSecond: number): void {
    if (!(bytesPerSecond > 0)) {
      throw badTestInput('A proxy cannot be throttled so', `${bytesPerSecond} bytes a second`);
    }
    this.#valve.bytesPerSecond = bytesPerSecond;
    this.#move();
  }

  /** Stops listening and ends every connection. Idempotent. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.cut();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #move(): void {
    for (const { pumps } of this.#links) pumps.forEach((pump) => pump.move());
  }

  #link(near: Socket): void {
    const far = connect({ ...this.#target, allowHalfOpen: true });
    const link: Link = {
      sockets: [near, far],
      pumps: [new Pump(near, far, this.#valve), new Pump(far, near, this.#valve)],
    };
    this.#links.add(link);
    let open = link.sockets.length;
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.setNoDelay(true);
      socket.on('error', () => resetSocket(other));
      onceGone(socket, () => {
        if (--open === 0) this.#links.delete(link);
      });
    }
  }
}

function parseUrl(url: string | URL): URL {
  if (URL.canParse(String(url))) return new URL(url);
  throw badTestInput('A proxy needs a target', `"${String(url)}" is no URL`);
}

function defaultPort({ protocol }: URL): number {
  return protocol === 'https:' || protocol === 'wss:' ? 443 : 80;
}
