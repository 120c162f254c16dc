import { PlenumError, type PlenumErrorFields } from './plenum-error.ts';

type Fields = Pick<PlenumErrorFields, 'server' | 'cause' | 'maybeExecuted'>;

/** A session, a group, a manager or a toolkit that is closed is asked for something; `doing` says for what. */
export function closed(what: string, doing?: string, fields: Fields = {}): PlenumError<'SESSION_CLOSED'> {
  const summary = doing === undefined ? `The ${what} is closed.` : `${doing}: the ${what} is closed.`;
  return new PlenumError('SESSION_CLOSED', summary, fields);
}

/** Whatever was thrown while a server was closed. */
export function closeFailure(server: string, error: unknown): PlenumError {
  return PlenumError.from(error, 'CONNECTION_LOST', `Closing server "${server}"`, { server });
}

/** A server was removed from its group while it was being added. */
export function removedMeanwhile(server: string): PlenumError<'SESSION_CLOSED'> {
  return new PlenumError('SESSION_CLOSED', `Adding server "${server}": it was removed meanwhile.`, {
    server,
  });
}

/** A leased session is used after its lease has ended. `doing` names no server. */
export function leaseEnded(
  doing: string,
  server: string,
  fields: Omit<Fields, 'server'>,
): PlenumError<'SESSION_CLOSED'> {
  const summary = `${doing} on server "${server}": the lease of this session has ended. Acquire another one.`;
  return new PlenumError('SESSION_CLOSED', summary, { server, ...fields });
}

/** A `signal` was aborted, by the caller unless `why` says who did: it goes on from `doing`. */
export function aborted(
  doing: string,
  fields: Fields = {},
  why = "the caller's signal was aborted",
): PlenumError<'ABORTED'> {
  return new PlenumError('ABORTED', `${doing}: ${why}.`, fields);
}

/** A session that is closed is asked for something, or closes while it is. */
export function sessionClosed(
  doing: string,
  fields: Fields & { readonly server: string },
): PlenumError<'SESSION_CLOSED'> {
  return new PlenumError('SESSION_CLOSED', `${doing}: session "${fields.server}" is closed.`, fields);
}
