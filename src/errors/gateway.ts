import { messageOf, PlenumError } from './plenum-error.ts';
import { didYouMean, nearest, printable } from '../internal/text.ts';

/** A gateway is made with `new`. */
export function gatewayConstructed(): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', 'A gateway is made by createGateway(), not by "new".');
}

export function gatewayWithout(): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', 'A gateway needs "servers" or "group".', {
    data: { option: 'servers' },
  });
}

export function gatewayWithTooMany(): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', 'A gateway takes either "servers" or "group", not both.', {
    data: { option: 'group' },
  });
}

/** The sessions of a group were opened without the lock: it could not hold for them. */
export function gatewayLockOfGroup(): PlenumError<'CONFIG_INVALID'> {
  const summary = 'A gateway that is made of a group does not take "lock": give it to the group.';
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'lock' } });
}

export function gatewayOnAddress(host: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `A gateway without "auth" listens on loopback addresses only, not on "${host}": anybody who reaches it could use its servers.`;
  return new PlenumError('CONFIG_INVALID', summary, {
    data: { option: 'auth' },
    advice: [{ do: 'set', option: 'auth' }],
  });
}

export function gatewayNeedsHosts(): PlenumError<'CONFIG_INVALID'> {
  const summary = 'fetch() of a gateway needs the host names that requests may be sent to.';
  return new PlenumError('CONFIG_INVALID', summary, {
    data: { option: 'hosts' },
    advice: [{ do: 'set', option: 'hosts' }],
  });
}

const WHY_NOT_OPENED: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
  EACCES: 'this user may not',
};

/** A rule for clients names what does not exist. `known` are the names that there are. */
export function policyMatchesNothing(
  option: string,
  text: string,
  noun: 'server' | 'entry',
  known: readonly string[],
): PlenumError<'CONFIG_INVALID'> {
  const near = nearest(text, known);
  const hint = near.length > 0 ? didYouMean(near) : '';
  const what = noun === 'server' ? 'server' : 'tool, prompt or resource';
  const summary = `"${option}": ${printable(text, 200)} matches no ${what}.${hint}`;
  return new PlenumError('CONFIG_INVALID', summary, { data: { option } });
}

/** The system does not let a gateway listen there. */
export function gatewayCannotListen(
  host: string,
  port: number,
  error: unknown,
): PlenumError<'CONFIG_INVALID'> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const option = code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' ? 'host' : 'port';
  const why = WHY_NOT_OPENED[code] ?? messageOf(error);
  return new PlenumError('CONFIG_INVALID', `Listening on port ${port} of "${host}" failed: ${why}.`, {
    data: { option },
    cause: error,
    ...(option === 'port' && {
      advice: [{ do: 'set', option: 'port', value: 'another one, or to 0 for any that is free' }],
    }),
  });
}

/** Key and certificate cannot be read, or do not belong together. The cause says which; it holds nothing of the key. */
export function gatewayTlsUnusable(error: unknown): PlenumError<'CONFIG_INVALID'> {
  const summary = `The key and certificate of "tls" cannot be used: ${messageOf(error)}.`;
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'tls' }, cause: error });
}

/** The cause is left out: what was given as a path may be a key. */
export function gatewayTlsFile(option: string, error: unknown): PlenumError<'CONFIG_INVALID'> {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  const summary = `"tls.${option}" must be PEM or the path of a file that holds it; there is no such file that can be read${code}.`;
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: `tls.${option}` } });
}

export function gatewayListens(): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', 'The gateway listens already.');
}

export function gatewayClosed(doing: string): PlenumError<'SESSION_CLOSED'> {
  return new PlenumError('SESSION_CLOSED', `${doing}: the gateway is closed.`, { maybeExecuted: false });
}

/** A client cannot be reached, or does not support what a program wants of it. */
export function clientCannot(doing: string, why: string): PlenumError<'NOT_CONNECTED'> {
  return new PlenumError('NOT_CONNECTED', `${doing}: ${why}`, { maybeExecuted: false });
}

export function noUpstreamFree(server: string): PlenumError<'POOL_EXHAUSTED'> {
  const summary = `Opening a session of server "${server}" for a client: as many as the limits allow are in use.`;
  return new PlenumError('POOL_EXHAUSTED', summary, {
    server,
    maybeExecuted: false,
    data: { waiting: 0 },
    advice: [{ do: 'raise', options: ['limits.upstreamSessionsPerServer', 'limits.upstreamSessions'] }],
  });
}

/** A client is told once that its session with a server was ended to open one for another client. */
export function upstreamStateLost(server: string): PlenumError<'SESSION_EXPIRED'> {
  const summary = `The session with server "${server}" was ended to open one for another client; what the server kept for it is lost.`;
  return new PlenumError('SESSION_EXPIRED', summary, { server, maybeExecuted: false });
}

/** A server behind a gateway was silent for too long in a call. */
export function callNotAnswered(server: string, timeoutMs: number): PlenumError<'TIMEOUT'> {
  const summary = `A call to server "${server}" was not answered within ${timeoutMs} ms.`;
  return new PlenumError('TIMEOUT', summary, {
    server,
    maybeExecuted: true,
    data: { timeoutMs },
    advice: [{ do: 'raise', options: ['timeoutMs'] }],
  });
}

export function gatewayServerIsOne(isolation: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `A server object in this process has one connection, which cannot be isolated by "${isolation}". Give "server" as a function that makes a server.`;
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'isolation' } });
}

export function gatewayOfGroup(): PlenumError<'CONFIG_INVALID'> {
  const summary =
    'This gateway serves a group that was given to it: add the server to the group, or remove it there.';
  return new PlenumError('CONFIG_INVALID', summary);
}

/** A file of API keys cannot be used; `what` goes on from its path. */
export function keyFileUnusable(path: string, what: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `The key file "${path}" ${what}.`, {
    data: { option: 'auth.keys' },
  });
}

export function keyFileMissing(path: string): PlenumError<'CONFIG_INVALID'> {
  return keyFileUnusable(path, `is not there. Make it with: plenum keys add <name> --key-file ${path}`);
}

/** Somebody else holds the lock of a file of API keys, or its folder cannot be written to. */
export function keyFileLocked(path: string, error: unknown): PlenumError<'CONFIG_INVALID'> {
  return keyFileUnusable(path, `could not be locked: ${messageOf(error)}`);
}

/** A file of API keys that was changed cannot be used. */
export function keyFileUnread(error: unknown): PlenumError {
  return PlenumError.from(error, 'CONFIG_INVALID', 'Reading API keys');
}

/** The records of API keys that a program gave contradict each other; `what` goes on from "the list". */
export function apiKeysUnusable(what: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `The list of API keys ${what}.`;
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'auth.keys' } });
}

export function apiKeyNameUnusable(): PlenumError<'CONFIG_INVALID'> {
  const summary =
    'The name of an API key has 1 to 64 letters, digits, spaces and . _ @ + -, and begins with a letter or digit.';
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'name' } });
}

export function apiKeyNameTaken(name: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError(
    'CONFIG_INVALID',
    `There is an API key "${name}" already. Remove it first, or take another name.`,
    {
      data: { option: 'name' },
    },
  );
}

/** `auth` that names no way to come in would let nobody in. */
export function gatewayAuthEmpty(): PlenumError<'CONFIG_INVALID'> {
  const summary = 'Option "auth" must have at least one of "keys", "oauth" and "verify".';
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'auth' } });
}

export function gatewayIssuersTooMany(count: number): PlenumError<'CONFIG_INVALID'> {
  const summary =
    count === 0
      ? 'Option "auth.oauth.issuer" names no authorization server.'
      : 'Option "auth.oauth.jwksUri" goes with one issuer only.';
  const option = count === 0 ? 'auth.oauth.issuer' : 'auth.oauth.jwksUri';
  return new PlenumError('CONFIG_INVALID', summary, { data: { option } });
}

/** Tokens are made for a resource, and its URL is not known. */
export function gatewayNeedsResource(why: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError(
    'CONFIG_INVALID',
    `${why}: "auth.oauth" needs the URL of the endpoint as clients know it.`,
    {
      data: { option: 'auth.oauth.resource' },
      advice: [{ do: 'set', option: 'auth.oauth.resource' }],
    },
  );
}

/** The keys of an authorization server could not be read; `why` is a clause. */
export function issuerUnusable(issuer: string, why: string, cause?: unknown): PlenumError<'CONNECT_FAILED'> {
  const summary = `Reading the keys of the authorization server "${issuer}": ${why}.`;
  return new PlenumError('CONNECT_FAILED', summary, { cause });
}

export function auditUnclear(): PlenumError<'CONFIG_INVALID'> {
  const summary = 'Option "audit" must have either "file" or "write".';
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'audit' } });
}

/** The file of an audit log cannot be written; `why` is a clause. */
export function auditFileUnusable(path: string, why: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `The audit log "${path}" cannot be written: ${why}.`, {
    data: { option: 'audit.file' },
  });
}

/** Entries of an audit log were lost. What a function of the program's threw is the cause, and not in the message. */
export function auditFailing(error: unknown): PlenumError<'CONFIG_INVALID'> {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return new PlenumError(
    'CONFIG_INVALID',
    `Entries of the audit log were lost: they cannot be written${code}.`,
    {
      data: { option: 'audit' },
      cause: error,
    },
  );
}

/** A server whose users sign in themselves needs a session for each of them, and a way to send tokens. */
export function gatewayCannotSignInUsers(why: 'shared' | 'no-url'): PlenumError<'CONFIG_INVALID'> {
  const what =
    why === 'shared'
      ? 'cannot have the isolation "shared": one session has the tokens of one user'
      : 'must have an http or https URL: tokens are sent over HTTP only';
  const summary = `A server with "upstreamAuth": "user" ${what}.`;
  return new PlenumError('CONFIG_INVALID', summary, {
    data: { option: why === 'shared' ? 'isolation' : 'upstreamAuth' },
  });
}

/** Headers of clients are to be passed on to a server that cannot get them; `what` goes on from the server. */
export function gatewayCannotForward(what: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `A server with "forwardHeaders" ${what}.`;
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'forwardHeaders' } });
}

/** A server cannot be listed before the first user has signed in to it. */
export function signInOfListing(): PlenumError<'AUTH_REQUIRED'> {
  const summary = 'No user has signed in to the server yet: what it offers is not known.';
  return new PlenumError('AUTH_REQUIRED', summary, { data: { reason: 'login_required' } });
}

/** A user did not sign in in time, or the gateway was closed meanwhile. */
export function signInAbandoned(server: string): PlenumError<'AUTH_REQUIRED'> {
  const summary = `Signing in to server "${server}": nobody did it in time.`;
  return new PlenumError('AUTH_REQUIRED', summary, { data: { reason: 'login_abandoned' } });
}
