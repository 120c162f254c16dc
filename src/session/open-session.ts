import { aborted } from '../errors/session-end.ts';
import { Limit } from '../internal/limit.ts';
import { checkOptions } from '../options/check-options.ts';
import { openSessionOptions } from '../options/tables/session.ts';
import { resolveSessionOptions, type SessionOptions } from './session-options.ts';
import { refuseGroupOptions, resolveTarget, type SessionTarget } from './session-target.ts';
import { SupervisedSession } from './supervised-session.ts';
import type { Session, SessionEvent } from './session.ts';

export interface OpenSessionOptions extends SessionOptions {
  /** Cancels opening: it rejects with `ABORTED`, and what was opened is closed. */
  signal?: AbortSignal;
  /**
   * Called with each event of the session, from the very first one: while it connects, too. Nobody waits for it. The first
   * time that it throws or rejects, a `problem` event reports it; it is called with further events all the same.
   */
  onEvent?: (event: SessionEvent) => unknown;
}

/**
 * Opens a session with one server, given as a spec, a URL, an in-process server, a transport, or an official client that
 * is connected already. Resolves when the handshake is complete.
 *
 * End the session with `close()`, or hold it with `await using`. A client that was given is left open then: its caller
 * closes it.
 *
 * Rejects with `CONFIG_INVALID`, `CONNECT_FAILED`, `AUTH_REQUIRED`, `TIMEOUT` or `ABORTED`, and then leaves no process,
 * socket or timer behind.
 */
export async function openSession(target: SessionTarget, options: OpenSessionOptions = {}): Promise<Session> {
  const session = createSession(target, options);
  await startSession(session, options.signal);
  return session;
}

/** Makes the first connection of a session. When that fails or `signal` aborts, the session is closed for good. */
export async function startSession(
  session: SupervisedSession,
  signal: AbortSignal | undefined,
): Promise<void> {
  const server = session.name;
  const limit = new Limit(
    {},
    {
      signal,
      reason: (cause) => aborted(`Opening server "${server}"`, { server, cause }),
    },
  );
  limit.onEnd(() => void session.destroy(signal?.reason));
  try {
    limit.throwIfEnded();
    await session.start(false);
    limit.throwIfEnded();
  } catch (error) {
    await session.destroy(error);
    throw limit.explain(error);
  } finally {
    limit.stop();
  }
}

/** Checks the target and the options, and returns a session that is not started. Throws `CONFIG_INVALID`. */
export function createSession(target: SessionTarget, options: OpenSessionOptions): SupervisedSession {
  checkOptions(openSessionOptions, options, 'Session options');
  const resolved = resolveTarget(target);
  refuseGroupOptions(resolved);
  const own = resolved.type === 'spec' ? resolved.spec : {};
  const name = options.name ?? resolved.name;
  const session = new SupervisedSession(name, resolved, resolveSessionOptions(options, own));
  session.tellOf(options.onEvent);
  return session;
}
