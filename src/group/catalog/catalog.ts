import type {
  Implementation,
  Prompt,
  Resource,
  ResourceTemplateType,
  Tool,
} from '@modelcontextprotocol/client';

import type { ToolFilterOptions } from './tool-filter.ts';

export type { CatalogCollision } from '../../errors/registry.ts';

/** Where an entry of the catalog comes from. */
export interface CatalogOrigin {
  /** The name of the server, as the group has it. */
  readonly server: string;
  /** What the server itself calls it: a name, a URI or a URI template. */
  readonly upstreamName: string;
}

export type ToolEntry = Tool & CatalogOrigin;
export type ResourceEntry = Resource & CatalogOrigin;
export type ResourceTemplateEntry = ResourceTemplateType & CatalogOrigin;
export type PromptEntry = Prompt & CatalogOrigin;

/** The four kinds of entries, by the name of their list. */
export interface CatalogEntries {
  tools: ToolEntry;
  resources: ResourceEntry;
  resourceTemplates: ResourceTemplateEntry;
  prompts: PromptEntry;
}

export type CatalogKind = keyof CatalogEntries;

export const CATALOG_KINDS: readonly CatalogKind[] = ['tools', 'resources', 'resourceTemplates', 'prompts'];

/**
 * The entries of all servers of a group, at one moment. It does not change: after a change there is a new one, with a
 * higher version.
 */
export interface Catalog {
  readonly version: number;
  readonly tools: ReadonlyMap<string, ToolEntry>;
  readonly resources: ReadonlyMap<string, ResourceEntry>;
  readonly resourceTemplates: ReadonlyMap<string, ResourceTemplateEntry>;
  readonly prompts: ReadonlyMap<string, PromptEntry>;
}

/** The exposed names of the entries that one change added, removed and changed. */
export interface CatalogKindDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export type CatalogDiff = { readonly [K in CatalogKind]: CatalogKindDiff };

export type NamingKind = 'tool' | 'resource' | 'resourceTemplate' | 'prompt';

export interface NamingContext {
  readonly server: string;
  readonly serverInfo: Implementation | undefined;
  readonly kind: NamingKind;
  /** The entry's own name: of a tool or prompt the upstream name; of a resource or template, whose upstream name is a URI, its `name`. */
  readonly name: string;
}

/** Returns the exposed name of an entry. Requests to the server still use the upstream name. */
export type NamingFunction = (upstreamName: string, context: NamingContext) => string;

/**
 * How exposed names are made. `prefixed` gives `server__name`, which is always valid and never ambiguous. `bare` keeps
 * the upstream name; a server with a name that is taken is refused. A function makes any name, with the same check as
 * `bare`. Without a function, resources and templates are keyed by their URI.
 */
export type Naming = 'prefixed' | 'bare' | NamingFunction;

/** Which entries of one server are exposed, and under which names. */
export interface Exposure {
  readonly naming: Naming;
  /** Whether a tool, by its upstream name, is listed and may be called. */
  readonly offersTool: (upstreamName: string) => boolean;
  /** The globs that `offersTool` is made of. */
  readonly filter?: ToolFilterOptions;
}
