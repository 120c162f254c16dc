// Ping every server, side by side: which are well, how fast they answer, and what ails the others.
import { fileURLToPath } from 'node:url';
import { SessionManager } from 'mcp-plenum';

const program = (name) => ({
  command: process.execPath,
  args: [fileURLToPath(import.meta.resolve(`@modelcontextprotocol/${name}/dist/index.js`))],
});

const manager = new SessionManager({
  servers: {
    memory: program('server-memory'),
    thinking: program('server-sequential-thinking'),
    misspelt: { command: 'npxx', args: ['-y', 'some-server'] },
    unreachable: { url: 'http://127.0.0.1:59999/mcp' },
  },
  connectTimeoutMs: 20_000,
  health: { timeoutMs: 2_000 },
});

for (const [name, report] of await manager.checkHealth()) {
  if (report.healthy) console.log(`${name}: well, ${report.serverInfo.name}, ${report.era} era`);
  else console.log(`${name}: ${report.error.code}: ${report.reason}`);
}
await manager.close();
