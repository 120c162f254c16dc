import type { Implementation } from '@modelcontextprotocol/client';
import { connectFailure } from '../../errors/connect.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { ProtocolEra, Session } from '../../session/session.ts';
import type { Leasing } from './leasing.ts';
import type { ServerRecord } from '../server-record.ts';
import type { SessionPool } from '../pool/session-pool.ts';

/** Options of `SessionManager.checkHealth`. */
export interface CheckHealthOptions {
  /** The principal for whom sessions are opened or leased. */
  principal?: string;
  /**
   * How long one check may take in all, in milliseconds. Independently of it, connecting is bounded by `connectTimeoutMs`
   * and the answer by `health.timeoutMs`.
   * @default Infinity
   */
  timeoutMs?: number;
  /** Cancels the checks; their reports have an error `ABORTED`. */
  signal?: AbortSignal;
}

/** The result of checking one server. */
export interface HealthReport {
  /** Whether the server answered a ping in time. */
  readonly healthy: boolean;
  /** How long the answer took, in milliseconds; without the time to connect. */
  readonly latencyMs?: number;
  readonly era?: ProtocolEra;
  readonly protocolVersion?: string;
  readonly serverInfo?: Implementation;
  /** Of a server that is not healthy, the message of `error`. */
  readonly reason?: string;
  /** Why the server is not healthy. */
  readonly error?: PlenumError;
}

/** What a check needs of a manager. */
export interface HealthCheckManager {
  readonly leasing: Leasing;
  readonly pool: SessionPool;
  /** How long the answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Opens a session that is not pooled. */
  readonly open: (server: string, options: { principal?: string; signal: AbortSignal }) => Promise<Session>;
}

/** Pings a server. Never rejects. */
export async function checkHealth(
  record: ServerRecord,
  options: CheckHealthOptions,
  manager: HealthCheckManager,
): Promise<HealthReport> {
  const { timeoutMs = Infinity, signal, principal } = options;
  const { name: server } = record;
  const limit = manager.leasing.limit(`Checking server "${server}"`, server, timeoutMs, signal);
  try {
    return await limit.hold(ask(record, principal, limit.signal, manager));
  } catch (cause) {
    const error = connectFailure(server, cause, `Checking server "${server}"`);
    return { healthy: false, reason: error.message, error };
  } finally {
    limit.stop();
  }
}

/** Uses a pooled session, idle or new, unless the pool is full; then opens one that is not pooled. */
async function ask(
  record: ServerRecord,
  principal: string | undefined,
  signal: AbortSignal,
  { leasing, pool, timeoutMs, open }: HealthCheckManager,
): Promise<HealthReport> {
  if (await isRoom(record, principal, signal, { leasing, pool })) {
    const lease = await leasing.acquire(record, { principal, signal, timeoutMs: Infinity });
    try {
      return await pingSession(lease.session, timeoutMs, signal);
    } finally {
      await lease.release();
    }
  }
  const session = await open(record.name, { signal, ...(principal !== undefined && { principal }) });
  try {
    return await pingSession(session, timeoutMs, signal);
  } finally {
    await session.close();
  }
}

async function isRoom(
  record: ServerRecord,
  principal: string | undefined,
  signal: AbortSignal,
  { leasing, pool }: Pick<HealthCheckManager, 'leasing' | 'pool'>,
): Promise<boolean> {
  const keyed = await leasing.specOf(record, { principal, signal, timeoutMs: Infinity });
  return pool.hasRoomFor(record.bucketFor(principal, keyed));
}

async function pingSession(session: Session, timeoutMs: number, signal: AbortSignal): Promise<HealthReport> {
  const startedAt = performance.now();
  await session.ping({ timeoutMs, maxTotalTimeoutMs: timeoutMs, signal });
  const latencyMs = performance.now() - startedAt;
  const { era, protocolVersion, serverInfo } = session;
  return {
    healthy: true,
    latencyMs,
    ...(era !== undefined && { era }),
    ...(protocolVersion !== undefined && { protocolVersion }),
    ...(serverInfo !== undefined && { serverInfo }),
  };
}
