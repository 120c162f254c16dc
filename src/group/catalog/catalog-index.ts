import type { Implementation } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import {
  CATALOG_KINDS,
  type Catalog,
  type CatalogDiff,
  type CatalogEntries,
  type CatalogKind,
  type CatalogCollision,
  type Exposure,
  type CatalogKindDiff,
} from './catalog.ts';
import { expose, isExclusive } from './expose.ts';
import { KindIndex, type Wanted } from './kind-index.ts';
import type { Listed, ServerListing } from '../members/server-listing.ts';

const NO_DIFF: CatalogKindDiff = { added: [], removed: [], changed: [] };

/** The entries that a server's lists would put into the catalog, checked against the names that others have. */
export interface Claim {
  readonly server: string;
  readonly exposure: Exposure;
  readonly wanted: { readonly [K in CatalogKind]?: Wanted<CatalogEntries[K]> };
  /** Entries left out because their name is taken, by another server or by the same one. */
  readonly collisions: readonly CatalogCollision[];
}

/**
 * The live catalog of a group. A claim must be committed in the same turn of the event loop in which it was made: a
 * commit in between could take its names.
 */
export class CatalogIndex {
  readonly tools = new KindIndex<CatalogEntries['tools']>();
  readonly resources = new KindIndex<CatalogEntries['resources']>();
  readonly resourceTemplates = new KindIndex<CatalogEntries['resourceTemplates']>();
  readonly prompts = new KindIndex<CatalogEntries['prompts']>();
  /** By server; only of servers with a commit. */
  readonly #exposures = new Map<string, Exposure>();
  #version = 0;
  #catalog: Catalog | undefined;

  get version(): number {
    return this.#version;
  }

  /** The present snapshot. */
  get catalog(): Catalog {
    this.#catalog ??= Object.freeze({
      version: this.#version,
      tools: this.tools.snapshot(),
      resources: this.resources.snapshot(),
      resourceTemplates: this.resourceTemplates.snapshot(),
      prompts: this.prompts.snapshot(),
    });
    return this.#catalog;
  }

  /**
   * Makes the exposed names of a listing and finds collisions. `keptFor` says which other server a name is kept for, even
   * if that does not offer it now. Changes nothing. Throws `CONFIG_INVALID`.
   */
  claim(
    server: string,
    serverInfo: Implementation | undefined,
    exposure: Exposure,
    listing: ServerListing,
    keptFor?: (kind: CatalogKind, key: string) => string | undefined,
  ): Claim {
    const { naming } = exposure;
    const collisions: CatalogCollision[] = [];
    const claimKind = <K extends CatalogKind>(
      kind: K,
      index: KindIndex<CatalogEntries[K]>,
    ): Wanted<CatalogEntries[K]> | undefined => {
      const list: readonly Listed<K>[] | PlenumError | undefined = listing[kind];
      if (list === undefined || list instanceof PlenumError) return undefined;
      const wanted = new Map<string, CatalogEntries[K]>();
      const clashes = (other: string): boolean =>
        isExclusive(kind, naming) || isExclusive(kind, this.#exposures.get(other)?.naming ?? naming);
      for (const [key, entry] of expose(kind, list, exposure, { server, serverInfo })) {
        const owner = wanted.has(key)
          ? server
          : (index.ownerBeside(key, server, clashes) ?? keptFor?.(kind, key));
        if (owner === undefined) wanted.set(key, entry as CatalogEntries[K]);
        else collisions.push({ kind, key, owner, newcomer: server });
      }
      return wanted;
    };
    const wanted = {
      tools: claimKind('tools', this.tools),
      resources: claimKind('resources', this.resources),
      resourceTemplates: claimKind('resourceTemplates', this.resourceTemplates),
      prompts: claimKind('prompts', this.prompts),
    };
    const fetched = Object.entries(wanted).filter(([, entries]) => entries !== undefined);
    return { server, exposure, wanted: Object.fromEntries(fetched), collisions };
  }

  /** Replaces a server's entries of the claimed kinds. Returns undefined when nothing changed. */
  commit({ server, exposure, wanted }: Claim): CatalogDiff | undefined {
    this.#exposures.set(server, exposure);
    const replaceKind = <K extends CatalogKind>(
      kind: K,
      index: KindIndex<CatalogEntries[K]>,
    ): CatalogKindDiff => {
      const entries: Wanted<CatalogEntries[K]> | undefined = wanted[kind];
      return entries === undefined ? NO_DIFF : index.replace(server, entries);
    };
    const diff: CatalogDiff = {
      tools: replaceKind('tools', this.tools),
      resources: replaceKind('resources', this.resources),
      resourceTemplates: replaceKind('resourceTemplates', this.resourceTemplates),
      prompts: replaceKind('prompts', this.prompts),
    };
    if (CATALOG_KINDS.every((kind) => isEmpty(diff[kind]))) return undefined;
    this.#version++;
    this.#catalog = undefined;
    return diff;
  }

  /** Removes all entries of a server. Returns undefined when there were none. */
  remove(server: string): CatalogDiff | undefined {
    const exposure = this.#exposures.get(server);
    if (exposure === undefined) return undefined;
    const none = new Map<string, never>();
    const wanted = { tools: none, resources: none, resourceTemplates: none, prompts: none };
    const diff = this.commit({ server, exposure, wanted, collisions: [] });
    this.#exposures.delete(server);
    return diff;
  }

  /** How many entries of each kind a server has. */
  counts(server: string): { readonly [K in CatalogKind]: number } {
    return {
      tools: this.tools.ofServer(server).size,
      resources: this.resources.ofServer(server).size,
      resourceTemplates: this.resourceTemplates.ofServer(server).size,
      prompts: this.prompts.ofServer(server).size,
    };
  }
}

function isEmpty(diff: CatalogKindDiff): boolean {
  return diff.added.length + diff.removed.length + diff.changed.length === 0;
}
