// A server that dies in the middle of its work: what is safe is done again, what is not is left to you. And one that
// never comes up is soon not asked any more.
import { SessionManager } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';

// A server that does what it is told: it dies of the first call of each tool.
const dies = { type: 'crash' };
const shaky = inProcess({
  tools: [
    {
      name: 'look_up',
      annotations: { readOnlyHint: true },
      does: [dies, { type: 'text', text: 'found' }],
    },
    { name: 'pay', does: [dies, { type: 'text', text: 'paid' }] },
  ],
});

const manager = new SessionManager({
  servers: { shaky: { server: shaky }, gone: { command: 'no-such-program' } },
  retry: { attempts: 3, delayMs: 20 },
  circuit: { failures: 3, openMs: 60_000 },
});

const found = await manager.run('shaky', (session, { attempt }) => {
  console.log(`look_up, attempt ${attempt}`);
  return session.callTool('look_up');
});
console.log(found.content[0].text);

// It may have been paid before the server died: nobody but you can know whether to pay again.
try {
  await manager.run('shaky', (session) => session.callTool('pay'));
} catch (error) {
  console.log(`pay: ${error.code}, maybeExecuted: ${error.maybeExecuted}`);
}

for (let i = 1; i <= 2; i++) {
  try {
    await manager.run('gone', (session) => session.listTools());
  } catch (error) {
    console.log(`gone: ${error.code} after ${error.attempts ?? 1} attempt(s)`);
  }
}
console.log(`The circuit of "gone" is ${manager.stats().get('gone').circuit.state}.`);
await manager.close();
