import type { SupervisedSession } from '../session/supervised-session.ts';
import { startSession } from '../session/open-session.ts';

/** Sessions that callers opened for themselves and have not closed yet. */
export class FreshSessions {
  readonly #sessions = new Set<SupervisedSession>();

  /** Starts a session and keeps an eye on it until it is closed. `onGone` is called then. */
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
