import { invalidOption } from '../errors/options.ts';
import { isRecord } from '../internal/checks.ts';
import { checkOptions, checkValue, readable, withoutUndefined } from '../options/check-options.ts';
import { text } from '../options/kinds.ts';
import { groupOptionsOfConfig, holdsConfig } from '../options/tables/config.ts';
import { groupConnectOptions, groupOptions } from '../options/tables/group.ts';
import type { ServerSpec } from '../server-spec.ts';
import type { ConnectConcurrency } from '../session/connection/connect-gate.ts';
import { resolveSessionOptions, type SessionOptions } from '../session/session-options.ts';
import type { CatalogCache } from './cache/catalog-cache.ts';
import type { Naming } from './catalog/catalog.ts';
import type { ToolInterceptor } from './interceptors/interceptors.ts';
import type { GroupEvent } from './group-events.ts';
import type { GroupServerOptions } from './server-options.ts';
import type { SourcedServer } from './members/session-source.ts';

/**
 * A server of a group: its spec, in which session options may stand that win over the group's; or a source that leases
 * sessions.
 */
export type GroupServerSpec =
  (ServerSpec & Omit<SessionOptions, 'name'> & GroupServerOptions) | SourcedServer;

/** Options of a group. The session options among them are the defaults of its servers. */
export interface GroupOptions extends Omit<SessionOptions, 'name'> {
  /**
   * How exposed names are made.
   * @default 'prefixed'
   */
  naming?: Naming;
  /**
   * How many servers may connect at a time; the others wait for their turn. One that takes longer than 2 s no longer
   * counts (docs/decisions/0005).
   */
  concurrency?: ConnectConcurrency;
  /**
   * Where the catalogs of lazy servers are cached, such as `fileCatalogCache(path)`.
   * @default a `memoryCatalogCache()` for this group
   */
  catalogCache?: CatalogCache;
  /**
   * Functions around every tool call of the group, the outermost first.
   * @default []
   */
  interceptors?: readonly ToolInterceptor[];
  /**
   * Called with each event of the group, from the very first one: while its servers connect, too. Nobody waits for it. The
   * first time that it throws or rejects, a `problem` event reports it; it is called with further events all the same.
   */
  onEvent?: (event: GroupEvent) => unknown;
}

/** Options of `SessionGroup.connect`. */
export interface GroupConnectOptions extends GroupOptions {
  /** The servers by name. */
  servers: Readonly<Record<string, GroupServerSpec>>;
  /**
   * Whether connecting fails when one server is not ready in time.
   * @default false
   */
  strict?: boolean;
  /** Cancels connecting: it rejects with `ABORTED`, and what was opened is closed. */
  signal?: AbortSignal;
}

/** Checks a group's options. Throws `CONFIG_INVALID`. */
export function checkGroupOptions(options: GroupOptions): void {
  readable('Group options', () => {
    if (isRecord(options) && options['servers'] !== undefined)
      throw invalidOption('servers', 'is for SessionGroup.connect(), which opens them');
    checkOptions(groupOptions, options, 'Group options');
    resolveSessionOptions(options);
  });
}

/**
 * Checks the options of `SessionGroup.connect`, and separates the group's options from the servers to connect. Throws
 * `CONFIG_INVALID`.
 */
export function resolveConnectOptions(given: GroupConnectOptions): {
  readonly options: GroupOptions;
  readonly connecting: Pick<GroupConnectOptions, 'servers' | 'strict' | 'signal'>;
} {
  const table = holdsConfig(given) ? groupOptionsOfConfig : groupConnectOptions;
  checkOptions(table, given, 'Group options');
  const { servers, ...all } = withoutUndefined(given);
  for (const name of Object.keys(servers)) checkValue('servers: the name of each', text, name);
  const options = Object.fromEntries(
    Object.entries(all).filter(([name]) => Object.hasOwn(groupOptions, name)),
  );
  return { options, connecting: { ...all, servers } };
}
