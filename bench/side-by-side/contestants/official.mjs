import { Client, InMemoryTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { createInProcessServer } from '../servers/in-process-server.mjs';

/**
 * One official client for each server; who wants one catalog of them all makes a map.
 * @type {import('../types.d.ts').Contestant['open']}
 */
export async function open(servers, onReady, { onChanged } = {}) {
  const clients = new Map();
  const catalog = new Map();
  const owned = new Map();
  await Promise.all(
    servers.map(async (server) => {
      const client = new Client({ name: 'official', version: '1.0.0' }, optionsOf(server, onChanged));
      clients.set(server.name, client);
      await client.connect(await transportTo(server, owned));
      const { tools } = await client.listTools();
      for (const tool of tools) catalog.set(`${server.name}_${tool.name}`, tool);
      onReady(server.name);
    }),
  );
  return {
    bind(server, name) {
      const client = clients.get(server);
      return (args) => client.callTool({ name, arguments: args });
    },
    exposed: (server, tool) => `${server}_${tool}`,
    lookup: (name) => catalog.get(name),
    change: (server, round) => owned.get(server).change(round),
    close: () => Promise.all([...clients.values()].map((client) => client.close())),
  };
}

/**
 * @param {import('../types.d.ts').BenchServer} server
 * @param {(() => void) | undefined} onChanged
 * @returns {import('@modelcontextprotocol/client').ClientOptions}
 */
function optionsOf({ era }, onChanged) {
  return {
    versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' },
    ...(onChanged !== undefined && { listChanged: { tools: { onChanged } } }),
  };
}

/**
 * @param {import('../types.d.ts').BenchServer} server
 * @param {Map<string, ReturnType<typeof createInProcessServer>>} owned
 */
async function transportTo({ name, command, args = [], url, tools }, owned) {
  if (command !== undefined) return new StdioClientTransport({ command, args });
  if (url !== undefined) return new StreamableHTTPClientTransport(new URL(url));
  const [client, server] = InMemoryTransport.createLinkedPair();
  const made = createInProcessServer({ count: tools });
  owned.set(name, made);
  await made.connect(server);
  return client;
}
