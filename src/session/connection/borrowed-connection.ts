import type { Client } from '@modelcontextprotocol/client';
import { connectFailure, lentNotReady, lentTooLate } from '../../errors/connect.ts';
import { aborted } from '../../errors/session-end.ts';
import { requestFailure } from '../../errors/call.ts';
import type { OverflowEvent } from '../../internal/event-hub.ts';
import { Limit, settledWithin } from '../../internal/limit.ts';
import type { TransportEnd } from '../../transport/managed-transport.ts';
import type { Connection } from './connection.ts';
import type { SessionEvent } from '../session.ts';
import type { LentSession } from '../session-target.ts';

export interface BorrowRequest {
  readonly server: string;
  readonly borrow: (signal: AbortSignal) => Promise<LentSession>;
  readonly timeoutMs: number;
  /** Gives the attempt up. */
  readonly signal: AbortSignal;
  readonly emit: (event: SessionEvent) => void;
  /** Called once when the lent session has lost its server; not when it was given back. */
  readonly onEnd: (connection: Connection) => void;
}

/** How long a source may take to take a session back, in milliseconds. */
const RETURN_TIMEOUT_MS = 10_000;

/**
 * A connection made of a session that somebody lends. It ends when that session is not ready any more, whatever becomes
 * of the session later; to end it is to give the session back.
 *
 * Rejects with what the source failed with, `TIMEOUT`, `ABORTED`, or `CONNECTION_LOST` when the session was not ready.
 */
export async function borrowConnection(request: BorrowRequest): Promise<Connection> {
  const startedAt = performance.now();
  const lent = await receive(request);
  try {
    return takeOver(lent, request, Math.round(performance.now() - startedAt));
  } catch (error) {
    quietly(() => lent.discard());
    throw error;
  }
}

function takeOver(lent: LentSession, request: BorrowRequest, connectMs: number): Connection {
  const { client, status } = lent.session;
  if (client !== undefined && status.state === 'ready')
    return new BorrowedConnection(lent, client, request, connectMs);
  const { server } = request;
  throw lentNotReady(server, status.state, status.error);
}

/** Does what may fail in any way, and is nobody's concern then. */
function quietly(act: () => unknown): void {
  Promise.resolve()
    .then(act)
    .catch(() => {});
}

async function receive({ server, borrow, timeoutMs, signal }: BorrowRequest): Promise<LentSession> {
  const doing = `Borrowing a session for server "${server}"`;
  const limit = new Limit({ ms: timeoutMs }, signal);
  // In a turn of its own, for a source that throws instead of rejecting.
  const lending = Promise.resolve().then(() => borrow(limit.signal));
  try {
    return await limit.hold(lending);
  } catch (error) {
    if (limit.verdict === undefined) throw connectFailure(server, error, doing);
    // Nobody waits for it any more: one that comes all the same goes back unused.
    lending.then((lent) => lent.release()).catch(() => {});
    if (limit.verdict.by !== 'deadline') throw aborted(doing, { server, cause: error });
    throw lentTooLate(server, timeoutMs);
  } finally {
    limit.stop();
  }
}

class BorrowedConnection implements Connection {
  readonly client: Client;
  readonly foreign = 'session';
  readonly era: Connection['era'];
  readonly protocolVersion: string;
  readonly connectMs: number;
  readonly pid: number | undefined;
  readonly perRequestStream: boolean;
  readonly #lent: LentSession;
  readonly #request: BorrowRequest;
  readonly #events: ReturnType<LentSession['session']['events']>;
  readonly #gone = new AbortController();
  #lastHeardAt = 0;
  #altered = false;
  #end: TransportEnd | undefined;
  #returning: Promise<void> | undefined;

  constructor(lent: LentSession, client: Client, request: BorrowRequest, connectMs: number) {
    this.client = client;
    this.era = client.getProtocolEra() ?? 'legacy';
    this.protocolVersion = client.getNegotiatedProtocolVersion() ?? '';
    this.connectMs = connectMs;
    this.pid = lent.session.status.pid;
    this.perRequestStream = client.transport?.hasPerRequestStream === true;
    this.#lent = lent;
    this.#request = request;
    this.#events = lent.session.events();
    this.#listen().catch(() => {}); // It has ended either way.
  }

  get ended(): boolean {
    return this.#gone.signal.aborted;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Asks the session itself, as its events come a moment later. */
  get end(): TransportEnd | undefined {
    if (this.#returning !== undefined) return this.#end;
    const { client, status } = this.#lent.session;
    if (this.#end === undefined && (client !== this.client || status.state !== 'ready')) {
      const { error } = status;
      this.#end = {
        what: 'closed the connection',
        ...(error !== undefined && { error, sessionExpired: error.code === 'SESSION_EXPIRED' }),
      };
    }
    return this.#end;
  }

  get lastHeardAt(): number {
    return this.#lastHeardAt;
  }

  markAltered(): void {
    this.#altered = true;
  }

  close(): Promise<void> {
    const fit = !this.#altered && this.end === undefined;
    return this.#giveBack(() => (fit ? this.#lent.release() : this.#lent.discard()));
  }

  destroy(): Promise<void> {
    return this.#giveBack(() => this.#lent.discard());
  }

  retire(): Promise<void> {
    return this.#giveBack(() => this.#lent.discard(this.end?.error));
  }

  async #listen(): Promise<void> {
    try {
      for await (const event of this.#events) {
        if (this.end !== undefined) break;
        this.#lastHeardAt = performance.now();
        this.#forward(event);
      }
    } finally {
      if (this.#returning === undefined && !this.ended) {
        this.#gone.abort();
        this.#request.onEnd(this);
      }
    }
  }

  #forward(event: SessionEvent | OverflowEvent): void {
    const { emit } = this.#request;
    if (event.type === 'status') return;
    if (event.type !== 'overflow') return emit(event);
    // Whatever was missed may have been a change.
    for (const kind of ['tools', 'resources', 'prompts'] as const) emit({ type: 'list-changed', kind });
  }

  #giveBack(how: () => Promise<void>): Promise<void> {
    this.#returning ??= this.#return(how);
    return this.#returning;
  }

  async #return(how: () => Promise<void>): Promise<void> {
    this.#gone.abort();
    quietly(() => this.#events.return?.());
    const returned = Promise.resolve().then(how);
    returned.catch((error: unknown) => {
      const { server, emit } = this.#request;
      const doing = `Giving back the session of server "${server}"`;
      emit({ type: 'problem', error: requestFailure({ doing, server }, error) });
    });
    await settledWithin(returned, RETURN_TIMEOUT_MS);
  }
}
