import type { PlenumError } from '../errors/plenum-error.ts';
import type { ConfigOAuthOptions } from './auth.ts';
import type { Environment } from './environment.ts';
import type {
  HealthOptions,
  ProtocolChoice,
  ReconnectOptions,
  StdioServerSpec,
  UrlServerSpec,
} from '../server-spec.ts';

/**
 * A configuration that was read, checked and expanded. It is what `SessionGroup.connect` and `new SessionManager`
 * take.
 */
export interface Config extends ConfiguredGroup {
  /** The servers by name, without those that the file disables. */
  servers: Record<string, ConfiguredServer>;
  /** Servers that cannot be used, with what is wrong, a `CONFIG_INVALID`. With `tolerant` only; else none. */
  broken: Record<string, PlenumError>;
  /** Names of the servers that the file disables. */
  disabled: string[];
  /** The file that was read. */
  path: string;
  /** What looks wrong but does no harm. */
  warnings: ConfigWarning[];
}

/** A server from a file: its spec, with options of its own beside it. */
export type ConfiguredServer = (StdioServerSpec | UrlServerSpec) & ConfiguredServerOptions;

/** What a file may say about any server beside how it is reached. */
export interface ConfiguredServerOptions {
  /**
   * Whether the server is up only while it is used: opened by the first call that needs it, closed after `idleMs`
   * milliseconds without one.
   */
  lazy?: boolean | { idleMs?: number };
  /** How the names of this server's tools and prompts are exposed. */
  naming?: ConfiguredNaming;
  /** Globs over the server's own names for its tools: only what one of them matches is offered. */
  allow?: string[];
  /** Globs over the server's own names for its tools: what one of them matches is not offered. It wins over `allow`. */
  deny?: string[];
  maxWaitingCalls?: number;
  maxInputRounds?: number;
  maxPages?: number;
}

export type ConfiguredNaming = 'prefixed' | 'bare';

/** What the `plenum` part of a file says for all servers together. */
export interface ConfiguredGroup {
  naming?: ConfiguredNaming;
  strict?: boolean;
  concurrency?: { processes?: number; remote?: number };
  timeoutMs?: number;
  connectTimeoutMs?: number;
  protocol?: ProtocolChoice;
  reconnect?: false | ReconnectOptions;
  health?: boolean | HealthOptions;
  maxWaitingCalls?: number;
  maxInputRounds?: number;
  maxPages?: number;
  /** For a `SessionManager`. */
  pool?: ConfiguredPool;
  /** For a `SessionManager`. */
  retry?: false | { attempts?: number; delayMs?: number; maxDelayMs?: number; deadlineMs?: number };
  /** For a `SessionManager`. */
  circuit?: false | { failures?: number; openMs?: number };
  /** For a `SessionManager`. */
  closeTimeoutMs?: number;
}

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

/** A place in a file, and what is to be said about it. */
export interface ConfigRemark {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
  /** Where in the document: `mcpServers.files.args[0]`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export type ConfigWarning = ConfigRemark;

/** Why a file is refused; `CONFIG_INVALID` carries all of them in `data.problems`. */
export interface ConfigProblem extends ConfigRemark {
  /** The server concerned, if it is one. */
  readonly server?: string;
}

/** A value that the file wants to be asked for: `${input:id}`, described under `inputs`. */
export interface ConfigInput {
  readonly id: string;
  readonly type: 'promptString' | 'pickString';
  readonly description?: string;
  /** Whether what is typed is to be hidden. */
  readonly password: boolean;
  readonly default?: string;
  /** On `pickString`: what to choose from. */
  readonly options?: readonly { readonly label: string; readonly value: string }[];
  /** Where the value is wanted first: `mcpServers.github.env.TOKEN`. */
  readonly field: string;
}

/** Asks for the value of an input. */
export type ConfigPrompt = (input: ConfigInput) => string | Promise<string>;

export interface LoadConfigOptions {
  /** The file. Without it, one is looked for from `cwd` upwards, then in the user's own folder. */
  path?: string | URL;
  /** @default process.cwd() */
  cwd?: string;
  /**
   * Where `${VAR}` and the user's folders are looked up.
   * @default process.env
   */
  env?: Environment;
  /** Asks for the value of `${input:id}`, once for each id. Without it, a file that wants one is refused. */
  prompt?: ConfigPrompt;
  /**
   * For servers with `"auth": { "type": "oauth" }`: how logins are shown and told of, whether they begin by themselves,
   * and where tokens are kept. Wins over the file.
   */
  oauth?: ConfigOAuthOptions;
  /**
   * Whether a server that something is wrong with costs the others nothing: it is left out, and `config.broken` says
   * why. What is wrong with the file as a whole still rejects.
   * @default false
   */
  tolerant?: boolean;
  /** Called with the name of each server: whether it is wanted. Of others nothing is read, expanded or asked for. */
  only?: (server: string) => boolean;
}

/** A configuration with its servers as data, before functions are made of them: that can be compared. */
export interface ReadConfig {
  readonly config: Config;
  readonly plain: { readonly servers: ReadonlyMap<string, unknown>; readonly group: unknown };
}
