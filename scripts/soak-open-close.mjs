// Opens and closes a group of many stdio servers again and again, and shows what is left after each round.
// Exits with 1 when anything is. Usage, after a build: node scripts/soak-open-close.mjs [rounds] [servers]
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SessionGroup } from 'mcp-plenum';

const rounds = Number(process.argv[2] ?? 20);
const count = Number(process.argv[3] ?? 50);
const program = fileURLToPath(new URL('../test/fixtures/servers/group-tiny.mjs', import.meta.url));

/** Rounds until caches, compiled code and pools have their size. */
const WARM_UP = 5;
/** What the heap may grow by from then on, in all; sessions that were kept would make megabytes with each round. */
const HEAP_SLACK_BYTES = 2_000_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}

function handles() {
  const counts = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

const extraHandles = (before, now) =>
  Object.entries(now)
    .filter(([kind, left]) => left > (before[kind] ?? 0))
    .map(([kind, left]) => `${kind} ${left}`);

async function round() {
  const servers = Object.fromEntries(
    Array.from({ length: count }, (_, nr) => [
      `s${nr}`,
      { command: process.execPath, args: [program, 'echo', 'pid'] },
    ]),
  );
  const group = await SessionGroup.connect({ servers, strict: true });
  const startedAt = performance.now();
  await Promise.all([...group.tools.keys()].map((name) => group.callTool(name)));
  const pids = [...group.servers.keys()].map((name) => group.session(name).client?.transport?.pid);
  await group.close();
  return { pids: pids.filter((pid) => typeof pid === 'number'), ms: performance.now() - startedAt };
}

async function heapUsed() {
  for (let pass = 0; pass < 3; pass++) {
    collectGarbage();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}

const before = handles();
const heaps = [];
const faults = [];
for (let nr = 1; nr <= rounds; nr++) {
  const { pids, ms } = await round();
  const left = pids.filter(isRunning);
  const heap = await heapUsed();
  const extra = extraHandles(before, handles());
  heaps.push(heap);
  console.log(
    `round ${nr}: ${pids.length} processes, ${left.length} left; handles ${extra.join(', ') || 'as before'}; ` +
      `heap ${(heap / 1e6).toFixed(2)} MB; calls and close ${Math.round(ms)} ms`,
  );
  if (left.length > 0) faults.push(`round ${nr} left ${left.length} processes`);
  if (extra.length > 0) faults.push(`round ${nr} left handles: ${extra.join(', ')}`);
}

const settled = heaps.slice(Math.min(WARM_UP, heaps.length - 1));
const growth = settled.length > 1 ? settled[settled.length - 1] - settled[0] : 0;
console.log(
  `heap after the warm-up: ${growth >= 0 ? '+' : ''}${(growth / 1e6).toFixed(2)} MB in ${settled.length - 1} rounds`,
);
if (growth > HEAP_SLACK_BYTES) faults.push(`the heap grew by ${(growth / 1e6).toFixed(2)} MB`);

for (const fault of faults) console.error(`NOT CLEAN: ${fault}`);
console.log(faults.length === 0 ? 'clean' : `${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
