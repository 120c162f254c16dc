import type { ProtocolError, SdkError } from '@modelcontextprotocol/client';
import { messageOf, PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';
import { localFailure } from '../../transport/fail-request.ts';
import type { TransportEnd } from '../../transport/managed-transport.ts';
import { official } from '../../transport/official.ts';

/** What was going on when an official error came up. */
export interface ErrorContext {
  readonly server: string;
  /** In words, ready to stand at the beginning: `Calling tool "x" on server "y"`. */
  readonly doing: string;
  readonly timeoutMs?: number | undefined;
  /** Whether there is no connection yet, so that no request of anybody's can have run. */
  readonly connecting?: boolean;
  /** The option that sets it. */
  readonly limit?: 'timeoutMs' | 'maxTotalTimeoutMs';
  /** Why the connection ended, when it did. */
  readonly end?: TransportEnd | undefined;
}

const FROM_TRANSPORT: ReadonlySet<string> = new Set([
  'CONNECTION_LOST',
  'SESSION_EXPIRED',
  'INVALID_ARGUMENTS',
]);

/**
 * The border at which errors of the official client become Plenum's. By class and code only, never by message.
 */
export function translateError(error: unknown, context: ErrorContext): PlenumError {
  const { server, doing } = context;
  if (error instanceof PlenumError) {
    if (!FROM_TRANSPORT.has(error.code) && error.server !== undefined) return error;
    // A transport knows what happened to the connection, and not what for.
    const { code, message, maybeExecuted, data } = error;
    const ran =
      code === 'CONNECTION_LOST' && context.connecting !== true ? ` ${whetherItRan(maybeExecuted)}` : '';
    return new PlenumError(code, `${doing}: ${message}${ran}`, { server, maybeExecuted, data, cause: error });
  }
  const fields = { server, cause: error };

  if (error instanceof official.UnauthorizedError || error instanceof official.InsufficientScopeError) {
    return authRequired(context, 'the server wants other credentials', error);
  }
  if (error instanceof official.ProtocolError) {
    const local = localFailure(error.data);
    if (local !== undefined) return translateError(local, context);
    if (error instanceof official.UrlElicitationRequiredError && Array.isArray(error.elicitations)) {
      return new PlenumError(
        'URL_ELICITATION_REQUIRED',
        `${doing}: the user must visit ${error.elicitations.length} URL(s) first. See "elicitations", then call again.`,
        { ...fields, elicitations: error.elicitations },
      );
    }
    return new PlenumError(
      'PROTOCOL',
      `${doing}: the server answered with error ${error.code}: ${printable(error.message, 500)}${versionsOf(error)}`,
      {
        ...fields,
        rpcCode: error.code,
        rpcMessage: error.message,
        data: error.data,
      },
    );
  }
  if (error instanceof official.SdkHttpError) {
    const { status } = error.data;
    if (status === 401 || status === 403)
      return authRequired(context, `the server answered HTTP ${status}`, error);
    return new PlenumError('PROTOCOL', `${doing}: the server answered HTTP ${status}.`, {
      ...fields,
      data: { status },
    });
  }
  if (error instanceof official.SdkError) return translateSdkError(error, context);
  if (context.end !== undefined) return connectionLost(context, true);
  if (isUnreadable(error)) {
    return new PlenumError('INVALID_RESULT', `${doing}: the answer is not a JSON-RPC message.`, fields);
  }
  return new PlenumError('PROTOCOL', `${doing}: ${printable(messageOf(error), 500)}`, fields);
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
      return new PlenumError(
        'INVALID_RESULT',
        `${doing}: the list has more pages than "maxPages" (${pageLimitOf(error)}) allows.`,
        { server, cause: error },
      );
    case official.SdkErrorCode.InvalidResult:
    case official.SdkErrorCode.UnsupportedResultType:
    case official.SdkErrorCode.InputRequiredRoundsExceeded:
    case official.SdkErrorCode.ClientHttpUnexpectedContent:
      return new PlenumError('INVALID_RESULT', `${doing}: ${printable(error.message, 500)}`, {
        server,
        cause: error,
      });
    default:
      return new PlenumError('PROTOCOL', `${doing}: ${printable(error.message, 500)}`, {
        server,
        cause: error,
      });
  }
}

export function timedOut(context: ErrorContext, cause?: unknown): PlenumError {
  const { doing, server, timeoutMs, limit = 'timeoutMs' } = context;
  const after = timeoutMs === undefined ? 'in time' : `within ${timeoutMs} ms`;
  const message = `${doing}: no answer ${after}. Allow more with "${limit}".`;
  return new PlenumError('TIMEOUT', message, { server, cause, maybeExecuted: true });
}

export function connectionLost({ doing, server, end }: ErrorContext, maybeExecuted: boolean): PlenumError {
  const message = `${doing}: the server ${end?.what ?? 'closed the connection'}. ${whetherItRan(maybeExecuted)}`;
  return new PlenumError('CONNECTION_LOST', message, { server, maybeExecuted, cause: end?.error });
}

function whetherItRan(maybeExecuted: boolean | undefined): string {
  return maybeExecuted === false ? 'The request was not sent.' : 'The request may have run.';
}

/** Why a session lost its connection. */
export function lostError(server: string, { end }: Pick<ErrorContext, 'end'>): PlenumError {
  const what = end?.what ?? 'closed the connection';
  const code = end?.sessionExpired === true ? 'SESSION_EXPIRED' : 'CONNECTION_LOST';
  return new PlenumError(code, `Server "${server}" ${what}.`, { server, cause: end?.error });
}

function authRequired({ doing, server }: ErrorContext, what: string, cause: unknown): PlenumError {
  const message = `${doing}: ${what}. Check "auth" and "headers" of its spec.`;
  return new PlenumError('AUTH_REQUIRED', message, { server, cause });
}

/** The official client wraps what went wrong with its first request; the wrapping helps nobody. */
function probeFailed(error: SdkError, context: ErrorContext): PlenumError {
  const cause = isRecord(error.data) ? error.data['cause'] : undefined;
  if (cause instanceof Error) return translateError(cause, context);
  const { doing, server } = context;
  return new PlenumError('PROTOCOL', `${doing}: ${printable(error.message, 500)}`, { server, cause: error });
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
