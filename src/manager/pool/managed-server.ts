import type { ServerSpec } from '../../server-spec.ts';
import type { SessionOptions } from '../../session/session-options.ts';

/** How a server of a manager is reached, with session options of its own beside it; they win over the manager's. */
export type ManagedServerSpec = ServerSpec & Omit<SessionOptions, 'name'>;

/** For whom a session is wanted. */
export interface ServerSpecContext {
  readonly server: string;
  /** The principal that the session is acquired for. */
  readonly principal: string | undefined;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * Makes the spec for one principal: its headers, its environment, its URL. Asked at every `acquire` and
 * `openSession`; what it returns is part of what tells two sessions apart, so let equal callers get equal data.
 */
export type ServerSpecFactory = (
  context: ServerSpecContext,
) => ManagedServerSpec | Promise<ManagedServerSpec>;

/** A server of a manager: its spec, or a function that makes one. */
export type ManagedServer = ManagedServerSpec | ServerSpecFactory;
