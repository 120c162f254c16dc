import { PlenumError } from '../errors/plenum-error.ts';
import { checkBoolean, checkText, isRecord } from '../internal/checks.ts';
import type { ServerSpec } from '../server-spec.ts';
import { checkConnectConcurrency, type ConnectConcurrency } from '../session/connection/connect-gate.ts';
import { resolveSessionOptions, type SessionOptions } from '../session/session-options.ts';
import type { CatalogCache } from './cache/catalog-cache.ts';
import type { Naming } from './catalog/catalog.ts';
import { checkInterceptors, type ToolInterceptor } from './interceptors/interceptors.ts';
import { checkNaming, type GroupServerOptions } from './server-options.ts';
import type { SourcedServer } from './members/session-source.ts';

/**
 * A server of a group: its spec, with session options of its own beside it if need be, which win over the group's; or a
 * source that lends sessions.
 */
export type GroupServerSpec =
  (ServerSpec & Omit<SessionOptions, 'name'> & GroupServerOptions) | SourcedServer;

/** Options of a group; the session options among them hold for every server that has none of its own. */
export interface GroupOptions extends Omit<SessionOptions, 'name'> {
  /**
   * How exposed names are made.
   * @default 'prefixed'
   */
  naming?: Naming;
  /**
   * How many servers may be coming up at a time; the others wait for their turn. One that takes longer than 2 s
   * gives its place to the next and goes on beside it (docs/decisions/0005).
   */
  concurrency?: ConnectConcurrency;
  /**
   * Where the catalogs of lazy servers are kept, such as `fileCatalogCache(path)`.
   * @default a memory of the group's own
   */
  catalogCache?: CatalogCache;
  /** Functions around every tool call of the group, the outermost first. */
  interceptors?: readonly ToolInterceptor[];
}

export interface GroupConnectOptions extends GroupOptions {
  servers: Readonly<Record<string, GroupServerSpec>>;
  /**
   * Whether one server that is not ready in time fails the whole.
   * @default false
   */
  strict?: boolean;
  /** Gives up and unwinds what has opened. */
  signal?: AbortSignal;
}

/** Checks a group's options. Throws `CONFIG_INVALID`. */
export function checkGroupOptions(options: GroupOptions): void {
  const given: unknown = options;
  if (!isRecord(given)) throw new PlenumError('CONFIG_INVALID', 'Group options must be an object.');
  resolveSessionOptions(options);
  const { naming, concurrency, catalogCache } = options;
  checkNaming(naming);
  checkConnectConcurrency(concurrency);
  checkInterceptors(options.interceptors);
  if (catalogCache === undefined) return;
  const cache: unknown = catalogCache;
  if (!isRecord(cache) || typeof cache['read'] !== 'function' || typeof cache['write'] !== 'function') {
    throw new PlenumError(
      'CONFIG_INVALID',
      'Option "catalogCache" must be a cache, such as fileCatalogCache(path).',
    );
  }
}

/** Checks what `SessionGroup.connect` is given. Throws `CONFIG_INVALID`. */
export function checkConnectOptions(options: GroupConnectOptions): void {
  checkGroupOptions(options);
  checkBoolean('strict', options.strict);
  const servers: unknown = options.servers;
  if (!isRecord(servers)) {
    throw new PlenumError('CONFIG_INVALID', 'Option "servers" must be an object of server specs by name.');
  }
  for (const name of Object.keys(servers)) checkText('servers: the name of each', name);
}
