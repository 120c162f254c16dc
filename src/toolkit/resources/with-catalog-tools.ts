import type { Catalog } from '../../group/catalog/catalog.ts';
import type { CatalogSource, OwnNaming } from '../catalog-source.ts';
import { withOwnTools, type ExtendedToolSource, type OwnTool } from '../own-tools.ts';
import { rememberLast } from '../remember-last.ts';
import { createPromptTools } from './prompt-tools.ts';
import type { ResourceToolOptions } from './resource-tool-options.ts';
import { createResourceTools } from './resource-tools.ts';

export interface CatalogToolOptions {
  readonly resources?: ResourceToolOptions | undefined;
  readonly prompts?: boolean | undefined;
}

/** Adds tools for what a group has beside tools. They follow its catalog. Throws `CONFIG_INVALID`. */
export function withCatalogTools(
  source: CatalogSource,
  { resources, prompts }: CatalogToolOptions,
  naming: OwnNaming,
): ExtendedToolSource {
  const makers: ((catalog: Catalog) => OwnTool[])[] = [];
  if (resources !== undefined) makers.push(createResourceTools(source, naming, resources));
  if (prompts === true) makers.push(createPromptTools(source, naming));
  const make = rememberLast((catalog: Catalog) => makers.flatMap((maker) => maker(catalog)));
  return withOwnTools(source, () => make(source.catalog));
}
