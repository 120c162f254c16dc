import { checkOptions, checkValue, readable } from '../options/check-options.ts';
import { text } from '../options/kinds.ts';
import { holdsConfig, managerOptionsOfConfig } from '../options/tables/config.ts';
import { managerOptions } from '../options/tables/manager.ts';
import type { ConnectConcurrency } from '../session/connection/connect-gate.ts';
import { resolveSessionOptions, type SessionOptions } from '../session/session-options.ts';
import { checkTarget } from './pool/check-target.ts';
import type { CircuitOptions } from './runs/circuit-breaker.ts';
import type { ManagedServer } from './pool/managed-server.ts';
import type { ManagerEvent } from './manager-events.ts';
import type { PoolOptions } from './pool/pool-options.ts';
import type { RetryOptions } from './runs/retry-policy.ts';

/**
 * Options of a manager. The session options among them are the defaults of its servers. A pooled session makes only one
 * attempt to reconnect; if that fails, the pool opens another session.
 */
export interface SessionManagerOptions extends Omit<SessionOptions, 'name'> {
  /**
   * The servers by name; names are exact and case-sensitive.
   * @default {}
   */
  servers?: Readonly<Record<string, ManagedServer>>;
  /**
   * Bounds and lifetimes of pooled sessions.
   * @default {}
   */
  pool?: PoolOptions;
  /**
   * How `run` repeats what failed; `false` tries once, `true` is the defaults.
   * @default true
   */
  retry?: boolean | RetryOptions;
  /**
   * When `run` refuses to use a server that keeps failing; `false` for never, `true` for the defaults.
   * @default true
   */
  circuit?: boolean | CircuitOptions;
  /** How many servers may connect at a time; the others wait for their turn. */
  concurrency?: ConnectConcurrency;
  /**
   * How long `close` waits for calls and runs in progress before it fails them, in milliseconds.
   * @default 10000
   */
  closeTimeoutMs?: number;
  /**
   * Called with each event of the manager, from the very first one. Nobody waits for it. The first time that it throws or
   * rejects, a `problem` event reports it; it is called with further events all the same.
   */
  onEvent?: (event: ManagerEvent) => unknown;
}

/** Checks all that can be checked without opening anything. Throws `CONFIG_INVALID`. */
export function checkManagerOptions(options: SessionManagerOptions): void {
  const table = readable('Manager options', () =>
    holdsConfig(options) ? managerOptionsOfConfig : managerOptions,
  );
  checkOptions(table, options, 'Manager options');
  resolveSessionOptions(options);
  for (const [name, server] of Object.entries(options.servers ?? {})) {
    checkValue('servers: the name of each', text, name);
    if (typeof server !== 'function') checkTarget(name, server, { manager: options });
  }
}
