import type { Server } from '@modelcontextprotocol/server';
import { CATALOG_KINDS, type Catalog, type CatalogKind } from '../../group/catalog/catalog.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import type { ClientViews, OwnChange } from '../catalog/client-views.ts';
import {
  listOf,
  listsChanged,
  ownListsChanged,
  type CatalogChange,
  type ClientList,
} from '../catalog/list-changes.ts';
import type { ModernExchanges } from '../http/modern-exchanges.ts';
import type { Identity } from '../identity/identity.ts';
import type { ClientPolicies, ClientPolicy } from '../policy/client-policy.ts';
import { keysOf } from '../upstreams/session-key.ts';
import type { GatewayClient } from './gateway-client.ts';

/** A client that has a session, and the official server that speaks with it. */
export interface ConnectedClient {
  readonly client: GatewayClient;
  readonly server: Server;
}

/** What clients are shown, as the router knows it. */
export interface ShownLists {
  showsSame(client: GatewayClient, kind: CatalogKind, before: ClientPolicy, after: ClientPolicy): boolean;
  /** Ends the subscriptions of a client to what it may not see any more. */
  dropDenied(client: GatewayClient): Promise<void>;
}

const ALL_LISTS: ReadonlySet<ClientList> = new Set(['tools', 'prompts', 'resources']);
const NO_LISTS: ReadonlySet<ClientList> = new Set();

/** Tells each client of changes of the lists that it is shown, and of no others. */
export class ClientNotices {
  readonly #group: SessionGroup;
  readonly #views: ClientViews;
  readonly #policies: ClientPolicies;
  readonly #connected: ReadonlyMap<string, ConnectedClient>;
  /** The catalog as clients were last told of it. */
  #told: Catalog;

  constructor(
    group: SessionGroup,
    views: ClientViews,
    policies: ClientPolicies,
    connected: ReadonlyMap<string, ConnectedClient>,
  ) {
    this.#group = group;
    this.#views = views;
    this.#policies = policies;
    this.#connected = connected;
    this.#told = group.catalog;
  }

  /** The common catalog has changed. */
  onCatalog({ server, diff }: Pick<CatalogChange, 'server' | 'diff'>, modern: ModernExchanges): void {
    const change = { server, diff, before: this.#told, after: this.#group.catalog };
    this.#told = change.after;
    this.#tell(modern, (client) =>
      listsChanged(change, this.#policies.of(client.identity), (kind) =>
        this.#views.hasOwn(client, kind, server),
      ),
    );
  }

  /** The common catalog may have changed in any way. */
  onAnyChange(modern: ModernExchanges): void {
    this.#told = this.#group.catalog;
    this.#tell(modern, () => ALL_LISTS);
  }

  /** What a session of a client, or of a principal, lists has changed. */
  onOwnLists(key: string, changes: readonly OwnChange[], modern: ModernExchanges): void {
    this.#tell(modern, (client) =>
      keysOf(client).includes(key) ? ownListsChanged(this.#policies.of(client.identity), changes) : NO_LISTS,
    );
  }

  /** What servers list for a principal alone may have changed in any way. */
  onPersonalLists(principal: string, modern: ModernExchanges): void {
    this.#tell(modern, (client) => (client.identity.principal === principal ? ALL_LISTS : NO_LISTS));
  }

  /** A client of an older revision shows who it is with each request: of the same principal, perhaps with other scopes. */
  onIdentity(client: GatewayClient, identity: Identity, shown: ShownLists): void {
    const before = this.#policies.of(client.identity);
    client.identity = identity;
    this.#onPolicy(client, before, shown);
  }

  /** Changes what clients may see: `clients` are all of them, also those that are not connected yet but have subscriptions. */
  changePolicies(
    change: () => void,
    clients: Iterable<GatewayClient>,
    shown: ShownLists,
    modern: ModernExchanges,
  ): void {
    const before = this.#policies.copy();
    change();
    for (const client of clients) this.#onPolicy(client, before.of(client.identity), shown);
    modern.endStreams();
  }

  #onPolicy(client: GatewayClient, before: ClientPolicy, shown: ShownLists): void {
    const after = this.#policies.of(client.identity);
    if (before === after) return;
    const denied = [...this.#group.servers.keys()].filter((server) => !after.allowsServer(server));
    client.muted = new Set(denied);
    void shown.dropDenied(client);
    if (!this.#connected.has(client.id)) return;
    const changed = CATALOG_KINDS.filter((kind) => !shown.showsSame(client, kind, before, after));
    tellClient(client, new Set(changed.map(listOf)));
  }

  #tell(modern: ModernExchanges, listsOf: (client: GatewayClient) => ReadonlySet<ClientList>): void {
    for (const { client } of this.#connected.values()) tellClient(client, listsOf(client));
    modern.publish((client) =>
      [...listsOf(client)].map((list) => ({ kind: `${list}_list_changed` as const })),
    );
  }
}

function tellClient(client: GatewayClient, lists: ReadonlySet<ClientList>): void {
  for (const list of lists)
    void client.channel?.notify({ method: `notifications/${list}/list_changed` }).catch(() => {}); // The client is gone.
}
