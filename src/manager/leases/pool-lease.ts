import type { Tool } from '@modelcontextprotocol/client';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { Session } from '../../session/session.ts';
import type { RequestInfo } from '../../session/requests/request-runner.ts';
import type { Lease } from './lease.ts';
import { LeasedSession, type LeaseUse } from './leased-session.ts';
import type { LeaseHolder, PooledSession } from '../pool/server-pool.ts';
import type { ReplayRule } from '../pool/replay-rule.ts';
import type { SessionPool } from '../pool/session-pool.ts';

/** What a lease reports to. */
export interface LeaseListener {
  onRequest(request: RequestInfo, call: Promise<unknown>): void;
  onAnswered(ms: number): void;
  onToolsListed(tools: readonly Tool[], more?: boolean): void;
  /** `session.client` was read. What the caller does with the official client is not observed. */
  onClientTaken?(): void;
  /** The lease is held for longer than `reportLeasesAfterMs`. */
  onOverdue(heldMs: number): void;
  onEnd(): void;
}

const DONE = Promise.resolve();

/** Requests that change what the server keeps for a session; then it is not leased again. */
const ALTERING_METHODS: ReadonlySet<string> = new Set(['logging/setLevel', 'resources/subscribe']);

/** The {@link Lease} of a pooled session. */
export class PoolLease implements Lease, LeaseUse, LeaseHolder {
  readonly #pool: SessionPool;
  readonly #pooled: PooledSession;
  readonly #listener: LeaseListener;
  readonly #session: LeasedSession;
  readonly #stopTimer: StopTimer;
  #ending: Promise<void> | undefined;

  constructor(pool: SessionPool, pooled: PooledSession, listener: LeaseListener, overdueMs: number) {
    this.#pool = pool;
    this.#pooled = pooled;
    this.#listener = listener;
    this.#session = new LeasedSession(pooled.session, this);
    pooled.holders.add(this);
    this.#stopTimer = startTimer(overdueMs, () => listener.onOverdue(overdueMs));
  }

  get server(): string {
    return this.#pooled.bucket.server.name;
  }

  get principal(): string | undefined {
    return this.#pooled.bucket.principal;
  }

  get session(): Session {
    return this.#session;
  }

  /** Which tools of this server may run again. */
  get replay(): ReplayRule {
    return this.#pooled.bucket.replay;
  }

  release({ keep = true }: { keep?: boolean } = {}): Promise<void> {
    if (!keep && this.#isOut) this.#pooled.altered = true;
    this.#ending ??= this.#giveBackAfter(this.#session.end());
    return this.#ending;
  }

  discard(reason?: unknown): Promise<void> {
    if (this.#ending === undefined) {
      void this.#session.revoke(reason);
      this.#end();
      this.#ending = this.#pool.discard(this.#pooled, reason);
    } else if (this.#isOut) {
      // A release that waits for a call need not wait any longer.
      this.#pooled.altered = true;
      void this.#session.revoke(reason);
    }
    return this.#ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Cancels the calls in flight, then gives the session back. */
  revoke(reason: unknown): Promise<void> {
    this.#ending ??= this.#giveBackAfter(this.#session.revoke(reason));
    return this.#ending;
  }

  /** As `revoke`, but pings the server before it gives the session back. Resolves with whether the server answered. */
  async revokeAndCheck(reason: unknown): Promise<boolean> {
    if (this.#ending !== undefined) return true;
    const settled = this.#session.revoke(reason);
    const checked = this.#pool.check(this.#pooled);
    this.#ending = Promise.all([settled, checked]).then(() => this.#giveBack());
    return checked;
  }

  onSessionClosed(): void {
    void this.release();
  }

  onRequest(request: RequestInfo, call: Promise<unknown>): void {
    if (ALTERING_METHODS.has(request.method)) this.#pooled.altered = true;
    this.#listener.onRequest(request, call);
  }

  onAnswered(ms: number): void {
    this.#listener.onAnswered(ms);
  }

  onSilence(): void {
    this.#pooled.suspect = true;
  }

  onClientTaken(): void {
    if (this.#listener.onClientTaken === undefined) return;
    this.#pooled.altered = true;
    this.#listener.onClientTaken();
  }

  onToolsListed(tools: readonly Tool[], more?: boolean): void {
    this.#listener.onToolsListed(tools, more);
  }

  #giveBackAfter(settled: Promise<void> | undefined): Promise<void> {
    if (settled !== undefined) return settled.then(() => this.#giveBack());
    this.#giveBack();
    return DONE;
  }

  #giveBack(): void {
    this.#end();
    this.#pool.giveBack(this.#pooled);
  }

  /** Whether the session has not been given back to the pool yet. */
  get #isOut(): boolean {
    return this.#pooled.holders.has(this);
  }

  #end(): void {
    this.#stopTimer();
    this.#pooled.holders.delete(this);
    this.#listener.onEnd();
  }
}
