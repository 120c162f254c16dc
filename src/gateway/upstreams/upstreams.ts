import { noUpstreamFree, upstreamStateLost } from '../../errors/gateway.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { SessionManager } from '../../manager/session-manager.ts';
import type { Session } from '../../session/session.ts';
import type { Exchange, GatewayClient } from '../clients/gateway-client.ts';
import type { Isolation } from '../../group/server-options.ts';
import { featuresOf, holderOf, sessionKey } from './session-key.ts';
import { Upstream } from './upstream.ts';

export interface UpstreamBounds {
  readonly upstreamSessions: number;
  readonly upstreamSessionsPerServer: number;
  readonly upstreamIdleMs: number;
}

/** Told of the sessions that belong to one client alone. */
export interface OwnedSessionListener {
  onOpened(owner: GatewayClient, upstream: Upstream): void;
  onClosed(owner: GatewayClient, upstream: Upstream): void;
}

/** Where the sessions come from: `manager` is undefined when all calls run on the sessions of the group. */
export interface UpstreamSources {
  readonly group: SessionGroup;
  readonly manager: SessionManager | undefined;
  readonly isolationOf: (server: string) => Isolation;
}

/** How many times idle sessions are looked for within the time that they may be idle. */
const SWEEPS = 4;

/** The sessions with servers that the calls of clients run on: whose they are, and how long they are kept. */
export class Upstreams {
  readonly #sources: UpstreamSources;
  readonly #bounds: UpstreamBounds;
  readonly #listener: OwnedSessionListener;
  /** Those that are kept for a client or a principal, by server and holder. */
  readonly #held = new Map<string, Promise<Upstream>>();
  /** All that are leased, by server. */
  readonly #leased = new Map<string, Set<Upstream>>();
  /** Whom a session is being opened for, by server and key: a server may ask something before it is leased. */
  readonly #openingFor = new Map<string, GatewayClient>();
  #leasedCount = 0;
  #stopSweeping: StopTimer = () => {};

  constructor(sources: UpstreamSources, bounds: UpstreamBounds, listener: OwnedSessionListener) {
    this.#sources = sources;
    this.#bounds = bounds;
    this.#listener = listener;
    this.#sweepLater();
  }

  /**
   * Calls `work` with the session of a server that serves this client. Rejects with `POOL_EXHAUSTED` when there may be no
   * further session, with the error of opening one, or as `work` does.
   */
  async use<T>(exchange: Exchange, server: string, work: (session: Session) => Promise<T>): Promise<T> {
    const { client } = exchange;
    const isolation = this.#sources.isolationOf(server);
    const isBorrowed = isolation === 'client' && client.channel === undefined;
    const upstream = isBorrowed
      ? await this.#lease(server, client, isolation, exchange.signal)
      : await this.hold(client, server);
    upstream.enter(exchange);
    try {
      return await work(upstream.session);
    } finally {
      upstream.leave(exchange);
      if (isBorrowed) await this.#giveBack(upstream, true);
    }
  }

  /** The session of a server that is kept for this client or its principal; opens one if there is none. */
  async hold(client: GatewayClient, server: string): Promise<Upstream> {
    const isolation = this.#sources.isolationOf(server);
    const place = this.#placeOf(client, server);
    const held = await this.#held.get(place);
    if (held !== undefined && !held.isEnded) return held;
    if (held !== undefined) await this.#drop(place, held);
    if (client.lostState.delete(server)) throw upstreamStateLost(server);
    // Another call may have opened one while this one waited.
    return this.#held.get(place) ?? this.#open(place, server, client, isolation);
  }

  /** The session of a server that is kept for this client or its principal, if one is open. */
  async heldFor(client: GatewayClient, server: string): Promise<Upstream | undefined> {
    return this.#held.get(this.#placeOf(client, server))?.catch(() => undefined);
  }

  /** The open sessions that belong to this client alone. */
  ownedBy(client: GatewayClient): readonly Upstream[] {
    return [...this.#leased.values()].flatMap((each) => [...each].filter(({ owner }) => owner === client));
  }

  /** The session that a handler was called on. */
  find(server: string, session: Session): Upstream | undefined {
    for (const upstream of this.#leased.get(server) ?? []) if (upstream.isOn(session)) return upstream;
    return undefined;
  }

  /** Whom a session of this key is being opened for. */
  openingFor(server: string, key: string): GatewayClient | undefined {
    return this.#openingFor.get(`${server}\n${key}`);
  }

  /** Ends what is kept for a client: its subscriptions, and the sessions that were for it alone. */
  async dismiss(client: GatewayClient): Promise<void> {
    for (const [uri, server] of client.subscriptions) {
      const upstream = await this.heldFor(client, server);
      await upstream?.unsubscribe(client, uri).catch(() => {}); // The session has ended.
    }
    client.subscriptions.clear();
    const holder = holderOf(client, 'client');
    const places = [...this.#held.keys()].filter((place) => place.endsWith(`\n${holder}`));
    await Promise.all(
      places.map(async (place) => {
        const held = await this.#held.get(place)?.catch(() => undefined);
        if (held !== undefined) await this.#drop(place, held);
      }),
    );
  }

  /** Stops looking for idle sessions. What is open is ended with the manager. */
  stop(): void {
    this.#stopSweeping();
  }

  #open(place: string, server: string, client: GatewayClient, isolation: Isolation): Promise<Upstream> {
    const opening = this.#lease(server, client, isolation, undefined);
    this.#held.set(place, opening);
    const onOpened = (upstream: Upstream): void => {
      void upstream.session.closed.then(() => this.#drop(place, upstream));
      if (upstream.owner !== undefined) this.#listener.onOpened(upstream.owner, upstream);
    };
    opening.then(onOpened, () => this.#held.delete(place));
    return opening;
  }

  async #lease(
    server: string,
    client: GatewayClient,
    isolation: Isolation,
    signal: AbortSignal | undefined,
  ): Promise<Upstream> {
    const { group, manager } = this.#sources;
    if (isolation === 'shared' || manager === undefined) {
      const nothing = async (): Promise<void> => {};
      return new Upstream(server, { session: group.session(server), release: nothing }, undefined);
    }
    await this.#makeRoom(server);
    const key = sessionKey(holderOf(client, isolation), featuresOf(client.capabilities));
    const opening = `${server}\n${key}`;
    this.#openingFor.set(opening, client);
    this.#leasedCount++;
    try {
      const lease = await manager.acquire(server, { principal: key, ...(signal && { signal }) });
      const isOwn = isolation === 'client' && client.channel !== undefined;
      const upstream = new Upstream(server, lease, isOwn ? client : undefined);
      this.#leasedOf(server).add(upstream);
      return upstream;
    } catch (error) {
      this.#leasedCount--;
      throw error;
    } finally {
      this.#openingFor.delete(opening);
    }
  }

  /** When the bounds are reached, ends the session that was not used for the longest time. */
  async #makeRoom(server: string): Promise<void> {
    const { upstreamSessions, upstreamSessionsPerServer } = this.#bounds;
    const ofServer = this.#leasedOf(server);
    const isServerFull = ofServer.size >= upstreamSessionsPerServer;
    if (!isServerFull && this.#leasedCount < upstreamSessions) return;
    const among = isServerFull ? [...ofServer] : [...this.#leased.values()].flatMap((each) => [...each]);
    const idle = among.filter((upstream) => upstream.owner !== undefined && upstream.exchanges.size === 0);
    const [oldest] = idle.toSorted((a, b) => a.usedAt - b.usedAt);
    if (oldest === undefined) throw noUpstreamFree(server);
    oldest.owner?.lostState.add(oldest.server);
    await this.#dropUpstream(oldest);
  }

  #placeOf(client: GatewayClient, server: string): string {
    const isolation = this.#sources.isolationOf(server);
    return `${server}\n${isolation === 'shared' ? '' : holderOf(client, isolation)}`;
  }

  #leasedOf(server: string): Set<Upstream> {
    const leased = this.#leased.get(server) ?? new Set();
    this.#leased.set(server, leased);
    return leased;
  }

  async #dropUpstream(upstream: Upstream): Promise<void> {
    for (const [place, held] of this.#held) {
      if ((await held.catch(() => undefined)) === upstream) return this.#drop(place, upstream);
    }
  }

  /** Ends a session that was kept. */
  async #drop(place: string, upstream: Upstream): Promise<void> {
    this.#held.delete(place);
    if (upstream.isDropped) return;
    upstream.isDropped = true;
    upstream.silence();
    if (upstream.owner !== undefined) this.#listener.onClosed(upstream.owner, upstream);
    await this.#giveBack(upstream, false);
  }

  async #giveBack(upstream: Upstream, keep: boolean): Promise<void> {
    if (this.#leased.get(upstream.server)?.delete(upstream) === true) this.#leasedCount--;
    await upstream.lease.release({ keep });
  }

  #sweepLater(): void {
    const { upstreamIdleMs } = this.#bounds;
    this.#stopSweeping = startTimer(upstreamIdleMs / SWEEPS, () => {
      void this.#sweep(performance.now() - upstreamIdleMs).finally(() => this.#sweepLater());
    });
  }

  async #sweep(before: number): Promise<void> {
    for (const [place, opening] of this.#held) {
      const upstream = await opening.catch(() => undefined);
      if (upstream === undefined || upstream.exchanges.size > 0 || upstream.usedAt > before) continue;
      if (!upstream.hasSubscribers) await this.#drop(place, upstream);
    }
  }
}
