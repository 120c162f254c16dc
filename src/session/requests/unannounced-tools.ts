import type { Client, ListToolsResult, RequestOptions } from '@modelcontextprotocol/client';
import { Findings, type OddityLog } from '../../reading/oddities.ts';
import { withWholeEntries } from '../../reading/whole-entries.ts';
import { official } from '../../transport/official.ts';
import type { Connection } from '../connection/connection.ts';

/** How long an answer is waited for, in milliseconds: most servers that have no tools do not know the method. */
const SILENCE_MS = 2_000;

type PageParams = { cursor?: string; _meta?: Record<string, unknown> };

/** Whether a server says that it has none of what can be listed. */
export function announcesNothing(client: Client): boolean {
  const { tools, resources, prompts } = client.getServerCapabilities() ?? {};
  return tools === undefined && resources === undefined && prompts === undefined;
}

/**
 * The tools of a server that announces nothing at all. Some have tools all the same, so each connection is asked for them
 * once, and again only if there were any.
 */
export class UnannouncedTools {
  readonly #oddities: OddityLog;
  readonly #maxPages: number;
  /** What each connection that was asked has. */
  readonly #hasTools = new WeakMap<Connection, Promise<boolean>>();
  /** Whether a connection ended while it was asked: the server may have died of it, so none is asked again. */
  #isFatal = false;

  constructor(oddities: OddityLog, maxPages: number) {
    this.#oddities = oddities;
    this.#maxPages = maxPages;
  }

  /** All pages; undefined when the server has no tools, or does not say so soon. */
  async list(
    connection: Connection,
    params: PageParams,
    options: RequestOptions,
  ): Promise<ListToolsResult | undefined> {
    const first = await this.page(connection, params, options);
    if (first === undefined) return undefined;
    const { nextCursor, ...result } = first;
    let cursor = nextCursor;
    for (let pages = 1; cursor !== undefined; pages++) {
      if (pages >= this.#maxPages) throw tooManyPages(this.#maxPages);
      const page = await request(connection, { ...params, cursor }, options);
      result.tools.push(...page.tools);
      if (page.nextCursor === cursor) break;
      cursor = page.nextCursor;
    }
    return result;
  }

  /** One page; undefined as in `list`. */
  async page(
    connection: Connection,
    params: PageParams,
    options: RequestOptions,
  ): Promise<ListToolsResult | undefined> {
    const known = this.#hasTools.get(connection);
    if (known !== undefined) return (await known) ? request(connection, params, options) : undefined;
    if (this.#isFatal || connection.foreign === 'client') return undefined;
    const asking = this.#ask(connection, params, options);
    const hasTools = asking.then(
      (page) => page !== undefined,
      () => false,
    );
    this.#hasTools.set(connection, hasTools);
    return asking;
  }

  async #ask(
    connection: Connection,
    params: PageParams,
    options: RequestOptions,
  ): Promise<ListToolsResult | undefined> {
    const timeout = Math.min(options.timeout ?? SILENCE_MS, SILENCE_MS);
    try {
      const page = await request(connection, params, { ...options, timeout });
      if (page.tools.length === 0) return undefined;
      this.#report(page);
      return page;
    } catch (error) {
      const isLost = connection.ended || connection.end !== undefined;
      if (isLost) this.#isFatal = true;
      else if (options.signal?.aborted === true) this.#hasTools.delete(connection);
      else return undefined;
      throw error;
    }
  }

  #report({ tools }: ListToolsResult): void {
    const findings = new Findings();
    for (const { name } of tools) findings.add('unannounced-tools', name);
    this.#oddities.report('its answer to tools/list', findings);
  }
}

function request(
  connection: Connection,
  params: PageParams,
  options: RequestOptions,
): Promise<ListToolsResult> {
  const method = 'tools/list';
  return listWhole(connection, method, () => connection.client.request({ method, params }, options));
}

/** Asks for a list in which entries keep members that the official client does not know. */
export async function listWhole<T extends object>(
  { lists }: Connection,
  method: string,
  ask: () => Promise<T>,
): Promise<T> {
  const done = lists?.wantWhole(method);
  try {
    return withWholeEntries(await ask());
  } finally {
    done?.();
  }
}

/** The error that the official client throws when it lists. */
function tooManyPages(maxPages: number): Error {
  const method = 'tools/list';
  const { ListPaginationExceeded } = official.SdkErrorCode;
  return new official.SdkError(ListPaginationExceeded, `${method}: more than ${maxPages} pages`, {
    method,
    listMaxPages: maxPages,
  });
}
