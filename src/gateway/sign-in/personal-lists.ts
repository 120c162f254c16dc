import type { SessionGroup } from '../../group/session-group.ts';
import { settledWithin } from '../../internal/limit.ts';
import type { ClientViews } from '../catalog/client-views.ts';
import type { GatewayClient } from '../clients/gateway-client.ts';
import type { Upstreams } from '../upstreams/upstreams.ts';
import type { UserTokens } from './user-tokens.ts';

/** How long a list waits for a session over which its client is shown its own, in milliseconds. */
const SHOW_MS = 3_000;
/** How long such a session is not tried again after it did not come in time, in milliseconds. */
const UNSHOWN_MS = 30_000;
const MAX_UNSHOWN = 10_000;

export interface PersonalListsParts {
  readonly group: SessionGroup;
  readonly tokens: UserTokens;
  readonly views: ClientViews;
  readonly upstreams: Upstreams;
}

/** What servers list that can only be listed for a user: each principal is shown its own. */
export class PersonalLists {
  readonly #parts: PersonalListsParts;
  /** Lists by server and principal that did not come in time, and until when they are not asked for again. */
  readonly #unshown = new Map<string, number>();

  constructor(parts: PersonalListsParts) {
    this.#parts = parts;
  }

  /** The servers of which nothing is listed, as no user has signed in to them. */
  unlisted(): readonly string[] {
    const { tokens, group } = this.#parts;
    if (tokens.isEmpty) return [];
    const { catalog, servers } = group;
    const waiting = [...servers].filter(
      ([name, { error }]) => tokens.has(name) && error?.code === 'AUTH_REQUIRED',
    );
    if (waiting.length === 0) return [];
    const listed = new Set([...catalog.tools.values()].map(({ server }) => server));
    return waiting.flatMap(([name]) => (listed.has(name) ? [] : [name]));
  }

  /** The servers of which a client is shown nothing. */
  unlistedFor(client: GatewayClient): readonly string[] {
    return [...new Set([...this.unlisted(), ...this.hiddenYet(client)])];
  }

  /** Those of which a client is shown nothing, as it has no session of its own with them. */
  hiddenYet(client: GatewayClient): readonly string[] {
    const { views } = this.#parts;
    return this.hiddenFrom(client.identity.principal).filter((name) => !views.hasKept(client, name));
  }

  /** The servers whose lists in the catalog are for other principals. */
  hiddenFrom(principal: string): readonly string[] {
    const { tokens, group } = this.#parts;
    if (tokens.isEmpty) return [];
    return [...group.servers.keys()].filter((name) => tokens.isListedForOthers(name, principal));
  }

  /** Opens the sessions over which a client is shown its own lists of servers that list by who asks. */
  async show(client: GatewayClient, servers: readonly string[]): Promise<void> {
    const { tokens, upstreams, views } = this.#parts;
    const { principal } = client.identity;
    const shown = servers.map(async (server) => {
      const place = `${server}\n${principal}`;
      if ((this.#unshown.get(place) ?? 0) > performance.now()) return;
      if (!(await tokens.of(server, principal).status()).signedIn) return;
      if (this.#unshown.size > MAX_UNSHOWN) this.#unshown.clear();
      this.#unshown.set(place, performance.now() + UNSHOWN_MS);
      const { key } = await upstreams.hold(client, server);
      await views.followed(key, server);
      this.#unshown.delete(place);
    });
    // Clients are told by list_changed of a list that comes later.
    await settledWithin(Promise.allSettled(shown), SHOW_MS);
  }

  /**
   * A principal has signed in. Servers that nobody could list are listed now. Returns whether the principal is shown something
   * else for it.
   */
  onSignedIn(principal: string, listable: readonly string[]): boolean {
    const { group } = this.#parts;
    for (const name of listable) {
      if (group.servers.get(name)?.state !== 'failed') continue;
      // The state of the server says when it fails again.
      void group
        .session(name)
        .reconnect()
        .catch(() => {});
    }
    if (this.hiddenFrom(principal).length === 0) return false;
    for (const place of this.#unshown.keys())
      if (place.endsWith(`\n${principal}`)) this.#unshown.delete(place);
    return true;
  }
}
