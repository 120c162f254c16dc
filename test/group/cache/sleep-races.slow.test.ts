import { describe, expect, it } from 'vitest';
import type { GroupServerSpec, SessionGroup } from '../../../src/index.ts';
import { PlenumError } from '../../../src/index.ts';
import type { SessionManager } from '../../../src/manager/session-manager.ts';
import { Fleet } from '../../manager/support/fleet.ts';
import { expectNothingHeld, newManager } from '../../manager/support/managers.ts';
import { Random } from '../../support/random.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { connectKnown, stateOf, untilState } from '../support/lazy.ts';

const URI = 'file:///a';

/** What a call may fail with when its server is killed, or its group closed. */
const EXPECTED = /^(CONNECTION_LOST|CONNECT_FAILED|NOT_CONNECTED|SESSION_CLOSED|TIMEOUT)$/;

/** A lazy server that falls asleep in every pause, and those who use it all the time. */
class Storm {
  readonly group: SessionGroup;
  readonly fleet: Fleet;
  readonly manager: SessionManager | undefined;
  readonly #random: Random;
  /** What calls failed with and should not. */
  readonly unexpected: unknown[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  #mayFail = false;

  private constructor(
    random: Random,
    fleet: Fleet,
    manager: SessionManager | undefined,
    group: SessionGroup,
  ) {
    this.#random = random;
    this.fleet = fleet;
    this.manager = manager;
    this.group = group;
  }

  static async begin(seed: number, from: 'spec' | 'source', era: 'legacy' | '2026-07-28'): Promise<Storm> {
    const random = new Random(seed);
    const fleet = new Fleet(() => ({
      tools: [{ name: 'echo' }, { name: 'slow', does: { type: 'slow', ms: 3 } }],
      resources: [{ uri: URI }],
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
      startDelayMs: random.below(3),
      answerDelayMs: random.below(2),
    }));
    const lazy = { idleMs: random.below(3) };
    const spec = fleet.spec(era);
    const manager =
      from === 'source' ? newManager({ servers: { s: spec }, pool: { max: 1 }, circuit: false }) : undefined;
    const server: GroupServerSpec = manager === undefined ? { ...spec, lazy } : { source: manager, lazy };
    const group = await connectKnown({ servers: { s: server }, reconnect: { delayMs: 1 } });
    return new Storm(random, fleet, manager, group);
  }

  async step(): Promise<void> {
    const { group } = this;
    const fate = this.#random.below(24);
    if (fate < 7) this.#use(group.callTool('s__echo', {}));
    else if (fate < 9) this.#use(group.callTool('s__slow', {}));
    else if (fate < 11) this.#use(group.subscribeResource(URI));
    else if (fate < 14) this.#use(group.unsubscribeResource(URI));
    else if (fate < 15) this.#use(group.refresh({ server: 's' }));
    else if (fate < 16) this.#reconnect();
    else if (fate < 17) this.#use(group.setLoggingLevel('debug', { server: 's' }));
    else if (fate < 18) this.#use(group.ping());
    else if (fate < 19) await this.#kill();
    else await new Promise((resolve) => setTimeout(resolve, this.#random.below(6)));
  }

  #reconnect(): void {
    this.#mayFail = true;
    this.#use(this.group.session('s').reconnect());
  }

  async #kill(): Promise<void> {
    this.#mayFail = true;
    await Promise.all(this.fleet.members.filter(({ open }) => open).map((member) => member.close()));
  }

  #use(use: Promise<unknown>): void {
    const settled = use.catch((error: unknown) => {
      const known = error instanceof PlenumError && EXPECTED.test(error.code);
      if (!known || !this.#mayFail) this.unexpected.push(error);
    });
    this.#pending.add(settled);
    void settled.then(() => this.#pending.delete(settled));
  }

  /** Waits until all calls are over. */
  async rest(): Promise<void> {
    await bounded('all calls', Promise.all(this.#pending));
  }

  /** From here on the group is closing. */
  expectFailures(): void {
    this.#mayFail = true;
  }
}

const SEEDS = Array.from({ length: 8 }, (_, nr) => nr + 1);
const KINDS = SEEDS.flatMap((seed) =>
  (['spec', 'source'] as const).flatMap((from) =>
    (['legacy', '2026-07-28'] as const).map((era) => ({ seed, from, era })),
  ),
);

describe('a lazy server that is used, put to sleep and killed all the time', () => {
  it.each(KINDS)(
    'sleeps when it is left alone, and never runs twice: $from, $era, seed $seed',
    async (kind) => {
      const storm = await Storm.begin(kind.seed, kind.from, kind.era);
      const { group, fleet } = storm;
      for (let round = 0; round < 3; round++) {
        for (let step = 0; step < 40; step++) await storm.step();
        await storm.rest();
        expect(storm.unexpected).toEqual([]);
        await bounded(
          'a last call',
          group.callTool('s__echo', {}).catch(() => group.callTool('s__echo', {})),
        );
        await bounded('unsubscribe', group.unsubscribeResource(URI));
        await untilState(group, 'idle');
        expect(fleet.mostOpen).toBe(1);
      }
      await bounded('subscribe', group.subscribeResource(URI));
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(stateOf(group)).toBe('ready');
      await bounded('close', group.close());
      if (storm.manager !== undefined) {
        await bounded('manager', storm.manager.close());
        await expectNothingHeld(storm.manager);
      }
      await eventually('nothing is open', () => fleet.open === 0);
    },
  );

  it.each(KINDS)('is gone when its group ends in the middle: $from, $era, seed $seed', async (kind) => {
    const storm = await Storm.begin(kind.seed, kind.from, kind.era);
    for (let step = 0; step < 10 + kind.seed * 3; step++) await storm.step();
    storm.expectFailures();
    const { group, fleet, manager } = storm;
    const session = group.session('s');
    const use = Promise.all([1, 2, 3].map(() => storm.step()));
    await bounded('end', kind.seed % 2 === 0 ? group.close() : group.destroy());
    await use;
    await storm.rest();
    expect(storm.unexpected).toEqual([]);
    expect(session.status.state).toBe('closed');
    if (manager !== undefined) {
      await eventually('leases are back', () => manager.stats().get('s')?.leases === 0);
      await bounded('manager', manager.close());
    }
    await eventually('nothing is open', () => fleet.open === 0);
  });
});
