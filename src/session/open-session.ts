import { resolveSessionOptions, type SessionOptions } from './session-options.ts';
import { resolveTarget, type SessionTarget } from './session-target.ts';
import { SupervisedSession } from './supervised-session.ts';
import type { Session } from './session.ts';

/**
 * Opens a session on one server: a spec, a URL, an in-process server, a transport, or an official client that
 * is connected already (row S14). Resolves when the handshake is complete.
 *
 * A session owns the connections that it makes: end it with `close()`, or `await using`. A client that was given
 * stays its caller's.
 *
 * Rejects with `CONFIG_INVALID`, `CONNECT_FAILED`, `AUTH_REQUIRED` or `TIMEOUT`, and then leaves no process,
 * socket or timer behind.
 */
export async function openSession(target: SessionTarget, options: SessionOptions = {}): Promise<Session> {
  const session = createSession(target, options);
  try {
    await session.start(false);
  } catch (error) {
    await session.destroy(error);
    throw error;
  }
  return session;
}

/** A session that is not started. Throws `CONFIG_INVALID`. */
export function createSession(target: SessionTarget, options: SessionOptions): SupervisedSession {
  const resolved = resolveTarget(target);
  const own = resolved.type === 'spec' ? resolved.spec : {};
  return new SupervisedSession(options.name ?? resolved.name, resolved, resolveSessionOptions(options, own));
}
