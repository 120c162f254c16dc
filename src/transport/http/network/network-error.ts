import { requestNotDelivered } from '../../../errors/transport.ts';
import { PlenumError } from '../../../errors/plenum-error.ts';

/** One way in which a request fails without an answer, known by the codes of the error and its causes. */
interface Failure {
  readonly codes: RegExp;
  readonly what: string;
  readonly advice: string;
  /** Whether it shows that the connection's other requests cannot be served either. */
  readonly gone: boolean;
}

/** Failures that happen before a request is sent. */
const UNSENT: readonly Failure[] = [
  {
    codes: /^ECONNREFUSED$/,
    what: 'nothing listens there',
    advice: 'Is the server running, and is the port right?',
    gone: true,
  },
  {
    codes: /^ENOTFOUND$/,
    what: 'the host name is unknown',
    advice: 'Check its spelling.',
    gone: true,
  },
  {
    codes: /^EAI_AGAIN$/,
    what: 'the host name could not be looked up',
    advice: 'Check the network.',
    gone: false,
  },
  {
    codes: /^UND_ERR_CONNECT_TIMEOUT$/,
    what: 'no connection came about in time',
    advice: 'Check the address, or allow more with "openTimeoutMs".',
    gone: false,
  },
  {
    codes: /^(ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA)/,
    what: 'its certificate was not accepted',
    advice: 'Check the certificate and the host name.',
    gone: false,
  },
  {
    codes: /^ERR_SSL_(WRONG_VERSION_NUMBER|.*HANDSHAKE_FAILURE|.*PROTOCOL_VERSION)$/,
    what: 'no TLS connection came about',
    advice: 'Should the URL begin with http: rather than https:?',
    gone: false,
  },
];

const UNREACHABLE = /^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/;

/** The request that failed. */
export interface FailedRequest {
  readonly server: string;
  /** In words, ready to stand at the beginning: `POST`. */
  readonly doing: string;
  readonly url: URL;
  /** Whether no socket was found for it, whatever the error is. @default false */
  readonly unsent?: boolean;
}

/**
 * Turns what `fetch` or a socket threw into `CONNECTION_LOST`. `maybeExecuted` is false only when the codes
 * prove that no byte of the request left.
 */
export function networkError(error: unknown, request: FailedRequest): PlenumError {
  if (error instanceof PlenumError) return error;
  const { what, advice, maybeExecuted } = classify(error);
  const { server, doing, url, unsent = false } = request;
  return requestNotDelivered(server, `${doing} to ${url.origin}`, {
    why: what,
    hint: advice,
    maybeExecuted: maybeExecuted && !unsent,
    cause: error,
  });
}

/** What is missing, when `error` shows that nobody serves there any more; undefined when it does not. */
export function goneBecause(error: PlenumError): string | undefined {
  const { what, gone } = classify(error.cause);
  return gone ? what : undefined;
}

function classify(error: unknown): Pick<Failure, 'what' | 'advice' | 'gone'> & { maybeExecuted: boolean } {
  const causes = causesOf(error);
  for (const { code } of causes) {
    const failure = UNSENT.find(({ codes }) => code !== undefined && codes.test(code));
    if (failure !== undefined) return { ...failure, what: `${failure.what} (${code})`, maybeExecuted: false };
  }
  // The same code comes from connecting, before the request is sent, and from reading and writing, after that.
  const connecting = causes.find(
    ({ syscall }) => syscall === 'connect' || syscall?.startsWith('getaddrinfo'),
  );
  if (connecting !== undefined) {
    const code = connecting.code ?? 'no code';
    const gone = UNREACHABLE.test(code);
    return {
      what: `no connection came about (${code})`,
      advice: 'Check the address and the network.',
      gone,
      maybeExecuted: false,
    };
  }
  const detail = causes.map(({ code, message }) => code ?? message).findLast((each) => each !== '');
  const what = `the connection broke before the answer was there (${detail ?? String(error)})`;
  return {
    what,
    advice: 'The server may be restarting, or something on the way to it has closed the connection.',
    gone: false,
    maybeExecuted: true,
  };
}

interface Cause {
  readonly code: string | undefined;
  readonly syscall: string | undefined;
  readonly message: string;
}

/** An error, its causes and the errors of aggregates among them, outermost first. */
function causesOf(error: unknown, depth = 0): Cause[] {
  if (!(error instanceof Error) || depth > 8) return [];
  const { code, syscall } = error as NodeJS.ErrnoException;
  const inner = error instanceof AggregateError ? [error.cause, ...error.errors] : [error.cause];
  return [{ code, syscall, message: error.message }, ...inner.flatMap((each) => causesOf(each, depth + 1))];
}
