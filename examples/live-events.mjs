// Kill a server by hand, and watch the group notice, bring it back and go on.
import { fileURLToPath } from 'node:url';
import { SessionGroup } from 'mcp-plenum';

const program = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js'));
const group = new SessionGroup();
const events = group.events();
await group.add('memory', { command: process.execPath, args: [program] });

process.kill(group.servers.get('memory').pid, 'SIGKILL');
let lost = false;

for await (const event of events) {
  if (event.type === 'catalog') console.log(`${event.server} brings ${event.diff.tools.added.length} tools`);
  if (event.type !== 'status') continue;
  const { state, error } = event.status;
  console.log(`${event.server} is ${state}${error ? `: ${error.message}` : ''}`);
  lost ||= state === 'reconnecting';
  if (lost && state === 'ready') break;
}

// Callers need none of this: a call that comes while a server is away waits for it, within its own timeout.
const graph = await group.callTool('memory__read_graph');
console.log(`memory answers again: ${JSON.stringify(graph.structuredContent)}`);
await group.close();
