import { PlenumError } from '../../errors/plenum-error.ts';
import type { Catalog, CatalogOrigin, ToolEntry } from '../../group/catalog/catalog.ts';
import { LiveSearch } from '../../group/search/live-search.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { isRecord } from '../../internal/checks.ts';
import { searchToolkitOptions } from '../../options/tables/toolkit.ts';
import type { OwnTool } from '../../toolkit/own-tools.ts';
import { callByNameTool, readArguments } from '../../toolkit/search/call-by-name.ts';
import { describeTool } from '../../toolkit/search/describe-tools.ts';
import { searchTool } from '../../toolkit/search/search-tools.ts';
import type { ToolSource } from '../../toolkit/tool-source.ts';
import type { GatewayClient } from '../clients/gateway-client.ts';
import type { ClientPolicy } from '../policy/client-policy.ts';
import type { ClientViews } from './client-views.ts';

type Result = Record<string, unknown>;
type Args = Readonly<Record<string, unknown>>;

/** A call by name, as the call that it stands for. */
interface NamedCall {
  readonly name: string;
  readonly arguments: Args;
}

const CALL = 'call_tool';
const NAMES = { describe: 'describe_tools', call: CALL };
const HOW_TO_FIND = 'Search for tools to come by their names.';

/** The tools with which a client searches, by name, and the tools that it can find. */
interface SearchView {
  readonly catalog: Catalog;
  readonly own: ReadonlyMap<string, OwnTool>;
  readonly definitions: readonly Result[];
}

/**
 * For clients that are shown a search in place of the tools: three tools with which to search, describe and call all that
 * their policy allows. A call by name is made as any other call, so that whatever holds for it holds here, too.
 */
export class SearchViews {
  readonly #group: SessionGroup;
  readonly #views: ClientViews;
  /** Of clients that are shown the common catalog, by policy. */
  #known = new WeakMap<ClientPolicy, SearchView>();
  readonly #search: LiveSearch<ToolEntry>;

  constructor(group: SessionGroup, views: ClientViews) {
    this.#group = group;
    this.#views = views;
    this.#search = new LiveSearch(() => [
      ['', group.catalog.tools],
      ...views.ownLists('tools').map(([key, entries]) => [key, toolsOf(entries)] as const),
    ]);
  }

  /** The definitions of the three tools. */
  list(client: GatewayClient, policy: ClientPolicy): readonly Result[] {
    return this.#viewOf(client, policy).definitions;
  }

  /** The call that a call by name stands for, even of a call by name; undefined for any other call. */
  meant(params: Args): NamedCall | undefined {
    let meant = namedBy(params);
    for (let inner = meant; inner !== undefined; inner = namedBy(inner)) meant = inner;
    return meant;
  }

  /** Whether a call is of one of the three tools. */
  has(name: unknown): boolean {
    return name === 'search_tools' || name === NAMES.describe || name === CALL;
  }

  /** Answers a call of one of the three tools. */
  async answer(
    client: GatewayClient,
    policy: ClientPolicy,
    { name, arguments: given }: Args,
  ): Promise<Result> {
    const tool = this.#viewOf(client, policy).own.get(String(name));
    if (tool === undefined) return failed('There is no such tool.');
    try {
      return { ...(await tool.call(isRecord(given) ? given : {}, {})) };
    } catch (error) {
      if (error instanceof PlenumError) return failed(error.summary);
      throw error;
    }
  }

  #viewOf(client: GatewayClient, policy: ClientPolicy): SearchView {
    const { catalog } = this.#group;
    const isCommon = !this.#views.hasOwnLists(client, 'tools');
    const known = isCommon ? this.#known.get(policy) : undefined;
    if (known?.catalog === catalog) return known;
    const tools = toolsOf(this.#views.entries(client, policy, 'tools'));
    const view = this.#create(catalog, tools);
    if (isCommon) this.#known.set(policy, view);
    return view;
  }

  #create(catalog: Catalog, tools: ReadonlyMap<string, ToolEntry>): SearchView {
    // A call by name is never made here: it was taken for the call that it stands for.
    const source: ToolSource = { tools, callTool: () => Promise.reject(new Error('Calls are routed.')) };
    const visible = new Set(tools.values());
    const limit = searchToolkitOptions.limit.default;
    const find = async (query: string, max: number, server: string | undefined): Promise<string[]> => {
      const search = await this.#search.prepare();
      const accepts = (tool: ToolEntry): boolean =>
        visible.has(tool) && (server === undefined || tool.server === server);
      return search(query, max, accepts).map(({ key }) => key);
    };
    const own = [
      searchTool(source, find, limit, () => NAMES),
      describeTool(source, HOW_TO_FIND),
      callByNameTool(source, HOW_TO_FIND),
    ];
    return {
      catalog,
      own: new Map(own.map((each) => [each.wantedName, each])),
      definitions: own.map(({ wantedName, definition }) => ({ name: wantedName, ...definition })),
    };
  }
}

/** The call that one call by name stands for; undefined for any other call. */
function namedBy({ name, arguments: given }: { name?: unknown; arguments?: unknown }): NamedCall | undefined {
  if (name !== CALL || !isRecord(given) || typeof given['name'] !== 'string') return undefined;
  try {
    return { name: given['name'], arguments: readArguments(given['arguments']) };
  } catch {
    return undefined; // The answer says what is wrong.
  }
}

const toolMaps = new WeakMap<object, ReadonlyMap<string, ToolEntry>>();

/** The tools among entries. It gives the same map for the same entries, so that a search indexes them once. */
function toolsOf(entries: ReadonlyMap<string, CatalogOrigin>): ReadonlyMap<string, ToolEntry> {
  const known = toolMaps.get(entries);
  if (known !== undefined) return known;
  const tools = new Map<string, ToolEntry>();
  for (const [key, entry] of entries) if (isTool(entry)) tools.set(key, entry);
  toolMaps.set(entries, tools);
  return tools;
}

function isTool(entry: CatalogOrigin): entry is ToolEntry {
  return 'inputSchema' in entry && isRecord(entry.inputSchema);
}

function failed(text: string): Result {
  return { content: [{ type: 'text', text }], isError: true };
}
