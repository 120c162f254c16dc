import type { ConfiguredServer } from '../../config/config.ts';
import { unexpandedOf } from '../../config/read/unexpanded.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { changesBetween, type LockChange } from '../../trust/lock/lock-changes.ts';
import type { LockContent, LockedServer } from '../../trust/lock/lock-content.ts';
import { readLock } from '../../trust/lock/lock-file.ts';
import { isSameReach, reachOf } from '../../trust/lock/reach.ts';
import { takeServer, type SkippedDefinition } from '../../trust/lock/take-lock.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { UsageError } from '../exit-codes.ts';
import { lockPathFor } from './lock-beside.ts';
import { withOpenServers } from './open-servers.ts';
import { findServers, type ServerSet } from './server-set.ts';

/** The servers of a configuration, and where their lock is. */
export interface LockableSet {
  readonly set: ServerSet;
  readonly path: string;
  /** The names of all servers of the file that may be used, chosen or not. */
  readonly isWhole: boolean;
}

/** Throws a {@link UsageError} for a server on the command line, which has no file that a lock could stand beside. */
export async function findLockable(invocation: Invocation): Promise<LockableSet> {
  const set = await findServers(invocation);
  if (set.config === undefined)
    throw new UsageError('A lock stands beside a configuration: a server on the command line has none.');
  const { lock: _, ...options } = set.options;
  const isWhole = invocation.options.server.length === 0;
  return { set: { ...set, options }, path: lockPathFor(set.config.path), isWhole };
}

/** What servers offer now. */
export interface TakenServers {
  readonly now: LockContent;
  readonly skipped: readonly SkippedDefinition[];
  /** The servers that could not be opened, or gave no lists. */
  readonly failures: ReadonlyMap<string, PlenumError>;
}

/** Opens servers, and takes what they offer. */
export async function takeServers(
  invocation: Invocation,
  { set }: LockableSet,
  only: ReadonlySet<string>,
): Promise<TakenServers> {
  return withOpenServers(
    invocation,
    set,
    async ({ group, failures }) => {
      const now = new Map<string, LockedServer>();
      const skipped: SkippedDefinition[] = [];
      const failed = new Map(failures);
      await Promise.all(
        [...group.sessions].map(async ([name, session]) => {
          if (failed.has(name)) return;
          const server = set.config?.servers[name];
          try {
            const taken = await takeServer(name, session, specOf(server));
            now.set(name, taken.locked);
            skipped.push(...taken.skipped);
          } catch (error) {
            const { PlenumError: OurError } = await import('../../errors/plenum-error.ts');
            failed.set(name, OurError.from(error, 'PROTOCOL', `Listing what server "${name}" offers`));
          }
        }),
      );
      return { now, skipped, failures: failed };
    },
    { only },
  );
}

function specOf(server: ConfiguredServer | undefined): object | undefined {
  return server && (unexpandedOf(server) ?? server);
}

export interface LockComparison extends Omit<TakenServers, 'now'> {
  readonly before: LockContent;
  readonly now: LockContent;
  readonly changes: readonly LockChange[];
}

/**
 * Compares servers with their lock. A server that is reached in another way, or is not in the lock, is not started, unless
 * `mayStart` says so: then its definitions are not compared.
 */
export async function compareWithLock(
  invocation: Invocation,
  lockable: LockableSet,
  mayStart: (server: string, isKnown: boolean) => boolean = () => false,
): Promise<LockComparison> {
  const { set, path, isWhole } = lockable;
  const locked = await readLock(path);
  if (locked === undefined) throw new UsageError(`There is no lock at ${path}. Write it with: plenum lock`);
  const isChosen = (name: string): boolean => isWhole || name in set.servers || set.broken.has(name);
  const before = new Map([...locked].filter(([name]) => isChosen(name)));
  const now = new Map<string, LockedServer>();
  const open = new Set<string>();
  for (const name of Object.keys(set.servers)) {
    const reached = reachOf(specOf(set.config?.servers[name]) ?? {});
    const was = before.get(name);
    if (
      mayStart(name, was !== undefined) ||
      (was !== undefined && isSameReach(was.reached, reached, false, ''))
    )
      open.add(name);
    else now.set(name, { ...(was ?? NOTHING), reached });
  }
  const taken = await takeServers(invocation, lockable, open);
  for (const [name, server] of taken.now) now.set(name, server);
  // Of what cannot be looked at nothing is known to differ.
  for (const name of [...taken.failures.keys(), ...set.broken.keys(), ...(set.config?.disabled ?? [])]) {
    const was = before.get(name);
    if (was !== undefined && !now.has(name)) now.set(name, was);
  }
  return { ...taken, before: locked, now, changes: changesBetween(before, now) };
}

const NOTHING: Omit<LockedServer, 'reached'> = {
  tools: new Map(),
  prompts: new Map(),
  resourceTemplates: new Map(),
};
