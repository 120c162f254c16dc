import { isDeepStrictEqual } from 'node:util';
import { connectFailure } from '../../errors/connect.ts';
import { closeFailure } from '../../errors/session-end.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import type { ConfiguredServer, ReadConfig } from '../config.ts';

/** The part of a `SessionGroup` that a watched configuration uses. */
export interface WatchedGroup {
  /** The servers that it has, by name. */
  readonly servers: ReadonlyMap<string, unknown>;
  add(name: string, spec: ConfiguredServer): Promise<unknown>;
  remove(name: string): Promise<unknown>;
}

/** The changes to a group, as names of servers. */
export interface Applied {
  readonly added: string[];
  readonly changed: string[];
  readonly removed: string[];
  readonly failed: Map<string, PlenumError>;
}

/** The plain data of the servers that the group has from the file, by name. */
export type Known = Map<string, unknown>;

/**
 * Changes a group from the servers that are `known` to those that were `loaded`, all at the same time. An unchanged
 * server is not touched. A changed or renamed one is drained and closed before it is opened again, because two
 * processes of it may need the same lock or port. A server with a problem stays as it was. Never rejects.
 */
export async function applyServers(group: WatchedGroup, known: Known, loaded: ReadConfig): Promise<Applied> {
  const wanted = loaded.plain.servers;
  const { broken } = loaded.config;
  const applied: Applied = { added: [], changed: [], removed: [], failed: new Map(Object.entries(broken)) };
  const gone = new Map<string, { data: unknown; done: Promise<void> }>();

  for (const [name, data] of known) {
    // Its new definition cannot be read, so it stays as it is.
    if (Object.hasOwn(broken, name)) continue;
    if (wanted.has(name) && isDeepStrictEqual(wanted.get(name), data)) continue;
    known.delete(name);
    gone.set(name, { data, done: close(group, name, applied) });
    if (!wanted.has(name)) applied.removed.push(name);
  }
  const opened = await Promise.all(
    [...wanted].map(async ([name, data]) => {
      const { servers } = loaded.config;
      const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
      if (known.has(name) || server === undefined) return undefined;
      const sameData = [...gone.values()].find((each) => isDeepStrictEqual(each.data, data));
      await (gone.get(name) ?? sameData)?.done;
      try {
        await group.add(name, server);
      } catch (error) {
        applied.failed.set(name, connectFailure(name, error, `Opening server "${name}"`));
        return undefined;
      }
      known.set(name, data);
      return name;
    }),
  );
  await Promise.all([...gone.values()].map(({ done }) => done));
  for (const name of opened) {
    if (name !== undefined) (gone.has(name) ? applied.changed : applied.added).push(name);
  }
  return applied;
}

async function close(group: WatchedGroup, name: string, { failed }: Applied): Promise<void> {
  try {
    if (group.servers.has(name)) await group.remove(name);
  } catch (error) {
    // The program may have removed the server itself.
    if (error instanceof PlenumError && error.code === 'UNKNOWN_SERVER') return;
    failed.set(name, closeFailure(name, error));
  }
}
