import type { CallToolResult } from '@modelcontextprotocol/client';
import type { Catalog, ResourceEntry, ResourceTemplateEntry } from '../../group/catalog/catalog.ts';
import { expectText, optionalText } from '../arguments/expect-text.ts';
import type { CatalogSource, OwnNaming, ToolCallOptions } from '../tool-source.ts';
import type { OwnTool } from '../own-tools.ts';
import { DownloadFolder } from './downloads/download-folder.ts';
import { LIST_SCHEMA, listResources } from './list-resources.ts';
import { savedContents, shownContents } from './resource-content.ts';
import { resolveDownloads, type ResourceToolOptions } from './resource-tool-options.ts';
import { fillableTemplate } from './uri-template.ts';

/**
 * Makes tools for resources: for each server with resources, one that lists them and one that reads a resource by its
 * URI; and one for each template, whose parameters are the template's variables. Each tool belongs to one server, so
 * that a policy can allow or deny it by server. Throws `CONFIG_INVALID`.
 */
export function createResourceTools(
  source: CatalogSource,
  naming: OwnNaming,
  options: ResourceToolOptions,
): (catalog: Catalog) => OwnTool[] {
  const downloads = resolveDownloads(options);
  const folder = downloads && new DownloadFolder(downloads);
  const makers = new ToolMaker(source, naming, folder);
  return ({ resources, resourceTemplates }) => {
    const listing = new Set([...resources.values()].map(({ server }) => server));
    const reading = new Set([...listing, ...[...resourceTemplates.values()].map(({ server }) => server)]);
    return [
      ...[...listing].map((server) => makers.list(server)),
      ...[...reading].map((server) => makers.read(server)),
      ...[...resourceTemplates.values()].flatMap((template) => makers.readTemplate(template) ?? []),
    ];
  };
}

class ToolMaker {
  readonly #source: CatalogSource;
  readonly #naming: OwnNaming;
  readonly #folder: DownloadFolder | undefined;

  constructor(source: CatalogSource, naming: OwnNaming, folder: DownloadFolder | undefined) {
    this.#source = source;
    this.#naming = naming;
    this.#folder = folder;
  }

  list(server: string): OwnTool {
    const own = (): ResourceEntry[] =>
      [...this.#source.catalog.resources.values()].filter((resource) => resource.server === server);
    return {
      id: JSON.stringify(['list', server]),
      wantedName: this.#naming(server, 'list_resources'),
      definition: {
        server,
        alsoNamed: [`${server}__list_resources`],
        description: `Lists the resources that server "${server}" has, to be read by their URIs.`,
        inputSchema: LIST_SCHEMA,
        annotations: { readOnlyHint: true },
      },
      call: async (args) => listResources(own(), args),
    };
  }

  read(server: string): OwnTool {
    return {
      id: JSON.stringify(['read', server]),
      wantedName: this.#naming(server, 'read_resource'),
      definition: {
        server,
        alsoNamed: [`${server}__read_resource`],
        description: this.#describe(`Reads a resource of server "${server}" by its URI`),
        inputSchema: {
          type: 'object',
          properties: { uri: { type: 'string', description: 'The URI of the resource.' } },
          required: ['uri'],
          additionalProperties: false,
        },
        annotations: this.#annotations,
      },
      call: (args, options) => this.#read(server, expectText(args, 'uri'), options),
    };
  }

  readTemplate(template: ResourceTemplateEntry): OwnTool | undefined {
    const { server, upstreamName, name, title, description } = template;
    const fillable = fillableTemplate(upstreamName);
    // Such a template can still be read with the tool that reads by URI.
    if (fillable === undefined) return undefined;
    const { variables, fill } = fillable;
    const about = this.#describe(`Reads ${upstreamName} of server "${server}"`);
    return {
      id: JSON.stringify(['template', server, upstreamName]),
      wantedName: this.#naming(server, `read_${name}`),
      definition: {
        server,
        alsoNamed: [`${server}__read_${name}`],
        title,
        description: description === undefined ? about : `${description}\n${about}`,
        inputSchema: {
          type: 'object',
          properties: Object.fromEntries(variables.map((variable) => [variable.name, { type: 'string' }])),
          required: variables.filter(({ isOptional }) => !isOptional).map((variable) => variable.name),
          additionalProperties: false,
        },
        annotations: this.#annotations,
      },
      call: (args, options) => {
        const values = variables.map((variable) => {
          const read = variable.isOptional ? optionalText : expectText;
          return [variable.name, read(args, variable.name)] as const;
        });
        return this.#read(server, fill(Object.fromEntries(values)), options);
      },
    };
  }

  async #read(server: string, uri: string, options: ToolCallOptions): Promise<CallToolResult> {
    const found = await this.#source.readResource(uri, { ...options, server });
    return this.#folder === undefined ? shownContents(found) : savedContents(found, this.#folder);
  }

  #describe(what: string): string {
    return this.#folder === undefined ? `${what}.` : `${what} and saves it to the download folder.`;
  }

  get #annotations(): OwnTool['definition']['annotations'] {
    return this.#folder === undefined
      ? { readOnlyHint: true }
      : { readOnlyHint: false, destructiveHint: false };
  }
}
