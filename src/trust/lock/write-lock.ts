import type { SessionGroup } from '../../group/session-group.ts';
import { checkParameter } from '../../options/check-options.ts';
import { file as fileKind } from '../../options/kinds.ts';
import { lockableGroup } from '../../options/tables/lock.ts';
import { lockPathOf } from './file-lock.ts';
import type { LockedServer } from './lock-content.ts';
import { changeLock } from './lock-file.ts';
import { takeServer, type SkippedDefinition } from './take-lock.ts';

/** What `writeLock` has written. */
export interface WrittenLock {
  /** The names of the servers that were written. */
  readonly servers: readonly string[];
  /** Definitions that no lock can hold, such as those with half of a character: with the lock they cannot be used. */
  readonly skipped: readonly SkippedDefinition[];
}

/**
 * Writes what the servers of a group offer, and how they are reached, as approved: for `fileLock`. The group is one
 * without a lock. What the file holds of other servers stays. Several processes may write one file. Rejects with
 * `CONFIG_INVALID` for a file that cannot be used, or as a list of a server does; then the file is as it was.
 */
export async function writeLock(file: string | URL, group: SessionGroup): Promise<WrittenLock> {
  checkParameter('writeLock()', 'file', fileKind, file);
  checkParameter('writeLock()', 'group', lockableGroup, group);
  const taken = await Promise.all(
    [...group.sessions].map(async ([name, session]) => ({ name, ...(await takeServer(name, session)) })),
  );
  await changeLock(lockPathOf(file), (before) => {
    const after = new Map<string, LockedServer>(before);
    for (const { name, locked } of taken) after.set(name, locked);
    return after;
  });
  return {
    servers: taken.map(({ name }) => name),
    skipped: taken.flatMap(({ skipped }) => skipped),
  };
}
