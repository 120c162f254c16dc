import { noneFree, notOpenedInTime } from '../../errors/pool.ts';
import { aborted } from '../../errors/session-end.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { createDeferred } from '../../internal/deferred.ts';
import { Limit } from '../../internal/limit.ts';
import type { Bucket, PooledSession, WaitingCaller } from './server-pool.ts';

let lastTicket = 0;

/** A caller that waits for a session. Owns its time limit and its place in the queue. */
export class Waiter implements WaitingCaller {
  readonly bucket: Bucket;
  /** Callers with lower numbers are served first. */
  readonly ticket = ++lastTicket;
  readonly #outcome = createDeferred<PooledSession>();
  readonly #stop: (impatient: boolean) => void;

  /** `onLeave` is called once, with whether the caller gave up waiting. */
  constructor(
    bucket: Bucket,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    onLeave: (impatient: boolean) => void,
  ) {
    this.bucket = bucket;
    const { waiters } = bucket.server;
    const limit = new Limit(
      { ms: timeoutMs, expired: () => this.#timedOut(timeoutMs) },
      { signal, reason: (cause) => givenUp(bucket, cause) },
    );
    bucket.enter();
    bucket.waiting++;
    waiters.add(this);
    this.#stop = (impatient) => {
      limit.stop();
      if (!waiters.delete(this)) return;
      bucket.waiting--;
      bucket.leave();
      onLeave(impatient);
    };
    limit.onEnd(({ reason }) => {
      this.#stop(true);
      this.#outcome.reject(reason);
    });
  }

  /** Whether the caller is still waiting. */
  get waits(): boolean {
    return this.bucket.server.waiters.has(this);
  }

  get promise(): Promise<PooledSession> {
    return this.#outcome.promise;
  }

  resolve(session: PooledSession): void {
    this.#stop(false);
    this.#outcome.resolve(session);
  }

  reject(error: PlenumError): void {
    this.#stop(false);
    this.#outcome.reject(error);
  }

  #timedOut(timeoutMs: number): PlenumError {
    const { server, coming } = this.bucket;
    const { name } = server;
    if (coming > 0) return notOpenedInTime(name, timeoutMs);
    const leased = server.count('leased');
    return noneFree(name, timeoutMs, { leased, waiting: server.waiters.size - 1 });
  }
}

export function givenUp({ server }: Bucket, cause: unknown): PlenumError {
  const doing = `Acquiring a session of server "${server.name}"`;
  return aborted(doing, { server: server.name, cause, maybeExecuted: false });
}
