import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { HttpFleet, stdioServers } from '../fleet.mjs';
import { medianOf } from '../results.mjs';
import { eachInTurn, openAll } from '../turns.mjs';

const UNIT = 'µs/call';
const LIMIT_MS = 30_000;
// Long enough that starting the profiler does not show.
const PROFILE_MS = 2_000;
const echo = (name, concurrency, bytes = 100) => ({ name, concurrency, bytes, tool: 'echo' });

const ONE_AND_MANY = [echo('1 at a time', 1), echo('64 at a time', 64)];
const PAYLOADS = [
  echo('100 B both ways, 8 at a time', 8),
  echo('10 KB both ways, 8 at a time', 8, 10_000),
  echo('1 MB both ways, 8 at a time', 8, 1_000_000),
];
// Sixteen times the bytes, in as many more chunks, should take sixteen times as long. Last, as some contestants lose their
// connection by it.
const HUGE = echo('16 MB both ways, 1 at a time', 1, 16_000_000);
const STRUCTURED = { name: 'structured output, 8 at a time', concurrency: 8, bytes: 100, tool: 'forecast' };

/** Calls over every transport, era and kind of answer. */
export async function measureCalls(run) {
  const stdio = stdioServers(8);
  await measureFleet(run, 'stdio', stdio, stdio, [...ONE_AND_MANY, ...PAYLOADS, STRUCTURED, HUGE]);

  const modern = stdioServers(8, { era: 'modern' });
  await measureFleet(run, 'stdio 2026-07-28', modern, modern, ONE_AND_MANY);

  const http = await HttpFleet.start(4);
  for (const answers of ['json', 'sse']) {
    for (const era of ['legacy', 'modern']) {
      const title = `HTTP ${answers.toUpperCase()} ${era === 'legacy' ? 'legacy' : '2026-07-28'}`;
      const servers = http.servers({ era, answers });
      const plain = answers === 'json' && era === 'legacy';
      const cases = plain ? [...ONE_AND_MANY, ...PAYLOADS, STRUCTURED] : ONE_AND_MANY;
      // All ports are one process: asking one of them for its CPU time is enough.
      await measureFleet(run, title, servers, servers.slice(0, 1), cases);
    }
  }
  http.close();
}

async function measureFleet(run, title, servers, processes, all) {
  const nameOf = (each) => `${title}, ${each.name}`;
  const cases = all.filter((each) => run.options.isWanted(nameOf(each)));
  if (cases.length === 0) return;
  const contestants = await openAll(run, servers, (contestant, reason) => {
    for (const each of cases) run.results.missing(nameOf(each), UNIT, contestant, reason);
  });
  await warmUp(run, contestants, servers, processes);
  for (const each of cases) {
    const loads = await measureCase(run, nameOf(each), contestants, {
      ...each,
      servers: namesOf(servers),
      processes: namesOf(processes),
    });
    if (each.concurrency >= 64) noteLoads(run.results, nameOf(each), loads);
    if (each === STRUCTURED) noteUnchecked(run.results, nameOf(each), contestants);
  }
  await Promise.all(contestants.map((contestant) => contestant.close()));
}

/** Code that runs for the first time is no case of its own. A contestant that fails here says so in its cases. */
async function warmUp({ options }, contestants, servers, processes) {
  const details = { ...ONE_AND_MANY[1], servers: namesOf(servers), processes: namesOf(processes) };
  for (const contestant of contestants) {
    const run = contestant.run(
      'calls',
      { ...details, warmMs: 0, ms: options.firstWarmMs },
      { limitMs: LIMIT_MS },
    );
    await run.catch(() => {});
  }
}

async function measureCase({ options, results }, name, contestants, details) {
  const { rounds, warmMs, ms, profiles } = options;
  const loads = new Map(contestants.map((contestant) => [contestant.name, []]));
  await eachInTurn(
    contestants,
    rounds,
    async (contestant) => {
      const measured = await contestant.run('calls', { ...details, warmMs, ms }, { limitMs: LIMIT_MS });
      results.record(name, UNIT, contestant.name, measured.microseconds);
      results.recordCpu(name, UNIT, contestant.name, measured.client * measured.microseconds);
      loads.get(contestant.name).push(measured);
    },
    (contestant, reason) => results.missing(name, UNIT, contestant.name, reason),
  );
  if (profiles !== undefined)
    await profileEach(contestants, name, { ...details, warmMs: 0, ms: PROFILE_MS }, profiles);
  return loads;
}

/** Once more, after the rounds and beside the figures: a profiler slows down what it looks at. */
async function profileEach(contestants, name, details, folder) {
  mkdirSync(folder, { recursive: true });
  for (const contestant of contestants) {
    const file = `${name} ${contestant.name}`.replaceAll(/[^\w.]+/g, '-');
    const profile = resolve(folder, `${file}.cpuprofile`);
    await contestant.run('calls', { ...details, profile }, { limitMs: LIMIT_MS });
  }
}

/** Under load a client should be the one that is busy; where it waits, its figure says less about it than about the rest. */
function noteLoads(results, name, loads) {
  for (const [contestant, measured] of loads) {
    if (measured.length === 0) continue;
    const [client, servers, busiest] = ['client', 'servers', 'busiest'].map((key) =>
      medianOf(measured.map((load) => load[key])),
    );
    if (client >= 0.85) continue;
    const why =
      busiest >= 0.85
        ? 'a server was the bottleneck'
        : client + servers >= 0.85 * availableParallelism()
          ? 'the machine was full'
          : 'something else held it up: a machine that does other work, perhaps';
    const share = (cores) => `${Math.round(cores * 100)} %`;
    results.note(
      name,
      UNIT,
      `${contestant} waited: ${why} (of one core: itself ${share(client)}, all servers ${share(servers)}, the busiest ${share(busiest)})`,
    );
  }
}

function noteUnchecked(results, name, contestants) {
  const unchecked = [];
  for (const contestant of contestants) {
    if (contestant.facts?.validates === false) unchecked.push(contestant.name);
  }
  if (unchecked.length > 0)
    results.note(name, UNIT, `output is not checked against its schema by: ${unchecked.join(', ')}`);
}

function namesOf(servers) {
  return servers.map(({ name }) => name);
}
