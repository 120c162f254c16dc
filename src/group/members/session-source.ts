import type { ServerSpecOptions } from '../../server-spec.ts';
import type { SessionOptions } from '../../session/session-options.ts';
import type { SessionLease } from '../../session/session-target.ts';
import type { GroupServerOptions } from '../server-options.ts';

export type { SessionLease };

/** Keeps sessions and leases them. Must settle when `signal` aborts, and may use up `timeoutMs`. */
export interface SessionSource {
  acquire(
    server: string,
    options?: { principal?: string; signal?: AbortSignal; timeoutMs?: number },
  ): Promise<SessionLease>;
}

/**
 * A server of a group whose sessions come from a source, one at a time. Handlers, `protocol` and whatever else decides
 * about a connection are the source's.
 */
export interface SourcedServer
  extends
    GroupServerOptions,
    Pick<ServerSpecOptions, 'timeoutMs' | 'connectTimeoutMs' | 'reconnect' | 'health'>,
    Pick<SessionOptions, 'maxWaitingCalls'> {
  source: SessionSource;
  /**
   * What the source calls the server.
   * @default its name in the group
   */
  server?: string;
  /** On whose behalf, if the source keeps them apart. */
  principal?: string;
}
