import { setTimeout as sleep } from 'node:timers/promises';
import { SessionManager } from '../../../src/index.ts';
import { findLeft, heapBytes, takeCensus, TimerWatch } from '../census.ts';
import { checkLedgers } from '../ledgers.ts';
import { childPids } from '../processes.ts';
import { measureSlowness } from '../pace.ts';
import { Random } from '../../support/random.ts';
import { Violations } from '../violations.ts';
import { startUserFleet, type UserFleet } from './user-fleet.ts';
import { UserStorm } from './user-storm.ts';
import { Users } from './users.ts';

export interface UserChaosOptions {
  readonly seed: number;
  readonly faultsMs: number;
  readonly log: (line: string) => void;
}

const USERS = 50;
const TENANTS = ['ada', 'grace', 'edsger', 'barbara', 'alan'];
const MAX = 36;
const MAX_PER_SERVER = 5;
const OPEN_MS = 1_000;
const CALM_MS = 1_500;
/** These bound waits for what must come, sooner or later. */
const SERVED_WITHIN_MS = 60_000;
const LEFTOVERS_MS = 60_000;
const HEAP_GROWTH = 1.1;

/** Fifty users (fewer on a busy machine) of five tenants on ten servers, faults at random; returns the invariants that did not hold. */
export async function runUserChaos({ seed, faultsMs, log }: UserChaosOptions): Promise<readonly string[]> {
  const slowness = await measureSlowness();
  const crowd = { slowness, users: Math.max(10, Math.round(USERS / slowness)) };
  log(
    `seed ${seed}, ${crowd.users} users, faults for ${faultsMs / 1_000} s, on a machine ${slowness.toFixed(1)} times slower than a quiet one`,
  );
  const violations = new Violations();
  const timers = new TimerWatch();
  const caller = new AbortController();
  const random = new Random(seed);
  try {
    // A rehearsal first: what is loaded and compiled on use is no leak.
    await act(crowd, random.fork(), Math.max(3_000, faultsMs / 10), caller.signal, violations, () => {});
    const heapBefore = await heapBytes();
    const before = takeCensus(timers, caller.signal);

    await act(crowd, random.fork(), faultsMs, caller.signal, violations, log);

    for (const left of await findLeft(before, () => takeCensus(timers, caller.signal), LEFTOVERS_MS))
      violations.add('nothing is left', left);
    const heapAfter = await heapBytes();
    log(`heap: ${megabytes(heapBefore)} before, ${megabytes(heapAfter)} after`);
    if (heapAfter > heapBefore * HEAP_GROWTH)
      violations.add('the heap is back within 10 %', megabytes(heapAfter));
  } finally {
    timers.stop();
  }
  for (const violation of violations.all) log(`BROKEN ${violation}`);
  return violations.all;
}

async function act(
  { users: count, slowness }: { users: number; slowness: number },
  random: Random,
  faultsMs: number,
  signal: AbortSignal,
  violations: Violations,
  log: (line: string) => void,
): Promise<void> {
  const before = childPids();
  await using fleet = await startUserFleet();
  await using manager = createManager(fleet, slowness);
  const bounds = watchBounds(manager, violations);
  const users = new Users(manager, random.fork(), violations, signal, slowness);
  users.start(count, TENANTS, fleet.servers);
  await sleep(CALM_MS);
  const deadline = performance.now() + SERVED_WITHIN_MS;
  while (users.done === 0 && performance.now() < deadline) await sleep(50);
  const calm = { done: users.done, failed: users.failed };
  if (calm.done === 0) violations.add('users are served', 'nobody, before any fault');

  const storm = new UserStorm(users, fleet.servers, TENANTS, random.fork(), before, slowness);
  await storm.rage(faultsMs);
  await awaitService(users, fleet, violations);
  await users.stop();
  const stats = [...manager.stats().values()];
  for (const { leases, waiting } of stats) {
    if (leases + waiting > 0) violations.add('leases end with their users', `${leases} out, ${waiting} wait`);
  }
  await manager.close();
  clearInterval(bounds);
  const left = childPids().filter((pid) => !before.includes(pid));
  if (left.length > 0) violations.add('nothing is left', `processes ${left.join(', ')}`);
  checkLedgers(fleet.servers, users.outcomes, violations, ({ tool }) => tool === 'count');

  const sum = (pick: (each: (typeof stats)[number]) => number): number =>
    stats.reduce((total, each) => total + pick(each), 0);
  log(`${users.done} done, ${users.failed} failed (${calm.failed} of them before any fault)`);
  log(`sessions opened: ${sum(({ created }) => created)}; retries: ${sum(({ retries }) => retries)}`);
  for (const reason of ['idle', 'evicted', 'discarded', 'died', 'unhealthy'] as const)
    log(`closed as ${reason}: ${sum(({ closed }) => closed[reason])}`);
  log(`faults: ${[...storm.struck].map(([what, count]) => `${count} × ${what}`).join(', ')}`);
  log(`errors: ${[...users.errors].map(([what, count]) => `${count} × ${what}`).join(', ') || 'none'}`);
}

function createManager({ servers }: UserFleet, slowness: number): SessionManager {
  return new SessionManager({
    servers: Object.fromEntries(servers.map(({ name, spec }) => [name, spec])),
    pool: {
      max: MAX,
      maxPerServer: MAX_PER_SERVER,
      idleMs: 2_000,
      checkAfterMs: 500,
      acquireTimeoutMs: 8_000 * slowness,
    },
    retry: { attempts: 3, delayMs: 50, maxDelayMs: 500 },
    circuit: { failures: 5, openMs: OPEN_MS },
    timeoutMs: 2_000 * slowness,
    connectTimeoutMs: 5_000 * slowness,
    health: { intervalMs: 500, timeoutMs: 1_000 * slowness, failures: 2 },
  });
}

/** However great the crowd, there are no more sessions than was agreed. */
function watchBounds(manager: SessionManager, violations: Violations): NodeJS.Timeout {
  return setInterval(() => {
    let all = 0;
    for (const [name, { open }] of manager.stats()) {
      all += open;
      if (open > MAX_PER_SERVER) violations.add('the pool keeps its bounds', `${name} has ${open}`);
    }
    if (all > MAX) violations.add('the pool keeps its bounds', `${all} in all`);
  }, 5);
}

/** When the faults have stopped, every server serves again, as soon as its circuit lets it. */
async function awaitService(users: Users, { servers }: UserFleet, violations: Violations): Promise<void> {
  const deadline = performance.now() + OPEN_MS + SERVED_WITHIN_MS;
  await Promise.all(
    servers.map(async (server, index) => {
      const tenant = TENANTS[index % TENANTS.length] ?? '';
      while (!(await users.isServed(tenant, server))) {
        if (performance.now() > deadline) return violations.add('servers serve again', server.name);
        await sleep(100);
      }
      return undefined;
    }),
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
