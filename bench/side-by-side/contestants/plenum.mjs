import { SessionGroup } from '../../plenum.mjs';
import { createInProcessServer } from '../servers/in-process-server.mjs';

/**
 * One group with default options: prefixed names, validation, supervision, both eras tried.
 * @type {import('../types.d.ts').Contestant['open']}
 */
export async function open(servers, onReady, { onChanged, oneByOne = false } = {}) {
  const owned = new Map();
  const specs = Object.fromEntries(servers.map((server) => [server.name, specOf(server, owned)]));
  const group = oneByOne ? await added(specs, onReady) : await SessionGroup.connect({ servers: specs });
  if (!oneByOne) {
    for (const [name, { state }] of group.servers) if (state === 'ready') onReady(name);
  }
  const names = new Map();
  for (const [name, tool] of group.tools) names.set(`${tool.server} ${tool.upstreamName}`, name);
  if (onChanged !== undefined) void follow(group, onChanged);
  return {
    bind(server, tool) {
      const name = names.get(`${server} ${tool}`);
      return (args) => group.callTool(name, args);
    },
    session: (server) => group.session(server),
    exposed: (server, tool) => names.get(`${server} ${tool}`),
    lookup: (name) => group.tools.get(name),
    change: (server, round) => owned.get(server).change(round),
    close: () => group.close(),
  };
}

/** The group as it is while some servers are not there yet, and one may never be. */
async function added(specs, onReady) {
  const group = new SessionGroup();
  await Promise.all(
    Object.entries(specs).map(async ([name, spec]) => {
      await group.add(name, spec);
      onReady(name);
    }),
  );
  return group;
}

async function follow(group, onChanged) {
  for await (const event of group.events()) if (event.type === 'catalog') onChanged();
}

/**
 * @param {import('../types.d.ts').BenchServer} server
 * @param {Map<string, ReturnType<typeof createInProcessServer>>} owned
 * @returns {import('mcp-plenum').ServerSpec}
 */
function specOf({ name, command, args = [], url, tools }, owned) {
  if (command !== undefined) return { command, args };
  if (url !== undefined) return { url };
  const server = createInProcessServer({ count: tools });
  owned.set(name, server);
  return { server };
}
