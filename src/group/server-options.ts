import { lazyOptions } from '../options/tables/server.ts';
import type { Exposure, Naming } from './catalog/catalog.ts';
import { createToolFilter, type ToolFilterOptions } from './catalog/tool-filter.ts';

/** Options of one server of a group, beside its spec and its session options. */
export interface GroupServerOptions extends ToolFilterOptions {
  /**
   * Whether the server runs only while it is used. Its entries come from the group's catalog cache; the first call to it
   * starts it, and after `idleMs` without calls it is ended.
   * @default false
   */
  lazy?: boolean | LazyOptions;
  /**
   * How this server's exposed names are made.
   * @default the group's
   */
  naming?: Naming;
  /**
   * Who shares one session with this server when a gateway serves it. A group itself passes it over.
   * @default 'client'
   */
  isolation?: Isolation;
  /**
   * Whose credentials this server is sent when a gateway serves it. A group itself passes it over.
   * @default 'gateway'
   */
  upstreamAuth?: UpstreamAuth;
  /**
   * Headers of a client's requests that this server is sent, too, when a gateway serves it, such as `X-Tenant`. A group
   * itself passes it over.
   * @default none
   */
  forwardHeaders?: readonly string[];
}

/** Whose credentials a server behind a gateway is sent: the gateway's own, or those of each user. */
export type UpstreamAuth = 'gateway' | 'user';

/**
 * Who shares one session with a server: nobody (`client`), the clients of one principal (`principal`), or all clients
 * (`shared`). A shared session is offered no sampling, elicitation or roots, as nobody could tell whose they are.
 */
export type Isolation = 'client' | 'principal' | 'shared';

/** When a lazy server is opened and ended. */
export interface LazyOptions {
  /**
   * What happens to a server that the catalog cache does not know: it is opened once, to see what it offers
   * (`if-unknown`); or it is not (`never`), and offers nothing until `refresh({ server })`, `ping({ server })`,
   * `reconnect()` or a call on its session opens it.
   * @default 'if-unknown'
   */
  connect?: 'if-unknown' | 'never';
  /**
   * How long a server is kept without calls, in milliseconds, or `Infinity`. While there is a resource subscription, it is
   * kept, too.
   * @default 300000
   */
  idleMs?: number;
}

/** {@link GroupServerOptions} with the defaults filled in. */
export interface ResolvedServerOptions {
  /** Undefined when the server is not lazy. */
  readonly idleMs: number | undefined;
  /** Whether a lazy server is opened when the cache does not know what it lists. */
  readonly opensToList: boolean;
  readonly exposure: Exposure;
}

/** Fills in the defaults of options that have been checked. Throws `CONFIG_INVALID` for a glob that cannot be used. */
export function resolveServerOptions(options: GroupServerOptions, byDefault: Naming): ResolvedServerOptions {
  const { lazy = false, naming, allow, deny } = options;
  const { idleMs, connect }: LazyOptions = typeof lazy === 'object' ? lazy : {};
  return {
    idleMs: lazy === false ? undefined : (idleMs ?? lazyOptions.idleMs.default),
    opensToList: connect !== 'never',
    exposure: {
      naming: naming ?? byDefault,
      offersTool: createToolFilter(options),
      filter: { ...(allow !== undefined && { allow }), ...(deny !== undefined && { deny }) },
    },
  };
}
