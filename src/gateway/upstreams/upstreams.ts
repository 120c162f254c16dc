import { signedOut } from '../../errors/auth.ts';
import { serverTaken } from '../../errors/cluster.ts';
import { noUpstreamFree, upstreamStateLost } from '../../errors/gateway.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { SessionManager } from '../../manager/session-manager.ts';
import type { Session } from '../../session/session.ts';
import type { Exchange, GatewayClient } from '../clients/gateway-client.ts';
import type { Isolation } from '../../group/server-options.ts';
import { holderOf, isOwn, keyOf, userOfKey } from './session-key.ts';
import { Upstream } from './upstream.ts';

export interface UpstreamBounds {
  readonly upstreamSessions: number;
  readonly upstreamSessionsPerServer: number;
  readonly upstreamIdleMs: number;
}

/** Told of the sessions that are kept for a client or a principal. */
export interface KeptSessionListener {
  onOpened(upstream: Upstream): void;
  onClosed(upstream: Upstream): void;
}

/** Where the sessions come from: `manager` is undefined when all calls run on the sessions of the group. */
export interface UpstreamSources {
  readonly group: SessionGroup;
  readonly manager: SessionManager | undefined;
  readonly isolationOf: (server: string) => Isolation;
}

/** A session that is kept, and whose it is. */
interface Held {
  readonly holder: string;
  readonly opening: Promise<Upstream>;
}

/** The sessions with one server. */
interface SessionsOfServer {
  readonly leased: Set<Upstream>;
  /** How many more are being opened. */
  opening: number;
}

/** How many places are remembered whose session had to make room. */
const MAX_LOST = 10_000;

/** How many times idle sessions are looked for within the time that they may be idle. */
const SWEEPS = 4;

/** The sessions with servers that the calls of clients run on: whose they are, and how long they are kept. */
export class Upstreams {
  readonly #sources: UpstreamSources;
  readonly #bounds: UpstreamBounds;
  readonly #listener: KeptSessionListener;
  /** Those that are kept for a client or a principal, by server and key. */
  readonly #held = new Map<string, Held>();
  /** The sessions of the group that all clients share, by server. */
  readonly #shared = new Map<string, Upstream>();
  readonly #servers = new Map<string, SessionsOfServer>();
  /**
   * Places whose session had to make room for another, and whose they are: what the server kept there is lost, and nobody
   * was told yet.
   */
  readonly #lost = new Map<string, string>();
  /** Whom a session is being opened for, by server and key: a server may ask something before it is leased. */
  readonly #openingFor = new Map<string, GatewayClient>();
  /** How many are leased or being opened. */
  #count = 0;
  #isStopped = false;
  #stopSweeping: StopTimer = () => {};

  constructor(sources: UpstreamSources, bounds: UpstreamBounds, listener: KeptSessionListener) {
    this.#sources = sources;
    this.#bounds = bounds;
    this.#listener = listener;
    this.#sweepLater();
  }

  /**
   * Calls `work` with the session of a server that serves this client, and with the number of the request there. Rejects with `POOL_EXHAUSTED` when there may be no
   * further session, with the error of opening one, or as `work` does.
   */
  async use<T>(
    exchange: Exchange,
    server: string,
    work: (session: Session, number: number) => Promise<T>,
  ): Promise<T> {
    const { client } = exchange;
    const isolation = this.#sources.isolationOf(server);
    const mayBorrow = isolation === 'client' && client.channel === undefined;
    const kept = mayBorrow ? await this.#listening(client, server) : undefined;
    const isFree = kept?.isIdle === true && !kept.isEnded;
    const isBorrowed = mayBorrow && !isFree;
    const upstream = isFree
      ? kept
      : isBorrowed
        ? await this.#lease(server, client, isolation, undefined, exchange.signal)
        : await this.hold(client, server);
    const number = upstream.enter(exchange);
    try {
      return await work(upstream.session, number);
    } finally {
      upstream.leave(number);
      if (isBorrowed) await this.#giveBack(upstream, true);
    }
  }

  /**
   * The session on which the principal of a client listens for updates, if it does. What a call changes there the server
   * tells there: with some servers each session has a state of its own.
   */
  async #listening(client: GatewayClient, server: string): Promise<Upstream | undefined> {
    return this.#held.get(this.#placeOf(client, server))?.opening.catch(() => undefined);
  }

  /** The session of a server that is kept for this client or its principal; opens one if there is none. */
  async hold(client: GatewayClient, server: string): Promise<Upstream> {
    const isolation = this.#sources.isolationOf(server);
    const place = this.#placeOf(client, server);
    const held = await this.#held.get(place)?.opening;
    if (held !== undefined && !held.isEnded) return held;
    if (held !== undefined) await this.#drop(place, held);
    if (this.#lost.delete(place) && !client.isForPrincipal) throw upstreamStateLost(server);
    // Another call may have opened one while this one waited.
    return this.#held.get(place)?.opening ?? this.#open(place, server, client, isolation);
  }

  /** Ends the subscription of a client to a resource. */
  async unsubscribe(client: GatewayClient, server: string, uri: string): Promise<void> {
    for (const upstream of [...this.#leasedOf(server), this.#shared.get(server)])
      await upstream?.unsubscribe(client, uri);
  }

  /** The open sessions that belong to this client alone. */
  ownedBy(client: GatewayClient): readonly Upstream[] {
    return this.#all().filter(({ owner }) => owner === client);
  }

  /** The session that a handler was called on. */
  find(server: string, session: Session): Upstream | undefined {
    for (const upstream of this.#leasedOf(server)) if (upstream.isOn(session)) return upstream;
    const shared = this.#shared.get(server);
    return shared?.isOn(session) === true ? shared : undefined;
  }

  /** Whom a session of this key is being opened for. */
  openingFor(server: string, key: string): GatewayClient | undefined {
    return this.#openingFor.get(`${server}\n${key}`);
  }

  /** Ends what is kept for a client: its subscriptions, and the sessions that were for it alone. */
  async dismiss(client: GatewayClient): Promise<void> {
    const subscriptions = [...client.subscriptions];
    client.subscriptions.clear();
    for (const [uri, server] of subscriptions) {
      // A session of its own ends below, with all its subscriptions.
      if (this.#sources.isolationOf(server) === 'client') continue;
      await this.unsubscribe(client, server, uri).catch(() => {}); // The session has ended.
    }
    const holder = holderOf(client, 'client');
    const held = [...this.#held].filter(([, each]) => each.holder === holder);
    await Promise.all(
      held.map(async ([place, { opening }]) => {
        const upstream = await opening.catch(() => undefined);
        if (upstream !== undefined) await this.#drop(place, upstream);
      }),
    );
    for (const [place, whose] of this.#lost) if (whose === holder) this.#lost.delete(place);
  }

  /** Ends the sessions of a principal with a server, and the calls on them. */
  async endOf(principal: string, server: string): Promise<void> {
    const theirs = [...this.#leasedOf(server)].filter(
      ({ key }) => key !== '' && userOfKey(key) === principal,
    );
    await Promise.all(
      theirs.map((upstream) =>
        upstream.place === undefined
          ? upstream.session.destroy(signedOut())
          : this.#drop(upstream.place, upstream),
      ),
    );
  }

  /** Whether a session with a server is kept under this key, or being opened. */
  isKept(server: string, key: string): boolean {
    return this.#held.has(placeAt(server, key));
  }

  /** Ends the sessions with a server under this key, and the calls on them, as another node has the server. */
  async endAt(server: string, key: string): Promise<void> {
    if (key === '') {
      const shared = this.#shared.get(server);
      if (shared?.place !== undefined) await this.#drop(shared.place, shared);
      await this.#sources.group.session(server).reconnect();
      return;
    }
    const theirs = [...this.#leasedOf(server)].filter((upstream) => upstream.key === key);
    await Promise.all(
      theirs.map(async (upstream) => {
        // The calls on it are not waited for.
        await upstream.session.destroy(serverTaken(server));
        if (upstream.place !== undefined) await this.#drop(upstream.place, upstream);
      }),
    );
  }

  /** Looks for idle sessions by the bounds as they are now. */
  onBoundsChanged(): void {
    this.#stopSweeping();
    this.#sweepLater();
  }

  /** Stops looking for idle sessions. What is open is ended with the manager. */
  stop(): void {
    this.#isStopped = true;
    this.#stopSweeping();
  }

  #open(place: string, server: string, client: GatewayClient, isolation: Isolation): Promise<Upstream> {
    const opening = this.#lease(server, client, isolation, place, undefined);
    this.#held.set(place, { holder: holderOf(client, isolation), opening });
    const onOpened = (upstream: Upstream): void => {
      void upstream.session.closed.then(() => this.#drop(place, upstream));
      if (upstream.key !== '') this.#listener.onOpened(upstream);
    };
    opening.then(onOpened, () => this.#held.delete(place));
    return opening;
  }

  async #lease(
    server: string,
    client: GatewayClient,
    isolation: Isolation,
    place: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Upstream> {
    const { group, manager } = this.#sources;
    if (isolation === 'shared' || manager === undefined) {
      const nothing = async (): Promise<void> => {};
      const lease = { session: group.session(server), release: nothing };
      const shared = new Upstream(server, lease, { owner: undefined, key: '', place });
      this.#shared.set(server, shared);
      if (manager === undefined) shared.relay();
      return shared;
    }
    const sessions = this.#sessionsOf(server);
    const leaving = this.#makeRoom(server, sessions);
    // Its place is taken before anything is waited for: others that open at the same time must not count on it.
    sessions.opening++;
    this.#count++;
    const key = keyOf(client, isolation, client.forwarded.get(server));
    const opening = `${server}\n${key}`;
    this.#openingFor.set(opening, client);
    try {
      await leaving;
      const lease = await manager.acquire(server, { principal: key, ...(signal && { signal }) });
      const owner = isOwn(client, isolation) ? client : undefined;
      const upstream = new Upstream(server, lease, { owner, key, place });
      sessions.leased.add(upstream);
      return upstream;
    } catch (error) {
      this.#count--;
      throw error;
    } finally {
      sessions.opening--;
      this.#openingFor.delete(opening);
    }
  }

  /** When the bounds are reached, ends the session that was not used for the longest time. Throws when all are in use. */
  #makeRoom(server: string, { leased, opening }: SessionsOfServer): Promise<void> | undefined {
    const { upstreamSessions, upstreamSessionsPerServer } = this.#bounds;
    const isServerFull = leased.size + opening >= upstreamSessionsPerServer;
    if (!isServerFull && this.#count < upstreamSessions) return undefined;
    const among = isServerFull ? [...leased] : this.#all();
    const idle = among.filter(({ place, isIdle }) => place !== undefined && isIdle);
    // Those on which somebody listens are the last to go.
    const [oldest] = idle.toSorted(
      (a, b) => Number(a.hasSubscribers) - Number(b.hasSubscribers) || a.usedAt - b.usedAt,
    );
    if (oldest?.place === undefined) throw noUpstreamFree(server);
    this.#lost.set(oldest.place, this.#held.get(oldest.place)?.holder ?? '');
    for (const place of this.#lost.keys()) {
      if (this.#lost.size <= MAX_LOST) break;
      this.#lost.delete(place);
    }
    return this.#drop(oldest.place, oldest);
  }

  #placeOf(client: GatewayClient, server: string): string {
    const isolation = this.#sources.isolationOf(server);
    return placeAt(
      server,
      isolation === 'shared' ? '' : keyOf(client, isolation, client.forwarded.get(server)),
    );
  }

  #leasedOf(server: string): Iterable<Upstream> {
    return this.#servers.get(server)?.leased ?? [];
  }

  #sessionsOf(server: string): SessionsOfServer {
    const sessions = this.#servers.get(server) ?? { leased: new Set(), opening: 0 };
    this.#servers.set(server, sessions);
    return sessions;
  }

  #all(): readonly Upstream[] {
    return [...this.#servers.values()].flatMap(({ leased }) => [...leased]);
  }

  /** Ends a session that was kept. */
  async #drop(place: string, upstream: Upstream): Promise<void> {
    // By now another session may be kept in its place.
    if (upstream.isDropped) return;
    upstream.isDropped = true;
    this.#held.delete(place);
    if (this.#shared.get(upstream.server) === upstream) this.#shared.delete(upstream.server);
    upstream.silence();
    if (upstream.key !== '') this.#listener.onClosed(upstream);
    await this.#giveBack(upstream, false);
  }

  async #giveBack(upstream: Upstream, keep: boolean): Promise<void> {
    if (this.#servers.get(upstream.server)?.leased.delete(upstream) === true) this.#count--;
    await upstream.lease.release({ keep });
  }

  #sweepLater(): void {
    if (this.#isStopped) return;
    const { upstreamIdleMs } = this.#bounds;
    this.#stopSweeping = startTimer(upstreamIdleMs / SWEEPS, () => {
      void this.#sweep(performance.now() - upstreamIdleMs).finally(() => this.#sweepLater());
    });
  }

  async #sweep(before: number): Promise<void> {
    for (const upstream of this.#all()) {
      const { place, isIdle, usedAt, hasSubscribers } = upstream;
      if (place === undefined || !isIdle || usedAt > before || hasSubscribers) continue;
      await this.#drop(place, upstream).catch(() => {}); // What was to end has ended.
    }
  }
}

/** What a session is kept by. Names of servers have no line break, so that no two places are the same. */
function placeAt(server: string, key: string): string {
  return `${server}\n${key}`;
}
