import type { Client } from '@modelcontextprotocol/client';
import { connectFailure, leaseNotReady, leaseTooLate, notALease } from '../../errors/connect.ts';
import { aborted } from '../../errors/session-end.ts';
import { requestFailure } from '../../errors/call.ts';
import type { OverflowEvent } from '../../internal/event-hub.ts';
import { isRecord } from '../../internal/checks.ts';
import { Limit, settledWithin } from '../../internal/limit.ts';
import type { TransportEnd } from '../../transport/managed-transport.ts';
import type { Connection } from './connection.ts';
import type { SessionEvent } from '../session.ts';
import type { RequestGuard } from '../lock/definition-lock.ts';
import { internalsOf } from '../session-internals.ts';
import type { SessionLease } from '../session-target.ts';

export interface LeaseRequest {
  readonly server: string;
  readonly acquire: (signal: AbortSignal) => Promise<SessionLease>;
  readonly timeoutMs: number;
  /** Cancels the attempt. */
  readonly signal: AbortSignal;
  readonly emit: (event: SessionEvent) => void;
  /** Called once, when the leased session is not ready any more; not when it was released. */
  readonly onEnd: (connection: Connection) => void;
}

/** How long releasing a lease may take, in milliseconds; what closes the connection then waits no longer. */
const RELEASE_TIMEOUT_MS = 10_000;

/**
 * A connection that uses a leased session, such as one of a pool. It ends when that session is not ready any more, also
 * if the session reconnects later. Closing it releases the lease.
 *
 * Rejects with `TIMEOUT`, `ABORTED`, `CONNECTION_LOST` when the session was not ready, or what `acquire` rejected with.
 */
export async function leaseConnection(request: LeaseRequest): Promise<Connection> {
  const startedAt = performance.now();
  const lease = await acquireLease(request);
  try {
    return takeOver(lease, request, Math.round(performance.now() - startedAt));
  } catch (error) {
    quietly(() => lease.discard());
    throw error;
  }
}

function takeOver(lease: SessionLease, request: LeaseRequest, connectMs: number): Connection {
  const { client, status } = lease.session;
  if (client !== undefined && status.state === 'ready')
    return new LeasedConnection(lease, client, request, connectMs);
  const { server } = request;
  throw leaseNotReady(server, status.state, status.error);
}

/** Calls `act` and ignores whatever it throws or rejects with. */
function quietly(act: () => unknown): void {
  Promise.resolve()
    .then(act)
    .catch(() => {});
}

async function acquireLease({ server, acquire, timeoutMs, signal }: LeaseRequest): Promise<SessionLease> {
  const doing = `Acquiring a session for server "${server}"`;
  const limit = new Limit({ ms: timeoutMs }, signal);
  // Inside `then`, because `acquire` may throw instead of rejecting.
  const acquiring = Promise.resolve().then(() => acquire(limit.signal));
  try {
    const lease: unknown = await limit.hold(acquiring);
    if (isLease(lease)) return lease;
    throw notALease(server);
  } catch (error) {
    if (limit.verdict === undefined) throw connectFailure(server, error, doing);
    // Nobody waits for it any more: a lease that still comes is released unused.
    acquiring.then((lease) => lease.release()).catch(() => {});
    if (limit.verdict.by !== 'deadline') throw aborted(doing, { server, cause: error });
    throw leaseTooLate(server, timeoutMs);
  } finally {
    limit.stop();
  }
}

function isLease(value: unknown): value is SessionLease {
  if (!isRecord(value) || !isRecord(value['session'])) return false;
  return ['release', 'discard'].every((method) => typeof value[method] === 'function');
}

class LeasedConnection implements Connection {
  readonly client: Client;
  readonly foreign = 'session';
  readonly era: Connection['era'];
  readonly protocolVersion: string;
  readonly connectMs: number;
  readonly pid: number | undefined;
  readonly perRequestStream: boolean;
  /** That of the leased session, if it has one: it knows first when a list changes. */
  guard: RequestGuard | undefined;
  readonly guardsClient: boolean;
  readonly spec: object | undefined;
  readonly #lease: SessionLease;
  readonly #request: LeaseRequest;
  readonly #events: ReturnType<SessionLease['session']['events']>;
  readonly #gone = new AbortController();
  #lastHeardAt = 0;
  #altered = false;
  #end: TransportEnd | undefined;
  #releasing: Promise<void> | undefined;

  constructor(lease: SessionLease, client: Client, request: LeaseRequest, connectMs: number) {
    this.client = client;
    this.era = client.getProtocolEra() ?? 'legacy';
    this.protocolVersion = client.getNegotiatedProtocolVersion() ?? '';
    this.connectMs = connectMs;
    this.pid = lease.session.status.pid;
    this.perRequestStream = client.transport?.hasPerRequestStream === true;
    const { guard, spec } = internalsOf(lease.session);
    this.guard = guard;
    this.guardsClient = guard !== undefined;
    this.spec = spec;
    this.#lease = lease;
    this.#request = request;
    this.#events = lease.session.events();
    this.#listen().catch(() => {}); // `#listen` has ended the connection.
  }

  get ended(): boolean {
    return this.#gone.signal.aborted;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Reads the session's status, as its events come a moment later. */
  get end(): TransportEnd | undefined {
    if (this.#releasing !== undefined) return this.#end;
    const { client, status } = this.#lease.session;
    if (this.#end === undefined && (client !== this.client || status.state !== 'ready')) {
      const { error } = status;
      this.#end = {
        what: 'closed the connection',
        ...(error !== undefined && { error, sessionExpired: error.code === 'SESSION_EXPIRED' }),
      };
    }
    return this.#end;
  }

  guardBy(guard: RequestGuard): void {
    this.guard ??= guard;
  }

  get lastHeardAt(): number {
    return this.#lastHeardAt;
  }

  markAltered(): void {
    this.#altered = true;
  }

  close(): Promise<void> {
    const fit = !this.#altered && this.end === undefined;
    return this.#release(() => (fit ? this.#lease.release() : this.#lease.discard()));
  }

  destroy(): Promise<void> {
    return this.#release(() => this.#lease.discard());
  }

  retire(): Promise<void> {
    return this.#release(() => this.#lease.discard(this.end?.error));
  }

  async #listen(): Promise<void> {
    try {
      for await (const event of this.#events) {
        if (this.end !== undefined) break;
        this.#lastHeardAt = performance.now();
        this.#forward(event);
      }
    } finally {
      if (this.#releasing === undefined && !this.ended) {
        this.#gone.abort();
        this.#request.onEnd(this);
      }
    }
  }

  #forward(event: SessionEvent | OverflowEvent): void {
    const { emit } = this.#request;
    if (event.type === 'status') return;
    if (event.type !== 'overflow') return emit(event);
    // The dropped events may have announced a change of any list.
    for (const kind of ['tools', 'resources', 'prompts'] as const) emit({ type: 'list-changed', kind });
  }

  #release(how: () => Promise<void>): Promise<void> {
    this.#releasing ??= this.#releaseBy(how);
    return this.#releasing;
  }

  async #releaseBy(how: () => Promise<void>): Promise<void> {
    this.#gone.abort();
    quietly(() => this.#events.return?.());
    const released = Promise.resolve().then(how);
    released.catch((error: unknown) => {
      const { server, emit } = this.#request;
      const doing = `Releasing the session of server "${server}"`;
      emit({ type: 'problem', error: requestFailure({ doing, server }, error) });
    });
    await settledWithin(released, RELEASE_TIMEOUT_MS);
  }
}
