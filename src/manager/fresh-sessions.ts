import type { SupervisedSession } from '../session/supervised-session.ts';
import { startSession } from '../session/open-session.ts';

/** The sessions of `SessionManager.openSession` that are not closed yet. */
export class FreshSessions {
  readonly #sessions = new Set<SupervisedSession>();

  /** Starts a session and remembers it until it is closed. Calls `onGone` then. */
  async start(
    session: SupervisedSession,
    signal: AbortSignal | undefined,
    onGone: () => void,
  ): Promise<SupervisedSession> {
    this.#sessions.add(session);
    void session.closed.then(() => {
      this.#sessions.delete(session);
      onGone();
    });
    await startSession(session, signal);
    return session;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()));
  }

  async destroy(reason: unknown): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.destroy(reason)));
  }
}
