import { onTestFinished } from 'vitest';
import {
  openSession,
  SessionGroup,
  type GroupConnectOptions,
  type GroupOptions,
  type Session,
  type SessionOptions,
  type SessionTarget,
} from '../../src/index.ts';

/** An empty group; destroyed when the test is over. */
export function newGroup(options: GroupOptions = {}): SessionGroup {
  const group = new SessionGroup(options);
  onTestFinished(() => group.destroy());
  return group;
}

/** A group with servers; destroyed when the test is over. */
export async function connectGroup(options: GroupConnectOptions): Promise<SessionGroup> {
  const group = await SessionGroup.connect(options);
  onTestFinished(() => group.destroy());
  return group;
}

/** A session of the caller's own; destroyed when the test is over. */
export async function newSession(target: SessionTarget, options: SessionOptions = {}): Promise<Session> {
  const session = await openSession(target, options);
  onTestFinished(() => session.destroy());
  return session;
}
