import { checkOptions, checkValue } from '../options/check-options.ts';
import { text } from '../options/kinds.ts';
import { holdsConfig, managerOptionsOfConfig } from '../options/tables/config.ts';
import { managerOptions } from '../options/tables/manager.ts';
import type { ConnectConcurrency } from '../session/connection/connect-gate.ts';
import { resolveSessionOptions, type SessionOptions } from '../session/session-options.ts';
import { checkTarget } from './pool/check-target.ts';
import type { CircuitOptions } from './runs/circuit-breaker.ts';
import type { ManagedServer } from './pool/managed-server.ts';
import type { PoolOptions } from './pool/pool-options.ts';
import type { RetryOptions } from './runs/retry-policy.ts';

/**
 * Options of a manager; the session options among them hold for every server that has none of its own. Of
 * `reconnect`, a pooled session makes one attempt: a pool has others.
 */
export interface SessionManagerOptions extends Omit<SessionOptions, 'name'> {
  /** The servers by name; names are exact and case-sensitive. */
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
  const table = holdsConfig(options) ? managerOptionsOfConfig : managerOptions;
  checkOptions(table, options, 'Manager options');
  resolveSessionOptions(options);
  for (const [name, server] of Object.entries(options.servers)) {
    checkValue('servers: the name of each', text, name);
    if (typeof server !== 'function') checkTarget(name, server, { manager: options });
  }
}
