import type { ConfigOAuthOptions } from '../../config/auth.ts';
import type { Config, ConfiguredServer } from '../../config/config.ts';
import { printRemark } from '../../config/read/findings.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { GroupConnectOptions } from '../../group/group-options.ts';
import { printable, suggestion } from '../../internal/text.ts';
import type { SessionManagerOptions } from '../../manager/manager-options.ts';
import type { OptionTable } from '../../options/kinds.ts';
import { groupConnectOptions } from '../../options/tables/group.ts';
import { managerOptions } from '../../options/tables/manager.ts';
import type { DefinitionLock } from '../../session/lock/definition-lock.ts';
import type { StdioServerSpec, UrlServerSpec } from '../../server-spec.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { UsageError } from '../exit-codes.ts';
import { consentOption } from '../questions/consent.ts';
import { inlineName, inlineSpec } from '../command-line/inline-server.ts';
import { createMatcher } from '../command-line/name-patterns.ts';
import { parseEnv } from '../command-line/options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { ServerOAuth } from '../../auth/oauth.ts';

/** The servers of a command, before they are opened. */
export interface ServerSet {
  readonly servers: Readonly<Record<string, ConfiguredServer>>;
  /** The servers whose configuration is invalid, with the error. */
  readonly broken: ReadonlyMap<string, PlenumError>;
  /** The options of a group that opens them. */
  readonly options: Omit<GroupConnectOptions, 'servers' | 'signal'>;
  /** The options of a manager of them. */
  readonly managerOptions: Omit<SessionManagerOptions, 'servers'>;
  /** The configuration that they come from; undefined for an inline server. */
  readonly config: Config | undefined;
  /** Called before a server of a configuration that was read again is opened. */
  readonly noteServer?: (name: string, server: ConfiguredServer) => void;
}

/** Only `plenum login` opens a browser. */
const NO_LOGIN: ConfigOAuthOptions = { interactive: false };

/**
 * Finds the inline server, or the servers of the configuration that `--server` chooses. `oauth` has the options for
 * logins.
 */
export async function findServers(
  invocation: Invocation,
  oauth: ConfigOAuthOptions = NO_LOGIN,
): Promise<ServerSet> {
  const { inline } = invocation;
  checkInlineOptions(invocation);
  if (inline !== undefined) {
    warnOfUnset(invocation);
    const spec = await withInlineAuth(inlineSpec(inline, invocation.options), oauth);
    const servers = await proxied({ [inlineName(inline)]: spec }, invocation.terminal);
    return {
      servers,
      broken: new Map(),
      options: { naming: 'bare' },
      managerOptions: {},
      config: undefined,
    };
  }
  const config = await readChosen(invocation, oauth);
  // A command shows which servers are not there, and goes on with the others: "strict" is for programs.
  const { servers, broken, strict: _, ...shared } = config;
  const locking = await lockBeside(config);
  const lock = locking === undefined ? {} : { lock: locking.lock };
  return {
    servers: await proxied(servers, invocation.terminal),
    broken: new Map(Object.entries(broken)),
    options: { ...optionsIn(groupConnectOptions, shared), ...lock },
    managerOptions: { ...optionsIn(managerOptions, shared), ...lock },
    config,
    noteServer: (name, server) => locking?.note(name, server),
  };
}

/** The lock beside a configuration; undefined when there is none. */
async function lockBeside({ path, servers }: Config): Promise<Locking | undefined> {
  const { lockFileBeside, unexpandedIn } = await import('./lock-beside.ts');
  const file = await lockFileBeside(path);
  if (file === undefined) return undefined;
  const { fileLock } = await import('../../trust/lock/file-lock.ts');
  const unexpanded = unexpandedIn(servers);
  return {
    lock: fileLock(file, { unexpanded }),
    note: (name, server) => void unexpandedIn({ [name]: server }, unexpanded),
  };
}

interface Locking {
  readonly lock: DefinitionLock;
  readonly note: (name: string, server: ConfiguredServer) => void;
}

/** The options that a table has: a file may have options for groups and for managers, which refuse each other's. */
function optionsIn<T extends object>(table: OptionTable, options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(table, name))) as T;
}

/** Servers with the proxies that the environment names. */
export async function proxied(
  servers: Readonly<Record<string, ConfiguredServer>>,
  terminal: Terminal,
): Promise<Readonly<Record<string, ConfiguredServer>>> {
  if (!Object.values(servers).some((server) => 'url' in server)) return servers;
  const { withEnvironmentProxy } = await import('./environment-proxy.ts');
  return Object.fromEntries(
    Object.entries(servers).map(([name, server]) => [name, withEnvironmentProxy(server, terminal)]),
  );
}

/**
 * Gives an inline URL the same OAuth credentials as a server of the configuration, unless it has an Authorization
 * header.
 */
async function withInlineAuth(
  spec: StdioServerSpec | UrlServerSpec,
  options: ConfigOAuthOptions,
): Promise<ConfiguredServer> {
  if (!('url' in spec) || !/^https?:/i.test(String(spec.url))) return spec;
  if (Object.keys(spec.headers ?? {}).some((name) => name.toLowerCase() === 'authorization')) return spec;
  const { authOf } = await import('../../config/auth.ts');
  const context = { workspace: process.cwd(), env: process.env, oauth: options };
  return { ...spec, auth: await authOf({ type: 'oauth' }, context) };
}

function checkInlineOptions({ inline, options }: Invocation): void {
  const { config, server, header, env } = options;
  if (inline !== undefined && (config !== undefined || server.length > 0))
    throw new UsageError('--config and --server cannot be used together with a server on the command line.');
  const isUrl = inline !== undefined && 'url' in inline;
  if (header.length > 0 && !isUrl)
    throw new UsageError(
      '--header is for a URL on the command line; for others, write "headers" in the configuration.',
    );
  if (env.length > 0 && (inline === undefined || isUrl))
    throw new UsageError('--env is for a command after --; for others, write "env" in the configuration.');
}

/** Warns of variables that are to be passed on but are not set: their names are probably misspelt. */
function warnOfUnset({ options, terminal }: Invocation): void {
  const unset = parseEnv(options.env).inheritEnv.filter((name) => process.env[name] === undefined);
  for (const name of unset)
    terminal.warn(`--env ${name}: this variable is not set, so it cannot be passed on.`);
}

/** Loads the configuration of `--config`, or the nearest one, with the servers that `--server` chooses. */
async function readChosen(invocation: Invocation, oauth: ConfigOAuthOptions): Promise<Config> {
  const { options, terminal } = invocation;
  const { loadConfig } = await import('../../config/load-config.ts');
  const { askForInput } = await import('../questions/ask.ts');
  const names = new Set<string>();
  const isChosen = createMatcher(options.server);
  const config = await loadConfig({
    oauth,
    tolerant: true,
    only: (name) => {
      names.add(name);
      return isChosen(name);
    },
    ...(options.config !== undefined && { path: options.config }),
    ...consentOption(invocation),
    ...(terminal.interactive && { prompt: (input) => askForInput(terminal, input) }),
  });
  terminal.detail(`Configuration: ${config.path}`);
  reportWarnings(terminal, config);
  await checkChoice(config, options.server, names);
  return config;
}

/** Throws when a pattern of `--server` matches no server. `names` has the names of all servers. */
async function checkChoice(
  { servers, broken, disabled, path }: Config,
  patterns: readonly string[],
  names: ReadonlySet<string>,
): Promise<void> {
  const usable = [...Object.keys(servers), ...Object.keys(broken)];
  if (names.size === 0 || (patterns.length === 0 && usable.length === 0))
    throw new UsageError(`${path} has no servers${names.size > 0 ? ' that are enabled' : ''}.`);
  for (const pattern of patterns) {
    const matches = createMatcher([pattern]);
    if (usable.some((name) => matches(name))) continue;
    const why = disabled.some((name) => matches(name)) ? 'is disabled in' : 'matches no server of';
    throw new UsageError(`"${printable(pattern)}" ${why} ${path}.${suggestion(pattern, names)}`);
  }
}

/** How many warnings are shown; `plenum config check` shows all. */
const MAX_WARNINGS = 5;

function reportWarnings(terminal: Terminal, { path, warnings }: Config): void {
  for (const warning of warnings.slice(0, MAX_WARNINGS)) terminal.warn(printRemark(warning));
  const more = warnings.length - MAX_WARNINGS;
  if (more > 0) terminal.warn(`${path}: and ${more} more, see: plenum config check`);
}

/** The OAuth credentials of a server; undefined for a server without OAuth. */
export function signInOf(spec: ConfiguredServer): ServerOAuth | undefined {
  if (!('url' in spec) || spec.auth === undefined || !('token' in spec.auth)) return undefined;
  const credentials = spec.auth.forServer?.(new URL(spec.url));
  return credentials !== undefined && isServerOAuth(credentials) ? credentials : undefined;
}

function isServerOAuth(credentials: object): credentials is ServerOAuth {
  return 'authorize' in credentials && 'signOut' in credentials && 'status' in credentials;
}
