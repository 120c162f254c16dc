import { notDoneInTime } from '../../errors/pool.ts';
import { aborted } from '../../errors/session-end.ts';
import { Limit } from '../../internal/limit.ts';
import { closedError } from '../pool/closed-error.ts';
import type { AcquireOptions } from './lease.ts';
import type { ManagerEvent } from '../manager-events.ts';
import { PoolLease, type LeaseListener } from './pool-lease.ts';
import type { ResolvedPoolOptions } from '../pool/pool-options.ts';
import type { PooledSession } from '../pool/server-pool.ts';
import type { ServerRecord } from '../server-record.ts';
import type { KeyedSpec } from '../pool/session-key.ts';
import type { SessionPool } from '../pool/session-pool.ts';

/** What a run is told about the use of its leases. */
export interface WorkListener extends Required<
  Pick<LeaseListener, 'onRequest' | 'onAnswered' | 'onClientTaken'>
> {
  /** Called when the caller's functions have computed the spec. A failure from then on is the server's. */
  onSpecKnown(): void;
}

/** Makes leases: finds the spec and its bucket, and takes a session from the pool. */
export class Leasing {
  readonly #pool: SessionPool;
  readonly #options: ResolvedPoolOptions;
  readonly #publish: (event: ManagerEvent) => void;
  readonly #closing: AbortSignal;

  /** `closing` aborts when the manager begins to close. */
  constructor(
    pool: SessionPool,
    options: ResolvedPoolOptions,
    publish: (event: ManagerEvent) => void,
    closing: AbortSignal,
  ) {
    this.#pool = pool;
    this.#options = options;
    this.#publish = publish;
    this.#closing = closing;
  }

  /** As `SessionManager.acquire`. */
  async acquire(record: ServerRecord, options: AcquireOptions, listener?: WorkListener): Promise<PoolLease> {
    if (this.#closing.aborted) throw closedError(`Acquiring a session of server "${record.name}"`);
    const { timeoutMs = this.#options.acquireTimeoutMs, signal, principal } = options;
    const takenAt = this.#options.reportLeasesAfterMs < Infinity ? new Error('A lease was taken') : undefined;
    const startedAt = performance.now();
    const keyed = record.knownSpec(principal) ?? (await this.#askForSpec(record, options));
    const bucket = record.bucketFor(principal, keyed);
    listener?.onSpecKnown();
    const atOnce = signal?.aborted === true ? undefined : this.#pool.tryAcquire(bucket);
    const leftMs = timeoutMs - (performance.now() - startedAt);
    const pooled = atOnce ?? (await this.#pool.acquire(bucket, leftMs, signal));
    return this.#lease(record, pooled, takenAt, listener);
  }

  #lease(
    record: ServerRecord,
    pooled: PooledSession,
    takenAt: Error | undefined,
    listener: WorkListener | undefined,
  ): PoolLease {
    const { principal, replay } = pooled.bucket;
    record.leases++;
    const bookkeeping: LeaseListener = {
      onRequest: (request, call) => listener?.onRequest(request, call),
      onAnswered: (ms) => {
        record.latency.record(ms);
        listener?.onAnswered(ms);
      },
      onToolsListed: (tools, more) => replay.learn(tools, more),
      onOverdue: (heldMs) =>
        this.#publish({
          type: 'lease-overdue',
          server: record.name,
          principal,
          heldMs,
          takenAt: takenAt?.stack ?? '',
        }),
      onEnd: () => {
        record.leases--;
      },
      ...(listener && { onClientTaken: () => listener.onClientTaken() }),
    };
    return new PoolLease(this.#pool, pooled, bookkeeping, this.#options.reportLeasesAfterMs);
  }

  /** The spec for a caller, with the key of its sessions. */
  async specOf(record: ServerRecord, options: AcquireOptions): Promise<KeyedSpec> {
    return record.knownSpec(options.principal) ?? this.#askForSpec(record, options);
  }

  async #askForSpec(record: ServerRecord, options: AcquireOptions): Promise<KeyedSpec> {
    const { timeoutMs = this.#options.acquireTimeoutMs, signal, principal } = options;
    const limit = this.limitOnSpec(record, Math.min(timeoutMs, record.connectTimeoutMs), signal);
    try {
      return await limit.hold(record.resolve(principal, limit.signal));
    } finally {
      limit.stop();
    }
  }

  /** A limit on work for a caller. It also ends when the manager begins to close. */
  limit(doing: string, server: string | undefined, ms: number, signal: AbortSignal | undefined): Limit {
    const facts = { server, maybeExecuted: false };
    return new Limit(
      { ms, expired: () => notDoneInTime(doing, ms, facts) },
      { signal, reason: (cause) => aborted(doing, { ...facts, cause }) },
      { signal: this.#closing, reason: () => closedError(doing, { server }) },
    );
  }

  /** As `limit`, for the caller's functions that compute spec and headers. */
  limitOnSpec({ name }: ServerRecord, ms: number, signal: AbortSignal | undefined): Limit {
    return this.limit(`Computing the spec of server "${name}"`, name, ms, signal);
  }
}
