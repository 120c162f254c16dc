import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ConfiguredServer } from '../../config/config.ts';
import { unexpandedOf } from '../../config/read/unexpanded.ts';

/** What the lock of a configuration is called, in the same folder. */
export const LOCK_NAME = 'plenum.lock.json';

export function lockPathFor(configPath: string): string {
  return join(dirname(configPath), LOCK_NAME);
}

/** The path of the lock of a configuration; undefined when there is nothing at that path. */
export async function lockFileBeside(configPath: string): Promise<string | undefined> {
  const path = lockPathFor(configPath);
  try {
    await lstat(path);
    return path;
  } catch (error) {
    // What cannot be looked at is for the lock to refuse.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : path;
  }
}

/** Adds the servers of a configuration as their file has them, with `${VAR}` in place of values. */
export function unexpandedIn(
  servers: Readonly<Record<string, ConfiguredServer>>,
  known = new Map<string, object>(),
): Map<string, object> {
  for (const [name, server] of Object.entries(servers)) {
    const fields = unexpandedOf(server);
    if (fields === undefined) known.delete(name);
    else known.set(name, fields);
  }
  return known;
}
