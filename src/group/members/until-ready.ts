import { notReadyInTime } from '../../errors/connect.ts';
import { aborted, closed } from '../../errors/session-end.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { Limit } from '../../internal/limit.ts';
import type { Member } from './member.ts';
import type { Membership } from './membership.ts';

/** Options of `SessionGroup.ready`. */
export interface ReadyOptions {
  /**
   * The name of one server.
   * @default all that there are
   */
  server?: string | undefined;
  /**
   * How long to wait, in milliseconds, or `Infinity`; then it rejects with `TIMEOUT`.
   * @default 60000
   */
  timeoutMs?: number | undefined;
  /** Ends the wait: it rejects with `ABORTED`. */
  signal?: AbortSignal | undefined;
}

/**
 * Waits until every one of these servers has its entries in the catalog and can be called, or has failed. Rejects with the
 * first failure, `TIMEOUT` or `ABORTED`.
 */
export async function untilReady(
  membership: Membership,
  members: readonly Member[],
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<void> {
  const done = createDeferred<void>();
  const waitsFor = (member: Member): boolean => outcomeOf(membership, member) === 'waits';
  const look = (): void => {
    if (!members.some(waitsFor)) done.resolve();
  };
  const stopWatching = membership.watch(look);
  const limit = new Limit(
    {
      ms: timeoutMs,
      expired: () =>
        notReadyInTime(
          members
            .filter(waitsFor)
            .map(({ name, session }) => ({ server: name, error: session.status.error })),
          timeoutMs,
        ),
    },
    { signal, reason: (cause) => aborted('Waiting for servers', { cause }) },
  );
  try {
    look();
    await limit.hold(done.promise);
  } finally {
    limit.stop();
    stopWatching();
  }
  for (const member of members) {
    const outcome = outcomeOf(membership, member);
    if (typeof outcome === 'object') throw outcome;
  }
}

/** Why a server is not ready and will not be, unless somebody does something about it. */
function outcomeOf(membership: Membership, member: Member): PlenumError | 'waits' | undefined {
  const { state, error } = member.session.status;
  const gone = (): PlenumError => closed('session', `Waiting for "${member.name}"`, { server: member.name });
  if (!membership.has(member)) return gone();
  if (member.refusal !== undefined) return member.refusal;
  if (state === 'failed' || state === 'closed' || state === 'draining') return error ?? gone();
  return member.phase === 'joined' && (state === 'ready' || state === 'idle') ? undefined : 'waits';
}
