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
  /** The authorization server does not say that it supports PKCE; `allowMissingPkce` allows that. */
  | 'pkce_missing'
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

/** A file that was found by itself, and that was not agreed to. */
export interface ConsentLack {
  readonly file: string;
  /** Nobody has agreed to it yet, it has changed since, or the answer was no. */
  readonly reason: 'new' | 'changed' | 'refused';
}

/** `data` of `CONFIG_INVALID`. */
export interface ConfigInvalidData {
  /** Name of the option that is wrong: `timeoutMs`, `pool.max`. */
  readonly option?: string;
  /** What is wrong with a file, all of it. */
  readonly problems?: readonly ConfigProblem[];
  /** The file that has to be agreed to before it is used. */
  readonly consent?: ConsentLack;
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
  /** The last lines that the process wrote to its standard error. */
  readonly stderr?: readonly string[];
  /** The HTTP status that the server answered with. */
  readonly status?: number;
  /** The data of the JSON-RPC error that the server answered with. */
  readonly rpcData?: unknown;
  /** The protocol version that the server wants, when it is one that Plenum does not speak. */
  readonly protocolVersion?: string;
}

/** `data` of `UNKNOWN_SERVER`. */
export interface UnknownNameData {
  /** The name or URI that was asked for. */
  readonly name: string;
  /** Up to three that it may have been meant to be, best first. */
  readonly nearest: readonly string[];
}

/** `data` of `UNKNOWN_TOOL`, `UNKNOWN_PROMPT` and `UNKNOWN_RESOURCE`. */
export interface UnknownEntryData extends UnknownNameData {
  /** Servers of the group that may have it, but are not ready; absent when all are. */
  readonly unready?: readonly UnreadyServer[];
}

/** A server of a group whose entries are not all known. */
export interface UnreadyServer {
  readonly server: string;
  /** What it is doing. One that is `ready` failed to list its entries; one that is `idle` was never opened. */
  readonly state: 'idle' | 'connecting' | 'ready' | 'reconnecting' | 'failed' | 'draining' | 'closed';
  /** The code of its latest error, if there was one. */
  readonly code?: PlenumErrorCode;
  /** That error in short. */
  readonly reason?: string;
  /** Whether the name that was asked for begins as this server's names do. */
  readonly expected: boolean;
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
  /** The last lines that the process wrote to its standard error, while connecting. */
  readonly stderr?: readonly string[];
}

/** `data` of `CONNECTION_LOST`. */
export interface ConnectionLostData {
  /** The last lines that the process wrote to its standard error. */
  readonly stderr?: readonly string[];
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

/** `data` of `DEFINITION_DRIFT`. */
export interface DefinitionDriftData {
  /** `instructions` are those of the handshake; `server` is how the server is reached. */
  readonly kind: 'tool' | 'prompt' | 'resourceTemplate' | 'instructions' | 'server';
  /** What the server calls it. */
  readonly name: string;
  /** Whether it differs from what was approved, or nothing of this name was. */
  readonly change: 'changed' | 'added';
}

/** `data` of `URL_ELICITATION_REQUIRED`: what the server sent as the data of its JSON-RPC error. */
export interface UrlElicitationData {
  /** The URLs that the user must visit first. */
  readonly elicitations: readonly UrlElicitation[];
}

/** `data` of `INVALID_RESULT`, of an event that reports something odd which was tolerated. */
export interface InvalidResultData {
  /** The kind: a name that docs/servers.md lists. */
  readonly oddity: string;
  /** Where it was found, up to three places. */
  readonly places: readonly string[];
}

/** The type of `data` for each code. `undefined`: errors of this code carry none. */
export interface PlenumErrorData {
  CONFIG_INVALID: ConfigInvalidData;
  CONNECT_FAILED: ConnectFailedData;
  AUTH_REQUIRED: AuthRequiredData;
  UNKNOWN_SERVER: UnknownNameData;
  UNKNOWN_TOOL: UnknownEntryData;
  UNKNOWN_PROMPT: UnknownEntryData;
  UNKNOWN_RESOURCE: UnknownEntryData;
  AMBIGUOUS_RESOURCE: AmbiguousResourceData;
  NAME_COLLISION: NameCollisionData;
  NOT_CONNECTED: undefined;
  CONNECTION_LOST: ConnectionLostData;
  SESSION_EXPIRED: undefined;
  SESSION_CLOSED: undefined;
  TIMEOUT: TimeoutData;
  ABORTED: undefined;
  CIRCUIT_OPEN: undefined;
  POOL_EXHAUSTED: PoolExhaustedData;
  INVALID_ARGUMENTS: InvalidArgumentsData;
  INVALID_RESULT: InvalidResultData;
  DEFINITION_DRIFT: DefinitionDriftData;
  URL_ELICITATION_REQUIRED: UrlElicitationData;
  /** What the server sent as the data of its JSON-RPC error; else, of an HTTP error, `{ status }`. */
  PROTOCOL: unknown;
}

/** Every code that a `PlenumError` can carry. Codes are stable; messages are not. */
export type PlenumErrorCode = keyof PlenumErrorData;

/** Fields of an error that only some codes have. */
type ErrorField =
  | 'attempts'
  | 'detail'
  | 'elicitations'
  | 'errors'
  | 'maybeExecuted'
  | 'nextTryAt'
  | 'retryAfterMs'
  | 'rpcCode'
  | 'rpcMessage'
  | 'server';

/** What is known of one code. The table in `docs/errors.md` is made of these. */
export interface ErrorEntry<Code extends PlenumErrorCode = PlenumErrorCode> {
  /** One sentence. */
  readonly meaning: string;
  /** In which situations it comes. */
  readonly when: string;
  readonly remedy: string;
  /** Each key of `data`, in words. */
  readonly data: Readonly<Record<DataKey<PlenumErrorData[Code]>, string>>;
  /** Other fields that say more about it. */
  readonly fields: readonly ErrorField[];
}

type DataKey<Data> = unknown extends Data ? string : Data extends undefined ? never : keyof Data & string;

type Registry = { readonly [Code in PlenumErrorCode]: ErrorEntry<Code> };

const UNKNOWN_NAME = {
  name: 'what was asked for',
  nearest: 'up to three known names that are nearest to it',
};

const UNKNOWN_ENTRY = {
  ...UNKNOWN_NAME,
  unready:
    'the servers that may have it and are not ready: each `{ server, state, code?, reason?, expected }`',
};

/** Every code, in the order of a session's life: setting up, connecting, finding, calling. */
export const ERROR_REGISTRY: Registry = {
  CONFIG_INVALID: {
    meaning: 'An option, a spec or a file is wrong.',
    when: 'before anything is opened; also for what a function of yours (`naming`, `approve`, a prompt) returns or throws',
    remedy: 'correct it',
    data: {
      option: 'the name of the option',
      problems: 'of a file: each `{ file, line, column, path, message, server? }`',
      consent: 'the file that has to be agreed to first, and why: `{ file, reason }`',
    },
    fields: ['server'],
  },
  CONNECT_FAILED: {
    meaning: 'A server could not be started, reached or agreed with.',
    when: 'while connecting; the end of its standard error is in the message, and in `detail`',
    remedy: 'see the message; with `strict`, `errors` has the error of each server',
    data: {
      stderr: 'the last lines of its standard error',
      status: 'the HTTP status of the answer',
      rpcData: 'the data of the JSON-RPC error that was the answer',
      protocolVersion: 'the version that the server wants and Plenum does not speak',
    },
    fields: ['server', 'errors', 'detail', 'rpcCode', 'rpcMessage', 'retryAfterMs'],
  },
  AUTH_REQUIRED: {
    meaning: 'The server refused the credentials, or wants some.',
    when: 'while connecting, and in any call',
    remedy:
      'give `auth` or `headers`; with `oauth()`, sign in: `data.reason` says [why](auth.md#when-it-fails)',
    data: {
      reason: 'why a sign-in is needed or failed',
      issuer: 'of the authorization server',
      resource: 'that the token is for',
      scope: 'that the server wants',
      status: 'the HTTP status of the answer',
    },
    fields: ['server', 'rpcCode', 'rpcMessage', 'retryAfterMs', 'maybeExecuted'],
  },
  UNKNOWN_SERVER: {
    meaning: 'There is no server of this name.',
    when: 'where a call or a method names a server',
    remedy: 'use one of the names in `data.nearest`',
    data: UNKNOWN_NAME,
    fields: ['server'],
  },
  UNKNOWN_TOOL: {
    meaning: 'There is no tool of this name.',
    when: 'in `callTool`',
    remedy: 'use one of the names in `data.nearest`, or wait for the server that has it: `group.ready()`',
    data: UNKNOWN_ENTRY,
    fields: [],
  },
  UNKNOWN_PROMPT: {
    meaning: 'There is no prompt of this name.',
    when: 'in `getPrompt` and `complete`',
    remedy: 'use one of the names in `data.nearest`, or wait for the server that has it: `group.ready()`',
    data: UNKNOWN_ENTRY,
    fields: [],
  },
  UNKNOWN_RESOURCE: {
    meaning: 'No server lists this resource or a template for it.',
    when: 'in `readResource`, `subscribeResource` and `complete`',
    remedy: 'use one of the URIs in `data.nearest`, or name the server: `{ server }`',
    data: UNKNOWN_ENTRY,
    fields: [],
  },
  AMBIGUOUS_RESOURCE: {
    meaning: 'Several servers have this resource.',
    when: 'in `readResource`, `subscribeResource` and `complete`',
    remedy: 'say which: `{ server }`',
    data: { uri: 'of the resource', servers: 'that have it' },
    fields: [],
  },
  NAME_COLLISION: {
    meaning: 'A name is taken.',
    when: 'when a server is added under a name that is in use, or offers names that are, without the naming `prefixed`',
    remedy: "`naming: 'prefixed'`, or another name",
    data: { collisions: 'entries whose names are taken: each `{ kind, key, owner, newcomer }`' },
    fields: ['server'],
  },
  NOT_CONNECTED: {
    meaning: 'The session has no connection and is not getting one.',
    when: 'when all attempts failed, with `reconnect: false`, or when too many calls wait for the connection already',
    remedy: 'call `reconnect()`',
    data: {},
    fields: ['server', 'maybeExecuted', 'retryAfterMs'],
  },
  CONNECTION_LOST: {
    meaning: 'The connection ended before the answer came.',
    when: 'when a process exits, a socket breaks or a health check fails during a call',
    remedy: 'repeat the call if it may run twice, or if `maybeExecuted` is false',
    data: { stderr: 'the last lines of its standard error' },
    fields: ['server', 'maybeExecuted', 'detail'],
  },
  SESSION_EXPIRED: {
    meaning: 'The server no longer knows this session.',
    when: 'in a call, when the new session was refused too; one refusal is repaired without an error',
    remedy: 'try again',
    data: {},
    fields: ['server', 'maybeExecuted'],
  },
  SESSION_CLOSED: {
    meaning: 'The session, group, manager or toolkit is closed.',
    when: 'in a call after `close()` or `destroy()`, or while one of them ends the call; also when a lease has ended',
    remedy: 'open another, or acquire another lease',
    data: {},
    fields: ['server', 'maybeExecuted'],
  },
  TIMEOUT: {
    meaning: 'There was no answer, or no connection, in time.',
    when: 'when `timeoutMs`, `maxTotalTimeoutMs` or `connectTimeoutMs` is over',
    remedy: 'allow more: the option is named in `advice`',
    data: { timeoutMs: 'the limit, in milliseconds', stderr: 'the last lines of its standard error' },
    fields: ['server', 'maybeExecuted', 'detail'],
  },
  ABORTED: {
    meaning: 'The caller gave up: a `signal` was aborted.',
    when: 'in whatever takes a `signal`; its reason is the `cause`',
    remedy: 'nothing: this is what the signal asked for',
    data: {},
    fields: ['server', 'maybeExecuted'],
  },
  CIRCUIT_OPEN: {
    meaning: 'The server kept failing, so this attempt was not made.',
    when: 'in `run` of a manager, after `circuit.failures` failures in a row',
    remedy: 'wait until `nextTryAt`, or use another server',
    data: {},
    fields: ['server', 'maybeExecuted', 'nextTryAt'],
  },
  POOL_EXHAUSTED: {
    meaning: 'All sessions that the pool may have are in use.',
    when: 'in `acquire` and `run` of a manager, when none becomes free in time, or when too many callers wait already',
    remedy: 'raise `pool.max`, `pool.maxPerServer` or `pool.maxWaiting`, or release leases sooner',
    data: { waiting: 'how many other callers wait for a session of this server' },
    fields: ['server', 'maybeExecuted'],
  },
  INVALID_ARGUMENTS: {
    meaning: 'The arguments of a call cannot be sent, or do not fit.',
    when: 'before anything is sent: what JSON cannot carry; and in a [toolkit](toolkits.md#policy), what the input schema forbids',
    remedy: 'correct them',
    data: { problems: 'where they do not fit the schema: each `{ path, problem }`' },
    fields: ['server', 'maybeExecuted'],
  },
  INVALID_RESULT: {
    meaning: "The answer does not fit the protocol, a limit or the tool's own output schema.",
    when: 'in any call; also as a `problem` event, for what a server sent unasked, and for a tool whose results are not checked',
    remedy: "tell the server's author; a limit that is an option is named in `advice`",
    data: {
      oddity: 'in an event about something odd that was tolerated: its kind',
      places: 'and where it was found',
    },
    fields: ['server', 'maybeExecuted'],
  },
  DEFINITION_DRIFT: {
    meaning: 'What a server offers, or how it is reached, is not what was approved.',
    when: 'with a [lock](trust.md#a-lock-for-definitions): before the server is started, and in every request for what differs',
    remedy: 'look at `plenum lock diff`; when the change is right, `plenum lock accept`',
    data: {
      kind: '`tool`, `prompt`, `resourceTemplate`, `instructions`, or `server` for how it is reached',
      name: 'what the server calls it',
      change: '`changed` or `added`',
    },
    fields: ['server', 'maybeExecuted'],
  },
  URL_ELICITATION_REQUIRED: {
    meaning: 'The user must visit a URL first.',
    when: 'in a call',
    remedy: 'show the URLs in `elicitations` to the user, then call again',
    data: { elicitations: 'the same, as the server sent them' },
    fields: ['server', 'elicitations', 'rpcCode', 'rpcMessage'],
  },
  PROTOCOL: {
    meaning: 'The server answered with an error, or something in between failed.',
    when: 'a JSON-RPC error, also in the body of an HTTP error: `rpcCode`, `rpcMessage`, `data`; any other HTTP error: `data.status`, and the first words of its body in the message; what an [interceptor](interceptors.md#errors) or a handler threw: `cause`; also what `PlenumError.fromJsonRpc` makes',
    remedy: 'see the message; with `retryAfterMs`, try again after that time',
    data: { '…': 'what the server sent, or `status` of an HTTP error' },
    fields: ['server', 'rpcCode', 'rpcMessage', 'retryAfterMs', 'maybeExecuted'],
  },
};

/** Every code, in the order of the table in the documentation. */
export const PLENUM_ERROR_CODES: readonly PlenumErrorCode[] = Object.keys(
  ERROR_REGISTRY,
) as PlenumErrorCode[];
