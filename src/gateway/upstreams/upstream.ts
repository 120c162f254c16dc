import { internalsOf } from '../../session/session-internals.ts';
import type { Session } from '../../session/session.ts';
import type { Exchange, GatewayClient } from '../clients/gateway-client.ts';

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

/**
 * One session with one server, and whom it serves now. What the server sends outside any call belongs to the owner, if
 * there is one.
 */
export class Upstream {
  readonly server: string;
  readonly lease: UpstreamLease;
  /** The one client that it is for; undefined when several may use it. */
  readonly owner: GatewayClient | undefined;
  /** Where it is kept; undefined when it was borrowed for one call. */
  readonly place: string | undefined;
  /** The requests that the server is working on, the latest last. */
  readonly exchanges = new Set<Exchange>();
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
    owner: GatewayClient | undefined,
    place: string | undefined,
  ) {
    this.server = server;
    this.lease = lease;
    this.owner = owner;
    this.place = place;
  }

  get session(): Session {
    return this.lease.session;
  }

  /** Whether `session`, as a handler gets it, is the one that is leased here. */
  isOn(session: Session): boolean {
    return internalsOf(this.session).connectionKey === internalsOf(session).connectionKey;
  }

  get isEnded(): boolean {
    const { state } = this.session.status;
    return this.isDropped || state === 'closed' || state === 'draining' || state === 'failed';
  }

  /**
   * The request that a message of the server belongs to, as far as can be told: with one client the latest one. Where
   * several clients share a session, nobody can tell whose of several requests is meant.
   */
  get meant(): Exchange | undefined {
    if (this.owner === undefined && this.exchanges.size > 1) return undefined;
    let latest: Exchange | undefined;
    for (const exchange of this.exchanges) latest = exchange;
    return latest;
  }

  /**
   * Hands what the server logs in the course of a request to the client that made it. For the sessions of the group, whose
   * handlers are not the gateway's.
   */
  relay(): void {
    this.#stopRelaying ??= internalsOf(this.session).observe((event) => {
      if (event.type !== 'log') return;
      const { type: _, ...params } = event;
      const { meant } = this;
      if (meant?.wantsLog(event.level) !== true) return;
      meant.notify({ method: 'notifications/message', params }).catch(() => {}); // The client is gone.
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

  /** Stops telling clients of anything. Their subscriptions are over: they may subscribe anew, to another session. */
  silence(): void {
    this.#stopObserving?.();
    this.#stopRelaying?.();
    for (const [uri, { clients }] of this.#subscriptions) {
      for (const { subscriptions } of clients)
        if (subscriptions.get(uri) === this.server) subscriptions.delete(uri);
    }
    this.#subscriptions.clear();
  }

  #onUpdated(uri: string): void {
    const update = { method: 'notifications/resources/updated', params: { uri } };
    for (const client of this.#subscriptions.get(uri)?.clients ?? [])
      client.channel?.notify(update).catch(() => {}); // It is gone.
  }

  enter(exchange: Exchange): void {
    this.usedAt = performance.now();
    this.exchanges.add(exchange);
  }

  leave(exchange: Exchange): void {
    this.usedAt = performance.now();
    this.exchanges.delete(exchange);
  }
}
