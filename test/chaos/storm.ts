import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionGroup } from '../../src/index.ts';
import type { Faults } from '../../src/testing/index.ts';
import { control, FAULTS, type FaultContext } from './faults.ts';
import type { FleetServer } from './fleet.ts';
import type { Random } from '../support/random.ts';
import type { Traffic } from './traffic.ts';
import type { Violations } from './violations.ts';

/** A fault on the way, planned before anything happens so that the seed alone decides. */
interface Planned {
  readonly afterMs: number;
  readonly server: FleetServer;
  readonly fault: (typeof FAULTS)[number];
  readonly random: Random;
}

const SHORTEST_GAP_MS = 10;
const LONGEST_GAP_MS = 110;

/** Lets faults loose on all servers but the calm ones, for so long; resolves when all of them are over. */
export class Storm {
  /** How often each fault struck. */
  readonly struck = new Map<string, number>();
  /** What struck each server last, with the time since the start. */
  readonly history = new Map<string, string[]>();
  readonly #group: SessionGroup;
  readonly #traffic: Traffic;
  readonly #random: Random;
  readonly #violations: Violations;
  readonly #servers: readonly FleetServer[];
  readonly #busy = new Map<FleetServer, Promise<void>>();

  constructor(
    group: SessionGroup,
    traffic: Traffic,
    servers: readonly FleetServer[],
    random: Random,
    violations: Violations,
  ) {
    this.#group = group;
    this.#violations = violations;
    this.#traffic = traffic;
    this.#servers = servers.filter(({ calm }) => !calm);
    this.#random = random;
  }

  async rage(forMs: number): Promise<void> {
    const over = new AbortController();
    // One fault of each server's may wait for it.
    setMaxListeners(this.#servers.length, over.signal);
    const startedAt = performance.now();
    for (;;) {
      const { afterMs, server, fault, random } = this.#plan();
      const leftMs = forMs - (performance.now() - startedAt);
      await sleep(Math.min(afterMs, Math.max(leftMs, 0)));
      if (leftMs < afterMs) break;
      // A server has one trouble at a time, so that each can be undone.
      if (this.#busy.has(server)) continue;
      this.struck.set(fault.name, (this.struck.get(fault.name) ?? 0) + 1);
      const log = this.history.get(server.name) ?? [];
      this.history.set(server.name, log);
      if (log.push(`${Math.round(performance.now() - startedAt)} ${fault.name}`) > 20) log.shift();
      const { signal } = over;
      const context = {
        server,
        random,
        group: this.#group,
        traffic: this.#traffic,
        violations: this.#violations,
        over: signal,
      };
      const strike = this.#strike(fault, context).finally(() => this.#busy.delete(server));
      this.#busy.set(server, strike);
    }
    over.abort();
    await Promise.all(this.#busy.values());
    await this.#clear();
  }

  #plan(): Planned {
    const server = this.#random.pick(this.#servers);
    return {
      afterMs: this.#random.between(SHORTEST_GAP_MS, LONGEST_GAP_MS) * this.#traffic.slowness,
      server,
      fault: this.#random.pick(faultsOf(server)),
      random: this.#random.fork(),
    };
  }

  async #strike(fault: Planned['fault'], context: FaultContext): Promise<void> {
    try {
      await fault.strike(context);
    } catch {
      // A server that is down already cannot be told what to do.
    }
  }

  /** Undoes what a fault could not, because its server was down in between. */
  async #clear(): Promise<void> {
    await Promise.all(
      this.#servers.map(async (server) => {
        const { proxy, host, process } = server;
        proxy?.throttle(Infinity);
        proxy?.resume();
        await proxy?.accept();
        host?.resume();
        if (process !== undefined && process.pid === undefined) await process.restart();
        await process?.control({ command: 'resume' });
        // A process that cannot be reached now is on its way out, and its faults with it.
        await control({ group: this.#group, server }, { command: 'setFaults', faults: NONE }).catch(() => {});
      }),
    );
  }
}

const NONE: Faults = {
  garbage: { at: 'answers', lines: [] },
  ignore: [],
  duplicateAnswers: false,
  unknownIdAnswer: false,
  listStorm: false,
};

/** The faults that a server can have, the frequent ones several times. */
function faultsOf(server: FleetServer): Planned['fault'][] {
  return FAULTS.filter(({ fits }) => fits(server)).flatMap((fault) => Array(fault.weight ?? 1).fill(fault));
}
