/** A URL that a server wants its user to visit. */
export interface UrlElicitation {
  readonly elicitationId: string;
  readonly message: string;
  readonly url: string;
}

/** A remark on a place in a file. */
export interface ConfigRemark {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
  /** The path in the document, such as `mcpServers.files.args[0]`; empty for the whole document. */
  readonly path: string;
  readonly message: string;
}

/** A reason why a file is refused. `CONFIG_INVALID` has all of them in `data.problems`. */
export interface ConfigProblem extends ConfigRemark {
  /** The server that has the problem, if it is one server's. */
  readonly server?: string;
}

/** Two entries that want the same exposed name; the one that came first keeps it. */
export interface CatalogCollision {
  readonly kind: 'tools' | 'resources' | 'resourceTemplates' | 'prompts';
  readonly key: string;
  /** The server that has the name. */
  readonly owner: string;
  /** The server that wants it; the same one when it lists an entry twice. */
  readonly newcomer: string;
}

/** Why a sign-in is needed or failed; `data.reason` of `AUTH_REQUIRED`. */
export type AuthReason =
  /** A person has to sign in: call `authorize()`. */
  | 'login_required'
  /** Nobody completed the login in time. */
  | 'login_abandoned'
  /** The user or the authorization server refused access. */
  | 'refused'
  /** The authorization server's metadata name another issuer, or it is not the `issuer` of the options. */
  | 'issuer_mismatch'
  /** Secrets are not sent to this address. */
  | 'refused_address'
  /** The authorization server accepts neither this client id nor dynamic registration. */
  | 'client_unknown'
  /** An access token was refused, and there is no other. */
  | 'token_refused';

/** One place where arguments do not fit a tool's input schema. */
export interface ArgumentProblem {
  /** A JSON pointer, such as `/items/0/name`; empty for the arguments as a whole. */
  readonly path: string;
  /** Goes on from the path: `must be string`. */
  readonly problem: string;
}

/** `data` of `CONFIG_INVALID`. */
export interface ConfigInvalidData {
  /** Name of the option that is wrong: `timeoutMs`, `pool.max`. */
  readonly option?: string;
  /** What is wrong with a file, all of it. */
  readonly problems?: readonly ConfigProblem[];
}

/** `data` of `AUTH_REQUIRED`. */
export interface AuthRequiredData {
  /** Given by `oauth()` and `bearer()`; absent when nothing but the server's refusal is known. */
  readonly reason?: AuthReason;
  /** Of the authorization server. */
  readonly issuer?: string;
  readonly resource?: string;
  readonly scope?: string;
  /** The HTTP status that the server answered with. */
  readonly status?: number;
}

/** `data` of `CONNECT_FAILED`. */
export interface ConnectFailedData {
  /** The HTTP status that the server answered with. */
  readonly status?: number;
  /** The protocol version that the server wants, when it is one that Plenum does not speak. */
  readonly protocolVersion?: string;
}

/** `data` of `UNKNOWN_SERVER`, `UNKNOWN_TOOL`, `UNKNOWN_PROMPT` and `UNKNOWN_RESOURCE`. */
export interface UnknownNameData {
  /** The name or URI that was asked for. */
  readonly name: string;
  /** Up to three that it may have been meant to be, best first. */
  readonly nearest: readonly string[];
}

/** `data` of `AMBIGUOUS_RESOURCE`. */
export interface AmbiguousResourceData {
  readonly uri: string;
  /** Names of the servers that offer it. */
  readonly servers: readonly string[];
}

/** `data` of `NAME_COLLISION`. */
export interface NameCollisionData {
  /** Entries whose names are taken; empty when the name of the server itself is taken. */
  readonly collisions: readonly CatalogCollision[];
}

/** `data` of `TIMEOUT`. */
export interface TimeoutData {
  /** The limit that was reached, in milliseconds. */
  readonly timeoutMs: number;
}

/** `data` of `POOL_EXHAUSTED`. */
export interface PoolExhaustedData {
  /** How many other callers wait for a session of this server. */
  readonly waiting: number;
}

/** `data` of `INVALID_ARGUMENTS`. */
export interface InvalidArgumentsData {
  /** Where the arguments do not fit, up to 50 places. */
  readonly problems: readonly ArgumentProblem[];
}

/** The type of `data` for each code. `undefined`: errors of this code carry none. */
export interface PlenumErrorData {
  CONFIG_INVALID: ConfigInvalidData;
  CONNECT_FAILED: ConnectFailedData;
  AUTH_REQUIRED: AuthRequiredData;
  UNKNOWN_SERVER: UnknownNameData;
  UNKNOWN_TOOL: UnknownNameData;
  UNKNOWN_PROMPT: UnknownNameData;
  UNKNOWN_RESOURCE: UnknownNameData;
  AMBIGUOUS_RESOURCE: AmbiguousResourceData;
  NAME_COLLISION: NameCollisionData;
  NOT_CONNECTED: undefined;
  CONNECTION_LOST: undefined;
  SESSION_EXPIRED: undefined;
  SESSION_CLOSED: undefined;
  TIMEOUT: TimeoutData;
  ABORTED: undefined;
  CIRCUIT_OPEN: undefined;
  POOL_EXHAUSTED: PoolExhaustedData;
  INVALID_ARGUMENTS: InvalidArgumentsData;
  INVALID_RESULT: undefined;
  URL_ELICITATION_REQUIRED: undefined;
  /** What the server sent as the data of its JSON-RPC error, or `{ status }` of an HTTP error. */
  PROTOCOL: unknown;
}

/** Every code that a `PlenumError` can carry. Codes are stable; messages are not. */
export type PlenumErrorCode = keyof PlenumErrorData;
