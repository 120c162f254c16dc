import { onTestFinished } from 'vitest';
import {
  openSession,
  type PlenumError,
  type OverflowEvent,
  type Session,
  type SessionEvent,
  type SessionOptions,
  type SessionTarget,
} from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';

export type RecordedEvent = SessionEvent | OverflowEvent;

/** The two eras, as options of a session. */
export const ERAS = [
  { era: 'legacy', protocol: 'legacy' },
  { era: 'modern', protocol: '2026-07-28' },
] as const;

export interface OpenedSession {
  readonly session: Session;
  /** Everything that happened since the session was open. */
  readonly events: readonly RecordedEvent[];
  /** Events of one type. */
  seen<T extends RecordedEvent['type']>(type: T): Extract<RecordedEvent, { type: T }>[];
  /** The states that the session went through since it was open. */
  states(): string[];
}

/** Opens a session named `tested`, which ends with the test. */
export async function open(target: SessionTarget, options: SessionOptions = {}): Promise<OpenedSession> {
  const session = await openSession(target, { name: 'tested', ...options });
  onTestFinished(() => session.destroy());
  return watch(session);
}

/** Records what happens to a session from now on. */
export function watch(session: Session): OpenedSession {
  const events: RecordedEvent[] = [];
  const iterator = session.events();
  void (async () => {
    for await (const event of iterator) events.push(event);
  })();
  const seen = <T extends RecordedEvent['type']>(type: T) =>
    events.filter((event): event is Extract<RecordedEvent, { type: T }> => event.type === type);
  return { session, events, seen, states: () => seen('status').map(({ status }) => status.state) };
}

/** The error that opening fails with. A session that opens all the same is closed again. */
export function openFailure(target: SessionTarget, options: SessionOptions = {}): Promise<PlenumError> {
  return failureOf(
    openSession(target, { name: 'tested', ...options }).then(async (session) => {
      await session.destroy();
      return `an open session in state ${session.status.state}`;
    }),
  );
}
