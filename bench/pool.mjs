// What a pool costs: taking an idle session and giving it back, and a thousand sessions that nobody uses.
// Goals: under 5 µs, and under 60 KiB each. Run the build first, and Node with --expose-gc.
import { McpServer } from '@modelcontextprotocol/server';
import { SessionManager } from 'mcp-plenum';

const ROUNDS = 7;
const LEASES = 100_000;
const SESSIONS = 1_000;

const server = () => new McpServer({ name: 'bench', version: '1.0.0' });

await measureLeases();
await measureIdle();

async function measureLeases() {
  const manager = new SessionManager({ servers: { bench: { server } } });
  await manager.prewarm('bench', 1);
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    for (let i = 0; i < LEASES; i++) {
      const lease = await manager.acquire('bench', { principal: 'ada' });
      await lease.release();
    }
    times.push(((performance.now() - startedAt) * 1_000) / LEASES);
  }
  await manager.close();
  times.sort((a, b) => a - b);
  const at = (index) => times[index].toFixed(2);
  console.log(
    `Acquire and release of an idle session: median ${at(ROUNDS >> 1)} µs, ${at(0)} to ${at(ROUNDS - 1)} (goal: under 5 µs)`,
  );
}

async function measureIdle() {
  const pool = { max: SESSIONS + 1, maxPerServer: SESSIONS + 1, idleMs: Infinity };
  const manager = new SessionManager({ servers: { bench: { server } }, pool });
  // What is loaded or compiled with the first ones belongs to none of them.
  await manager.prewarm('bench', 1);
  const before = heap();
  await manager.prewarm('bench', SESSIONS + 1);
  const idle = manager.stats().get('bench')?.idle ?? 0;
  const kibibytes = (heap() - before) / 1_024 / (idle - 1);
  const note = globalThis.gc === undefined ? ' without --expose-gc this is no more than a guess' : '';
  console.log(
    `${idle - 1} idle in-process sessions: ${kibibytes.toFixed(1)} KiB each (goal: under 60 KiB)${note}`,
  );
  await manager.close();
}

function heap() {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
