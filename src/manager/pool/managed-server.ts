import type { ServerSpec } from '../../server-spec.ts';
import type { SessionOptions } from '../../session/session-options.ts';

/** The spec of a server of a manager. Session options in it win over the manager's. */
export type ManagedServerSpec = ServerSpec & Omit<SessionOptions, 'name'>;

/** What a function that makes a spec gets. */
export interface ServerSpecContext {
  readonly server: string;
  /** The principal that the session is acquired for. */
  readonly principal: string | undefined;
  /** Aborts when the spec is not needed any more. */
  readonly signal: AbortSignal;
}

/**
 * Makes the spec for one principal, with its headers, environment or URL. Called for each `acquire` and `openSession`.
 * Only sessions with equal specs are shared, so return equal data for equal contexts.
 */
export type ServerSpecFactory = (
  context: ServerSpecContext,
) => ManagedServerSpec | Promise<ManagedServerSpec>;

/** A server of a manager: its spec, or a function that makes one. */
export type ManagedServer = ManagedServerSpec | ServerSpecFactory;
