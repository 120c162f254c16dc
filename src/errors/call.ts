import type { InvalidResultData, UrlElicitation } from './registry.ts';
import { messageOf, PlenumError, type PlenumErrorFields } from './plenum-error.ts';
import { outputFields, printable } from '../internal/text.ts';
import { answered, type HttpAnswer, type RpcError } from './http-answer.ts';

export type EndCode = 'ABORTED' | 'INVALID_RESULT' | 'PROTOCOL' | 'SESSION_CLOSED' | 'TIMEOUT';

/** A tool call ended in the interceptors: one returned or threw something wrong, or the call was cancelled there. */
export function interceptedCallEnded<Code extends EndCode>(
  code: Code,
  call: { readonly tool: string; readonly server: string },
  why: string,
  fields: PlenumErrorFields<Code>,
): PlenumError<Code> {
  const doing = `Calling tool "${printable(call.tool)}" on server "${call.server}"`;
  return new PlenumError(code, `${doing}: ${why}.`, { ...fields, server: call.server });
}

/** A request and the server that it is for. `doing` begins the message: `Calling tool "x" on server "y"`. */
export interface RequestFacts {
  readonly doing: string;
  readonly server: string;
}

/** No answer came in time; `option` sets the limit. */
export function timedOut(
  { doing, server }: RequestFacts,
  timeoutMs: number | undefined,
  option: string,
  cause?: unknown,
): PlenumError<'TIMEOUT'> {
  const after = timeoutMs === undefined ? 'in time' : `within ${timeoutMs} ms`;
  return new PlenumError('TIMEOUT', `${doing}: no answer ${after}.`, {
    server,
    cause,
    maybeExecuted: true,
    ...(timeoutMs !== undefined && { data: { timeoutMs } }),
    advice: [{ do: 'raise', options: [option] }],
  });
}

/** The connection ended during a request; `what` goes on from "the server". */
export function lostDuringCall(
  { doing, server }: RequestFacts,
  what: string,
  maybeExecuted: boolean,
  cause: unknown,
  stderr = '',
): PlenumError<'CONNECTION_LOST'> {
  const summary = `${doing}: the server ${what}. ${whetherItRan(maybeExecuted)}`;
  return new PlenumError('CONNECTION_LOST', summary, {
    server,
    maybeExecuted,
    cause,
    advice: adviceOf(cause),
    ...wroteLast(stderr),
  });
}

/** What a process that ended wrote last. */
function wroteLast(stderr: string): Pick<PlenumErrorFields<'CONNECTION_LOST'>, 'data' | 'detail'> {
  if (stderr === '') return {};
  const { detail, stderr: lines } = outputFields({ stderr });
  return { detail, ...(lines !== undefined && { data: { stderr: lines } }) };
}

/** What a transport advises about the end of its connection. */
function adviceOf(cause: unknown): PlenumError['advice'] {
  return cause instanceof PlenumError ? cause.advice : undefined;
}

/** A transport's error about the connection, for one request. With `ran`, the message says whether it may have run. */
export function duringCall({ doing, server }: RequestFacts, error: PlenumError, ran: boolean): PlenumError {
  const { code, summary, maybeExecuted, data, advice, detail, rpcCode, rpcMessage, retryAfterMs } = error;
  const more = ran ? ` ${whetherItRan(maybeExecuted)}` : '';
  return new PlenumError(code, `${doing}: ${summary}${more}`, {
    server,
    maybeExecuted,
    data,
    advice,
    detail,
    rpcCode,
    rpcMessage,
    retryAfterMs,
    cause: error,
  });
}

function whetherItRan(maybeExecuted: boolean | undefined): string {
  return maybeExecuted === false ? 'The request was not sent.' : 'The request may have run.';
}

/** The error for a call when connecting to its server failed with `error`. */
export function notSent(server: string, error: PlenumError): PlenumError {
  const { code, summary, data, rpcCode, rpcMessage, retryAfterMs, advice, detail } = error;
  const facts = { data, rpcCode, rpcMessage, retryAfterMs, advice, detail };
  return new PlenumError(code, summary, { ...facts, server, cause: error, maybeExecuted: false });
}

/** A call waits for a connection that does not come in time. `reason` is why there is none. */
export function notConnectedInTime(
  { doing, server }: RequestFacts,
  timeoutMs: number,
  reason: PlenumError | undefined,
): PlenumError<'TIMEOUT'> {
  const ms = Math.round(Math.max(timeoutMs, 0));
  const why = reason === undefined ? '' : ` (${reason.summary})`;
  const summary = `${doing}: server "${server}" did not connect within ${ms} ms${why}. The request was not sent.`;
  return new PlenumError('TIMEOUT', summary, {
    server,
    cause: reason,
    maybeExecuted: false,
    data: { timeoutMs: ms },
  });
}

/** The option `maxWaitingCalls` is reached. */
export function tooManyWaiting(
  { doing, server }: RequestFacts,
  limit: number,
  cause: unknown,
): PlenumError<'NOT_CONNECTED'> {
  const what = `is not connected, and ${limit} calls wait for it already`;
  return new PlenumError('NOT_CONNECTED', `${doing}: session "${server}" ${what}.`, {
    server,
    cause,
    maybeExecuted: false,
  });
}

/** A session is used before its start, or started twice; `what` continues a sentence that begins with its name. */
export function notConnected(server: string, what: string): PlenumError<'NOT_CONNECTED'> {
  const summary = `Session "${server}" ${what}.`;
  return new PlenumError('NOT_CONNECTED', summary, { server, maybeExecuted: false });
}

/** A session failed to connect, and tries no more until it is told to. */
export function gaveUp(server: string, error: PlenumError): PlenumError<'NOT_CONNECTED'> {
  return new PlenumError('NOT_CONNECTED', `Session "${server}" gave up (${error.summary}).`, {
    server,
    cause: error,
    maybeExecuted: false,
    advice: [...(error.advice ?? []), { do: 'call', method: 'reconnect' }],
    detail: error.detail,
    retryAfterMs: error.retryAfterMs,
  });
}

/** A session lost its connection; `what` goes on from the server's name. */
export function connectionEnded(
  server: string,
  what: string,
  {
    cause,
    expired = false,
    stderr = '',
  }: { readonly cause?: unknown; readonly expired?: boolean; readonly stderr?: string | undefined } = {},
): PlenumError<'CONNECTION_LOST'> | PlenumError<'SESSION_EXPIRED'> {
  const code = expired ? 'SESSION_EXPIRED' : 'CONNECTION_LOST';
  const { detail } = wroteLast(stderr);
  return new PlenumError(code, `Server "${server}" ${what}.`, {
    server,
    cause,
    advice: adviceOf(cause),
    detail,
  });
}

/** The server answered with a JSON-RPC error; `more` follows its message. */
export function serverError(
  { doing, server }: RequestFacts,
  { code, message, data }: RpcError,
  more: string,
  cause: unknown,
): PlenumError<'PROTOCOL'> {
  const summary = `${doing}: the server answered with error ${code}: ${printable(message, 500)}${more}`;
  return new PlenumError('PROTOCOL', summary, { server, cause, rpcCode: code, rpcMessage: message, data });
}

/** The server answered with an HTTP error. */
export function httpError(
  { doing, server }: RequestFacts,
  answer: HttpAnswer,
  cause: unknown,
): PlenumError<'PROTOCOL'> {
  const { status, fault } = answer;
  return new PlenumError('PROTOCOL', `${doing}: ${answered(answer)}`, {
    server,
    cause,
    ...httpFacts(answer),
    data: fault?.data ?? { status },
  });
}

function httpFacts({ fault, retryAfterMs, maybeExecuted }: HttpAnswer) {
  return { rpcCode: fault?.code, rpcMessage: fault?.message, retryAfterMs, maybeExecuted };
}

/** A request failed with an error that has no code of its own. */
export function requestFailed({ doing, server }: RequestFacts, error: unknown): PlenumError<'PROTOCOL'> {
  const summary = `${doing}: ${printable(messageOf(error), 500)}`;
  return new PlenumError('PROTOCOL', summary, { server, cause: error });
}

/** Whatever was thrown by a request that the library makes of itself. */
export function requestFailure({ doing, server }: RequestFacts, error: unknown): PlenumError {
  return PlenumError.from(error, 'PROTOCOL', doing, { server });
}

/** A handler or a listener of the caller's failed. `doing` names it, with the server. */
export function handlerFailed(doing: string, server: string, error: unknown): PlenumError<'PROTOCOL'> {
  const summary = `${doing}: ${printable(messageOf(error), 300)}`;
  return new PlenumError('PROTOCOL', summary, { server, cause: error });
}

/** A server sends requests that are refused; `what` continues a sentence that begins with its name. */
export function serverRequestsRefused(server: string, what: string): PlenumError<'INVALID_RESULT'> {
  return new PlenumError('INVALID_RESULT', `Server "${server}" ${what}.`, {
    server,
    advice: [{ do: 'raise', options: ['serverRequests'] }],
  });
}

/** A server has more questions in one answer than handlers may get at a time. */
export function tooManyInputRequests(count: number, limit: number): PlenumError<'INVALID_RESULT'> {
  const why = `The answer asks ${count} questions at once; "serverRequests" allows ${limit}.`;
  return invalidResult(why);
}

export function updatesNotOffered(server: string, uri: string): PlenumError<'PROTOCOL'> {
  const summary = `Subscribing to "${printable(uri)}": server "${server}" does not offer its updates.`;
  return new PlenumError('PROTOCOL', summary, { server });
}

/** The user must visit URLs first. */
export function urlsToVisit(
  { doing, server }: RequestFacts,
  elicitations: readonly UrlElicitation[],
  sent: { readonly code: number; readonly message: string; readonly data?: unknown },
): PlenumError<'URL_ELICITATION_REQUIRED'> {
  const data = typeof sent.data === 'object' ? { ...sent.data, elicitations } : { elicitations };
  const summary = `${doing}: the user must visit ${elicitations.length} URL(s) first.`;
  return new PlenumError('URL_ELICITATION_REQUIRED', summary, {
    server,
    cause: sent,
    elicitations,
    rpcCode: sent.code,
    rpcMessage: sent.message,
    data,
    advice: [{ do: 'visit-urls' }],
  });
}

/** An answer does not fit the protocol, a limit or a schema; `why` is a sentence. */
export function invalidResult(
  why: string,
  fields: { readonly server?: string; readonly cause?: unknown } = {},
): PlenumError<'INVALID_RESULT'> {
  return new PlenumError('INVALID_RESULT', why, fields);
}

/** A server sent something odd that was tolerated; `what` continues a sentence that begins with its name. */
export function oddAnswer(
  server: string,
  what: string,
  data: InvalidResultData,
): PlenumError<'INVALID_RESULT'> {
  return new PlenumError('INVALID_RESULT', `Server "${server}" sent something odd in ${what}`, {
    server,
    data,
  });
}

export function tooManyPages(
  { doing, server }: RequestFacts,
  limit: string,
  cause: unknown,
): PlenumError<'INVALID_RESULT'> {
  const summary = `${doing}: the list has more pages than "maxPages" (${limit}) allows.`;
  return new PlenumError('INVALID_RESULT', summary, { server, cause });
}

/** The arguments of a call are not an object that holds them by name; `found` says what they are. */
export function argumentsNotAnObject(tool: string, found: string): PlenumError<'INVALID_ARGUMENTS'> {
  const summary = `Calling tool "${printable(tool)}": the arguments must be an object, not ${found}.`;
  return new PlenumError('INVALID_ARGUMENTS', summary, { maybeExecuted: false });
}

/** A request cannot become JSON. */
export function notJson(cause: unknown): PlenumError<'INVALID_ARGUMENTS'> {
  const summary =
    'The request holds something that JSON cannot carry, such as a cycle or a bigint. Nothing was sent.';
  return new PlenumError('INVALID_ARGUMENTS', summary, { cause, maybeExecuted: false });
}

/** The server refused the credentials; `answer` is what it said, if that is known. */
export function credentialsRefused(
  { doing, server }: RequestFacts,
  cause: unknown,
  answer?: HttpAnswer,
): PlenumError<'AUTH_REQUIRED'> {
  const what = answer === undefined ? 'the server wants other credentials.' : answered(answer);
  return new PlenumError('AUTH_REQUIRED', `${doing}: ${what}`, {
    server,
    cause,
    ...(answer !== undefined && { ...httpFacts(answer), data: { status: answer.status } }),
    advice: [{ do: 'check', options: ['auth', 'headers'] }],
  });
}
