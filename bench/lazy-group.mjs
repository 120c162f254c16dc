// How long a group of 100 lazy servers takes to be ready when their catalogs are in a file, and whether one starts.
// Goal: under 50 ms, and none. Run the build first.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileCatalogCache, SessionGroup } from 'mcp-plenum';
import { readLedger, stdioSpec } from 'mcp-plenum/testing';

const SERVERS = 100;
const TOOLS = 10;
const ROUNDS = 20;

const folder = mkdtempSync(join(tmpdir(), 'plenum-bench-'));
const ledger = join(folder, 'ledger');
const file = join(folder, 'catalogs.json');

const inputSchema = {
  type: 'object',
  properties: { path: { type: 'string' }, limit: { type: 'number' } },
  required: ['path'],
};
const tools = Array.from({ length: TOOLS }, (_, nr) => ({
  name: `tool_${nr}`,
  description: `Does thing ${nr}.`,
  inputSchema,
}));
const servers = Object.fromEntries(
  Array.from({ length: SERVERS }, (_, nr) => {
    const spec = stdioSpec({ name: `server ${nr}`, tools, ledgerFile: ledger });
    return [`server_${nr}`, { ...spec, lazy: true }];
  }),
);
const starts = () =>
  existsSync(ledger) ? readLedger(ledger).filter(({ event }) => event === 'start').length : 0;

try {
  const first = performance.now();
  const seed = await SessionGroup.connect({
    servers,
    strict: true,
    catalogCache: fileCatalogCache(file),
  });
  console.log(`${SERVERS} lazy servers with ${TOOLS} tools each`);
  console.log(`  nothing known: ${(performance.now() - first).toFixed(0)} ms`);
  await seed.close();
  const before = starts();
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    const group = await SessionGroup.connect({ servers, catalogCache: fileCatalogCache(file) });
    times.push(performance.now() - startedAt);
    if (group.tools.size !== SERVERS * TOOLS) throw new Error(`Only ${group.tools.size} tools`);
    await group.close();
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => `${sorted[Math.ceil(sorted.length * share) - 1].toFixed(1)} ms`;
  console.log(`  known from a file of ${Math.round(statSync(file).size / 1024)} KiB (goal: under 50 ms):`);
  console.log(`    ready in p50 ${at(0.5)}, p90 ${at(0.9)}, the first ${times[0].toFixed(1)} ms`);
  console.log(`    processes started: ${starts() - before}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
