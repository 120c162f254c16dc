import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../src/manager/leases/lease.ts';
import type { SessionManager } from '../../../src/manager/session-manager.ts';
import { Random } from '../../support/random.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { TOOLS } from '../support/answers.ts';
import { Fleet } from '../support/fleet.ts';
import { expectNothingHeld, newManager, watched, type Outcome } from '../support/managers.ts';

const SERVERS = ['a', 'b', 'c'];
const PRINCIPALS = [undefined, 'ada', 'bob'];

interface Limits {
  readonly max: number;
  readonly maxPerServer: number;
  readonly maxWaiting: number;
  readonly leasesPerSession: number;
  readonly protocol: 'legacy' | '2026-07-28';
}

/** A caller of the storm, from its `acquire` on. */
interface Caller {
  readonly key: string;
  readonly server: string;
  readonly order: number;
  readonly abort: AbortController;
  readonly outcome: Outcome<void>;
  lease: Lease | undefined;
}

/** Callers that come, give up, give back and discard at random, on servers that are slow, refuse or die at random. */
class Storm {
  readonly manager: SessionManager;
  readonly callers = new Set<Caller>();
  /** What did not hold, in words. */
  readonly faults: string[] = [];
  readonly #random: Random;
  readonly #limits: Limits;
  readonly #fleets: Fleet[];
  /** By key, the latest in the order of coming that was served: nobody before it may come after it. */
  readonly #lastServed = new Map<string, number>();
  #orders = 0;

  constructor(seed: number, limits: Limits) {
    const random = new Random(seed);
    this.#random = random;
    this.#limits = limits;
    this.#fleets = SERVERS.map(
      (name) =>
        new Fleet(() => {
          const fate = random.below(10);
          if (fate === 0) return { faults: { refuse: REFUSED } };
          return { tools: TOOLS, startDelayMs: fate < 4 ? random.below(8) : 0 };
        }, name),
    );
    const { protocol, ...bounds } = limits;
    const specs = SERVERS.map((name, nr) => [name, this.#fleets[nr]?.spec(protocol)]);
    this.manager = newManager({
      servers: Object.fromEntries(specs),
      circuit: false,
      reconnect: random.below(2) === 0 ? false : { delayMs: 1 },
      pool: {
        ...bounds,
        idleMs: random.below(3) === 0 ? 5 : 60_000,
        checkAfterMs: random.below(3) === 0 ? 0 : 30_000,
      },
    });
  }

  async step(): Promise<void> {
    const fate = this.#random.below(20);
    if (fate < 9) this.#come();
    else if (fate < 15) this.#end('release');
    else if (fate < 16) this.#end('discard');
    else if (fate < 17) this.#pick([...this.callers])?.abort.abort();
    else if (fate < 18) this.#kill();
    else await new Promise((resolve) => setTimeout(resolve, this.#random.below(4)));
    this.#checkBounds();
  }

  #come(): void {
    const server = this.#pick(SERVERS) ?? 'a';
    const principal = this.#pick(PRINCIPALS);
    const abort = new AbortController();
    const acquiring = this.manager.acquire(server, { principal, signal: abort.signal, timeoutMs: 60_000 });
    const caller: Caller = {
      key: `${server}/${principal}`,
      server,
      order: this.#orders++,
      abort,
      lease: undefined,
      outcome: watched(
        acquiring.then((lease) => this.#serve(caller, lease)).catch(() => this.#leave(caller)),
      ),
    };
    this.callers.add(caller);
  }

  #serve(caller: Caller, lease: Lease): void {
    caller.lease = lease;
    this.#check(caller.key === `${lease.server}/${lease.principal}`, `${caller.key} got another's session`);
    const last = this.#lastServed.get(caller.key) ?? -1;
    this.#check(caller.order > last, `${caller.order} of ${caller.key} was overtaken by ${last}`);
    this.#lastServed.set(caller.key, caller.order);
  }

  #leave(caller: Caller): void {
    this.callers.delete(caller);
  }

  #end(how: 'release' | 'discard'): void {
    const caller = this.#pick(this.holders);
    if (caller?.lease === undefined) return;
    this.callers.delete(caller);
    void caller.lease[how]();
  }

  #kill(): void {
    const living = this.#fleets.flatMap(({ members }) => members).filter(({ open }) => open);
    void this.#pick(living)?.close();
  }

  get holders(): Caller[] {
    return [...this.callers].filter(({ lease }) => lease !== undefined);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#random.below(Math.max(1, items.length))];
  }

  /** Notes what must hold at any moment and does not. */
  #checkBounds(): void {
    const { max, maxPerServer, maxWaiting, leasesPerSession, protocol } = this.#limits;
    const sharing = protocol === 'legacy' ? 1 : leasesPerSession;
    const stats = [...this.manager.stats().values()];
    const report = JSON.stringify(stats);
    for (const { open, opening, idle, leased, closing, leases, waiting } of stats) {
      this.#check(opening + idle + leased + closing === open, `counts do not add up: ${report}`);
      this.#check(open <= maxPerServer, `too many of a server: ${report}`);
      // Those whose session was on its way when they came are not in line; it may have been lost since.
      this.#check(waiting <= maxWaiting + maxPerServer, `too many in line: ${report}`);
      this.#check(leases <= open * sharing, `too many leases: ${report}`);
    }
    this.#check(sum(stats.map(({ open }) => open)) <= max, `too many in all: ${report}`);
  }

  /** Waits until nothing is on its way, and notes whoever waits all the same though he could be served. */
  async rest(): Promise<void> {
    await eventually('nothing is on its way', () => {
      const all = [...this.manager.stats().values()];
      return all.every(({ opening, closing }) => opening + closing === 0);
    });
    const stats = this.manager.stats();
    const all = [...stats.values()];
    const report = JSON.stringify([...stats]);
    const isFull = sum(all.map(({ open }) => open)) === this.#limits.max;
    const idleInAll = sum(all.map(({ idle }) => idle));
    for (const [server, { leases, waiting, open, idle }] of stats) {
      const held = this.holders.filter((caller) => caller.server === server).length;
      this.#check(leases === held, `${held} leases are held: ${report}`);
      if (waiting === 0) continue;
      const serverFull = open === this.#limits.maxPerServer;
      this.#check(serverFull || isFull, `there is room: ${report}`);
      this.#check(serverFull ? idle === 0 : idleInAll === 0, `an idle session is in the way: ${report}`);
    }
  }

  #check(holds: boolean, fault: string): void {
    if (!holds) this.faults.push(fault);
  }

  /** Everybody gives back in time: all who wait are served, or told why not. */
  async end(): Promise<void> {
    const giveBack = setInterval(() => this.#end('release'), 1);
    const outcomes = [...this.callers].map(({ outcome }) => outcome);
    await bounded('all callers', Promise.all(outcomes.map(({ promise }) => promise))).finally(() =>
      clearInterval(giveBack),
    );
    while (this.holders.length > 0) this.#end('release');
    await bounded('close', this.manager.close());
    await expectNothingHeld(this.manager);
  }
}

const NO = { code: -32_603, message: 'no' };
const REFUSED = { initialize: NO, 'server/discover': NO };

function limitsOf(seed: number): Limits {
  const random = new Random(seed * 7_919);
  return {
    max: 1 + random.below(5),
    maxPerServer: 1 + random.below(3),
    maxWaiting: random.below(3) === 0 ? random.below(4) : 1_000,
    leasesPerSession: 1 + random.below(3),
    protocol: random.below(2) === 0 ? 'legacy' : '2026-07-28',
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

describe('M4 M8 a pool under callers that come and go at random', () => {
  const seeds = Array.from({ length: 24 }, (_, nr) => nr + 1);
  it.each(seeds)('counts add up, turns are kept and nobody is forgotten (seed %i)', async (seed) => {
    const storm = new Storm(seed, limitsOf(seed));
    for (let round = 0; round < 4; round++) {
      for (let step = 0; step < 75; step++) await storm.step();
      await storm.rest();
    }
    await storm.end();
    expect(storm.faults).toEqual([]);
  });
});
