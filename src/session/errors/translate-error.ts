import type { ProtocolError, SdkError, SdkHttpError } from '@modelcontextprotocol/client';
import {
  connectionEnded,
  credentialsRefused,
  duringCall,
  httpError,
  invalidResult,
  lostDuringCall,
  requestFailed,
  serverError,
  timedOut as noAnswerInTime,
  tooManyPages,
  urlsToVisit,
} from '../../errors/call.ts';
import { PlenumError, type PlenumErrorData } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import { localFailure } from '../../transport/fail-request.ts';
import { answerOf } from '../../transport/http/refusal.ts';
import type { TransportEnd } from '../../transport/managed-transport.ts';
import { official } from '../../transport/official.ts';

/** What was being done when an error of the official client came. */
export interface ErrorContext {
  readonly server: string;
  /** Begins the message: `Calling tool "x" on server "y"`. */
  readonly doing: string;
  /** The time limit that was reached, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** The option that sets `timeoutMs`; by default the one of this name. */
  readonly limit?: 'timeoutMs' | 'maxTotalTimeoutMs';
  /** Whether the handshake is not complete, so that no request of a caller can have run. */
  readonly connecting?: boolean;
  /** Why the connection ended, if it has. */
  readonly end?: TransportEnd | undefined;
}

/** Codes of errors that transports make for one request; they do not say which request. */
const FROM_TRANSPORT: ReadonlySet<string> = new Set([
  'CONNECTION_LOST',
  'SESSION_EXPIRED',
  'INVALID_ARGUMENTS',
]);

/** Makes a `PlenumError` of an error of the official client, by its class and code, never by its message. */
export function translateError(error: unknown, context: ErrorContext): PlenumError {
  const { server, doing } = context;
  if (error instanceof PlenumError) {
    if (!FROM_TRANSPORT.has(error.code) && error.server !== undefined) return error;
    // The transport does not know what its message was for: add it.
    return duringCall(context, error, error.code === 'CONNECTION_LOST' && context.connecting !== true);
  }

  if (error instanceof official.UnauthorizedError || error instanceof official.InsufficientScopeError) {
    return credentialsRefused(context, error);
  }
  if (error instanceof official.ProtocolError) {
    const local = localFailure(error.data);
    if (local !== undefined) return translateError(local, context);
    return asksForVisit(error, context) ?? serverError(context, error, versionsOf(error), error);
  }
  if (error instanceof official.SdkHttpError) return translateHttpError(error, context);
  if (error instanceof official.SdkError) return translateSdkError(error, context);
  if (context.end !== undefined) return connectionLost(context, true);
  if (isUnreadable(error)) {
    return invalidResult(`${doing}: the answer is not a JSON-RPC message.`, { server, cause: error });
  }
  return requestFailed(context, error);
}

function translateHttpError(error: SdkHttpError, context: ErrorContext): PlenumError {
  const answer = answerOf(error.data);
  const { status, fault } = answer;
  if (status === 401 || status === 403) return credentialsRefused(context, error, answer);
  const rpcError = fault && official.ProtocolError.fromError(fault.code, fault.message, fault.data);
  return asksForVisit(rpcError, context) ?? httpError(context, answer, error);
}

/** The error of a call before which the user has to visit URLs; undefined for every other. */
function asksForVisit(error: ProtocolError | undefined, context: ErrorContext): PlenumError | undefined {
  if (!(error instanceof official.UrlElicitationRequiredError) || !Array.isArray(error.elicitations))
    return undefined;
  return urlsToVisit(context, error.elicitations, error);
}

/** The details of the answer for which a handshake failed with `error`. */
export function connectData({
  cause,
  rpcCode,
  data,
}: PlenumError): PlenumErrorData['CONNECT_FAILED'] | undefined {
  if (cause instanceof official.SdkHttpError) {
    const { status, fault } = answerOf(cause.data);
    return { status, ...(fault?.data !== undefined && { rpcData: fault.data }) };
  }
  return rpcCode === undefined || data === undefined ? undefined : { rpcData: data };
}

function translateSdkError(error: SdkError, context: ErrorContext): PlenumError {
  const { doing, server } = context;
  switch (error.code) {
    case official.SdkErrorCode.RequestTimeout:
      return timedOut(context, error);
    case official.SdkErrorCode.ConnectionClosed:
    case official.SdkErrorCode.SendFailed:
      return connectionLost(context, true);
    case official.SdkErrorCode.EraNegotiationFailed:
      return probeFailed(error, context);
    case official.SdkErrorCode.NotConnected:
      return connectionLost(context, false);
    case official.SdkErrorCode.ListPaginationExceeded:
      return tooManyPages(context, pageLimitOf(error), error);
    case official.SdkErrorCode.InvalidResult:
    case official.SdkErrorCode.UnsupportedResultType:
    case official.SdkErrorCode.InputRequiredRoundsExceeded:
    case official.SdkErrorCode.ClientHttpUnexpectedContent:
      return invalidResult(`${doing}: ${printable(error.message, 500)}`, { server, cause: error });
    default:
      return requestFailed(context, error);
  }
}

export function timedOut(context: ErrorContext, cause?: unknown): PlenumError {
  return noAnswerInTime(context, context.timeoutMs, context.limit ?? 'timeoutMs', cause);
}

export function connectionLost(context: ErrorContext, maybeExecuted: boolean): PlenumError {
  const { end } = context;
  return lostDuringCall(
    context,
    end?.what ?? 'closed the connection',
    maybeExecuted,
    end?.error,
    end?.stderr,
  );
}

/** Why a session lost its connection. */
export function lostError(server: string, { end }: Pick<ErrorContext, 'end'>): PlenumError {
  const what = end?.what ?? 'closed the connection';
  const expired = end?.sessionExpired === true;
  return connectionEnded(server, what, { cause: end?.error, expired, stderr: end?.stderr });
}

/** The official client wraps the error of its first request; the inner error says more. */
function probeFailed(error: SdkError, context: ErrorContext): PlenumError {
  const cause = isRecord(error.data) ? error.data['cause'] : undefined;
  if (cause instanceof Error) return translateError(cause, context);
  return requestFailed(context, error);
}

function pageLimitOf({ data }: SdkError): string {
  return isRecord(data) ? String(data['listMaxPages']) : 'its limit';
}

/** What the official transports throw when they cannot parse an answer. */
function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError');
}

function versionsOf(error: ProtocolError): string {
  if (!(error instanceof official.UnsupportedProtocolVersionError)) return '';
  const { supported, requested } = error;
  return ` (the server speaks ${printable(supported.join(', '))}; it was asked for ${printable(requested)})`;
}
