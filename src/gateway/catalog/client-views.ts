import type { Tool } from '@modelcontextprotocol/server';
import { unknownName } from '../../errors/catalog.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import {
  CATALOG_KINDS,
  type Catalog,
  type CatalogKind,
  type CatalogOrigin,
} from '../../group/catalog/catalog.ts';
import { groupRoutes } from '../../group/group-routes.ts';
import { ListRefresher } from '../../group/members/list-refresher.ts';
import { fetchListing } from '../../group/members/server-listing.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { isSameData } from '../../internal/json/same-data.ts';
import { internalsOf } from '../../session/session-internals.ts';
import type { ListKind, RawRequest, Session } from '../../session/session.ts';
import type { GatewayClient } from '../clients/gateway-client.ts';
import type { ClientPolicy } from '../policy/client-policy.ts';
import { notAllowed } from '../routing/denied.ts';
import { keysOf } from '../upstreams/session-key.ts';

type Definition = Readonly<Record<string, unknown>>;
type Entries = ReadonlyMap<string, CatalogOrigin>;

/** What one session with a server listed before and lists now. */
export interface OwnChange {
  readonly kind: CatalogKind;
  readonly before: Entries;
  readonly after: Entries;
}

/** An entry of the common catalog, and how clients are shown it. */
interface Shown {
  readonly key: string;
  readonly entry: CatalogOrigin;
  readonly definition: Definition;
}

/** The servers that were listed with the tokens of one user. What they list then is nothing for others. */
export interface HiddenLists {
  isListedForUser(server: string): boolean;
  hiddenFrom(principal: string): readonly string[];
}

const KINDS_OF: { readonly [Kind in ListKind]: readonly CatalogKind[] } = {
  tools: ['tools'],
  prompts: ['prompts'],
  resources: ['resources', 'resourceTemplates'],
};

/**
 * What each client is shown: the catalog of the group, in which the entries of a server are replaced where the session with
 * that server that the client uses, alone or with others of its principal, lists others; and of that what its policy allows.
 */
export class ClientViews {
  readonly #group: SessionGroup;
  readonly #onChange: OnOwnChange;
  readonly #personal: HiddenLists;
  /** The first lists of the sessions that are followed, by server and key. */
  readonly #first = new Map<string, Promise<void>>();
  /** What sessions list that differs from the catalog, by their keys, kind and server. */
  readonly #own = new Map<string, Map<CatalogKind, Map<string, Entries>>>();
  #catalog: Catalog | undefined;
  readonly #shown = new Map<CatalogKind, readonly Shown[]>();
  /** What the policies that are in use let of the catalog. */
  #lists = new WeakMap<ClientPolicy, Map<CatalogKind, readonly Definition[]>>();
  readonly #headerTools = new Map<string, ReadonlyMap<string, Tool>>();

  constructor(group: SessionGroup, onChange: OnOwnChange, personal: HiddenLists) {
    this.#personal = personal;
    this.#group = group;
    this.#onChange = onChange;
  }

  /** The definitions that a client is shown, in a fixed order. */
  list(client: GatewayClient, policy: ClientPolicy, kind: CatalogKind): readonly Definition[] {
    if (this.#ownOf(client, kind) === undefined) return this.#common(policy, kind);
    return [...this.entries(client, policy, kind)].map(([key, entry]) => definitionOf(kind, key, entry));
  }

  /** The same as they are in the catalog. */
  entries(client: GatewayClient, policy: ClientPolicy, kind: CatalogKind): Entries {
    const own = this.#ownOf(client, kind);
    const common: Entries = this.#group.catalog[kind];
    if (own === undefined) return allowedOf(policy, kind, common);
    const others = [...common].filter(([, { server }]) => !own.has(server));
    const entries = new Map(allowedOf(policy, kind, others));
    // Of several that have a name, the first is the one that is called by it.
    const first = new Map(
      [...own.values()].toReversed().flatMap((each) => [...allowedOf(policy, kind, each)]),
    );
    for (const [key, entry] of first) entries.set(key, entry);
    return entries;
  }

  /** Whether a client is shown anything but the common catalog. */
  hasOwnLists(client: GatewayClient, kind: CatalogKind): boolean {
    return this.#ownOf(client, kind) !== undefined;
  }

  /** What sessions list that differs from the catalog, each list under a name of its own. */
  ownLists(kind: CatalogKind): readonly (readonly [name: string, entries: Entries])[] {
    return [...this.#own].flatMap(([key, kinds]) =>
      [...(kinds.get(kind) ?? [])].map(([server, entries]) => [`${server}\n${key}`, entries] as const),
    );
  }

  /** Whether a client is shown the list of a session that it uses. */
  hasOwn(client: GatewayClient, kind: CatalogKind, server: string): boolean {
    return this.#ownOf(client, kind)?.has(server) === true;
  }

  /** Whether the list of a session that a client uses has come. */
  hasKept(client: GatewayClient, server: string): boolean {
    return this.#keptOf(client, 'tools')?.has(server) === true;
  }

  /** Which server has what a client means by a name or a URI. Throws when none has it, or the client may not use it. */
  find(
    client: GatewayClient,
    policy: ClientPolicy,
    kind: 'tools' | 'prompts' | 'resources',
    key: string,
  ): CatalogOrigin {
    if (policy.isWhole) return this.#find(client, kind, key, () => true);
    const accepts = (origin: CatalogOrigin): boolean => policy.allows(kind, key, origin);
    let denied: CatalogOrigin | undefined;
    try {
      return this.#find(client, kind, key, (origin) => {
        if (accepts(origin)) return true;
        denied ??= origin;
        return false;
      });
    } catch (error) {
      if (denied !== undefined) throw notAllowed(kind, key, denied.server);
      // That a server has changed it is nothing for those who may not know of it.
      const server = error instanceof PlenumError ? error.server : undefined;
      if (server === undefined || accepts({ server, upstreamName: key })) throw error;
      throw notAllowed(kind, key, server);
    }
  }

  #find(
    client: GatewayClient,
    kind: 'tools' | 'prompts' | 'resources',
    key: string,
    accepts: (origin: CatalogOrigin) => boolean,
  ): CatalogOrigin {
    // What is hidden from a client can be called by it: that runs on a session of its own principal, or asks to sign in.
    const own = this.#keptOf(client, kind);
    for (const entries of own?.values() ?? []) {
      const entry = entries.get(key);
      if (entry !== undefined && accepts(entry)) return entry;
    }
    const routes = this.#group[groupRoutes];
    if (kind === 'resources') return routes.resource(key, accepts);
    const found = kind === 'tools' ? routes.tool(key) : routes.prompt(key);
    // The session with that server that the client uses does not list it any more.
    if (own?.has(found.server) === true || !accepts(found))
      throw unknownName(kind === 'tools' ? 'tool' : 'prompt', key, []);
    return found;
  }

  /** The tool that a request calls on a server, if some of its arguments are HTTP headers, too (`x-mcp-header`, SEP-2243). */
  headerTool(server: string, { method, params }: RawRequest): Tool | undefined {
    if (method !== 'tools/call') return undefined;
    return this.#headerToolsOf(server).get(String(params?.['name']));
  }

  /** The same for the exposed name of a tool that a client may use. */
  headerToolNamed(policy: ClientPolicy, name: unknown): Tool | undefined {
    const key = String(name);
    const entry = this.#group.catalog.tools.get(key);
    if (entry === undefined || !policy.allows('tools', key, entry)) return undefined;
    return this.#headerToolsOf(entry.server).get(entry.upstreamName);
  }

  /** Looks at what a session lists, now and whenever it says that a list has changed. */
  follow(key: string, server: string, session: Session): void {
    // A server may say so without end.
    const first = createDeferred<void>();
    this.#first.set(`${server}\n${key}`, first.promise);
    const refresher = new ListRefresher((kinds) =>
      this.#fetch(key, server, session, [...kinds])
        .catch(() => {})
        .finally(() => first.resolve()),
    );
    refresher.mark(CATALOG_KINDS);
    internalsOf(session).observe((event) => {
      if (event.type === 'list-changed') refresher.mark(KINDS_OF[event.kind]);
    });
    void session.closed.then(() => {
      refresher.stop();
      first.resolve();
    });
  }

  /** Resolves when the first lists of a session that is followed have come, or cannot come. */
  async followed(key: string, server: string): Promise<void> {
    await this.#first.get(`${server}\n${key}`);
  }

  /** Forgets what a session listed that has ended. */
  unfollow(key: string, server: string): void {
    this.#first.delete(`${server}\n${key}`);
    const changes = CATALOG_KINDS.flatMap((kind): OwnChange[] => {
      const before = this.#own.get(key)?.get(kind)?.get(server);
      if (before === undefined) return [];
      this.#forget(key, kind, server);
      return [{ kind, before, after: this.#insteadOf(kind, server) }];
    });
    if (changes.length > 0) this.#onChange(key, changes);
  }

  #common(policy: ClientPolicy, kind: CatalogKind): readonly Definition[] {
    const shown = this.#shownOf(kind);
    const lists = this.#lists.get(policy) ?? new Map<CatalogKind, readonly Definition[]>();
    this.#lists.set(policy, lists);
    const known = lists.get(kind);
    if (known !== undefined) return known;
    const allowed = shown.filter(({ key, entry }) => policy.isWhole || policy.allows(kind, key, entry));
    const list = allowed.map(({ definition }) => definition);
    lists.set(kind, list);
    return list;
  }

  #shownOf(kind: CatalogKind): readonly Shown[] {
    const catalog = this.#refresh();
    const known = this.#shown.get(kind);
    if (known !== undefined) return known;
    const entries: Entries = catalog[kind];
    const shown = [...entries].map(([key, entry]) => ({
      key,
      entry,
      definition: definitionOf(kind, key, entry),
    }));
    this.#shown.set(kind, shown);
    return shown;
  }

  /** What a client is shown that has no list of its own, as far as it does not depend on who it is. */
  #insteadOf(kind: CatalogKind, server: string): Entries {
    return this.#personal.isListedForUser(server) ? NOTHING : this.#commonOf(kind, server);
  }

  #commonOf(kind: CatalogKind, server: string): Entries {
    const catalog: Entries = this.#group.catalog[kind];
    return new Map([...catalog].filter(([, entry]) => entry.server === server));
  }

  #headerToolsOf(server: string): ReadonlyMap<string, Tool> {
    this.#refresh();
    const known = this.#headerTools.get(server);
    if (known !== undefined) return known;
    const entries = [...this.#group.catalog.tools.values()].filter((entry) => entry.server === server);
    const mirroring = entries.filter(({ inputSchema }) =>
      JSON.stringify(inputSchema).includes('"x-mcp-header"'),
    );
    // Without the output schema: results pass unchecked, as the client checks them.
    const tools = new Map(
      mirroring.map(({ upstreamName, inputSchema }) => [upstreamName, { name: upstreamName, inputSchema }]),
    );
    this.#headerTools.set(server, tools);
    return tools;
  }

  /** Forgets what was made of the group's catalog when there is a new one. */
  #refresh(): Catalog {
    const { catalog } = this.#group;
    if (catalog !== this.#catalog) {
      this.#catalog = catalog;
      this.#shown.clear();
      this.#lists = new WeakMap();
      this.#headerTools.clear();
    }
    return catalog;
  }

  async #fetch(key: string, server: string, session: Session, kinds: readonly CatalogKind[]): Promise<void> {
    const listing = await fetchListing(session, kinds, {});
    if (session.status.state === 'closed') return;
    const routes = this.#group[groupRoutes];
    const changes = kinds.flatMap((kind) => {
      const listed = listing[kind];
      if (!Array.isArray(listed)) return [];
      const entries = new Map(routes.expose(server, kind, listed));
      return this.#keep(key, kind, server, entries) ?? [];
    });
    if (changes.length > 0) this.#onChange(key, changes);
  }

  /** Keeps a list where it differs from the common one. Returns what it shows now in place of something else. */
  #keep(key: string, kind: CatalogKind, server: string, entries: Entries): OwnChange | undefined {
    const catalog = this.#group.catalog[kind];
    const common = this.#commonOf(kind, server);
    // Another server may have the name; whoever had it first keeps it.
    const free = new Map([...entries].filter(([name]) => (catalog.get(name)?.server ?? server) === server));
    const before = this.#own.get(key)?.get(kind)?.get(server) ?? this.#insteadOf(kind, server);
    if (isSameEntries(free, common) && !this.#personal.isListedForUser(server))
      this.#forget(key, kind, server);
    else {
      const kinds = this.#own.get(key) ?? new Map<CatalogKind, Map<string, Entries>>();
      const own = kinds.get(kind) ?? new Map<string, Entries>();
      this.#own.set(key, kinds.set(kind, own.set(server, free)));
    }
    return isSameEntries(free, before) ? undefined : { kind, before, after: free };
  }

  #forget(key: string, kind: CatalogKind, server: string): void {
    const kinds = this.#own.get(key);
    const own = kinds?.get(kind);
    if (own?.delete(server) !== true) return;
    if (own.size === 0) kinds?.delete(kind);
    if (kinds?.size === 0) this.#own.delete(key);
  }

  /** What a client is shown in place of the catalog, by server; undefined when it is shown nothing else. */
  #ownOf(client: GatewayClient, kind: CatalogKind): ReadonlyMap<string, Entries> | undefined {
    const kept = this.#keptOf(client, kind);
    const hidden = this.#personal.hiddenFrom(client.identity.principal);
    return hidden.length === 0
      ? kept
      : new Map([...hidden.map((server) => [server, NOTHING] as const), ...(kept ?? [])]);
  }

  /** What the sessions of a client list that differs from the catalog. */
  #keptOf(client: GatewayClient, kind: CatalogKind): ReadonlyMap<string, Entries> | undefined {
    if (this.#own.size === 0) return undefined;
    const kept = keysOf(client).flatMap((key) => this.#own.get(key)?.get(kind) ?? []);
    return kept.length < 2 ? kept[0] : new Map(kept.flatMap((each) => [...each]));
  }
}

const NOTHING: Entries = new Map();

/** Called with the key of a session when those that use it are shown something else for that. */
type OnOwnChange = (key: string, changes: readonly OwnChange[]) => void;

/** Those of some entries that a client may see. */
export function allowedOf<E extends CatalogOrigin>(
  policy: ClientPolicy,
  kind: CatalogKind,
  entries: Iterable<readonly [string, E]>,
): ReadonlyMap<string, E> {
  const all = [...entries];
  return new Map(policy.isWhole ? all : all.filter(([key, entry]) => policy.allows(kind, key, entry)));
}

export function isSameEntries(a: Entries, b: Entries): boolean {
  return isSameData(Object.fromEntries(a), Object.fromEntries(b));
}

/** The definition of an entry as a client is to see it: under its exposed name, without what only the group needs. */
function definitionOf(kind: CatalogKind, key: string, entry: CatalogOrigin): Definition {
  const { server: _server, upstreamName: _upstreamName, ...definition } = entry;
  return kind === 'tools' || kind === 'prompts' ? { ...definition, name: key } : definition;
}
