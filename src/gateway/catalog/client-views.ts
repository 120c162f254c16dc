import type { Tool } from '@modelcontextprotocol/server';
import { unknownName } from '../../errors/catalog.ts';
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
import { isSameData } from '../../internal/json/same-data.ts';
import { internalsOf } from '../../session/session-internals.ts';
import type { ListKind, RawRequest, Session } from '../../session/session.ts';
import type { GatewayClient } from '../clients/gateway-client.ts';
import { keysOf } from '../upstreams/session-key.ts';

type Definition = Readonly<Record<string, unknown>>;
type Entries = ReadonlyMap<string, CatalogOrigin>;

const KINDS_OF: { readonly [Kind in ListKind]: readonly CatalogKind[] } = {
  tools: ['tools'],
  prompts: ['prompts'],
  resources: ['resources', 'resourceTemplates'],
};

/**
 * What each client is shown: the catalog of the group, in which the entries of a server are replaced where the session with
 * that server that the client uses, alone or with others of its principal, lists others.
 */
export class ClientViews {
  readonly #group: SessionGroup;
  readonly #onChange: (key: string, kinds: readonly CatalogKind[]) => void;
  /** What sessions list that differs from the catalog, by their keys, kind and server. */
  readonly #own = new Map<string, Map<CatalogKind, Map<string, Entries>>>();
  #catalog: Catalog | undefined;
  readonly #lists = new Map<CatalogKind, readonly Definition[]>();
  readonly #headerTools = new Map<string, ReadonlyMap<string, Tool>>();

  /** `onChange` is called with the key of a session when those that use it are shown something else for that. */
  constructor(group: SessionGroup, onChange: (key: string, kinds: readonly CatalogKind[]) => void) {
    this.#group = group;
    this.#onChange = onChange;
  }

  /** The definitions that a client is shown, in a fixed order. */
  list(client: GatewayClient, kind: CatalogKind): readonly Definition[] {
    const own = this.#ownOf(client, kind);
    if (own === undefined) return this.#common(kind);
    const common = [...this.#group.catalog[kind]].filter(([, { server }]) => !own.has(server));
    const entries = [...common, ...[...own.values()].flatMap((each) => [...each])];
    return entries.map(([key, entry]) => definitionOf(kind, key, entry));
  }

  /** Whether a client is shown the list of a session that it uses. */
  hasOwn(client: GatewayClient, kind: CatalogKind, server: string): boolean {
    return this.#ownOf(client, kind)?.has(server) === true;
  }

  /** Which server has what a client means by a name or a URI. Throws when none has it. */
  find(client: GatewayClient, kind: 'tools' | 'prompts' | 'resources', key: string): CatalogOrigin {
    const own = this.#ownOf(client, kind);
    for (const entries of own?.values() ?? []) {
      const entry = entries.get(key);
      if (entry !== undefined) return entry;
    }
    const routes = this.#group[groupRoutes];
    const found =
      kind === 'tools' ? routes.tool(key) : kind === 'prompts' ? routes.prompt(key) : routes.resource(key);
    // The session with that server that the client uses does not list it any more.
    if (kind !== 'resources' && own?.has(found.server) === true)
      throw unknownName(kind === 'tools' ? 'tool' : 'prompt', key, []);
    return found;
  }

  /** The tool that a request calls on a server, if some of its arguments are HTTP headers, too (`x-mcp-header`, SEP-2243). */
  headerTool(server: string, { method, params }: RawRequest): Tool | undefined {
    if (method !== 'tools/call') return undefined;
    return this.#headerToolsOf(server).get(String(params?.['name']));
  }

  /** The same for the exposed name of a tool. */
  headerToolNamed(name: unknown): Tool | undefined {
    const entry = this.#group.catalog.tools.get(String(name));
    return entry && this.#headerToolsOf(entry.server).get(entry.upstreamName);
  }

  /** Looks at what a session lists, now and whenever it says that a list has changed. */
  follow(key: string, server: string, session: Session): void {
    // A server may say so without end.
    const refresher = new ListRefresher((kinds) =>
      this.#fetch(key, server, session, [...kinds]).catch(() => {}),
    );
    refresher.mark(CATALOG_KINDS);
    internalsOf(session).observe((event) => {
      if (event.type === 'list-changed') refresher.mark(KINDS_OF[event.kind]);
    });
    void session.closed.then(() => refresher.stop());
  }

  /** Forgets what a session listed that has ended. */
  unfollow(key: string, server: string): void {
    const changed = CATALOG_KINDS.filter((kind) => this.#forget(key, kind, server));
    if (changed.length > 0) this.#onChange(key, changed);
  }

  #common(kind: CatalogKind): readonly Definition[] {
    const catalog = this.#refresh();
    const known = this.#lists.get(kind);
    if (known !== undefined) return known;
    const list = [...catalog[kind]].map(([key, entry]) => definitionOf(kind, key, entry));
    this.#lists.set(kind, list);
    return list;
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
      this.#lists.clear();
      this.#headerTools.clear();
    }
    return catalog;
  }

  async #fetch(key: string, server: string, session: Session, kinds: readonly CatalogKind[]): Promise<void> {
    const listing = await fetchListing(session, kinds, {});
    if (session.status.state === 'closed') return;
    const routes = this.#group[groupRoutes];
    const changed = kinds.filter((kind) => {
      const listed = listing[kind];
      if (!Array.isArray(listed)) return false;
      const entries = new Map(routes.expose(server, kind, listed));
      return this.#keep(key, kind, server, entries);
    });
    if (changed.length > 0) this.#onChange(key, changed);
  }

  /** Keeps a list where it differs from the common one. Returns whether that shows something else now. */
  #keep(key: string, kind: CatalogKind, server: string, entries: Entries): boolean {
    const catalog = this.#group.catalog[kind];
    const common = new Map([...catalog].filter(([, entry]) => entry.server === server));
    // Another server may have the name; whoever had it first keeps it.
    const free = new Map([...entries].filter(([name]) => (catalog.get(name)?.server ?? server) === server));
    const before = this.#own.get(key)?.get(kind)?.get(server);
    if (isSameEntries(free, common)) this.#forget(key, kind, server);
    else {
      const kinds = this.#own.get(key) ?? new Map<CatalogKind, Map<string, Entries>>();
      const own = kinds.get(kind) ?? new Map<string, Entries>();
      this.#own.set(key, kinds.set(kind, own.set(server, free)));
    }
    return !isSameEntries(free, before ?? common);
  }

  /** Returns whether there was something to forget. */
  #forget(key: string, kind: CatalogKind, server: string): boolean {
    const kinds = this.#own.get(key);
    const own = kinds?.get(kind);
    if (own?.delete(server) !== true) return false;
    if (own.size === 0) kinds?.delete(kind);
    if (kinds?.size === 0) this.#own.delete(key);
    return true;
  }

  /** What a client is shown in place of the catalog, by server; undefined when it is shown nothing else. */
  #ownOf(client: GatewayClient, kind: CatalogKind): ReadonlyMap<string, Entries> | undefined {
    if (this.#own.size === 0) return undefined;
    const [own, ofPrincipal] = keysOf(client).map((key) => this.#own.get(key)?.get(kind));
    return own === undefined || ofPrincipal === undefined
      ? (own ?? ofPrincipal)
      : new Map([...ofPrincipal, ...own]);
  }
}

function isSameEntries(a: Entries, b: Entries): boolean {
  return isSameData(Object.fromEntries(a), Object.fromEntries(b));
}

/** The definition of an entry as a client is to see it: under its exposed name, without what only the group needs. */
function definitionOf(kind: CatalogKind, key: string, entry: CatalogOrigin): Definition {
  const { server: _server, upstreamName: _upstreamName, ...definition } = entry;
  return kind === 'tools' || kind === 'prompts' ? { ...definition, name: key } : definition;
}
