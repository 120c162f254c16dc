import { internalsOf, relationOf } from '../../session/session-internals.ts';
import type { RawRequest, Session } from '../../session/session.ts';
import type { Related } from '../../session/handlers/handlers.ts';
import { isRecord } from '../../internal/checks.ts';
import { answerWithoutHopMeta } from '../routing/hop-meta.ts';
import { RESOURCE_UPDATED, type Exchange, type GatewayClient } from '../clients/gateway-client.ts';

/** The one subscription of a session to a resource, and whom it serves. */
interface Subscription {
  readonly clients: Set<GatewayClient>;
  /** Rejects when the server refuses it. */
  readonly made: Promise<void>;
}

/** How a gateway has a session: leased from a manager, or a group's own. */
export interface UpstreamLease {
  readonly session: Session;
  /** Gives it back; without `keep` the session is ended. */
  release(options: { keep: boolean }): Promise<void>;
}

/** The number of the latest request. It is no other request's, of whatever session. */
let lastNumber = 0;

/** Says whether a notification is wanted. */
type Wanted = (client: Pick<GatewayClient, 'wantsLog'>) => boolean;

/**
 * One session with one server, and whom it serves now. What the server sends outside any call belongs to the owner, if
 * there is one.
 */
export class Upstream {
  readonly server: string;
  readonly lease: UpstreamLease;
  /** The one client that it is for; undefined when several may use it. */
  readonly owner: GatewayClient | undefined;
  /** What it was opened by; empty for a session that all clients share. */
  readonly key: string;
  /** Where it is kept; undefined when it was borrowed for one call. */
  readonly place: string | undefined;
  /** The requests that the server is working on, by number, the latest last. */
  readonly #exchanges = new Map<number, Exchange>();
  /** When it was last used, as `performance.now()` tells. */
  usedAt = performance.now();
  isDropped = false;
  /** Who wants to hear of a resource, by URI. */
  readonly #subscriptions = new Map<string, Subscription>();
  #stopObserving: (() => void) | undefined;
  #stopRelaying: (() => void) | undefined;

  constructor(
    server: string,
    lease: UpstreamLease,
    { owner, key, place }: Pick<Upstream, 'owner' | 'key' | 'place'>,
  ) {
    this.server = server;
    this.lease = lease;
    this.owner = owner;
    this.key = key;
    this.place = place;
  }

  get session(): Session {
    return this.lease.session;
  }

  /** Whether `session`, as a handler gets it, is the one that is leased here. */
  isOn(session: Session): boolean {
    const { connectionKey } = internalsOf(session);
    return connectionKey !== undefined && internalsOf(this.session).connectionKey === connectionKey;
  }

  get isEnded(): boolean {
    const { state } = this.session.status;
    return this.isDropped || state === 'closed' || state === 'draining' || state === 'failed';
  }

  /** Whether the server is working on no request. */
  get isIdle(): boolean {
    return this.#exchanges.size === 0;
  }

  /**
   * The request in whose course the server asks something. Where the stream does not tell, it is the latest one of the
   * owner's. Where several clients use the session, nobody can tell then whose of several requests is meant.
   */
  askedIn(relation: Related['relation']): Exchange | undefined {
    if (typeof relation === 'number') return this.#exchanges.get(relation);
    if (this.owner === undefined && this.#exchanges.size > 1) return undefined;
    let latest: Exchange | undefined;
    for (const exchange of this.#exchanges.values()) latest = exchange;
    return latest;
  }

  /**
   * Hands on what the server says: to the client in the course of whose request it does, or else to the owner. Where
   * several clients use the session, what comes on no stream of a request is for nobody.
   */
  tell(notification: RawRequest, relation: Related['relation'], isWantedBy: Wanted): void {
    const { owner } = this;
    const isOutside = relation === 'none' && owner === undefined;
    const exchange = isOutside ? undefined : this.askedIn(relation);
    const wanting = exchange ?? owner;
    const channel = exchange ?? (owner?.muted.has(this.server) === true ? undefined : owner?.channel);
    if (wanting === undefined || channel === undefined || !isWantedBy(wanting)) return;
    channel.notify(notification).catch(() => {}); // The client is gone.
  }

  /** Hands on what the server says on a session whose handlers are not the gateway's. */
  relay(): void {
    this.#stopRelaying ??= internalsOf(this.session).observe((event) => {
      if (event.type !== 'log' && event.type !== 'notification') return;
      const relation = relationOf(event);
      if (event.type === 'log') {
        const { type: _, ...params } = event;
        const notification = { method: 'notifications/message', params };
        this.tell(notification, relation, (client) => client.wantsLog(event.level));
      } else {
        const { method, params } = event;
        const notification = { method, ...(isRecord(params) && { params: answerWithoutHopMeta(params) }) };
        this.tell(notification, relation, () => true);
      }
    });
  }

  get hasSubscribers(): boolean {
    return this.#subscriptions.size > 0;
  }

  /** Subscribes a client to a resource. One subscription with the server serves all clients that share the session. */
  async subscribe(client: GatewayClient, uri: string): Promise<void> {
    this.#stopObserving ??= internalsOf(this.session).observe((event) => {
      if (event.type === 'resource-updated') this.#onUpdated(event.uri);
    });
    const subscription = this.#subscriptions.get(uri) ?? {
      clients: new Set(),
      made: this.session.subscribeResource(uri),
    };
    this.#subscriptions.set(uri, subscription);
    subscription.clients.add(client);
    try {
      await subscription.made;
    } catch (error) {
      if (this.#subscriptions.get(uri) === subscription) this.#subscriptions.delete(uri);
      throw error;
    }
  }

  /** Ends the subscription of a client, and the one with the server when it was the last. */
  async unsubscribe(client: GatewayClient, uri: string): Promise<void> {
    const clients = this.#subscriptions.get(uri)?.clients;
    if (clients?.delete(client) !== true || clients.size > 0) return;
    this.#subscriptions.delete(uri);
    await this.session.unsubscribeResource(uri);
  }

  /** Stops telling clients of anything but this: their subscriptions are over, and they may subscribe anew, to another session. */
  silence(): void {
    this.#stopObserving?.();
    this.#stopRelaying?.();
    for (const [uri, { clients }] of this.#subscriptions) {
      this.#subscriptions.delete(uri);
      for (const client of clients) {
        if (client.subscriptions.get(uri) !== this.server) continue;
        client.subscriptions.delete(uri);
        client.onSubscriptionLost(uri);
      }
    }
  }

  #onUpdated(uri: string): void {
    const update = { method: RESOURCE_UPDATED, params: { uri } };
    for (const client of this.#subscriptions.get(uri)?.clients ?? [])
      client.channel?.notify(update).catch(() => {}); // It is gone.
  }

  /** The server begins to work on a request. Returns the number by which its stream is told from others. */
  enter(exchange: Exchange): number {
    this.usedAt = performance.now();
    const number = ++lastNumber;
    this.#exchanges.set(number, exchange);
    return number;
  }

  leave(number: number): void {
    this.usedAt = performance.now();
    this.#exchanges.delete(number);
  }
}
