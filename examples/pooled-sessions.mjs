// Many users, few sessions: each request leases a session and gives it back; nobody gets another user's.
import { fileURLToPath } from 'node:url';
import { SessionManager } from 'mcp-plenum';

const program = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));

const manager = new SessionManager({
  servers: {
    // A function makes the spec for one principal: here, an environment of its own.
    everything: ({ principal }) => ({
      command: process.execPath,
      args: [program],
      env: { TENANT: principal ?? '' },
    }),
  },
  pool: { maxPerServer: 2, idleMs: 60_000 },
});

async function answer(user, question) {
  const lease = await manager.acquire('everything', { principal: user });
  try {
    const { content } = await lease.session.callTool('echo', { message: `${user} asks: ${question}` });
    return content[0].text;
  } finally {
    await lease.release();
  }
}

const questions = ['one', 'two', 'three', 'four', 'five', 'six'];
const answers = await Promise.all(
  questions.map((question, index) => answer(index % 2 === 0 ? 'ada' : 'grace', question)),
);
for (const text of answers) console.log(text);

const { open, idle, leased, created, closed } = manager.stats().get('everything');
console.log({ open, idle, leased, created, evicted: closed.evicted });
await manager.close();
