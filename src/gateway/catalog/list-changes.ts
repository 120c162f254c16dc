import { isSameData } from '../../internal/json/same-data.ts';
import {
  CATALOG_KINDS,
  type Catalog,
  type CatalogDiff,
  type CatalogKind,
  type CatalogOrigin,
} from '../../group/catalog/catalog.ts';
import type { ClientPolicy } from '../policy/client-policy.ts';
import { allowedOf, isSameEntries, type OwnChange } from './client-views.ts';

/** The lists that clients are told of: two kinds are one list for them. */
export type ClientList = 'tools' | 'prompts' | 'resources';

const LIST_OF = {
  tools: 'tools',
  prompts: 'prompts',
  resources: 'resources',
  resourceTemplates: 'resources',
} as const;

export function listOf(kind: CatalogKind): ClientList {
  return LIST_OF[kind];
}

/** Whether a client is shown another list of a server than the common one. */
type HasOwn = (kind: CatalogKind, server: string) => boolean;

/** A change of what one server lists. `before` and `after` are the whole catalogs. */
export interface CatalogChange {
  readonly server: string;
  readonly diff: CatalogDiff;
  readonly before: Catalog;
  readonly after: Catalog;
}

/** The lists of a client in which a change of the common catalog is seen. */
export function listsChanged(
  { server, diff, before, after }: CatalogChange,
  policy: ClientPolicy,
  hasOwn: HasOwn,
): ReadonlySet<ClientList> {
  const kinds = CATALOG_KINDS.filter((kind) => {
    const { added, removed, changed } = diff[kind];
    const names = [...added, ...removed, ...changed];
    if (names.length === 0 || hasOwn(kind, server)) return false;
    if (policy.isWhole) return true;
    const isSeen = ({ [kind]: entries }: Catalog, name: string): boolean => {
      const entry: CatalogOrigin | undefined = entries.get(name);
      return entry?.server === server && policy.allows(kind, name, entry);
    };
    return names.some((name) => isSeen(before, name) || isSeen(after, name));
  });
  const lists = new Set<ClientList>(kinds.map(listOf));
  if (policy.view === 'search' && isSameChoice(policy, before, after)) lists.delete('tools');
  return lists;
}

/** The tools with which to search name the servers that have tools, and nothing else that changes. */
function isSameChoice(policy: ClientPolicy, before: Catalog, after: Catalog): boolean {
  const serversOf = ({ tools }: Catalog): readonly string[] => {
    const servers = [...allowedOf(policy, 'tools', tools).values()].map(({ server }) => server);
    return [...new Set(servers)].toSorted();
  };
  return isSameData(serversOf(before), serversOf(after));
}

/** The lists of a client in which a change of what its own session lists is seen. */
export function ownListsChanged(
  policy: ClientPolicy,
  changes: readonly OwnChange[],
): ReadonlySet<ClientList> {
  const seen = changes.filter(
    ({ kind, before, after }) =>
      !isSameEntries(allowedOf(policy, kind, before), allowedOf(policy, kind, after)),
  );
  const lists = new Set<ClientList>(seen.map(({ kind }) => listOf(kind)));
  // A search finds what is there now; its own description stays.
  if (policy.view === 'search') lists.delete('tools');
  return lists;
}
