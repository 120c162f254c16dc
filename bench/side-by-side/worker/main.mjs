// One contestant in a process of its own. Does what its parent asks for, one task at a time.
import { measureCalls, probe } from './measure-calls.mjs';
import { measureChange } from './measure-change.mjs';
import { measureIdle } from './measure-idle.mjs';
import { measureLookup } from './measure-lookup.mjs';
import { measureRouting } from './measure-routing.mjs';
import { soak } from './soak.mjs';

/** @type {import('../types.d.ts').Contestant} */
const contestant = await import(`../contestants/${process.argv[2]}.mjs`);
// Servers in this process keep no program alive, and a task may wait for one.
const alive = setInterval(() => {}, 1_000);
/** @type {import('../types.d.ts').Opened | undefined} */
let opened;

const TASKS = {
  /** Milliseconds until the tools of all these servers are there. */
  async open({ servers }) {
    const startedAt = performance.now();
    const ready = new Set();
    opened = await contestant.open(servers, (name) => ready.add(name));
    const took = performance.now() - startedAt;
    if (ready.size < servers.length) throw new Error(`opened ${ready.size} of ${servers.length} servers`);
    return took;
  },
  /** Milliseconds until all these servers but the hung ones can be used. */
  openAroundHung({ servers, hung }) {
    const startedAt = performance.now();
    const awaited = new Set(servers.map(({ name }) => name).filter((name) => !hung.includes(name)));
    return new Promise((resolve, reject) => {
      const onReady = (name) => {
        awaited.delete(name);
        if (awaited.size === 0) resolve(performance.now() - startedAt);
      };
      contestant.open(servers, onReady, { oneByOne: true }).catch(reject);
    });
  },
  probe: (task) => probe(connected(), task),
  calls: (task) => measureCalls(connected(), task),
  lookup: (task) => measureLookup(connected(), task),
  routing: (task) => measureRouting(connected(), task),
  soak: (task) => soak(connected(), task),
  change: (task) => measureChange(contestant, task),
  idle: (task) => measureIdle(contestant, task),
  async close() {
    await opened?.close();
    clearInterval(alive);
  },
};

function connected() {
  if (opened === undefined) throw new Error('It has not connected to any server.');
  return opened;
}

process.on('message', ({ task, ...details }) => void answer(task, details));
process.once('disconnect', () => process.exit());
process.send?.({ value: 'loaded' });

async function answer(task, details) {
  try {
    process.send?.({ value: await TASKS[task](details) });
  } catch (error) {
    process.send?.({ error: (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] });
  }
}
