import type { Implementation } from '@modelcontextprotocol/server';
import {
  gatewayCannotForward,
  gatewayCannotSignInUsers,
  gatewayLockOfGroup,
  gatewayOnAddress,
  gatewayServerIsOne,
  gatewayWithout,
  gatewayWithTooMany,
} from '../errors/gateway.ts';
import { PlenumError } from '../errors/plenum-error.ts';
import { inServer, invalidOption, optionConflict } from '../errors/options.ts';
import type { CatalogCache } from '../group/cache/catalog-cache.ts';
import type { Naming } from '../group/catalog/catalog.ts';
import type { TokenStore } from '../auth/store/token-store.ts';
import type { GroupServerOptions, Isolation, UpstreamAuth } from '../group/server-options.ts';
import type { SessionGroup } from '../group/session-group.ts';
import { checkOptions, withDefaults, withoutUndefined } from '../options/check-options.ts';
import { defaultsOf } from '../options/kinds.ts';
import {
  gatewayLimitOptions,
  gatewayOptions,
  gatewayServerOptions,
  gatewaySessionOptions,
  gatewaySignInOptions,
} from '../options/tables/gateway.ts';
import type { ManagedServerSpec } from '../manager/pool/managed-server.ts';
import type { ServerSpec, UrlServerSpec } from '../server-spec.ts';
import type { ConnectConcurrency } from '../session/connection/connect-gate.ts';
import type { DefinitionLock } from '../session/lock/definition-lock.ts';
import type { SessionOptions } from '../session/session-options.ts';
import type { GatewayAudit } from './audit/audit-log.ts';
import { resolveCluster, type GatewayCluster, type ResolvedCluster } from './cluster/cluster-options.ts';
import { checkAuth, type GatewayAuth } from './identity/auth-options.ts';
import { compileClientRules } from './policy/client-policy.ts';
import type { ClientRule } from './policy/client-rule.ts';

/** A server behind a gateway: its spec, in which session options may stand. Its handlers are the gateway's. */
export type GatewayServer = ServerSpec &
  Omit<SessionOptions, 'name' | 'capabilities' | `on${string}`> &
  Omit<GroupServerOptions, 'lazy' | 'isolation' | 'upstreamAuth' | 'forwardHeaders'> & {
    /**
     * Who shares one session with this server: nobody (`client`), the clients of one principal (`principal`), or all clients
     * (`shared`).
     * @default 'client', and 'shared' for a server object in this process, which has one connection
     */
    isolation?: Isolation;
    /**
     * Whose credentials the server is sent: those of `auth` for everybody (`gateway`), or those of each principal, who signs in
     * once for all servers of an issuer (`user`). Then `oauth()` as `auth` says how this client is known to the authorization
     * server; any other `auth` only serves to list the server. Not with the isolation `shared`, and over HTTP only.
     * @default 'gateway'
     */
    upstreamAuth?: UpstreamAuth;
    /**
     * Headers of a client's requests that this server is sent, too, such as `X-Tenant`: of a client of an older revision those
     * of its `initialize`. Clients whose values differ share no session with the server. Not what a client shows of who it is
     * (`Authorization`, `Cookie`, `X-Api-Key`), nor what belongs to the connection or to MCP. Not with the isolation `shared`,
     * and over HTTP only.
     * @default none
     */
    forwardHeaders?: readonly string[];
  };

/** How users sign in to servers with `upstreamAuth: 'user'`. */
export interface GatewaySignIn {
  /**
   * The file in which the tokens of users are kept, for their owner alone (mode 0600).
   * @default a memory of the gateway's; `plenum serve` has a file beside those of the command line's own tokens
   */
  file?: string;
  /** Encrypts the file (AES-256-GCM): 32 bytes, or these in base64. */
  key?: string | Uint8Array;
  /** In place of a file: where the tokens of users are kept. */
  store?: TokenStore;
  /**
   * The URL of the endpoint as browsers know it; the pages of sign-ins are below it.
   * @default the URL that the client used
   */
  url?: string;
  /**
   * Says who uses a browser, by what it shows (such as the cookie of a single sign-on): the principal, or undefined for nobody
   * that is known. Only that principal can sign in then. Without it the page asks the user whether it is for them.
   */
  identify?: (request: Request) => Awaitable<string | undefined>;
  /**
   * How long a user may take to sign in, in milliseconds.
   * @default 300000
   */
  timeoutMs?: number;
  /**
   * How many sign-ins may be open at a time; each principal has one for a server at most.
   * @default 1000
   */
  max?: number;
}

/** @inline */
type Awaitable<T> = T | Promise<T>;

/** Bounds of the sessions of clients that speak a revision before 2026-07-28. */
export interface GatewaySessionOptions {
  /**
   * How long a session is kept without a request and without an open stream, in milliseconds; `Infinity` for ever.
   * @default 1800000
   */
  idleMs?: number;
  /**
   * How many sessions there may be; a further `initialize` is answered with 503.
   * @default 10000
   */
  max?: number;
  /**
   * How many sessions one principal may have; a further `initialize` is answered with 429.
   * @default 1000
   */
  maxPerPrincipal?: number;
  /**
   * How much of what was sent is kept for each session, in bytes, so that a stream that broke can be resumed.
   * @default 262144
   */
  maxEventBytes?: number;
}

export interface GatewayLimits {
  /**
   * The largest body of a request, and over stdio the longest line, in bytes.
   * @default 4194304
   */
  bodyBytes?: number;
  /**
   * How long the head of a request may take to come in, in milliseconds; for `listen`, as the next three.
   * @default 30000
   */
  headersMs?: number;
  /**
   * How long a whole request may take to come in, in milliseconds.
   * @default 60000
   */
  requestMs?: number;
  /**
   * How long a connection is kept without a request, in milliseconds.
   * @default 75000
   */
  keepAliveMs?: number;
  /**
   * How many connections there may be; further ones are closed at once.
   * @default 10000
   */
  connections?: number;
  /**
   * How many sessions with servers there may be in all.
   * @default 256
   */
  upstreamSessions?: number;
  /**
   * How many sessions with one server there may be.
   * @default 64
   */
  upstreamSessionsPerServer?: number;
  /**
   * How long a client's session with a server is kept without a call, in milliseconds; `Infinity` for ever.
   * @default 600000
   */
  upstreamIdleMs?: number;
  /**
   * How many calls may wait for a client's answer to `input_required`.
   * @default 1000
   */
  parkedCalls?: number;
  /**
   * How long a call waits for such an answer, and how long a client may take to answer what it is asked in a call, in milliseconds.
   * @default 600000
   */
  parkedMs?: number;
  /**
   * How many resources one client may subscribe to.
   * @default 1000
   */
  subscriptions?: number;
  /**
   * How many entries one page of a list has.
   * @default 500
   */
  pageSize?: number;
}

/** Key and certificate of a gateway that speaks HTTPS. */
export interface GatewayTls {
  /** The key, as PEM, or the path of a file that holds it. */
  key: string | Buffer;
  /** The certificate, with those between it and the authority, as PEM, or the path of a file that holds them. */
  cert: string | Buffer;
}

export interface GatewayOptions {
  /** The servers by name. Either these or `group`. */
  servers?: Readonly<Record<string, GatewayServer>>;
  /** A group that is open already: the gateway does not close it, and all clients share its sessions. */
  group?: SessionGroup;
  /**
   * How tools and prompts are named: `server__tool`, as the server names them (`bare`), or by a function.
   * @default 'prefixed'
   */
  naming?: Naming;
  /**
   * Who may come in. Without it the gateway listens on loopback addresses only, and all clients are one principal.
   */
  auth?: GatewayAuth;
  /**
   * How users sign in to servers with `upstreamAuth: 'user'`.
   * @default {}
   */
  signIn?: GatewaySignIn;
  /** Where each call of a tool, prompt or resource is noted. */
  audit?: GatewayAudit;
  /** Makes several gateways one, which share what they keep in Redis 7. Needs the package `redis`. */
  cluster?: GatewayCluster;
  /**
   * What clients may see and do: the first rule counts that is for a client. One that none is for may do nothing.
   * @default every client may see and do everything
   */
  clients?: readonly ClientRule[];
  /**
   * Host names that requests may be sent to, without port; requests to others are refused with 403.
   * @default the loopback names and the host that `listen` is given
   */
  hosts?: readonly string[];
  /**
   * Origins of web pages whose scripts may use the gateway, beside loopback ones, such as `https://app.example.com`.
   * @default []
   */
  origins?: readonly string[];
  /**
   * Whether there is one proxy before the gateway, which says in `X-Forwarded-Host`, `-Proto` and `-For` what the client sent.
   * Else these headers count for nothing. Behind more than one, the last has to pass on what the first one said.
   * @default false
   */
  trustProxy?: boolean;
  /** Makes `listen` speak HTTPS. */
  tls?: GatewayTls;
  /**
   * What clients are told the gateway is called.
   * @default { name: 'mcp-plenum', version: '0.0.0' }
   */
  serverInfo?: Implementation;
  /** What clients are told of how to use the gateway. */
  instructions?: string;
  /**
   * Bounds of the sessions of clients that speak a revision before 2026-07-28.
   * @default {}
   */
  sessions?: GatewaySessionOptions;
  /**
   * Bounds of everything else.
   * @default {}
   */
  limits?: GatewayLimits;
  /**
   * Where the catalogs of servers are cached, so that a process need not be started to be listed.
   * @default a memory of the group's own
   */
  catalogCache?: CatalogCache;
  /** How many servers may connect at a time when the gateway is made; the others wait for their turn. */
  concurrency?: ConnectConcurrency;
  /**
   * What was approved of servers, such as `fileLock(path)` of `mcp-plenum/trust`: what differs is neither started, listed nor
   * used, for no client. Not with `group`, which has its own.
   */
  lock?: DefinitionLock;
  /** Cancels starting; what was opened is closed, and `createGateway` rejects with `ABORTED`. */
  signal?: AbortSignal;
}

/** The options of a gateway that can change while it runs. */
export type GatewaySettings = Pick<
  GatewayOptions,
  'clients' | 'hosts' | 'origins' | 'serverInfo' | 'instructions' | 'sessions' | 'limits'
>;

/** Of these the parts of a gateway have the same `sessions` and `limits`, whose values change when the settings do. */
export interface ResolvedGatewayOptions extends ResolvedGatewaySettings {
  readonly auth: GatewayAuth | undefined;
  readonly trustProxy: boolean;
  readonly tls: GatewayTls | undefined;
  readonly cluster: ResolvedCluster | undefined;
  readonly signIn: GatewaySignIn & Required<Pick<GatewaySignIn, 'timeoutMs' | 'max'>>;
}

export interface ResolvedGatewaySettings {
  readonly clients: readonly ClientRule[] | undefined;
  readonly hosts: readonly string[] | undefined;
  readonly origins: readonly string[];
  readonly serverInfo: Implementation;
  readonly instructions: string | undefined;
  readonly sessions: Required<GatewaySessionOptions>;
  readonly limits: Required<GatewayLimits>;
}

/** Checks the options and fills in the defaults. Throws `CONFIG_INVALID`. */
export function resolveGatewayOptions(options: GatewayOptions): ResolvedGatewayOptions {
  checkOptions(gatewayOptions, options, 'Gateway options');
  if (options.servers === undefined && options.group === undefined) throw gatewayWithout();
  if (options.servers !== undefined && options.group !== undefined) throw gatewayWithTooMany();
  if (options.lock !== undefined && options.group !== undefined) throw gatewayLockOfGroup();
  if (options.auth !== undefined) checkAuth(options.auth);
  if (options.signIn !== undefined) checkSignIn(options.signIn);
  return {
    auth: options.auth,
    trustProxy: options.trustProxy ?? gatewayOptions.trustProxy.default,
    tls: options.tls,
    cluster: options.cluster && resolveCluster(options.cluster),
    signIn: {
      ...options.signIn,
      timeoutMs: options.signIn?.timeoutMs ?? gatewaySignInOptions.timeoutMs.default,
      max: options.signIn?.max ?? gatewaySignInOptions.max.default,
    },
    ...resolved(options),
  };
}

function checkSignIn({ file, key, store }: GatewaySignIn): void {
  if (store !== undefined && file !== undefined) throw optionConflict('store', 'file', 'which is a store');
  if (key !== undefined && file === undefined) throw invalidOption('key', 'needs "file", which it encrypts');
}

/** The same for the options that can change. */
export function resolveGatewaySettings(settings: GatewaySettings): ResolvedGatewaySettings {
  const { clients, hosts, origins, serverInfo, instructions, sessions, limits } = gatewayOptions;
  checkOptions(
    { clients, hosts, origins, serverInfo, instructions, sessions, limits },
    settings,
    'Settings of a gateway',
  );
  return resolved(settings);
}

function resolved(options: GatewaySettings): ResolvedGatewaySettings {
  // Their globs are checked before anything changes.
  compileClientRules(options.clients);
  return {
    clients: options.clients,
    hosts: options.hosts,
    origins: options.origins ?? [],
    serverInfo: options.serverInfo ?? gatewayOptions.serverInfo.default,
    instructions: options.instructions,
    sessions: withDefaults(defaultsOf(gatewaySessionOptions), options.sessions),
    limits: withDefaults(defaultsOf(gatewayLimitOptions), options.limits),
  };
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** Throws `CONFIG_INVALID` for an address that other machines reach, unless it is known who may come in. */
export function checkAddress(host: string, auth: GatewayAuth | undefined): void {
  if (auth === undefined && !LOOPBACK.test(host)) throw gatewayOnAddress(host);
}

/** How long the process over which a server is listed is kept without a request, in milliseconds. */
const LISTING_IDLE_MS = 5_000;

/** A server's options, by who needs them. */
export interface SplitServer {
  readonly isolation: Isolation;
  readonly inGroup: GroupServerOptions;
  readonly spec: ManagedServerSpec;
  /** How its users sign in; undefined when they do not. */
  /** The headers of clients that it is sent. */
  readonly forwards: readonly string[];
  readonly userAuth: { readonly url: string; readonly auth: UrlServerSpec['auth'] } | undefined;
}

/** A server object in this process has one connection; a function makes a server for each. */
function canOpenMany(server: GatewayServer): boolean {
  return !('server' in server) || typeof server.server === 'function';
}

/** Separates what a gateway and a group want to know of a server from what its sessions need. Throws `CONFIG_INVALID`. */
export function splitServer(name: string, server: GatewayServer): SplitServer {
  try {
    return split(server);
  } catch (error) {
    throw error instanceof PlenumError ? inServer(name, error) : error;
  }
}

function split(server: GatewayServer): SplitServer {
  const {
    isolation = canOpenMany(server) ? 'client' : 'shared',
    naming,
    allow,
    deny,
    upstreamAuth,
    forwardHeaders,
    ...spec
  } = server;
  checkOptions(
    gatewayServerOptions,
    withoutUndefined({ isolation, naming, allow, deny, upstreamAuth, forwardHeaders }),
    'A server of a gateway',
  );
  if (isolation !== 'shared' && !canOpenMany(server)) throw gatewayServerIsOne(isolation);
  return {
    isolation,
    inGroup: {
      // The process over which a server is listed ends soon: clients get processes of their own.
      ...('command' in server && isolation !== 'shared' && { lazy: { idleMs: LISTING_IDLE_MS } }),
      ...(naming !== undefined && { naming }),
      ...(allow !== undefined && { allow }),
      ...(deny !== undefined && { deny }),
    },
    spec,
    userAuth: upstreamAuth === 'user' ? userAuthOf(server, isolation) : undefined,
    forwards: forwardedNames(server, forwardHeaders ?? [], isolation),
  };
}

/** In small letters, and each once. */
function forwardedNames(server: GatewayServer, given: readonly string[], isolation: Isolation): string[] {
  if (given.length === 0) return [];
  if (isolation === 'shared') throw gatewayCannotForward('cannot have the isolation "shared"');
  if (!('url' in server) || !/^https?:/i.test(String(server.url)))
    throw gatewayCannotForward('must have an http or https URL');
  const names = [...new Set(given.map((name) => name.toLowerCase()))];
  const own = Object.keys(server.headers ?? {}).map((name) => name.toLowerCase());
  const twice = names.find((name) => own.includes(name));
  if (twice !== undefined) throw gatewayCannotForward(`cannot have "${twice}" in its "headers" as well`);
  return names;
}

function userAuthOf(server: GatewayServer, isolation: Isolation): SplitServer['userAuth'] {
  if (isolation === 'shared') throw gatewayCannotSignInUsers('shared');
  if (!('url' in server) || !/^https?:/i.test(String(server.url))) throw gatewayCannotSignInUsers('no-url');
  return { url: String(server.url), auth: server.auth };
}
