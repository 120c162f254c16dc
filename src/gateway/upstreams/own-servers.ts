import { randomUUID } from 'node:crypto';
import { fingerprintOf } from '../../group/cache/fingerprint.ts';
import type { SessionSource } from '../../group/members/session-source.ts';
import type { Isolation } from '../../group/server-options.ts';
import { SessionGroup } from '../../group/session-group.ts';
import type { ManagerEvent } from '../../manager/manager-events.ts';
import type { ServerSpecFactory } from '../../manager/pool/managed-server.ts';
import { SessionManager } from '../../manager/session-manager.ts';
import {
  splitServer,
  type GatewayLimits,
  type GatewayOptions,
  type GatewayServer,
  type SplitServer,
} from '../gateway-options.ts';
import type { UserTokens } from '../sign-in/user-tokens.ts';
import { ForwardedHeaders } from './forwarded-headers.ts';
import type { AuthFor, ServerRequests } from './server-requests.ts';

type Limits = Required<GatewayLimits>;

/** What a gateway's own servers need of it. */
export interface OwnServersParts {
  readonly requests: ServerRequests;
  readonly tokens: UserTokens;
  readonly limits: Limits;
  readonly onEvent: (event: ManagerEvent) => void;
}

/** The servers that a gateway opens itself: by what their sessions are made, and how they are kept apart. */
export class OwnServers {
  readonly manager: SessionManager;
  readonly requests: ServerRequests;
  readonly #tokens: UserTokens;
  readonly #limits: Limits;
  readonly #servers = new Map<string, SplitServer>();
  /** Which of them are sent headers of clients. */
  readonly forwarded = new ForwardedHeaders();

  constructor(
    servers: ReadonlyMap<string, SplitServer>,
    { requests, tokens, limits, onEvent }: OwnServersParts,
    { lock }: Pick<GatewayOptions, 'lock'>,
  ) {
    this.requests = requests;
    this.#tokens = tokens;
    this.#limits = limits;
    for (const [name, split] of servers) this.#note(name, split);
    this.manager = new SessionManager({
      servers: Object.fromEntries([...servers].map(([name, split]) => [name, this.#specFor(name, split)])),
      pool: { ...this.#poolBounds(), leasesPerSession: 1_000 },
      ...(lock !== undefined && { lock }),
      onEvent,
    });
  }

  isolationOf(server: string): Isolation {
    return this.#servers.get(server)?.isolation ?? 'client';
  }

  /** Whether a server is reached by a URL; else it is a process, or an object of this one. */
  isRemote(server: string): boolean {
    const spec = this.#servers.get(server)?.spec;
    return spec !== undefined && 'url' in spec;
  }

  /** Opens the group over whose sessions the servers are listed. Rejects as `SessionGroup.connect` does. */
  connect(servers: ReadonlyMap<string, SplitServer>, options: GatewayOptions): Promise<SessionGroup> {
    const { naming, catalogCache, concurrency, lock, signal } = options;
    return SessionGroup.connect({
      servers: Object.fromEntries([...servers].map(([name, split]) => [name, this.#listed(name, split)])),
      ...(naming !== undefined && { naming }),
      ...(catalogCache !== undefined && { catalogCache }),
      ...(concurrency !== undefined && { concurrency }),
      ...(lock !== undefined && { lock }),
      ...(signal !== undefined && { signal }),
    });
  }

  /** Adds a server, and has the group list it. When that fails, nothing of it is left. */
  async add(group: SessionGroup, name: string, server: GatewayServer): Promise<void> {
    const split = splitServer(name, server);
    this.manager.add(name, this.#specFor(name, split));
    this.#note(name, split);
    this.resizePool();
    try {
      await group.add(name, this.#listed(name, split));
    } catch (error) {
      this.#forget(name);
      await this.manager.remove(name);
      throw error;
    }
  }

  /** Ends the sessions of a server that is no longer listed. */
  async remove(name: string): Promise<void> {
    await this.manager.remove(name);
    this.#forget(name);
  }

  /** Makes the pool as large as the limits and the number of servers allow now. */
  resizePool(): void {
    const { max, maxPerServer } = this.#poolBounds();
    this.manager.resizePool(max, maxPerServer);
  }

  #note(name: string, split: SplitServer): void {
    this.#servers.set(name, split);
    this.forwarded.add(name, split.forwards);
    if (split.userAuth !== undefined) this.#tokens.add(name, split.userAuth);
  }

  #forget(name: string): void {
    this.#servers.delete(name);
    this.forwarded.remove(name);
    this.#tokens.remove(name);
    this.resizePool();
  }

  #specFor(name: string, { spec, isolation, userAuth, forwards }: SplitServer): ServerSpecFactory {
    const authFor: AuthFor = (principal) =>
      principal === undefined ? this.#tokens.listing(name) : this.#tokens.of(name, principal);
    return this.requests.specFactory(spec, isolation, {
      forwards: forwards.length > 0,
      ...(userAuth !== undefined && { authFor }),
    });
  }

  #listed(
    name: string,
    { inGroup, spec }: SplitServer,
  ): SplitServer['inGroup'] & { source: ListingSource; server: string } {
    return { ...inGroup, source: listingSource(this.manager, name, spec, this.#tokens), server: name };
  }

  /** Each server has one session more, over which it is listed. */
  #poolBounds(): { max: number; maxPerServer: number } {
    const { upstreamSessions, upstreamSessionsPerServer } = this.#limits;
    return { max: upstreamSessions + this.#servers.size, maxPerServer: upstreamSessionsPerServer + 1 };
  }
}

interface ListingSource extends SessionSource {
  /** Differs when the server's options do, so that a changed server is not taken for what the catalog cache knows. */
  readonly lists: string;
}

/** Leases the sessions over which servers are listed. They serve no client, so that they end when they are not needed. */
function listingSource(
  manager: SessionManager,
  name: string,
  spec: object,
  tokens: UserTokens,
): ListingSource {
  // The list of one user is not to be found in the cache by those who come after a restart.
  const isKept = !tokens.mayBePersonal(name);
  return {
    lists: isKept ? fingerprintOf(name, spec, {}) : randomUUID(),
    acquire: async (server, options) => {
      const lease = await manager.acquire(server, options);
      return {
        session: lease.session,
        release: () => lease.release({ keep: false }),
        discard: (reason) => lease.discard(reason),
      };
    },
  };
}
