import {
  InsufficientScopeError,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/client';
import { messageOf, PlenumError } from '../errors.ts';
import { printable } from '../internal/text.ts';
import type { TransportEnd } from '../transport/managed-transport.ts';

/** What was going on when an official error came up. */
export interface ErrorContext {
  readonly server: string;
  /** In words, ready to stand at the beginning: `Calling tool "x"`. */
  readonly doing: string;
  readonly timeoutMs?: number | undefined;
  /** Why the connection ended, when it did. */
  readonly end?: TransportEnd | undefined;
}

/**
 * The border at which errors of the official client become Plenum's. By class and code only, never by message.
 */
export function translateError(error: unknown, context: ErrorContext): PlenumError {
  if (error instanceof PlenumError) return error;
  const { server, doing } = context;
  const at = `${doing} on server "${server}"`;
  const fields = { server, cause: error };

  if (error instanceof UnauthorizedError || error instanceof InsufficientScopeError) {
    return authRequired(at, 'the server wants other credentials', fields);
  }
  if (error instanceof ProtocolError) {
    // An answer that a transport wrote in the server's stead, for a request whose own stream had died.
    if (error.data instanceof PlenumError) return error.data;
    if (error instanceof UrlElicitationRequiredError) {
      return new PlenumError(
        'URL_ELICITATION_REQUIRED',
        `${at}: the user must visit ${error.elicitations.length} URL(s) first. See "elicitations", then call again.`,
        { ...fields, elicitations: error.elicitations },
      );
    }
    return new PlenumError(
      'PROTOCOL',
      `${at}: the server answered with error ${error.code}: ${printable(error.message, 500)}`,
      {
        ...fields,
        rpcCode: error.code,
        rpcMessage: error.message,
        data: error.data,
      },
    );
  }
  if (error instanceof SdkHttpError) {
    const { status } = error.data;
    if (status === 401 || status === 403)
      return authRequired(at, `the server answered HTTP ${status}`, fields);
    return new PlenumError('PROTOCOL', `${at}: the server answered HTTP ${status}.`, {
      ...fields,
      data: { status },
    });
  }
  if (error instanceof SdkError) return translateSdkError(error, at, context);
  if (context.end !== undefined) return connectionLost(at, context, false);
  return new PlenumError('PROTOCOL', `${at}: ${printable(messageOf(error), 500)}`, fields);
}

function translateSdkError(error: SdkError, at: string, context: ErrorContext): PlenumError {
  const fields = { server: context.server, cause: error };
  switch (error.code) {
    case SdkErrorCode.RequestTimeout:
      return timedOut(at, context.timeoutMs, fields);
    case SdkErrorCode.ConnectionClosed:
      return connectionLost(at, context, true);
    case SdkErrorCode.NotConnected:
    case SdkErrorCode.SendFailed:
      return connectionLost(at, context, false);
    case SdkErrorCode.InvalidResult:
    case SdkErrorCode.UnsupportedResultType:
    case SdkErrorCode.ListPaginationExceeded:
    case SdkErrorCode.InputRequiredRoundsExceeded:
    case SdkErrorCode.ClientHttpUnexpectedContent:
      return new PlenumError('INVALID_RESULT', `${at}: ${printable(error.message, 500)}`, fields);
    default:
      return new PlenumError('PROTOCOL', `${at}: ${printable(error.message, 500)}`, fields);
  }
}

export function timedOut(
  at: string,
  timeoutMs: number | undefined,
  fields: { server: string; cause?: unknown },
): PlenumError {
  const after = timeoutMs === undefined ? 'in time' : `within ${timeoutMs} ms`;
  return new PlenumError(
    'TIMEOUT',
    `${at}: no answer ${after}. The server was told to stop; allow more with "timeoutMs".`,
    fields,
  );
}

export function connectionLost(at: string, context: ErrorContext, maybeExecuted: boolean): PlenumError {
  const ran = maybeExecuted ? 'The request may have run.' : 'The request was not sent.';
  const { server, end } = context;
  return new PlenumError(
    'CONNECTION_LOST',
    `${at}: the server ${end?.what ?? 'closed the connection'}. ${ran}`,
    {
      server,
      maybeExecuted,
      cause: end?.error,
    },
  );
}

function authRequired(at: string, what: string, fields: { server: string; cause: unknown }): PlenumError {
  return new PlenumError('AUTH_REQUIRED', `${at}: ${what}. Check "auth" and "headers" of its spec.`, fields);
}
