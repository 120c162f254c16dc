import type { GetPromptResult, ReadResourceResult } from '@modelcontextprotocol/client';
import type { Catalog } from '../group/catalog/catalog.ts';
import type { ToolCallOptions, ToolSource } from './tool-source.ts';

/** A source that has more than tools; a `SessionGroup` is one by its shape. */
export interface CatalogSource extends ToolSource {
  /** The same object until something changes. */
  readonly catalog: Catalog;
  readResource(uri: string, options: ToolCallOptions & { server: string }): Promise<ReadResourceResult>;
  /** Gets a prompt by its key in `catalog.prompts`. */
  getPrompt(
    name: string,
    args: Readonly<Record<string, string>>,
    options: ToolCallOptions,
  ): Promise<GetPromptResult>;
}

/** Makes the exposed name of an own tool that speaks to a server. */
export type OwnNaming = (server: string, name: string) => string;
