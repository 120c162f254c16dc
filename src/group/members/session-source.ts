import type { ServerSpecOptions } from '../../server-spec.ts';
import type { SessionOptions } from '../../session/session-options.ts';
import type { SessionLease } from '../../session/session-target.ts';
import type { GroupServerOptions } from '../server-options.ts';

export type { SessionLease };

/** Leases sessions, as a `SessionManager` does. */
export interface SessionSource {
  /** Must settle when `signal` aborts, and after `timeoutMs` milliseconds at the latest. */
  acquire(
    server: string,
    options?: { principal?: string; signal?: AbortSignal; timeoutMs?: number },
  ): Promise<SessionLease>;
}

/**
 * A server of a group whose sessions come from a source, such as a `SessionManager`, one at a time. Handlers, `protocol`
 * and other options of the connection are given to the source.
 */
export interface SourcedServer
  extends
    GroupServerOptions,
    Pick<ServerSpecOptions, 'timeoutMs' | 'connectTimeoutMs' | 'reconnect' | 'health'>,
    Pick<SessionOptions, 'maxWaitingCalls'> {
  source: SessionSource;
  /**
   * The name of the server in the source.
   * @default its name in the group
   */
  server?: string;
  /** The principal to acquire sessions for, if the source separates principals. */
  principal?: string;
}
