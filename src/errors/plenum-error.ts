/** Every code that a {@link PlenumError} can carry. Codes are stable; messages are not. */
export type PlenumErrorCode =
  /** An option, a spec or a file is wrong. Nothing was opened. */
  | 'CONFIG_INVALID'
  /** A server could not be started, reached or agreed with. */
  | 'CONNECT_FAILED'
  /** The server refused the credentials, or wants some. */
  | 'AUTH_REQUIRED'
  | 'UNKNOWN_SERVER'
  | 'UNKNOWN_TOOL'
  | 'UNKNOWN_PROMPT'
  | 'UNKNOWN_RESOURCE'
  /** Several servers offer this resource: the call must name one. */
  | 'AMBIGUOUS_RESOURCE'
  | 'NAME_COLLISION'
  /** The session has no connection and is not getting one. */
  | 'NOT_CONNECTED'
  /** The connection ended under the call; see {@link PlenumError.maybeExecuted}. */
  | 'CONNECTION_LOST'
  /** The server no longer knows this session (HTTP 404). */
  | 'SESSION_EXPIRED'
  | 'SESSION_CLOSED'
  | 'TIMEOUT'
  | 'ABORTED'
  | 'CIRCUIT_OPEN'
  | 'POOL_EXHAUSTED'
  | 'INVALID_ARGUMENTS'
  /** The answer does not fit the protocol or the tool's own output schema. */
  | 'INVALID_RESULT'
  /** The user must visit a URL first; see {@link PlenumError.elicitations}. */
  | 'URL_ELICITATION_REQUIRED'
  /** The server answered with a JSON-RPC error; see `rpcCode`, `rpcMessage` and `data`. */
  | 'PROTOCOL';

/** A URL that a server wants its user to visit. */
export interface UrlElicitation {
  readonly elicitationId: string;
  readonly message: string;
  readonly url: string;
}

/** The facts an error carries beside its code and message. */
export interface PlenumErrorFields {
  /** Name of the server concerned. */
  server?: string | undefined;
  cause?: unknown;
  maybeExecuted?: boolean | undefined;
  elicitations?: readonly UrlElicitation[] | undefined;
  rpcCode?: number | undefined;
  rpcMessage?: string | undefined;
  data?: unknown;
  errors?: readonly PlenumError[] | undefined;
  attempts?: number | undefined;
  nextTryAt?: number | undefined;
}

/**
 * The one error that Plenum throws, rejects with and reports.
 *
 * `code` is for programs, `message` for people: it says what was being done, to which server, what happened
 * and what to try.
 */
export class PlenumError extends Error {
  override readonly name = 'PlenumError';
  readonly code: PlenumErrorCode;
  /** Name of the server concerned, when there is one. */
  declare readonly server?: string;
  /** On a call that failed: false only when the request surely never reached the server. */
  declare readonly maybeExecuted?: boolean;
  /** On `URL_ELICITATION_REQUIRED`: what the user is to do first. */
  declare readonly elicitations?: readonly UrlElicitation[];
  /** On `PROTOCOL`: the JSON-RPC error code that the server sent, if it sent one. */
  declare readonly rpcCode?: number;
  /** On `PROTOCOL`: the JSON-RPC error message that the server sent. */
  declare readonly rpcMessage?: string;
  /**
   * On `PROTOCOL`: the JSON-RPC error data that the server sent, or `{ status }` of an HTTP error. On
   * `NAME_COLLISION` of entries: `{ collisions }`. On `AMBIGUOUS_RESOURCE`: `{ servers }`. On `CONFIG_INVALID` of a file: `{ problems }`.
   * On `AUTH_REQUIRED` of `oauth()` or `bearer()`: `{ reason }`, and what is known of `issuer`, `resource` and `scope`.
   */
  declare readonly data?: unknown;
  /** On `CONNECT_FAILED` of several servers: each one's error. */
  declare readonly errors?: readonly PlenumError[];
  /** On what `SessionManager.run` gave up after more than one attempt: how many there were. */
  declare readonly attempts?: number;
  /** On `CIRCUIT_OPEN`: when the next attempt is let through, in epoch milliseconds; absent while a probe is under way. */
  declare readonly nextTryAt?: number;

  constructor(code: PlenumErrorCode, message: string, fields: PlenumErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    if (fields.server !== undefined) this.server = fields.server;
    if (fields.maybeExecuted !== undefined) this.maybeExecuted = fields.maybeExecuted;
    if (fields.elicitations !== undefined) this.elicitations = fields.elicitations;
    if (fields.rpcCode !== undefined) this.rpcCode = fields.rpcCode;
    if (fields.rpcMessage !== undefined) this.rpcMessage = fields.rpcMessage;
    if (fields.data !== undefined) this.data = fields.data;
    if (fields.errors !== undefined) this.errors = fields.errors;
    if (fields.attempts !== undefined) this.attempts = fields.attempts;
    if (fields.nextTryAt !== undefined) this.nextTryAt = fields.nextTryAt;
  }

  /** What `JSON.stringify` gives: the facts with the message, without stack and cause. */
  toJSON(): Record<string, unknown> {
    const { name, message, code, ...facts } = this;
    return { name, code, message, ...facts };
  }

  /** The same error in other words; `fields` replace those that it has. */
  withMessage(message: string, fields: PlenumErrorFields = {}): PlenumError {
    const { code, name: _, ...facts } = this;
    return new PlenumError(code, message, { cause: this.cause, ...facts, ...fields });
  }

  /** Returns `error` itself when it is a PlenumError, else wraps it as the cause of a new one. */
  static from(
    error: unknown,
    code: PlenumErrorCode,
    doing: string,
    fields: PlenumErrorFields = {},
  ): PlenumError {
    if (error instanceof PlenumError) return error;
    return new PlenumError(code, `${doing}: ${messageOf(error)}`, { ...fields, cause: error });
  }
}

/** The text of anything thrown, with the causes that `fetch` and friends hide one level down. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  const inner = error.cause instanceof Error ? messageOf(error.cause) : '';
  return inner !== '' && !error.message.includes(inner) ? `${error.message} (${inner})` : error.message;
}
