import { setTimeout as sleep } from 'node:timers/promises';
import { SessionGroup } from '../../src/index.ts';
import { findLeft, heapBytes, takeCensus, TimerWatch } from './census.ts';
import { EventWatch } from './events.ts';
import { startFleet, type Fleet, type FleetServer } from './fleet.ts';
import { checkLedgers } from './ledgers.ts';
import { measureSlowness } from './pace.ts';
import { childPids } from './processes.ts';
import { Random } from '../support/random.ts';
import { awaitRecovery, checkCatalog, checkNotifications } from './recovery.ts';
import { Storm } from './storm.ts';
import { callTimeoutMs, calmTimeoutMs, Traffic } from './traffic.ts';
import { Violations } from './violations.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** How long faults happen. */
  readonly faultsMs: number;
  /** The cap of the delays between attempts to reconnect. */
  readonly maxDelayMs: number;
  readonly log: (line: string) => void;
}

const CALM_MS = 3_000;
const SHORTEST_REHEARSAL_MS = 6_000;
const LEFTOVERS_MS = 60_000;
/** How much larger the heap may be in the end. */
const HEAP_GROWTH = 1.1;

/**
 * Twenty servers, calls at all times, faults at random; returns the invariants that did not hold.
 *
 * A rehearsal of a tenth of the time comes first: modules that are loaded and code that is compiled on use are no
 * leak.
 */
export async function runChaos(options: ChaosOptions): Promise<readonly string[]> {
  const { seed, faultsMs, log } = options;
  const slowness = await measureSlowness();
  log(
    `seed ${seed}, faults for ${faultsMs / 1000} s, on a machine ${slowness.toFixed(1)} times slower than a quiet one`,
  );
  const violations = new Violations();
  const timers = new TimerWatch();
  const caller = new AbortController();
  try {
    const random = new Random(seed);
    const rehearsal = {
      slowness,
      calmMs: 0,
      faultsMs: Math.max(SHORTEST_REHEARSAL_MS, faultsMs / 10),
      log: () => {},
    };
    await act({ ...options, ...rehearsal }, random.fork(), caller.signal, violations);
    const heapBefore = await heapBytes();
    const before = takeCensus(timers, caller.signal);

    await act({ ...options, slowness, calmMs: CALM_MS }, random.fork(), caller.signal, violations);

    for (const left of await findLeft(before, () => takeCensus(timers, caller.signal), LEFTOVERS_MS))
      violations.add('nothing is left', left);
    const heapAfter = await heapBytes();
    log(`heap: ${megabytes(heapBefore)} before, ${megabytes(heapAfter)} after`);
    if (heapAfter > heapBefore * HEAP_GROWTH)
      violations.add(
        'the heap is back within 10 %',
        `${megabytes(heapBefore)} before, ${megabytes(heapAfter)} after`,
      );
  } finally {
    timers.stop();
  }
  for (const violation of violations.all) log(`BROKEN ${violation}`);
  return violations.all;
}

/** One performance, from the start of the servers to their end. */
async function act(
  options: ChaosOptions & { calmMs: number; slowness: number },
  random: Random,
  signal: AbortSignal,
  violations: Violations,
): Promise<void> {
  const children = childPids();
  await using fleet = await startFleet();
  const { servers } = fleet;
  await using group = await connect(fleet, options);
  const events = new EventWatch(group, servers, options.maxDelayMs, violations);
  await Promise.all(
    servers.map(({ uri, name }) => group.subscribeResource(uri, { server: name, timeoutMs: 60_000 })),
  );
  const traffic = new Traffic(group, random.fork(), violations, signal, options.slowness);
  traffic.start(servers);
  await sleep(options.calmMs);

  const storm = new Storm(group, traffic, servers, random.fork(), violations);
  traffic.faulty = true;
  await storm.rage(options.faultsMs);
  await awaitRecovery({
    group,
    servers,
    traffic,
    violations,
    storm,
    withinMs: (options.maxDelayMs + 5_000) * options.slowness,
  });
  traffic.faulty = false;
  await traffic.stop();

  await checkNotifications({ group, servers, events, violations, storm });
  await checkCatalog({ group, servers, violations, storm });
  await group.refresh();
  events.checkAgainstStatus();
  await events.stop();
  await group.close();
  checkProcesses(servers, children, violations);
  checkLedgers(servers, traffic.outcomes, violations);
  report(options.log, traffic, storm, events);
}

function connect(
  { servers }: Fleet,
  { maxDelayMs, slowness }: { maxDelayMs: number; slowness: number },
): Promise<SessionGroup> {
  // A busy machine is no error of a server's.
  const timeoutMs = calmTimeoutMs(slowness);
  const untouched = { timeoutMs, health: { intervalMs: 500, timeoutMs } };
  return SessionGroup.connect({
    servers: Object.fromEntries(
      servers.map(({ name, spec, calm }) => [name, { ...spec, ...(calm && untouched) }]),
    ),
    strict: true,
    timeoutMs: callTimeoutMs(slowness),
    connectTimeoutMs: 10_000 * slowness,
    reconnect: { delayMs: 100, maxDelayMs },
    health: { intervalMs: 500, timeoutMs: 2_000 * slowness, failures: 2 },
    onRoots: () => [],
  });
}

/** A closed group leaves no process of a stdio server; those that serve HTTP are the fleet's. */
function checkProcesses(
  servers: readonly FleetServer[],
  before: readonly number[],
  violations: Violations,
): void {
  const known = new Set([...before, ...servers.map(({ process }) => process?.pid)]);
  const left = childPids().filter((pid) => !known.has(pid));
  if (left.length > 0) violations.add('nothing is left', `processes ${left.join(', ')}`);
}

function report(log: ChaosOptions['log'], traffic: Traffic, storm: Storm, events: EventWatch): void {
  const faults = [...storm.struck.values()].reduce((sum, count) => sum + count, 0);
  log(`${traffic.calls} calls, ${faults} faults, ${events.recoveries} recoveries`);
  log(`untouched servers, calm:         ${traffic.calmLatencies.before.describe()}`);
  log(`untouched servers, under faults: ${traffic.calmLatencies.during.describe()}`);
  log(`faults: ${counted(storm.struck)}`);
  log(`errors that they caused: ${counted(traffic.errors)}`);
  log(`problems that were contained: ${counted(events.problems)}`);
}

function counted(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, count]) => `${count} × ${what}`).join(', ') || 'none';
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
