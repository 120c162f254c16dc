import type { JsonObject, RpcError } from '../server/json-rpc.ts';

/** The two ways of speaking MCP: the `initialize` handshake (to 2025-11-25), and the stateless 2026-07-28. */
export type Era = 'legacy' | 'modern';

export type ListKind = 'tools' | 'resources' | 'resourceTemplates' | 'prompts';

/** What a scripted server is and does. Plain data: it survives `JSON.stringify` on its way to a child process. */
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
  /** The version that every `initialize` is answered with, whatever was asked for. */
  answerVersion?: string;
  /**
   * The capabilities that it advertises. The server may lie: what it really answers depends on what is present.
   * @default derived from what is present
   */
  capabilities?: JsonObject;
  tools?: ScriptedTool[];
  /** So many more tools, named `filler_0`, `filler_1`, …; they echo. */
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
  /** Every page of every list is the first one, and names the same next cursor, for ever. */
  repeatCursor?: boolean;
  /** After the last entry come empty pages, each with a new cursor, for ever. */
  endlessPages?: boolean;
  /** Lists that are advertised but answered with an internal error. */
  failLists?: ListKind[];
  /**
   * Freshness of lists and reads in the 2026-07-28 era, in milliseconds.
   * @default 0
   */
  ttlMs?: number;
  /**
   * How long the server takes from its start until it reads its input, in milliseconds. For child processes and
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
  /** What goes wrong. */
  faults?: Faults;
  /**
   * A file that gets one JSON line for every start of a child process and for every `tools/call`, before the tool
   * does anything. See {@link readLedger}.
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
   * What a call does; of a list, one for each call in turn, and the last one from then on.
   * @default { type: 'echo' }
   */
  does?: ToolBehaviour | ToolBehaviour[];
}

/** What a call of a scripted tool does. */
export type ToolBehaviour =
  /** Returns its arguments as JSON text, and as structured content when the tool has an output schema. */
  | { type: 'echo' }
  /**
   * Returns who answered whom as structured content: `{ server, pid, connection, arguments }`, after a random
   * delay, so that answers overtake each other. A call that gets another call's answer can tell.
   */
  | { type: 'canary'; maxDelayMs?: number }
  | { type: 'text'; text: string }
  /** Returns a text of this many bytes. */
  | { type: 'big'; bytes: number }
  /** Returns this result, right or wrong; with `raw`, without the fields that 2026-07-28 adds to any result. */
  | { type: 'result'; result: JsonObject; raw?: boolean }
  /** Returns a result with `isError`. */
  | { type: 'error'; message: string }
  | ({ type: 'rpcError' } & RpcError)
  /** Echoes after `ms`; with `ignoreCancel`, also to a client that cancelled the call. */
  | { type: 'slow'; ms: number; ignoreCancel?: boolean }
  /** Never answers, not even when cancelled. */
  | { type: 'hang' }
  /** Never answers; being cancelled ends it, and `cancelled` shows it. */
  | { type: 'sleepUntilCancelled' }
  /** The server dies, without an answer. */
  | ({ type: 'crash' } & Crash)
  /** The server answers, then dies. */
  | ({ type: 'crashAfterAnswer' } & Crash)
  /** Reports progress `steps` times, if the caller asked for it, then echoes. */
  | { type: 'progress'; steps: number; everyMs?: number }
  /** Sends log messages, if the client's log level lets them through, then echoes. */
  | { type: 'log'; level: LogLevel; data: unknown; times?: number }
  /** Asks the client for a completion, whether it can or not, and returns what it said as JSON text. */
  | { type: 'sample'; params: JsonObject; rounds?: number }
  /** Asks the client's user (form or URL mode), and returns what was said as JSON text. */
  | { type: 'elicit'; params: JsonObject; rounds?: number }
  /** Asks the client for its roots, and returns them as JSON text. */
  | { type: 'roots'; rounds?: number }
  /** Not idempotent: returns how often it has been called, as text. */
  | { type: 'count' }
  /** Returns {@link WhoAmI} as JSON text. */
  | { type: 'whoami' }
  /** Replaces the tools, announces it, then echoes. */
  | { type: 'setTools'; tools: ScriptedTool[] }
  /** Does to the server what `testing/control` does, then echoes. */
  | { type: 'control'; command: ControlCommand };

/** How a server dies: by exit code or by signal. Both only make a difference to a child process. */
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
  /** Simple expressions only: `{name}` stands for anything without a slash, `{+path}` for anything. */
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

/** What goes wrong. Everything is off by default. */
export interface Faults {
  /**
   * Lines that are no messages, before the first message or before every answer. Bytes that are no text can be
   * given as `base64`. Not over plain JSON answers.
   */
  garbage?: { at: 'start' | 'answers'; lines: string[]; base64?: boolean };
  /** A child process leaves half a message without a line end behind, however it exits, unless it is killed. */
  halfLine?: boolean;
  /**
   * A child process writes `stderr` and exits before it reads anything; with `times`, only the first so many
   * starts, which are counted in the ledger file. A client that finds out the era with a process of its own makes
   * that a start, too.
   */
  exitAtStart?: { code?: number; stderr?: string; times?: number };
  /** Written on standard error by a child process at its start. */
  stderr?: string;
  /** Neither `initialize` nor `server/discover` is ever answered. */
  neverInitialize?: boolean;
  dieOnInitialize?: boolean;
  dieOnDiscover?: boolean;
  /** `server/discover` is never answered, as by an old server that drops what it does not know. */
  ignoreDiscover?: boolean;
  /** Methods that are never answered. */
  ignore?: string[];
  /** Methods that are answered with an error. */
  refuse?: Record<string, RpcError>;
  /** The n-th answer after the handshake is not sent; counted from 1, over the server's life. */
  dropAnswer?: number;
  /** Every answer after the handshake comes with another one, to a request that nobody made. */
  unknownIdAnswer?: boolean;
  /** Every answer after the handshake is sent twice. */
  duplicateAnswers?: boolean;
  /** After the handshake, the server makes a request with a method that no client knows; see `replies`. */
  requestUnknownMethod?: boolean;
  /** The server dies this long after its first connection, and after the first one to follow, and so on. */
  flap?: { afterMs: number };
  /** A child process ignores SIGTERM, SIGINT and the end of its input. */
  ignoreTermination?: boolean;
  /** A child process starts one of its own, which lives for `lifeMs` and may hold on to the same pipes. */
  grandchild?: { lifeMs?: number; holdPipes?: boolean };
  /** After the handshake, the server sends one message of this size. */
  hugeLineBytes?: number;
  /** Every list of tools differs from the one before, and is followed by `list_changed`. */
  listStorm?: boolean;
  /** A stateful HTTP session is forgotten after so many requests, the handshake not counted. */
  sessionExpiresAfter?: number;
  /** HTTP requests are answered with this status; with `times`, only the next so many. */
  httpStatus?: {
    status: number;
    headers?: Record<string, string>;
    body?: string;
    times?: number;
    httpMethod?: 'GET' | 'POST' | 'DELETE';
  };
}

/** Faults to add, and those to end: null. */
export type FaultChanges = { [K in keyof Faults]?: Faults[K] | null };

/** What can be done to a running server, as data: the parameters of a `testing/control` request. */
export type ControlCommand =
  | { command: 'setTools'; tools: ScriptedTool[] }
  | { command: 'setResources'; resources: ScriptedResource[] }
  | { command: 'setResourceTemplates'; resourceTemplates: ScriptedResourceTemplate[] }
  | { command: 'setPrompts'; prompts: ScriptedPrompt[] }
  | { command: 'resourceUpdated'; uri: string }
  | ({ command: 'crash' } & Crash)
  /** Without `forMs`, nothing but a signal reaches the server any more. */
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
