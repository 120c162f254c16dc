import type {
  Implementation,
  Prompt,
  Resource,
  ResourceTemplateType,
  Tool,
} from '@modelcontextprotocol/client';

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
 * What all servers of a group offer at one moment. Never changes under its reader: a change makes a new one, with
 * the next version number.
 */
export interface Catalog {
  readonly version: number;
  readonly tools: ReadonlyMap<string, ToolEntry>;
  readonly resources: ReadonlyMap<string, ResourceEntry>;
  readonly resourceTemplates: ReadonlyMap<string, ResourceTemplateEntry>;
  readonly prompts: ReadonlyMap<string, PromptEntry>;
}

/** Exposed names of what one change of one server brought, took and altered. */
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
}

/** Decides the exposed name of an entry; the entry and the wire keep the upstream one. */
export type NamingFunction = (upstreamName: string, context: NamingContext) => string;

/**
 * How exposed names are made: `server__name`, always valid and never ambiguous; the upstream name, where a clash
 * rejects the newcomer; or by a function, checked the same way. Resources and templates are keyed by their URI
 * unless a function says otherwise.
 */
export type Naming = 'prefixed' | 'bare' | NamingFunction;

/** What becomes visible of one server, and under which names. */
export interface Exposure {
  readonly naming: Naming;
  /** Whether a tool, by its upstream name, is listed and may be called. */
  readonly offersTool: (upstreamName: string) => boolean;
}
