import { PlenumError } from './plenum-error.ts';

/** The option `pool.maxWaiting` is reached. */
export function poolQueueFull(server: string, waiting: number): PlenumError<'POOL_EXHAUSTED'> {
  const summary = `Acquiring a session of server "${server}": ${waiting} callers wait for one already.`;
  return new PlenumError('POOL_EXHAUSTED', summary, {
    server,
    maybeExecuted: false,
    data: { waiting },
    advice: [{ do: 'raise', options: ['pool.maxPerServer', 'pool.maxWaiting'] }, { do: 'release-leases' }],
  });
}

/** No session became free in time. */
export function noneFree(
  server: string,
  timeoutMs: number,
  { leased, waiting }: { readonly leased: number; readonly waiting: number },
): PlenumError<'POOL_EXHAUSTED'> {
  const why = `none became free within ${Math.round(timeoutMs)} ms; ${leased} are in use and ${waiting} other callers wait.`;
  return new PlenumError('POOL_EXHAUSTED', `Acquiring a session of server "${server}": ${why}`, {
    server,
    maybeExecuted: false,
    data: { waiting },
    advice: [{ do: 'raise', options: ['pool.maxPerServer', 'pool.max'] }, { do: 'release-leases' }],
  });
}

/** The session that a caller waits for is still being opened. */
export function notOpenedInTime(server: string, timeoutMs: number): PlenumError<'TIMEOUT'> {
  const ms = Math.round(Math.max(timeoutMs, 0));
  const summary = `Acquiring a session of server "${server}": it did not come up within ${ms} ms.`;
  return new PlenumError('TIMEOUT', summary, { server, maybeExecuted: false, data: { timeoutMs: ms } });
}

/** `nextTryMs`: in how many milliseconds an attempt is allowed; undefined while a probe is under way. */
export function circuitOpen(
  server: string,
  nextTryAt: number | undefined,
  nextTryMs: number | undefined,
): PlenumError<'CIRCUIT_OPEN'> {
  const when =
    nextTryMs === undefined
      ? 'A probe is under way'
      : `The next attempt is let through in ${Math.max(0, nextTryMs)} ms`;
  const summary = `Server "${server}" was not asked: its connection kept failing. ${when}.`;
  return new PlenumError('CIRCUIT_OPEN', summary, { server, nextTryAt, maybeExecuted: false });
}

/** What a caller asked a manager for was not done in time. */
export function notDoneInTime(
  doing: string,
  timeoutMs: number,
  fields: { readonly server?: string | undefined; readonly maybeExecuted?: boolean },
): PlenumError<'TIMEOUT'> {
  return new PlenumError('TIMEOUT', `${doing}: not done within ${timeoutMs} ms.`, {
    ...fields,
    data: { timeoutMs },
  });
}

/** Whatever the function of a server threw that makes its spec or its headers. */
export function specFailure(server: string, error: unknown): PlenumError {
  const doing = `Computing the spec of server "${server}"`;
  return PlenumError.from(error, 'CONNECT_FAILED', doing, { server, maybeExecuted: false });
}

/** A server of a manager is named by something that is no name. `what` begins the message. */
export function notAServerName(what: string, found: unknown): PlenumError<'CONFIG_INVALID'> {
  const kind = found === null ? 'null' : `of type ${typeof found}`;
  return new PlenumError('CONFIG_INVALID', `${what} must be the name of one of the manager's, not ${kind}.`);
}
