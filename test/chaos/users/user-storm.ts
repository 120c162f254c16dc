import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from '../../../src/testing/index.ts';
import { childPids } from '../processes.ts';
import type { Random } from '../../support/random.ts';
import type { UserServer } from './user-fleet.ts';
import type { Users } from './users.ts';

const NONE: Faults = { ignore: [], duplicateAnswers: false, unknownIdAnswer: false };

/** Lets faults loose on the servers of many users. */
export class UserStorm {
  readonly struck = new Map<string, number>();
  readonly #users: Users;
  readonly #servers: readonly UserServer[];
  readonly #tenants: readonly string[];
  readonly #random: Random;
  /** Processes that are none of the manager's. */
  readonly #spared: ReadonlySet<number>;
  readonly #slowness: number;

  constructor(
    users: Users,
    servers: readonly UserServer[],
    tenants: readonly string[],
    random: Random,
    spared: readonly number[],
    slowness: number,
  ) {
    this.#slowness = slowness;
    this.#users = users;
    this.#servers = servers;
    this.#tenants = tenants;
    this.#random = random;
    this.#spared = new Set(spared);
  }

  async rage(forMs: number): Promise<void> {
    const until = performance.now() + forMs;
    const over = new AbortController();
    setMaxListeners(0, over.signal);
    const strikes = new Set<Promise<void>>();
    while (performance.now() < until) {
      await sleep(this.#random.between(10, 150) * this.#slowness);
      const server = this.#random.pick(this.#servers);
      const strike = this.#strike(server, over.signal).catch(() => {});
      strikes.add(strike);
      void strike.finally(() => strikes.delete(strike));
    }
    over.abort();
    await Promise.all(strikes);
    for (const { proxy, hosts } of this.#servers) {
      proxy?.throttle(Infinity);
      proxy?.resume();
      await proxy?.accept();
      for (const host of hosts) {
        host.resume();
        host.control({ command: 'setFaults', faults: NONE });
      }
    }
  }

  async #strike(server: UserServer, over: AbortSignal): Promise<void> {
    const random = this.#random;
    const last = (ms: number): Promise<void> =>
      sleep(random.between(50, ms), undefined, { signal: over }).catch(() => {});
    const { proxy, hosts, place, sessions } = server;
    const fault = random.pick(faultsOf(place, sessions));
    this.struck.set(fault, (this.struck.get(fault) ?? 0) + 1);
    switch (fault) {
      case 'crash in a call':
        return this.#users.strike(random.pick(this.#tenants), server, 'die');
      case 'hanging call':
        return this.#users.strike(random.pick(this.#tenants), server, 'hang');
      case 'kill': {
        const pids = childPids().filter((pid) => !this.#spared.has(pid));
        if (pids.length > 0) process.kill(random.pick(pids), 'SIGKILL');
        return;
      }
      case 'cut':
        proxy?.cut();
        return;
      case 'stall':
        proxy?.stall();
        await last(1_500);
        proxy?.resume();
        return;
      case 'refusal':
        await proxy?.refuse();
        proxy?.cut();
        await last(1_500);
        await proxy?.accept();
        return;
      case 'expiry':
        for (const host of hosts) host.control({ command: 'expireSessions' });
        return;
      case 'hang':
        for (const host of hosts)
          host.control({ command: 'hang', forMs: Math.round(random.between(50, 1_000)) });
        return;
      case 'answers twice and to nobody':
        for (const on of [true, false]) {
          const faults = { duplicateAnswers: on, unknownIdAnswer: on };
          for (const host of hosts) host.control({ command: 'setFaults', faults });
          if (on) await last(500);
        }
        return;
      case 'dropped answers':
        for (const ignore of [['tools/call'], []]) {
          for (const host of hosts) host.control({ command: 'setFaults', faults: { ignore } });
          if (ignore.length > 0) await last(500);
        }
    }
  }
}

type UserFault =
  | 'crash in a call'
  | 'hanging call'
  | 'kill'
  | 'cut'
  | 'stall'
  | 'refusal'
  | 'expiry'
  | 'hang'
  | 'answers twice and to nobody'
  | 'dropped answers';

/** The faults that a server can have, the frequent ones several times. */
function faultsOf(place: UserServer['place'], sessions: boolean): UserFault[] {
  if (place === 'stdio') return ['kill', 'kill', 'kill', 'crash in a call', 'hanging call'];
  if (place === 'in-process') {
    return ['crash in a call', 'crash in a call', 'hanging call', 'hang', 'answers twice and to nobody'];
  }
  const network: UserFault[] = [
    'cut',
    'cut',
    'cut',
    'stall',
    'refusal',
    'refusal',
    'hang',
    'dropped answers',
  ];
  return sessions ? [...network, 'expiry', 'expiry'] : network;
}
