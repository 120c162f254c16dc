import { createMCPClient } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as StdioTransport } from '@ai-sdk/mcp/mcp-stdio';

const CALL = { toolCallId: 'bench', messages: [] };

/**
 * One client for each server; the documented way to one set of tools is to merge theirs.
 * @type {import('../types.d.ts').Contestant['open']}
 */
export async function open(servers, onReady) {
  const clients = [];
  const tools = {};
  await Promise.all(
    servers.map(async ({ name, command, args, url, era }) => {
      if (command === undefined && url === undefined) throw new Error('has no servers in its own process');
      const client = await createMCPClient({
        transport: command === undefined ? { type: 'http', url } : new StdioTransport({ command, args }),
        // As its manual says for servers of which it is known that they are old ones.
        ...(era !== 'modern' && { protocolVersionDiscovery: false }),
      });
      clients.push(client);
      for (const [tool, made] of Object.entries(await client.tools())) tools[`${name}_${tool}`] = made;
      onReady(name);
    }),
  );
  return {
    bind(server, tool) {
      const name = `${server}_${tool}`;
      return (args) => tools[name].execute(args, CALL);
    },
    exposed: (server, tool) => `${server}_${tool}`,
    lookup: (name) => tools[name],
    close: () => Promise.all(clients.map((client) => client.close())),
  };
}
