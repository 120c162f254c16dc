import { sessionForgotten } from '../../errors/transport.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { TransportEnd } from '../managed-transport.ts';

/** The end of a connection whose session the server no longer knows. */
export interface ExpiredSession extends TransportEnd {
  /** What the request fails with that found it out. */
  readonly error: PlenumError;
  readonly sessionExpired: true;
}

/**
 * Reads the status of an answer to a request that named a session which the server gave us. Returns the end of that
 * session when the answer means that the server no longer knows it: so does HTTP 404, by the specification.
 */
export function expiredSession(status: number, server: string): ExpiredSession | undefined {
  if (status !== 404) return undefined;
  const what = `does not know this session any more (HTTP ${status})`;
  const error = sessionForgotten(server, what);
  return { what, error, sessionExpired: true };
}
