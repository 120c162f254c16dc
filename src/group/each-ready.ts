import type { Session } from '../session/session.ts';
import type { Member } from './members/member.ts';

/** Does something with every session that is ready, side by side; when all are through, rejects with the first failure. */
export async function onEachReady(
  members: Iterable<Member>,
  run: (session: Session) => Promise<void> | undefined,
): Promise<void> {
  const ready = [...members].filter(({ session }) => session.status.state === 'ready');
  const outcomes = await Promise.allSettled(ready.map(async ({ session }) => run(session)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
