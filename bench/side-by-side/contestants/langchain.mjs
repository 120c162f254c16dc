import { MultiServerMCPClient } from '@langchain/mcp-adapters';

/** @type {import('../types.d.ts').Contestant['open']} */
export async function open(servers, onReady) {
  const mcpServers = Object.fromEntries(servers.map((server) => [server.name, connectionOf(server)]));
  const client = new MultiServerMCPClient({
    mcpServers,
    prefixToolNameWithServerName: true,
    additionalToolNamePrefix: '',
  });
  const tools = await client.getTools();
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  for (const { name } of servers) onReady(name);
  return {
    bind(server, tool) {
      const found = byName.get(`${server}__${tool}`);
      return (args) => found.invoke(args);
    },
    close: () => client.close(),
  };
}

/** @param {import('../types.d.ts').BenchServer} server */
function connectionOf({ command, args, url, era }) {
  if (era === 'modern') throw new Error('does not speak 2026-07-28');
  if (command !== undefined) return { transport: 'stdio', command, args };
  if (url !== undefined) return { transport: 'http', url };
  throw new Error('has no servers in its own process');
}
