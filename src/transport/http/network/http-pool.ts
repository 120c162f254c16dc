import { Agent, buildConnector, Pool, ProxyAgent, type Dispatcher } from '#undici';
import { LONGEST_TIMER_MS } from '../../../internal/timers.ts';
import type { TlsOptions } from '../../../server-spec.ts';
import { tlsConnect } from '../../tls-connect.ts';
import { guardingSockets, SocketPool } from './socket-pool.ts';

export interface HttpPoolOptions {
  /** The server's own. */
  readonly origin: string;
  /** How long opening one connection may take, in milliseconds. */
  readonly openTimeoutMs: number;
  readonly proxy?: string | URL | undefined;
  readonly tls?: TlsOptions | undefined;
}

/** Sends one request; all that comes of it goes to `handler`. Throws what undici does when it is none. */
export interface HttpDispatcher {
  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): unknown;
}

/** The sockets of one connection. They are kept alive between requests, and are closed with the connection. */
export class HttpPool {
  readonly #origin: string;
  readonly #options: Agent.Options;
  readonly #own: SocketPool | ProxyAgent;
  /** To other origins, such as an authorization server: with the spec's trusted certificates, and without its own. */
  #others: Agent | undefined;
  #destroyed = false;

  constructor({ origin, openTimeoutMs, proxy, tls }: HttpPoolOptions) {
    this.#origin = origin;
    // The timeouts of the protocol hold for all transports alike, so undici's own are off.
    const timeout = openTimeoutMs > LONGEST_TIMER_MS ? 0 : openTimeoutMs;
    const limits = { headersTimeout: 0, bodyTimeout: 0 };
    const { trust, identity } = tlsConnect(tls);
    const connect = { timeout, ...trust, ...identity };
    this.#options = { ...limits, connect: guardingSockets(buildConnector({ timeout, ...trust })) };
    this.#own =
      proxy === undefined
        ? new SocketPool(origin, { ...limits, connect: guardingSockets(buildConnector(connect)) })
        : new ProxyAgent({
            ...limits,
            uri: String(proxy),
            connect: { timeout },
            requestTls: connect,
            factory: tunnelled,
          });
  }

  /** What sends requests to `origin`; for the server's own origin, always the same. */
  dispatcherFor(origin: string): HttpDispatcher {
    // Once it is destroyed, it fails whatever it is given.
    if (origin === this.#origin || this.#own instanceof ProxyAgent || this.#destroyed) return this.#own;
    this.#others ??= new Agent(this.#options);
    return this.#others;
  }

  /** The addresses of the last sockets to `origin`; undefined where a proxy opens them. */
  peerAddresses(): readonly string[] | undefined {
    return this.#own instanceof SocketPool ? this.#own.peerAddresses() : undefined;
  }

  /** Ends every request and leaves no socket. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    await Promise.all([this.#own.destroy(), this.#others?.destroy()]);
  }
}

/** The sockets of one origin behind a proxy. */
function tunnelled(origin: string | URL, options: Pool.Options): Dispatcher {
  const { connect } = options;
  return new Pool(
    origin,
    typeof connect === 'function' ? { ...options, connect: guardingSockets(connect) } : options,
  );
}
