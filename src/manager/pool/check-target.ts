import { inServer } from '../../errors/options.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { holdsConfig } from '../../options/tables/config.ts';
import {
  resolveSessionOptions,
  type ResolvedSessionOptions,
  type SessionOptions,
} from '../../session/session-options.ts';
import {
  refuseGroupOptions,
  resolveTarget,
  type ResolvedTarget,
  type SessionTarget,
} from '../../session/session-target.ts';

/** A target that has been checked, with the options of its sessions. */
export interface CheckedTarget {
  readonly target: ResolvedTarget;
  readonly options: ResolvedSessionOptions;
}

/**
 * Checks a server's spec and options. Options of the call win over those of the spec, and these over the manager's.
 * Throws `CONFIG_INVALID`.
 */
export function checkTarget(
  server: string,
  given: SessionTarget,
  { call = {}, manager }: { call?: Options; manager: Options },
): CheckedTarget {
  try {
    const target = resolveTarget(given);
    refuseGroupOptions(target, holdsConfig(manager) ? WITHOUT_EFFECT : []);
    const own = target.type === 'spec' ? [target.spec] : [];
    return { target, options: resolveSessionOptions(call, ...own, manager) };
  } catch (error) {
    if (!(error instanceof PlenumError)) throw error;
    throw inServer(server, error);
  }
}

/**
 * What a file may say of a server that changes nothing for a manager: it opens sessions on demand anyway, names no
 * tools, and has principals of its own.
 */
const WITHOUT_EFFECT = ['lazy', 'naming', 'isolation', 'upstreamAuth'];

type Options = Omit<SessionOptions, 'name'>;
