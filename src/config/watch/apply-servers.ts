import { isDeepStrictEqual } from 'node:util';
import { PlenumError } from '../../errors/plenum-error.ts';
import type { ConfiguredServer, ReadConfig } from '../config.ts';

/** What a watched group needs to be able to do; a `SessionGroup` is one. */
export interface WatchedGroup {
  /** The servers that it has, by name. */
  readonly servers: ReadonlyMap<string, unknown>;
  add(name: string, spec: ConfiguredServer): Promise<unknown>;
  remove(name: string): Promise<unknown>;
}

/** What was done to a group, by the names of its servers. */
export interface Applied {
  readonly added: string[];
  readonly changed: string[];
  readonly removed: string[];
  readonly failed: Map<string, PlenumError>;
}

/** The data of the servers that a group was given from a file and has, by name. */
export type Known = Map<string, unknown>;

/**
 * Brings a group from what it is `known` to have to what is `loaded`, all servers side by side. One that is the same
 * is not touched; one that changed, or that has another name now, is drained before it is opened anew: two at a time
 * might want the same lock or port. One that something is wrong with stays as it was. Never rejects.
 */
export async function applyServers(group: WatchedGroup, known: Known, loaded: ReadConfig): Promise<Applied> {
  const wanted = loaded.plain.servers;
  const { broken } = loaded.config;
  const applied: Applied = { added: [], changed: [], removed: [], failed: new Map(Object.entries(broken)) };
  const gone = new Map<string, { data: unknown; done: Promise<void> }>();

  for (const [name, data] of known) {
    // Nobody can tell yet what it is to be.
    if (Object.hasOwn(broken, name)) continue;
    if (wanted.has(name) && isDeepStrictEqual(wanted.get(name), data)) continue;
    known.delete(name);
    gone.set(name, { data, done: close(group, name, applied) });
    if (!wanted.has(name)) applied.removed.push(name);
  }
  const opened = await Promise.all(
    [...wanted].map(async ([name, data]) => {
      const server = loaded.config.servers[name];
      if (known.has(name) || server === undefined) return undefined;
      const sameData = [...gone.values()].find((each) => isDeepStrictEqual(each.data, data));
      await (gone.get(name) ?? sameData)?.done;
      try {
        await group.add(name, server);
      } catch (error) {
        const doing = `Opening server "${name}"`;
        applied.failed.set(name, PlenumError.from(error, 'CONNECT_FAILED', doing, { server: name }));
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
    // Somebody else may have been quicker.
    if (error instanceof PlenumError && error.code === 'UNKNOWN_SERVER') return;
    failed.set(
      name,
      PlenumError.from(error, 'CONNECTION_LOST', `Closing server "${name}"`, { server: name }),
    );
  }
}
