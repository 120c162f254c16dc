import { PlenumError } from '../errors/plenum-error.ts';
import { checkCount, checkDuration, checkFunction, checkText, isRecord } from '../internal/checks.ts';
import { checkConnectConcurrency, type ConnectConcurrency } from '../session/connection/connect-gate.ts';
import { resolveSessionOptions, type SessionOptions } from '../session/session-options.ts';
import { checkTarget } from './pool/check-target.ts';
import type { CircuitOptions } from './runs/circuit-breaker.ts';
import type { ManagedServer, ManagedServerSpec } from './pool/managed-server.ts';
import type { PoolOptions } from './pool/pool-options.ts';
import type { RetryOptions } from './runs/retry-policy.ts';

/**
 * Options of a manager; the session options among them hold for every server that has none of its own. Of
 * `reconnect`, a pooled session makes one attempt: a pool has others.
 */
export interface SessionManagerOptions extends Omit<SessionOptions, 'name'> {
  /** The servers by name; names are exact and case-sensitive (row M2). */
  servers: Readonly<Record<string, ManagedServer>>;
  /** Bounds and lifetimes of pooled sessions. */
  pool?: PoolOptions;
  /** How `run` repeats what failed; `false` never does. */
  retry?: false | RetryOptions;
  /** When `run` stops asking a server that keeps failing; `false` never does. */
  circuit?: false | CircuitOptions;
  /** How many servers may be coming up at a time; the others wait for their turn. */
  concurrency?: ConnectConcurrency;
  /**
   * How long `close` waits for calls and runs under way before it ends them by force, in milliseconds.
   * @default 10000
   */
  closeTimeoutMs?: number;
}

/** Checks everything that can be known before anything is opened. Throws `CONFIG_INVALID`. */
export function checkManagerOptions(options: SessionManagerOptions): void {
  const given: unknown = options;
  if (!isRecord(given)) throw new PlenumError('CONFIG_INVALID', 'Manager options must be an object.');
  resolveSessionOptions(options);
  checkConnectConcurrency(options.concurrency);
  checkDuration('closeTimeoutMs', options.closeTimeoutMs);
  checkPool(options.pool);
  checkRetry(options.retry);
  checkCircuit(options.circuit);
  checkServers(options);
}

/** Throws `CONFIG_INVALID`. */
export function checkRetry(retry: unknown): void {
  const details = section('retry', retry, true);
  checkCount('retry.attempts', details['attempts'], 1);
  checkDuration('retry.delayMs', details['delayMs']);
  checkDuration('retry.maxDelayMs', details['maxDelayMs']);
  checkDuration('retry.deadlineMs', details['deadlineMs']);
  checkFunction('retry.retryIf', details['retryIf']);
}

function checkPool(pool: unknown): void {
  const details = section('pool', pool, false);
  checkCount('pool.max', details['max'], 1);
  checkCount('pool.maxPerServer', details['maxPerServer'], 1);
  checkCount('pool.maxWaiting', details['maxWaiting'], 0);
  checkCount('pool.leasesPerSession', details['leasesPerSession'], 1);
  for (const key of [
    'idleMs',
    'maxAgeMs',
    'acquireTimeoutMs',
    'checkAfterMs',
    'reportLeasesAfterMs',
  ] as const) {
    checkDuration(`pool.${key}`, details[key]);
  }
}

function checkCircuit(circuit: unknown): void {
  const details = section('circuit', circuit, true);
  checkCount('circuit.failures', details['failures'], 1);
  checkDuration('circuit.openMs', details['openMs']);
}

function checkServers(options: SessionManagerOptions): void {
  const servers: unknown = options.servers;
  if (!isRecord(servers)) {
    throw new PlenumError('CONFIG_INVALID', 'Option "servers" must be an object of server specs by name.');
  }
  for (const [name, server] of Object.entries(servers)) {
    checkText('servers: the name of each', name);
    if (typeof server !== 'function') checkTarget(name, server as ManagedServerSpec, { manager: options });
  }
}

function section(field: string, value: unknown, maySwitchOff: boolean): Record<string, unknown> {
  if (value === undefined || (maySwitchOff && value === false)) return {};
  if (isRecord(value)) return value;
  const wanted = maySwitchOff ? 'an object or false' : 'an object';
  throw new PlenumError('CONFIG_INVALID', `Option "${field}" must be ${wanted}.`);
}
