import type { JsonObject, RpcError } from '../server/json-rpc.ts';

/** The two eras of MCP: with the `initialize` handshake (up to 2025-11-25), and the stateless 2026-07-28. */
export type Era = 'legacy' | 'modern';

export type ListKind = 'tools' | 'resources' | 'resourceTemplates' | 'prompts';

/** The description of a scripted server. Plain data, which can be passed to a child process as JSON. */
export interface ServerScript {
  /** @default 'scripted' */
  name?: string;
  /** @default '1.0.0' */
  version?: string;
  title?: string;
  instructions?: string;
  /**
   * Which eras the server speaks.
   * @default 'both', and 'legacy' where the transport is the old SSE one
   */
  era?: Era | 'both';
  /**
   * The protocol versions that it supports, newest first.
   * @default all released ones of its eras
   */
  protocolVersions?: string[];
  /**
   * The version in every answer to `initialize`, whatever was requested. By default the requested version, if it is
   * supported.
   */
  answerVersion?: string;
  /**
   * The capabilities that it advertises. They may be wrong: the server answers by what the script has. @default those
   * that fit the script
   */
  capabilities?: JsonObject;
  tools?: ScriptedTool[];
  /** This many further tools, named `filler_0`, `filler_1`, …, which echo. */
  fillerTools?: number;
  resources?: ScriptedResource[];
  resourceTemplates?: ScriptedResourceTemplate[];
  prompts?: ScriptedPrompt[];
  completions?: ScriptedCompletion[];
  /**
   * Entries on one page of a list.
   * @default all on one page
   */
  pageSize?: number;
  /** Every page of every list is the first one and has the same next cursor. */
  repeatCursor?: boolean;
  /** After the last entry, lists go on with empty pages, each with a new cursor. */
  endlessPages?: boolean;
  /** Lists that are advertised but answered with an internal error. */
  failLists?: ListKind[];
  /**
   * The `ttlMs` of lists and reads in the 2026-07-28 era, in milliseconds.
   * @default 0
   */
  ttlMs?: number;
  /**
   * How long the server waits after its start before it reads input, in milliseconds. For child processes and
   * in-process servers.
   * @default 0
   */
  startDelayMs?: number;
  /**
   * How long every answer waits before it is sent, in milliseconds.
   * @default 0
   */
  answerDelayMs?: number;
  /**
   * Text encoding on stdio.
   * @default 'utf8'
   */
  encoding?: 'utf8' | 'utf16le' | 'latin1';
  /** The faults of the server. */
  faults?: Faults;
  /**
   * A file to which one JSON line is appended for each start of a child process and for each `tools/call`, before the
   * tool runs. See {@link readLedger}.
   */
  ledgerFile?: string;
}

export interface ScriptedTool {
  name: string;
  title?: string;
  description?: string;
  /** @default { type: 'object' } */
  inputSchema?: JsonObject;
  outputSchema?: JsonObject;
  annotations?: JsonObject;
  _meta?: JsonObject;
  /** Laid over the definition in lists, wrong values included. */
  wire?: JsonObject;
  /**
   * What a call does. A list has one behaviour for each call in turn; the last one repeats.
   * @default { type: 'echo' }
   */
  does?: ToolBehaviour | ToolBehaviour[];
}

/** What a call of a scripted tool does. */
export type ToolBehaviour =
  /** Returns its arguments as JSON text, and as structured content when the tool has an output schema. */
  | { type: 'echo' }
  /**
   * Returns `{ server, pid, connection, arguments }` as structured content, after a random delay, so that answers
   * overtake each other. A test can so detect an answer that was delivered to the wrong call.
   */
  | { type: 'canary'; maxDelayMs?: number }
  | { type: 'text'; text: string }
  /** Returns a text of this many bytes. */
  | { type: 'big'; bytes: number }
  /** Returns this result, valid or not; with `raw`, without the fields that 2026-07-28 adds to each result. */
  | { type: 'result'; result: JsonObject; raw?: boolean }
  /** Returns a result with `isError`. */
  | { type: 'error'; message: string }
  | ({ type: 'rpcError' } & RpcError)
  /** Echoes after `ms`; with `ignoreCancel`, also to a client that cancelled the call. */
  | { type: 'slow'; ms: number; ignoreCancel?: boolean }
  /** Never answers, not even when cancelled. */
  | { type: 'hang' }
  /** Runs until it is cancelled, which `cancelled` records; never answers. */
  | { type: 'sleepUntilCancelled' }
  /** The server dies without an answer. */
  | ({ type: 'crash' } & Crash)
  /** The server answers, then dies. */
  | ({ type: 'crashAfterAnswer' } & Crash)
  /** Reports progress `steps` times, if the caller asked for it, then echoes. */
  | { type: 'progress'; steps: number; everyMs?: number }
  /** Sends log messages, if the client's log level includes them, then echoes. */
  | { type: 'log'; level: LogLevel; data: unknown; times?: number }
  /** Asks the client for a completion, whether or not it declared sampling, and returns the answer as JSON text. */
  | { type: 'sample'; params: JsonObject; rounds?: number }
  /** Sends an elicitation (form or URL mode), and returns the answer as JSON text. */
  | { type: 'elicit'; params: JsonObject; rounds?: number }
  /** Asks the client for its roots, and returns them as JSON text. */
  | { type: 'roots'; rounds?: number }
  /** Not idempotent: returns how often it has been called, as text. */
  | { type: 'count' }
  /** Returns {@link WhoAmI} as JSON text. */
  | { type: 'whoami' }
  /** Replaces the tools, sends `list_changed`, then echoes. */
  | { type: 'setTools'; tools: ScriptedTool[] }
  /** Executes a `testing/control` command, then echoes. */
  | { type: 'control'; command: ControlCommand };

/** How a server dies: by exit code or by signal. Other servers than child processes ignore both. */
export interface Crash {
  /** @default 1 */
  code?: number;
  signal?: 'SIGKILL' | 'SIGTERM' | 'SIGSEGV' | 'SIGABRT';
}

export type LogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

export interface ScriptedResource {
  uri: string;
  /** @default the URI */
  name?: string;
  title?: string;
  description?: string;
  mimeType?: string;
  /** @default the URI, as text */
  text?: string;
  /** Base64, in place of `text`. */
  blob?: string;
  /** Laid over the definition in lists, wrong values included. */
  wire?: JsonObject;
}

export interface ScriptedResourceTemplate {
  /** Simple expressions only: `{name}` matches any text without a slash, `{+path}` any text. */
  uriTemplate: string;
  /** @default the template */
  name?: string;
  title?: string;
  description?: string;
  mimeType?: string;
  /** @default the URI that was read, as text */
  text?: string;
  wire?: JsonObject;
}

export interface ScriptedPrompt {
  name: string;
  title?: string;
  description?: string;
  arguments?: { name: string; description?: string; required?: boolean }[];
  /** @default one user message with the prompt's name and arguments as JSON */
  messages?: JsonObject[];
  wire?: JsonObject;
}

export interface ScriptedCompletion {
  /** A prompt's name or a URI template. */
  ref: string;
  argument: string;
  values: string[];
}

/** The faults of a scripted server. All are off by default. */
export interface Faults {
  /**
   * Lines that are no messages, before the first message or before each answer. With `base64`, they are given as
   * base64 of any bytes. Has no effect on plain JSON answers over HTTP.
   */
  garbage?: { at: 'start' | 'answers'; lines: string[]; base64?: boolean };
  /** A child process writes half a message without a line end when it exits, unless it is killed. */
  halfLine?: boolean;
  /**
   * A child process writes `stderr` and exits before it reads anything. With `times`, only at the first that many
   * starts, counted in the ledger file. A process that a client starts only to find out the era counts, too.
   */
  exitAtStart?: { code?: number; stderr?: string; times?: number };
  /** Written on standard error by a child process at its start. */
  stderr?: string;
  /** Neither `initialize` nor `server/discover` is ever answered. */
  neverInitialize?: boolean;
  dieOnInitialize?: boolean;
  dieOnDiscover?: boolean;
  /** `server/discover` is never answered, as by an old server that ignores unknown methods. */
  ignoreDiscover?: boolean;
  /** Methods that are never answered. */
  ignore?: string[];
  /** Methods that are answered with an error. */
  refuse?: Record<string, RpcError>;
  /** The n-th answer after the handshake is not sent; counted from 1 over all connections. */
  dropAnswer?: number;
  /** Each answer after the handshake is followed by one with an unknown request id. */
  unknownIdAnswer?: boolean;
  /** Every answer after the handshake is sent twice. */
  duplicateAnswers?: boolean;
  /** After the handshake, the server sends a request with an unknown method; see `replies`. */
  requestUnknownMethod?: boolean;
  /** The server dies this long after its first connection, and again after the first connection that follows. */
  flap?: { afterMs: number };
  /** A child process ignores SIGTERM, SIGINT and the end of its input. */
  ignoreTermination?: boolean;
  /** A child process starts a child of its own, which lives for `lifeMs` and may keep the same pipes open. */
  grandchild?: { lifeMs?: number; holdPipes?: boolean };
  /** After the handshake, the server sends one message of this size. */
  hugeLineBytes?: number;
  /** Each list of tools differs from the one before and is followed by `list_changed`. */
  listStorm?: boolean;
  /** A stateful HTTP session expires after this many requests, without the handshake. */
  sessionExpiresAfter?: number;
  /** HTTP requests are answered with this status; with `times`, only the next that many. */
  httpStatus?: {
    status: number;
    headers?: Record<string, string>;
    body?: string;
    times?: number;
    httpMethod?: 'GET' | 'POST' | 'DELETE';
  };
}

/** Faults to add; null ends a fault. */
export type FaultChanges = { [K in keyof Faults]?: Faults[K] | null };

/** A command to a running server: the parameters of a `testing/control` request. */
export type ControlCommand =
  | { command: 'setTools'; tools: ScriptedTool[] }
  | { command: 'setResources'; resources: ScriptedResource[] }
  | { command: 'setResourceTemplates'; resourceTemplates: ScriptedResourceTemplate[] }
  | { command: 'setPrompts'; prompts: ScriptedPrompt[] }
  | { command: 'resourceUpdated'; uri: string }
  | ({ command: 'crash' } & Crash)
  /** Without `forMs`, only a signal can end the hang of a child process. */
  | { command: 'hang'; forMs?: number }
  | { command: 'resume' }
  | { command: 'setFaults'; faults: FaultChanges }
  | { command: 'notify'; method: string; params?: JsonObject }
  | { command: 'expireSessions' };

/** What the `whoami` tool returns. */
export interface WhoAmI {
  name: string;
  pid: number;
  era: Era;
  /** Number of the connection that asked, from 1. */
  connection: number;
  /** Connections that the server has had so far: processes, sockets, or linked pairs. */
  connections: number;
  sessionId?: string;
  /** HTTP headers of the request (of the upgrade, on WebSocket). */
  headers?: Record<string, string>;
  /** Of a child process: its working directory, its environment and its own child, if it has one. */
  cwd?: string;
  env?: Record<string, string>;
  grandchild?: number;
}
