import { expect } from 'vitest';
import type { GroupConnectOptions, SessionGroup } from '../../src/index.ts';
import { stdioSpec } from '../../src/testing/index.ts';
import { EventLog } from './event-log.ts';
import { connectGroup } from './groups.ts';
import { local, methodsOf, tools } from './servers.ts';

export interface Beside {
  readonly group: SessionGroup;
  /** Fails when the neighbour noticed anything, or does not answer. */
  expectUntouched(): Promise<void>;
}

/**
 * Connects a group with these servers and a quiet neighbour, `neighbour`, in this process or as a process of its own. The
 * neighbour must notice nothing of what happens to the others.
 */
export async function connectBeside(
  options: GroupConnectOptions,
  place: 'in this process' | 'a process' = 'in this process',
): Promise<Beside> {
  const script = { tools: tools('echo') };
  const server = place === 'a process' ? undefined : local(script);
  const neighbour = server === undefined ? stdioSpec(script) : { server };
  const group = await connectGroup({ ...options, servers: { ...options.servers, neighbour } });
  const log = new EventLog(group);
  const facts = (): unknown => ({
    status: group.servers.get('neighbour'),
    tools: [...group.tools.values()].filter((tool) => tool.server === 'neighbour').map(({ name }) => name),
    asked: server && methodsOf(server.requests),
    connections: server?.connections,
  });
  const before = facts();
  return {
    group,
    async expectUntouched() {
      expect(facts()).toEqual(before);
      expect(log.all.filter((event) => 'server' in event && event.server === 'neighbour')).toEqual([]);
      expect(await group.callTool('neighbour__echo', { a: 1 })).toBeDefined();
    },
  };
}
