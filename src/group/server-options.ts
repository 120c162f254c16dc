import { lazyOptions } from '../options/tables/server.ts';
import type { Exposure, Naming } from './catalog/catalog.ts';
import { createToolFilter, type ToolFilterOptions } from './catalog/tool-filter.ts';

/** What a group may be told about one of its servers, beside how it is reached. */
export interface GroupServerOptions extends ToolFilterOptions {
  /**
   * Whether the server is up only while it is used: what it offers is shown from the group's catalog cache, the first
   * call that needs it starts it, and it is ended when it was not used for a while.
   * @default false
   */
  lazy?: boolean | LazyOptions;
  /**
   * How this server's exposed names are made.
   * @default the group's
   */
  naming?: Naming;
}

export interface LazyOptions {
  /**
   * How long a server is kept without calls, in milliseconds; `Infinity` for ever. One with an active resource
   * subscription stays.
   * @default 300000
   */
  idleMs?: number;
}

/** What the options of one server come to. */
export interface ResolvedServerOptions {
  /** Undefined when the server is always up. */
  readonly idleMs: number | undefined;
  readonly exposure: Exposure;
}

/** Fills in the defaults of what a group is told about one server, which is checked. Throws `CONFIG_INVALID` for globs. */
export function resolveServerOptions(options: GroupServerOptions, byDefault: Naming): ResolvedServerOptions {
  const { lazy = false, naming } = options;
  const idleMs = typeof lazy === 'object' ? lazy.idleMs : undefined;
  return {
    idleMs: lazy === false ? undefined : (idleMs ?? lazyOptions.idleMs.default),
    exposure: { naming: naming ?? byDefault, offersTool: createToolFilter(options) },
  };
}
