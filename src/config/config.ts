import type { PlenumError } from '../errors/plenum-error.ts';
import type { AskConsent } from './consent/consent-request.ts';
import type { ConfigOAuthOptions } from './auth.ts';
import type { Environment } from './environment.ts';
import type {
  HealthOptions,
  ProtocolChoice,
  ReconnectOptions,
  StdioServerSpec,
  UrlServerSpec,
} from '../server-spec.ts';
import type { ConfigRemark } from '../errors/registry.ts';

export type { ConfigRemark, ConfigProblem } from '../errors/registry.ts';

/**
 * A configuration that was read, checked and expanded. It is what `SessionGroup.connect` and `new SessionManager`
 * take.
 */
export interface Config extends ConfiguredGroup {
  /** What the file says for `plenum serve`; undefined when it says nothing. */
  gateway?: ConfiguredGateway;
  /** The servers by name, without those that the file disables. */
  servers: Record<string, ConfiguredServer>;
  /** With `tolerant`: the servers that cannot be used, each with a `CONFIG_INVALID` that says why. Otherwise empty. */
  broken: Record<string, PlenumError>;
  /** Names of the servers that the file disables. */
  disabled: string[];
  /** The file that was read. */
  path: string;
  /** What is probably a mistake but can be ignored, such as unknown keys. */
  warnings: ConfigWarning[];
}

/** A server of a file: its spec and its own options. */
export type ConfiguredServer = (StdioServerSpec | UrlServerSpec) & ConfiguredServerOptions;

/** The options of one server in a file, beside its spec. */
export interface ConfiguredServerOptions {
  /**
   * Whether the server is open only while it is used: the first call that needs it opens it, and `idleMs`
   * milliseconds without a call close it.
   */
  lazy?: boolean | { idleMs?: number };
  /** How the names of this server's tools and prompts are exposed. */
  naming?: ConfiguredNaming;
  /** Globs on the server's own tool names: only tools that match one of them are exposed. */
  allow?: string[];
  /** Globs on the server's own tool names: tools that match one of them are not exposed, even if `allow` matches. */
  deny?: string[];
  /** In a gateway, who shares one session with this server. */
  isolation?: 'client' | 'principal' | 'shared';
  /** In a gateway, whose credentials this server is sent. */
  upstreamAuth?: 'gateway' | 'user';
  /** In a gateway, headers of a client's requests that this server gets, too. */
  forwardHeaders?: string[];
  maxWaitingCalls?: number;
  maxInputRounds?: number;
  maxPages?: number;
}

export type ConfiguredNaming = 'prefixed' | 'bare';

/** The section `plenum` of a file: options for all servers. */
export interface ConfiguredGroup {
  naming?: ConfiguredNaming;
  strict?: boolean;
  concurrency?: { processes?: number; remote?: number };
  timeoutMs?: number;
  connectTimeoutMs?: number;
  protocol?: ProtocolChoice;
  reconnect?: boolean | ReconnectOptions;
  health?: boolean | HealthOptions;
  maxWaitingCalls?: number;
  maxInputRounds?: number;
  maxPages?: number;
  /** For a `SessionManager`. */
  pool?: ConfiguredPool;
  /** For a `SessionManager`. */
  retry?: boolean | { attempts?: number; delayMs?: number; maxDelayMs?: number; deadlineMs?: number };
  /** For a `SessionManager`. */
  circuit?: boolean | { failures?: number; openMs?: number };
  /** For a `SessionManager`. */
  closeTimeoutMs?: number;
}

/** The section `gateway` of a file: how `plenum serve` serves the servers. */
export interface ConfiguredGateway {
  /** Where to listen. */
  listen?: { port?: number; host?: string; path?: string };
  /** Host names that requests may be sent to, without port. */
  hosts?: string[];
  /** Origins of web pages whose scripts may use the gateway. */
  origins?: string[];
  /** Whether there is one proxy before the gateway that says what the client sent. */
  trustProxy?: boolean;
  /** Speaks HTTPS, with a key and a certificate: each as PEM or as the path of a file that holds it. */
  tls?: { key: string; cert: string };
  /** What clients are told the gateway is called. */
  serverInfo?: { name: string; version: string; title?: string };
  /** What clients are told of how to use the gateway. */
  instructions?: string;
  /** How users sign in to servers with `upstreamAuth: "user"`. */
  signIn?: { file?: string; key?: string; url?: string; timeoutMs?: number; max?: number };
  /** Where each call is noted. */
  audit?: {
    /** The path of the log. */
    file?: string;
    key?: string;
    maxBytes?: number;
    maxFiles?: number;
    maxQueued?: number;
    whenFailing?: 'continue' | 'refuse';
  };
  /** Makes several gateways one, which share what they keep in Redis. */
  cluster?: {
    url?: string;
    nodeId?: string;
    advertise?: string;
    secrets: string[];
    prefix?: string;
    leaseMs?: number;
  };
  /** Who may come in. */
  auth?: {
    /** The path of a file of API keys. */
    keys?: string;
    oauth?: {
      issuer: string | string[];
      resource?: string;
      audience?: string | string[];
      scopes?: string[];
      jwksUri?: string;
      algorithms?: string[];
      clockToleranceMs?: number;
    };
  };
  /** What clients may see and do: the first rule counts that is for a client. */
  clients?: ConfiguredClientRule[];
  /** Bounds of the sessions of clients that speak a revision before 2026-07-28. */
  sessions?: { idleMs?: number; max?: number; maxPerPrincipal?: number; maxEventBytes?: number };
  /** Bounds of everything else. */
  limits?: {
    bodyBytes?: number;
    headersMs?: number;
    requestMs?: number;
    keepAliveMs?: number;
    connections?: number;
    upstreamSessions?: number;
    upstreamSessionsPerServer?: number;
    upstreamIdleMs?: number;
    parkedCalls?: number;
    parkedMs?: number;
    subscriptions?: number;
    pageSize?: number;
  };
}

/** What some clients of a gateway may see and do. */
export interface ConfiguredClientRule {
  /** Whom it is for. What is given must all fit. */
  match?: {
    key?: string | string[];
    principal?: string | string[];
    scope?: string | string[];
    claim?: Record<string, string | number | boolean | (string | number | boolean)[]>;
  };
  /** Globs over names of servers. */
  servers?: string[];
  allow?: ConfiguredEntryRule[];
  deny?: ConfiguredEntryRule[];
  view?: 'tools' | 'search';
  rate?: {
    callsPerMinute?: number;
    callsPerToolPerMinute?: number;
    costPerMinute?: number;
    costs?: Record<string, number>;
  };
  approve?: ConfiguredEntryRule[];
}

/** A glob over names and URIs, or what a tool, prompt or resource must be like. */
export type ConfiguredEntryRule =
  | string
  | {
      kind?: 'tool' | 'prompt' | 'resource';
      name?: string | string[];
      server?: string | string[];
      readOnlyHint?: boolean;
      destructiveHint?: boolean;
    };

export interface ConfiguredPool {
  max?: number;
  maxPerServer?: number;
  maxWaiting?: number;
  acquireTimeoutMs?: number;
  idleMs?: number;
  maxAgeMs?: number;
  checkAfterMs?: number;
  leasesPerSession?: number;
  reportLeasesAfterMs?: number;
}

export type ConfigWarning = ConfigRemark;

/** A value that the user is asked for: `${input:id}`, described under `inputs`. */
export interface ConfigInput {
  readonly id: string;
  readonly type: 'promptString' | 'pickString';
  readonly description?: string;
  /** Whether the answer is hidden while it is typed. */
  readonly password: boolean;
  readonly default?: string;
  /** The choices of a `pickString`. */
  readonly options?: readonly { readonly label: string; readonly value: string }[];
  /** The first place that uses the value, such as `mcpServers.github.env.TOKEN`. */
  readonly field: string;
}

/** Asks for the value of an input. */
export type ConfigPrompt = (input: ConfigInput) => string | Promise<string>;

export interface LoadConfigOptions {
  /** The file. Without it, the nearest one from `cwd` upwards is taken, else the user's own. */
  path?: string | URL;
  /** @default process.cwd() */
  cwd?: string;
  /**
   * Where `${VAR}` and the user's folders are looked up.
   * @default process.env
   */
  env?: Environment;
  /**
   * Asks the user for the value of `${input:id}`; called once for each id. Without it, a file that uses inputs is
   * refused.
   */
  prompt?: ConfigPrompt;
  /**
   * For servers with `"auth": { "type": "oauth" }`: how logins are shown and reported, whether they start by
   * themselves, and where tokens are kept. Takes precedence over the file.
   */
  oauth?: ConfigOAuthOptions;
  /**
   * Whether a server with a problem is left out, with the reason in `config.broken`, instead of refusing the whole
   * file. A problem of the file itself still rejects.
   * @default false
   */
  tolerant?: boolean;
  /**
   * Agrees to a file of a project that was found because there is no `path`; the user's own needs no consent. A
   * function is shown what the file would run, unless the user has agreed to this content before. `true` agrees to
   * what the file says now; a change that `watchConfig` sees is refused. Without it, a file that the user has not agreed to
   * with `plenum trust` is refused.
   */
  consent?: boolean | AskConsent;
  /** Called with the name of each server; a server for which it returns false is not read, expanded or asked about. */
  only?: (server: string) => boolean;
}

/** A configuration, and its servers as plain data that can be compared with a later load. */
export interface ReadConfig {
  readonly config: Config;
  readonly plain: {
    readonly servers: ReadonlyMap<string, unknown>;
    readonly group: unknown;
    readonly gateway: unknown;
  };
}
