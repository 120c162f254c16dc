import { PlenumError } from '../errors/plenum-error.ts';
import { checkDuration, isRecord } from '../internal/checks.ts';
import type { Exposure, Naming } from './catalog/catalog.ts';
import { createToolFilter, type ToolFilterOptions } from './catalog/tool-filter.ts';

/** What a group may be told about one of its servers, beside how it is reached. */
export interface GroupServerOptions extends ToolFilterOptions {
  /**
   * Whether the server is up only while it is used: what it offers is shown from the group's catalog cache, the first
   * call that needs it starts it, and it is ended when it was not used for a while.
   * @default false
   */
  lazy?: boolean | LazyOptions;
  /**
   * How this server's exposed names are made.
   * @default the group's
   */
  naming?: Naming;
}

export interface LazyOptions {
  /**
   * How long a server is kept without calls, in milliseconds; `Infinity` for ever. One with an active resource
   * subscription stays.
   * @default 300000
   */
  idleMs?: number;
}

const DEFAULT_IDLE_MS = 300_000;

/** What the options of one server come to. */
export interface ResolvedServerOptions {
  /** Undefined when the server is always up. */
  readonly idleMs: number | undefined;
  readonly exposure: Exposure;
}

/** Checks what a group is told about one server, and fills in the defaults. Throws `CONFIG_INVALID`. */
export function resolveServerOptions(options: GroupServerOptions, byDefault: Naming): ResolvedServerOptions {
  const { lazy = false, naming } = options;
  checkNaming(naming);
  if (typeof lazy !== 'boolean' && !isRecord(lazy))
    throw new PlenumError('CONFIG_INVALID', 'Option "lazy" must be true, false or an object.');
  const idleMs = typeof lazy === 'object' ? checkDuration('lazy.idleMs', lazy.idleMs) : undefined;
  return {
    idleMs: lazy === false ? undefined : (idleMs ?? DEFAULT_IDLE_MS),
    exposure: { naming: naming ?? byDefault, offersTool: createToolFilter(options) },
  };
}

/** Throws `CONFIG_INVALID`. */
export function checkNaming(naming: Naming | undefined): void {
  if (naming === undefined || naming === 'prefixed' || naming === 'bare' || typeof naming === 'function')
    return;
  throw new PlenumError('CONFIG_INVALID', `Option "naming" must be 'prefixed', 'bare' or a function.`);
}
