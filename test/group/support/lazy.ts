import { memoryCatalogCache } from '../../../src/group/cache/memory-catalog-cache.ts';
import type { CatalogCache } from '../../../src/group/cache/catalog-cache.ts';
import type { SessionGroup } from '../../../src/index.ts';
import type { GroupConnectOptions } from '../../../src/group/group-options.ts';
import { eventually } from '../../support/eventually.ts';
import { connectGroup } from '../../support/groups.ts';

/** Connects a group and closes it again: its lazy servers' catalogs are known from then on. */
export async function learn(options: GroupConnectOptions): Promise<CatalogCache> {
  const catalogCache = options.catalogCache ?? memoryCatalogCache();
  const group = await connectGroup({ ...options, catalogCache, strict: true });
  await group.close();
  return catalogCache;
}

/** A group whose lazy servers are known and not started. */
export async function connectKnown(options: GroupConnectOptions): Promise<SessionGroup> {
  return connectGroup({ ...options, catalogCache: await learn(options) });
}

export function stateOf(group: SessionGroup, server = 's'): string | undefined {
  return group.servers.get(server)?.state;
}

export async function untilState(group: SessionGroup, state: string, server = 's'): Promise<void> {
  await eventually(`server "${server}" is ${state}`, () => stateOf(group, server) === state);
}
