import type { Client, ListToolsResult, RequestOptions } from '@modelcontextprotocol/client';
import { Findings, type OddityLog } from '../../reading/oddities.ts';
import type { Connection } from '../connection/connection.ts';
import type { ListPages, PageParams } from './list-pages.ts';

/** How long an answer is waited for, in milliseconds: most servers that have no tools do not know the method. */
const SILENCE_MS = 2_000;

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
  readonly #pages: ListPages;
  /** What each connection that was asked has. */
  readonly #hasTools = new WeakMap<Connection, Promise<boolean>>();
  /** Whether a connection ended while it was asked: the server may have died of it, so none is asked again. */
  #isFatal = false;

  constructor(oddities: OddityLog, pages: ListPages) {
    this.#oddities = oddities;
    this.#pages = pages;
  }

  /** All pages; undefined when the server has no tools, or does not say so soon. */
  async list(
    connection: Connection,
    params: PageParams,
    options: RequestOptions,
  ): Promise<ListToolsResult | undefined> {
    const first = await this.page(connection, params, options);
    return first && this.#pages.addFollowing(first, connection, 'tools/list', params, options);
  }

  /** One page; undefined as in `list`. */
  async page(
    connection: Connection,
    params: PageParams,
    options: RequestOptions,
  ): Promise<ListToolsResult | undefined> {
    const known = this.#hasTools.get(connection);
    if (known !== undefined)
      return (await known) ? this.#pages.page(connection, 'tools/list', params, options) : undefined;
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
      const page = await this.#pages.page(connection, 'tools/list', params, { ...options, timeout });
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
