import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { LONGEST_TIMER_MS } from '../../../internal/timers.ts';
import type { TlsOptions } from '../../../server-spec.ts';
import { tlsConnect } from '../../tls-connect.ts';
import { SocketPool } from './socket-pool.ts';

export interface HttpPoolOptions {
  /** The server's own. */
  readonly origin: string;
  /** How long opening one connection may take, in milliseconds. */
  readonly openTimeoutMs: number;
  readonly proxy?: string | URL | undefined;
  readonly tls?: TlsOptions | undefined;
}

/** Where a request goes. */
export interface PoolTarget {
  readonly origin: string;
  /** With the query. */
  readonly path: string;
}

export function targetOf({ origin, pathname, search }: URL): PoolTarget {
  return { origin, path: `${pathname}${search}` };
}

/** One HTTP request, as undici takes it. */
export interface PoolRequest {
  readonly method: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body?: string | Uint8Array | undefined;
}

/** The sockets of one connection. They are kept alive between requests, and leave with it. */
export class HttpPool {
  readonly #origin: string;
  readonly #options: Agent.Options;
  readonly #own: SocketPool | ProxyAgent;
  /** To those that the server sends us to for credentials: with what we trust, and without our certificate. */
  #others: Agent | undefined;
  #destroyed = false;

  constructor({ origin, openTimeoutMs, proxy, tls }: HttpPoolOptions) {
    this.#origin = origin;
    // Any request may take for ever, so undici's own timeouts are off: the protocol's hold for all transports.
    const timeout = openTimeoutMs > LONGEST_TIMER_MS ? 0 : openTimeoutMs;
    const limits = { headersTimeout: 0, bodyTimeout: 0 };
    const { trust, identity } = tlsConnect(tls);
    const connect = { timeout, ...trust, ...identity };
    this.#options = { ...limits, connect: { timeout, ...trust } };
    this.#own =
      proxy === undefined
        ? new SocketPool(origin, { ...limits, connect })
        : new ProxyAgent({ ...limits, uri: String(proxy), connect: { timeout }, requestTls: connect });
  }

  /** Sends one request; all that comes of it goes to `handler`. Throws what undici does when it is none. */
  dispatch(target: PoolTarget, request: PoolRequest, handler: Dispatcher.DispatchHandler): void {
    const { method, headers, body = '' } = request;
    const { origin, path } = target;
    this.#dispatcherFor(origin).dispatch(
      { origin, path, method, headers, body: body === '' ? null : body },
      handler,
    );
  }

  /** Ends every request and leaves no socket. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    await Promise.all([this.#own.destroy(), this.#others?.destroy()]);
  }

  #dispatcherFor(origin: string): SocketPool | ProxyAgent | Agent {
    // When destroyed, it fails whatever it is given.
    if (origin === this.#origin || this.#own instanceof ProxyAgent || this.#destroyed) return this.#own;
    this.#others ??= new Agent(this.#options);
    return this.#others;
  }
}
