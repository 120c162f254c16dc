import { MCPClient } from '@mastra/mcp';

let made = 0;

/** @type {import('../types.d.ts').Contestant['open']} */
export async function open(servers, onReady) {
  const definitions = Object.fromEntries(servers.map((server) => [server.name, definitionOf(server)]));
  const client = new MCPClient({ id: `bench-${made++}`, servers: definitions });
  const tools = await client.listTools();
  for (const { name } of servers) onReady(name);
  return {
    bind(server, tool) {
      const name = `${server}_${tool}`;
      return (args) => tools[name].execute(args, {});
    },
    exposed: (server, tool) => `${server}_${tool}`,
    lookup: (name) => tools[name],
    close: () => client.disconnect(),
  };
}

/** @param {import('../types.d.ts').BenchServer} server */
function definitionOf({ command, args, url, era }) {
  const shared = { enableServerLogs: false };
  if (command !== undefined) return { ...shared, command, args };
  if (url !== undefined) {
    return { ...shared, url: new URL(url), ...(era === 'modern' && { protocolVersion: '2026-07-28' }) };
  }
  throw new Error('has no servers in its own process');
}
