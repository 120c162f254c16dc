import type {
  ListPromptsResult,
  ListResourcesResult,
  ListResourceTemplatesResult,
  ListToolsResult,
  RequestOptions,
  StandardSchemaV1,
} from '@modelcontextprotocol/client';
import { isRecord } from '../../internal/checks.ts';
import { sendableTools } from '../../reading/header-declarations.ts';
import type { OddityLog } from '../../reading/oddities.ts';
import { official } from '../../transport/official.ts';
import type { Connection } from '../connection/connection.ts';
import { asOurs } from '../lock/our-lists.ts';
import type { ProtocolEra } from '../session.ts';

/** What is listed by each method. */
export interface ListResults {
  'tools/list': ListToolsResult;
  'prompts/list': ListPromptsResult;
  'resources/list': ListResourcesResult;
  'resources/templates/list': ListResourceTemplatesResult;
}
export type ListMethod = keyof ListResults;

export type PageParams = { cursor?: string; _meta?: Record<string, unknown> };

/** By which capability a list is announced, which member of its result has the entries, and the type of the result. */
const LISTS = {
  'tools/list': { capability: 'tools', entries: 'tools', type: 'ListToolsResult' },
  'prompts/list': { capability: 'prompts', entries: 'prompts', type: 'ListPromptsResult' },
  'resources/list': { capability: 'resources', entries: 'resources', type: 'ListResourcesResult' },
  'resources/templates/list': {
    capability: 'resources',
    entries: 'resourceTemplates',
    type: 'ListResourceTemplatesResult',
  },
} as const satisfies Record<ListMethod, object>;

export function capabilityOf(method: ListMethod): 'tools' | 'prompts' | 'resources' {
  return LISTS[method].capability;
}

export function entriesOf(list: object, method: ListMethod): unknown[] {
  const entries: unknown = Reflect.get(list, LISTS[method].entries);
  return Array.isArray(entries) ? entries : [];
}

/**
 * Asks for lists. The methods of the official client leave out of each entry what it does not know, such as members of later
 * revisions and of vendors. Here it checks the entries as strictly, and they are kept as the server sent them.
 */
export class ListPages {
  readonly #maxPages: number;
  readonly #oddities: OddityLog;

  constructor(maxPages: number, oddities: OddityLog) {
    this.#maxPages = maxPages;
    this.#oddities = oddities;
  }

  async page<M extends ListMethod>(
    connection: Connection,
    method: M,
    params: PageParams,
    options: RequestOptions,
  ): Promise<ListResults[M]> {
    const { client, era, foreign, guard, perRequestStream } = connection;
    const asked = { method, params: guard === undefined ? params : asOurs(params) };
    const page = await client.request(asked, asSent(method, era), options);
    // Over a connection that is ours, they were left out before the official client got the list.
    if (foreign !== undefined && era === 'modern' && perRequestStream)
      leaveOutUnsendable(page, this.#oddities);
    return page;
  }

  /** All pages, as one result: the entries of all of them, and what else the first one has. */
  async all<M extends ListMethod>(
    connection: Connection,
    method: M,
    params: PageParams,
    options: RequestOptions,
  ): Promise<ListResults[M]> {
    const first = await this.page(connection, method, params, options);
    return this.addFollowing(first, connection, method, params, options);
  }

  /** Adds to the first page the entries of those that follow it. */
  async addFollowing<M extends ListMethod>(
    first: ListResults[M],
    connection: Connection,
    method: M,
    params: PageParams,
    options: RequestOptions,
  ): Promise<ListResults[M]> {
    const all = entriesOf(first, method);
    let previous: readonly unknown[] = [...all];
    let cursor = first.nextCursor;
    delete first.nextCursor;
    for (let pages = 1; cursor !== undefined; pages++) {
      if (pages >= this.#maxPages) throw tooManyPages(method, this.#maxPages);
      const page: ListResults[M] = await this.page(connection, method, { ...params, cursor }, options);
      const entries = entriesOf(page, method);
      // Some servers send their last page again and again.
      if (page.nextCursor === cursor && JSON.stringify(entries) === JSON.stringify(previous)) break;
      for (const entry of entries) all.push(entry);
      previous = entries;
      cursor = page.nextCursor;
    }
    return first;
  }
}

/** A schema that accepts what the official client accepts, and gives the list with its entries as they are. */
function asSent<M extends ListMethod>(
  method: M,
  era: ProtocolEra,
): StandardSchemaV1<unknown, ListResults[M]> {
  return {
    '~standard': {
      version: 1,
      vendor: 'mcp-plenum',
      validate: (sent) => {
        // In 2026-07-28 the official client has checked it before.
        const issues = era === 'modern' ? undefined : issuesOf(sent, method);
        if (issues !== undefined) return { issues };
        const list = isRecord(sent)
          ? { ...sent, [LISTS[method].entries]: [...entriesOf(sent, method)] }
          : sent;
        return isList(list, method) ? { value: list } : { issues: [{ message: 'not a list' }] };
      },
    },
  };
}

/** What the official client finds wrong in a list of an older revision; undefined when that is nothing. */
function issuesOf(list: unknown, method: ListMethod): readonly StandardSchemaV1.Issue[] | undefined {
  const { ListToolsResult, [LISTS[method].type]: schema } = official.specTypeSchemas;
  if (method !== 'tools/list' || !isList(list, method)) return schema['~standard'].validate(list).issues;
  // The official schemas are those of 2026-07-28, in which an output schema may be of any type.
  const withoutOutput = list.tools.map((tool: unknown) =>
    isRecord(tool) && tool['outputSchema'] !== undefined ? { ...tool, outputSchema: undefined } : tool,
  );
  const { issues } = ListToolsResult['~standard'].validate({ ...list, tools: withoutOutput });
  return issues ?? outputIssuesOf(list.tools);
}

/** In older revisions an output schema has the form of an input schema. */
function outputIssuesOf(tools: readonly unknown[]): readonly StandardSchemaV1.Issue[] | undefined {
  for (const [index, tool] of tools.entries()) {
    const inputSchema = isRecord(tool) ? tool['outputSchema'] : undefined;
    if (inputSchema === undefined) continue;
    const { issues } = official.specTypeSchemas.Tool['~standard'].validate({ name: '', inputSchema });
    if (issues !== undefined)
      return issues.map(({ message, path }) => ({
        message,
        path: ['tools', index, 'outputSchema', ...(path ?? []).slice(1)],
      }));
  }
  return undefined;
}

function leaveOutUnsendable(page: object, log: OddityLog): void {
  if (!isList(page, 'tools/list')) return;
  page.tools = sendableTools(page.tools, log);
}

function isList<M extends ListMethod>(value: unknown, method: M): value is ListResults[M] {
  return isRecord(value) && Array.isArray(value[LISTS[method].entries]);
}

/** The error that the official client throws when it lists. */
function tooManyPages(method: string, maxPages: number): Error {
  const { ListPaginationExceeded } = official.SdkErrorCode;
  return new official.SdkError(ListPaginationExceeded, `${method}: more than ${maxPages} pages`, {
    method,
    listMaxPages: maxPages,
  });
}
