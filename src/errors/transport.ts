import { answered, type HttpAnswer } from './http-answer.ts';
import { messageOf, PlenumError } from './plenum-error.ts';
import { printable } from '../internal/text.ts';

/** A transport is started that was started or closed before. */
export function transportUsedUp(server: string): PlenumError<'NOT_CONNECTED'> {
  const why = 'it was started or closed before; each connection needs a new one';
  return new PlenumError('NOT_CONNECTED', `Starting the transport of server "${server}": ${why}.`, {
    server,
  });
}

/** Something is sent over a transport that was never started. */
export function transportNotStarted(server: string): PlenumError<'NOT_CONNECTED'> {
  const summary = `Could not send to server "${server}": it has not been started.`;
  return new PlenumError('NOT_CONNECTED', summary, { server });
}

/** A message could not be sent; `what` begins the summary and `why` is a clause. */
export function sendFailed(
  server: string,
  what: string,
  why: string,
  fields: { readonly maybeExecuted: boolean; readonly cause?: unknown },
): PlenumError<'CONNECTION_LOST'> {
  return new PlenumError('CONNECTION_LOST', `${what}: ${why}.`, { server, ...fields });
}

/** A request ends without an answer although the server was reached; `what` goes on from its name. */
export function answerLost(server: string, what: string, cause?: unknown): PlenumError<'CONNECTION_LOST'> {
  return new PlenumError('CONNECTION_LOST', `Server "${server}" ${what}.`, {
    server,
    cause,
    maybeExecuted: true,
  });
}

/** The server no longer knows the HTTP session; `what` goes on from its name. */
export function sessionForgotten(
  server: string,
  what: string,
  cause?: unknown,
): PlenumError<'SESSION_EXPIRED'> {
  const summary = `Server "${server}" ${what}. The request was not handled.`;
  return new PlenumError('SESSION_EXPIRED', summary, { server, cause, maybeExecuted: false });
}

/** A message is larger than `maxMessageBytes` allows. */
export function messageTooLarge(server: string, maxMessageBytes: number): PlenumError<'INVALID_RESULT'> {
  const summary = `Server "${server}" sent a message of more than ${maxMessageBytes} bytes.`;
  return new PlenumError('INVALID_RESULT', summary, {
    server,
    advice: [{ do: 'raise', options: ['maxMessageBytes'] }],
  });
}

/** A process wrote a line that is too long, and its connection ends; `what` goes on from the server's name. */
export function lineTooLong(server: string, what: string): PlenumError<'INVALID_RESULT'> {
  return new PlenumError('INVALID_RESULT', `Server "${server}" ${what}. The connection is being ended.`, {
    server,
    advice: [{ do: 'raise', options: ['maxMessageBytes'] }],
  });
}

export function batchTooLarge(server: string, messages: number): PlenumError<'INVALID_RESULT'> {
  const summary = `Server "${server}" answered with a batch of ${messages} messages.`;
  return new PlenumError('INVALID_RESULT', summary, { server });
}

/** An event stream was silent for longer than `readTimeoutMs`. */
export function streamSilent(server: string, silenceMs: number): PlenumError<'CONNECTION_LOST'> {
  const summary = `Server "${server}" left an event stream silent for ${silenceMs} ms.`;
  return new PlenumError('CONNECTION_LOST', summary, {
    server,
    maybeExecuted: true,
    advice: [{ do: 'raise', options: ['readTimeoutMs'] }],
  });
}

/** What a server sent is no message, or no answer; `what` goes on from its name. */
export function notAMessage(server: string, what: string, cause?: unknown): PlenumError<'INVALID_RESULT'> {
  return new PlenumError('INVALID_RESULT', `Server "${server}" ${what}.`, { server, cause });
}

/** A process wrote to its standard output what is no message. */
export function lineSkipped(server: string, what: string, sample: string): PlenumError<'INVALID_RESULT'> {
  const summary = `Server "${server}" wrote ${what} to its standard output. It was skipped: ${printable(sample.trim())}`;
  return new PlenumError('INVALID_RESULT', summary, { server });
}

/** The response of a request over HTTP ends without an answer to it. */
export function responseEmpty(server: string, origin: string): PlenumError<'INVALID_RESULT'> {
  const why = 'the response holds no answer to the request';
  return new PlenumError('INVALID_RESULT', `POST to ${origin} for server "${server}": ${why}.`, { server });
}

/** A request over HTTP failed on the network; `why` is a clause, `hint` a sentence. */
export function requestNotDelivered(
  server: string,
  request: string,
  {
    why,
    hint,
    maybeExecuted,
    cause,
  }: {
    readonly why: string;
    readonly hint: string;
    readonly maybeExecuted: boolean;
    readonly cause: unknown;
  },
): PlenumError<'CONNECTION_LOST'> {
  const summary = `${request} for server "${server}": ${why}. ${hint}`;
  return new PlenumError('CONNECTION_LOST', summary, { server, cause, maybeExecuted });
}

/** A redirect is not followed; `why` goes on from "a redirect". */
export function redirectRefused(
  server: string,
  request: string,
  status: number,
  why: string,
): PlenumError<'CONNECT_FAILED'> {
  const summary = `${request} for server "${server}": the answer is a redirect ${why}`;
  return new PlenumError('CONNECT_FAILED', summary, { server, data: { status } });
}

/** The function `headers` of a spec threw. */
export function headersFunctionFailed(server: string, error: unknown): PlenumError {
  return PlenumError.from(error, 'CONNECT_FAILED', `Asking for the headers of server "${server}"`, {
    server,
  });
}

/** A header cannot be sent. The message does not show its value. */
export function headerNotSendable(server: string, name: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `Header "${name}" of server "${server}" has a name or value that HTTP cannot carry.`;
  return new PlenumError('CONFIG_INVALID', summary, { server, data: { option: 'headers' } });
}

/** The event stream of a server was refused; `doing` names both. `excerpt` has the first words of the answer. */
export function streamRefused(
  server: string,
  doing: string,
  answer: HttpAnswer,
  cause: unknown,
): PlenumError<'AUTH_REQUIRED'> | PlenumError<'CONNECT_FAILED'> {
  const { status, fault, retryAfterMs } = answer;
  const summary = `${doing}: ${answered(answer)}`;
  const facts = {
    server,
    cause,
    rpcCode: fault?.code,
    rpcMessage: fault?.message,
    retryAfterMs,
  };
  if (status === 401 || status === 403)
    return new PlenumError('AUTH_REQUIRED', summary, {
      ...facts,
      data: { status },
      advice: [{ do: 'check', options: ['auth', 'headers'] }],
    });
  const hint = retryAfterMs === undefined ? ' Check the path of its URL, and its "type".' : '';
  const data = { status, ...(fault?.data !== undefined && { rpcData: fault.data }) };
  return new PlenumError('CONNECT_FAILED', `${summary}${hint}`, { ...facts, data });
}

/** An event stream began without the event that names the endpoint. */
export function noEndpointEvent(
  server: string,
  doing: string,
  timeoutMs: number,
): PlenumError<'CONNECT_FAILED'> {
  const why = `no "endpoint" event within ${timeoutMs} ms. Check its "type".`;
  return new PlenumError('CONNECT_FAILED', `${doing}: ${why}`, {
    server,
    advice: [{ do: 'raise', options: ['openTimeoutMs'] }],
  });
}

/** A transport failed to open; `doing` begins the message, `why` is a sentence. */
export function openFailed(
  code: 'AUTH_REQUIRED' | 'CONNECT_FAILED',
  server: string,
  doing: string,
  why: string,
  { cause, status }: { readonly cause?: unknown; readonly status?: number } = {},
): PlenumError {
  const data = status === undefined ? undefined : { status };
  return new PlenumError(code, `${doing}: ${why}`, { server, cause, data });
}

/** A URL serves neither of the transports over HTTP; `refusal` is the answer to `initialize`. */
export function neitherHttpNorSse(
  server: string,
  refusal: HttpAnswer,
  error: unknown,
): PlenumError<'CONNECT_FAILED'> {
  const { status, fault, excerpt } = refusal;
  const body = fault === undefined ? excerpt : `error ${fault.code}: ${printable(fault.message)}`;
  const http = `Streamable HTTP ("initialize" was answered with HTTP ${status}${body && `, ${body}`})`;
  const summary = `Connecting to server "${server}": it speaks neither ${http} nor SSE (${messageOf(error)}).`;
  return new PlenumError('CONNECT_FAILED', summary, {
    server,
    cause: error,
    rpcCode: fault?.code,
    rpcMessage: fault?.message,
    retryAfterMs: refusal.retryAfterMs,
    data: { status, ...(fault?.data !== undefined && { rpcData: fault.data }) },
  });
}

/** Whatever was thrown while a message became JSON; `doing` begins the message of the error. */
export function notSerializable(server: string, doing: string, error: unknown): PlenumError {
  return PlenumError.from(error, 'INVALID_ARGUMENTS', doing, { server, maybeExecuted: false });
}

/** The command of a server could not be run. `hint` is a sentence. */
export function spawnFailed(
  server: string,
  command: string,
  { cwd, code, hint }: { readonly cwd: string | undefined; readonly code: string; readonly hint: string },
): PlenumError<'CONNECT_FAILED'> {
  const where = cwd === undefined ? 'in the current folder' : `in the folder "${cwd}"`;
  const summary = `Could not start server "${server}": running "${command}" ${where} failed (${code}). ${hint}`;
  return new PlenumError('CONNECT_FAILED', summary, {
    server,
    // Not the error of the platform, which holds all arguments.
    cause: Object.assign(new Error(`spawn failed: ${code}`), { code, syscall: 'spawn' }),
  });
}

/** A process, or one that it started, is still there after SIGKILL. */
export function processNotEnded(server: string, pid: number | undefined): PlenumError<'TIMEOUT'> {
  const what = `Process ${pid} of server "${server}", or one that it started, is still there after SIGKILL.`;
  return new PlenumError('TIMEOUT', `${what} It may belong to another user, or hang in the kernel.`, {
    server,
  });
}
