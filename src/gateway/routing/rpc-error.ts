import { PlenumError, type PlenumErrorCode } from '../../errors/plenum-error.ts';

/** A JSON-RPC error that a client is answered with: the official server sends `code`, `message` and `data` of what is thrown. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export const INVALID_PARAMS = -32602;
export const METHOD_NOT_FOUND = -32601;
export const INTERNAL_ERROR = -32603;
export const URL_ELICITATION_REQUIRED = -32042;

/** What a client is told of failures that are not a server's own answer. The text of an error may hold secrets: it stays here. */
const TEXT: { readonly [Code in PlenumErrorCode]?: string } = {
  UNKNOWN_TOOL: 'There is no such tool.',
  UNKNOWN_PROMPT: 'There is no such prompt.',
  UNKNOWN_RESOURCE: 'There is no such resource.',
  AMBIGUOUS_RESOURCE: 'Several servers have this resource.',
  INVALID_ARGUMENTS: 'The arguments do not fit.',
  CONNECT_FAILED: 'The server cannot be reached.',
  AUTH_REQUIRED: 'The server wants somebody to sign in.',
  NOT_CONNECTED: 'The server is not connected.',
  CONNECTION_LOST: 'The connection to the server was lost.',
  SESSION_EXPIRED: 'The session with the server has expired.',
  SESSION_CLOSED: 'The session with the server is closed.',
  TIMEOUT: 'The server did not answer in time.',
  CIRCUIT_OPEN: 'The server keeps failing and was not asked.',
  POOL_EXHAUSTED: 'No session with the server is free.',
  INVALID_RESULT: 'The server sent a result that is not valid.',
  URL_ELICITATION_REQUIRED: 'The user has to visit a URL first.',
};

const CLIENT_MISTAKES: ReadonlySet<PlenumErrorCode> = new Set([
  'UNKNOWN_TOOL',
  'UNKNOWN_PROMPT',
  'AMBIGUOUS_RESOURCE',
  'INVALID_ARGUMENTS',
]);

const RESOURCE_NOT_FOUND = -32002;

/**
 * The error that a client is answered with. An error that the server itself sent keeps its code, message and data; of
 * any other the client learns what kind it is, which server it concerns, and whether the request may have run.
 */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (!(error instanceof PlenumError)) return new RpcError(INTERNAL_ERROR, 'Internal error');
  const { code, server, maybeExecuted, rpcCode, rpcMessage } = error;
  if (error.code === 'URL_ELICITATION_REQUIRED')
    return new RpcError(rpcCode ?? URL_ELICITATION_REQUIRED, rpcMessage ?? TEXT[code] ?? '', {
      elicitations: error.elicitations,
    });
  if (error.code === 'PROTOCOL' && rpcCode !== undefined)
    return new RpcError(rpcCode, rpcMessage ?? 'Internal error', error.data);
  const facts = {
    code,
    ...(error.code === 'POOL_EXHAUSTED' && { retryAfterMs: RETRY_AFTER_MS }),
    ...(server !== undefined && { server }),
    ...(maybeExecuted !== undefined && { maybeExecuted }),
  };
  const number =
    code === 'UNKNOWN_RESOURCE'
      ? RESOURCE_NOT_FOUND
      : CLIENT_MISTAKES.has(code)
        ? INVALID_PARAMS
        : INTERNAL_ERROR;
  return new RpcError(number, TEXT[code] ?? 'Internal error', facts);
}

/** When a client that is refused because there is as much of something as there may be is to come again, in milliseconds. */
export const RETRY_AFTER_MS = 5_000;

/** The node of the cluster that has a server is gone, or does not answer. */
export function nodeUnreachable(server: string, maybeExecuted: boolean): RpcError {
  const message = 'The node that has the server does not answer.';
  if (maybeExecuted)
    return new RpcError(INTERNAL_ERROR, message, { code: 'CONNECTION_LOST', server, maybeExecuted });
  const data = { code: 'NODE_UNREACHABLE', server, maybeExecuted, retryAfterMs: RETRY_AFTER_MS };
  return new RpcError(INTERNAL_ERROR, message, data);
}

export function tooManySubscriptions(): RpcError {
  return new RpcError(INVALID_PARAMS, 'A client may not have so many subscriptions.');
}

/** A call is not made while it could not be noted. */
export function auditRefuses(): RpcError {
  const data = { code: 'AUDIT_FAILING', maybeExecuted: false };
  return new RpcError(INTERNAL_ERROR, 'The call cannot be noted now, and was not made.', data);
}

/** What is nested more deeply cannot be written as JSON for certain, and the client would get no answer at all. */
export const MOST_LEVELS = 2_000;

export function tooDeep(): RpcError {
  const message = `The server sent a result that is nested more than ${MOST_LEVELS} levels deep.`;
  return new RpcError(INTERNAL_ERROR, message, { code: 'INVALID_RESULT', maybeExecuted: true });
}
