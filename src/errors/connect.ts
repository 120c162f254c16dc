import { PlenumError, type PlenumErrorData, type PlenumErrorFields } from './plenum-error.ts';
import { outputFields, type Output, printable } from '../internal/text.ts';

type Fields = Pick<PlenumErrorFields<'CONNECT_FAILED'>, 'cause' | 'advice' | 'detail' | 'data'>;

/** How many servers a message names. */
const MOST_SERVERS = 5;

/** Connecting to a server failed; `why` goes on from `Connecting to server "x": `. */
export function connectFailed(
  server: string,
  why: string,
  fields: Fields = {},
): PlenumError<'CONNECT_FAILED'> {
  return new PlenumError('CONNECT_FAILED', `Connecting to server "${server}": ${why}`, { server, ...fields });
}

/** Any error that was thrown while a server was connected or pinged; `doing` begins the message. */
export function connectFailure(
  server: string,
  error: unknown,
  doing = `Connecting to server "${server}"`,
): PlenumError {
  return PlenumError.from(error, 'CONNECT_FAILED', doing, { server });
}

/** Servers of a group with `strict` failed; `errors` has their errors. */
export function serversFailed(errors: readonly PlenumError[], total: number): PlenumError<'CONNECT_FAILED'> {
  const list = errors.map(({ message }) => `- ${message.replaceAll('\n', '\n  ')}`).join('\n');
  const summary = `${errors.length} of ${total} servers did not come up:`;
  return new PlenumError('CONNECT_FAILED', summary, { errors, detail: list });
}

/** The connection went away while a group fetched what the server offers. */
export function lostWhileListing(server: string): PlenumError<'CONNECTION_LOST'> {
  const summary = `Adding server "${server}": its connection was lost while its lists were fetched.`;
  return new PlenumError('CONNECTION_LOST', summary, { server });
}

export function handshakeTimedOut(server: string, timeoutMs: number, output: Output): PlenumError<'TIMEOUT'> {
  const summary = `Connecting to server "${server}": no handshake within ${timeoutMs} ms.`;
  const { detail, stderr } = outputFields(output);
  return new PlenumError('TIMEOUT', summary, {
    server,
    data: { timeoutMs, ...(stderr !== undefined && { stderr }) },
    advice: [{ do: 'raise', options: ['connectTimeoutMs'] }],
    detail,
  });
}

/** The program that was started is no MCP server: it sends back what it receives. */
export function echoed(server: string, cause: unknown): PlenumError<'CONNECT_FAILED'> {
  return connectFailed(server, 'it sends back what it is sent: it is no MCP server.', { cause });
}

export function versionNotSpoken(
  server: string,
  offered: string,
  spoken: readonly string[],
  cause: unknown,
): PlenumError<'CONNECT_FAILED'> {
  const versions = `${spoken.slice(0, -1).join(', ')} and ${spoken.at(-1)}`;
  const why = `the server speaks protocol version "${printable(offered, 40)}", Plenum speaks ${versions}.`;
  return connectFailed(server, why, { cause, data: { protocolVersion: offered } });
}

/** The connection ended before the handshake was complete. `what` goes on from "the server". */
export function endedWhileConnecting(
  server: string,
  { what, stderr, error }: { readonly what: string; readonly stderr?: string; readonly error?: Error },
  cause: unknown,
): PlenumError<'CONNECT_FAILED'> {
  // The error of the transport says more, and has advice.
  const known = error instanceof PlenumError ? error : undefined;
  const output = outputFields(stderr === undefined ? {} : { stderr });
  return connectFailed(server, known?.summary ?? `the server ${what}.`, {
    cause,
    ...(known?.advice !== undefined && { advice: known.advice }),
    ...(output.stderr !== undefined && { data: { stderr: output.stderr } }),
    detail: output.detail,
  });
}

/** Any other error while connecting, with the code `CONNECT_FAILED`. */
export function asConnectFailed(
  server: string,
  error: PlenumError,
  data: PlenumErrorData['CONNECT_FAILED'] | undefined,
): PlenumError<'CONNECT_FAILED'> {
  const { summary, advice, detail, cause, rpcCode, rpcMessage, retryAfterMs } = error;
  const facts = { advice, detail, rpcCode, rpcMessage, retryAfterMs, data };
  return new PlenumError('CONNECT_FAILED', summary, { server, ...facts, cause: cause ?? error });
}

/** A server is not connected yet when a command needs it. */
export function notReadyYet(server: string): PlenumError<'TIMEOUT'> {
  return new PlenumError('TIMEOUT', `Connecting to server "${server}": it is not ready yet.`, { server });
}

/** Servers of a group were not ready in time. */
export function notReadyInTime(
  servers: readonly { readonly server: string; readonly error: PlenumError | undefined }[],
  timeoutMs: number,
): PlenumError<'TIMEOUT'> {
  const shown = servers.slice(0, MOST_SERVERS).map(({ server, error }) => {
    return `"${printable(server, 80)}"${error === undefined ? '' : ` (${printable(error.summary, 160)})`}`;
  });
  const more = servers.length > shown.length ? ` and ${servers.length - shown.length} more` : '';
  const summary = `Not ready within ${timeoutMs} ms: ${shown.join(', ')}${more}.`;
  const [only] = servers;
  return new PlenumError('TIMEOUT', summary, {
    ...(servers.length === 1 && { server: only?.server }),
    cause: only?.error,
    data: { timeoutMs },
    advice: [{ do: 'raise', options: ['timeoutMs'] }],
  });
}

/** The option `protocol` names one version, and the server speaks another. */
export function versionNotAllowed(
  server: string,
  offered: string,
  wanted: string,
  cause: unknown,
): PlenumError<'CONNECT_FAILED'> {
  const why = `the server speaks protocol version "${printable(offered, 40)}", option "protocol" demands "${wanted}".`;
  return connectFailed(server, why, { cause, data: { protocolVersion: offered } });
}

/** The client that a caller gave is not connected. */
export function clientNotConnected(): PlenumError<'NOT_CONNECTED'> {
  return new PlenumError('NOT_CONNECTED', 'The adopted client is not connected.');
}

/** A source answered with something that is no lease. */
export function notALease(server: string): PlenumError<'CONNECT_FAILED'> {
  const summary = `Server "${server}": acquire() of its source must give an object { session, release, discard }.`;
  return new PlenumError('CONNECT_FAILED', summary, { server, maybeExecuted: false });
}

/** A source leased a session that is of no use; `state` is what it is. */
export function leaseNotReady(server: string, state: string, cause: unknown): PlenumError<'CONNECTION_LOST'> {
  const summary = `Acquiring a session for server "${server}": the one that came is not ready but ${state}.`;
  return new PlenumError('CONNECTION_LOST', summary, { server, cause });
}

/** A source leased no session in time. */
export function leaseTooLate(server: string, timeoutMs: number): PlenumError<'TIMEOUT'> {
  const summary = `Acquiring a session for server "${server}": none within ${timeoutMs} ms.`;
  return new PlenumError('TIMEOUT', summary, {
    server,
    data: { timeoutMs },
    advice: [{ do: 'raise', options: ['connectTimeoutMs'] }],
  });
}
