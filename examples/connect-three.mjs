// Three servers, one session group: connect, look around, call a tool.
import { SessionGroup } from 'mcp-plenum';

const group = await SessionGroup.connect({
  servers: {
    files: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem', '.'] },
    memory: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] },
    everything: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'] }, // or { url: 'https://…/mcp' }
  },
});
for (const [name, { state, error }] of group.servers) {
  if (state !== 'ready') console.warn(name, state, error?.message); // slow, or broken: the others are there, it is tried again
}
console.log([...group.tools.keys()]); // files__read_text_file, memory__create_entities, everything__echo, …
const result = await group.callTool('everything__echo', { message: 'hello' });
console.log(result.content);
await group.close(); // in TypeScript, or Node 24: await using group = …
