import { internalsOf } from '../../session/session-internals.ts';
import type { Session } from '../../session/session.ts';
import type { Exchange, GatewayClient } from '../clients/gateway-client.ts';

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
  /** The requests that the server is working on, the latest last. */
  readonly exchanges = new Set<Exchange>();
  /** When it was last used, as `performance.now()` tells. */
  usedAt = performance.now();
  isDropped = false;

  constructor(server: string, lease: UpstreamLease, owner: GatewayClient | undefined) {
    this.server = server;
    this.lease = lease;
    this.owner = owner;
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

  /** The request that a message of the server most likely belongs to: the latest one. */
  get latest(): Exchange | undefined {
    let latest: Exchange | undefined;
    for (const exchange of this.exchanges) latest = exchange;
    return latest;
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
