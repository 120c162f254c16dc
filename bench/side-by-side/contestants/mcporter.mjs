import { createRuntime } from 'mcporter';

const quiet = { info() {}, warn() {}, error() {} };

/** @type {import('../types.d.ts').Contestant['open']} */
export async function open(servers, onReady) {
  const runtime = await createRuntime({ servers: servers.map(definitionOf), logger: quiet });
  const catalog = new Map();
  await Promise.all(
    servers.map(async ({ name }) => {
      const tools = await runtime.listTools(name, { includeSchema: true });
      for (const tool of tools) catalog.set(`${name}_${tool.name}`, tool);
      onReady(name);
    }),
  );
  return {
    bind: (server, tool) => (args) => runtime.callTool(server, tool, { args }),
    exposed: (server, tool) => `${server}_${tool}`,
    lookup: (name) => catalog.get(name),
    close: () => runtime.close(),
  };
}

/** @param {import('../types.d.ts').BenchServer} server */
function definitionOf({ name, command, args, url, era }) {
  if (era === 'modern') throw new Error('does not speak 2026-07-28');
  if (command !== undefined) return { name, command: { kind: 'stdio', command, args, cwd: process.cwd() } };
  if (url !== undefined) return { name, command: { kind: 'http', url: new URL(url) } };
  throw new Error('has no servers in its own process');
}
