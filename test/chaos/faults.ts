import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionGroup } from '../../src/index.ts';
import type { ControlCommand } from '../../src/testing/index.ts';
import { BASE_TOOLS, DEADLY_TOOLS, type FleetServer } from './fleet.ts';
import type { Random } from '../support/random.ts';
import type { Traffic } from './traffic.ts';
import type { Violations } from './violations.ts';

/** Twice the time that two failed health checks take. */
const NOTICED_WITHIN_MS = 10_000;

/** What a fault may use. */
export interface FaultContext {
  readonly server: FleetServer;
  readonly group: SessionGroup;
  readonly traffic: Traffic;
  readonly random: Random;
  readonly violations: Violations;
  /** Aborts when the time of faults is over. */
  readonly over: AbortSignal;
}

interface Fault {
  readonly name: string;
  /**
   * How often it comes, compared to others.
   * @default 1
   */
  readonly weight?: number;
  readonly fits: (server: FleetServer) => boolean;
  /** Does it, and undoes it in the end, unless the product has to cope with it for good. */
  readonly strike: (context: FaultContext) => Promise<void>;
}

/** Tells a server to do something: directly where it can be reached, else by a request over its session. */
export async function control(
  { group, server }: Pick<FaultContext, 'group' | 'server'>,
  command: ControlCommand,
): Promise<void> {
  if (server.host !== undefined) server.host.control(command);
  else if (server.process !== undefined) await server.process.control(command);
  else {
    const request = { method: 'testing/control', params: { ...command } };
    await group.session(server.name).request(request, { timeoutMs: 2_000 });
  }
}

/** The process of a stdio server, while its session is ready. */
function pidOf({ group, server }: Pick<FaultContext, 'group' | 'server'>): number | undefined {
  const status = group.servers.get(server.name);
  return status?.state === 'ready' ? status.pid : undefined;
}

function kill(context: FaultContext, signal: NodeJS.Signals): void {
  const pid = pidOf(context);
  if (pid !== undefined) process.kill(pid, signal);
}

/** Pauses for a random time, which the end of all faults cuts short. */
async function last({ random, over }: FaultContext, lowMs: number, highMs: number): Promise<void> {
  await sleep(random.between(lowMs, highMs), undefined, { signal: over }).catch(() => {});
}

const isProcess = ({ place }: FleetServer): boolean => place === 'stdio' || place === 'http process';
const isProxied = ({ proxy }: FleetServer): boolean => proxy !== undefined;
const everywhere = (): boolean => true;

/** A server that hangs must be found out by its health checks; only the end of all faults ends it by other means. */
async function hangForGood(context: FaultContext): Promise<void> {
  const { server, group, over, traffic, violations } = context;
  await control(context, { command: 'hang' });
  const hung = group.servers.get(server.name);
  // By its time of entry: in this process a session may leave `ready` and be back between two looks.
  const isUnnoticed = (): boolean => {
    const now = group.servers.get(server.name);
    return now?.state === 'ready' && now.since === hung?.since;
  };
  const deadline = performance.now() + NOTICED_WITHIN_MS * traffic.slowness;
  while (isUnnoticed() && !over.aborted) {
    if (performance.now() > deadline) {
      violations.add('a hung server is noticed', server.name);
      break;
    }
    await sleep(20);
  }
  if (isUnnoticed()) kill(context, 'SIGKILL');
  server.host?.resume();
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'kill',
    weight: 4,
    fits: ({ place }) => place === 'stdio',
    async strike(context) {
      kill(context, context.random.pick(['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGABRT'] as const));
    },
  },
  {
    name: 'crash in a call',
    weight: 3,
    fits: ({ place }) => place !== 'http process',
    strike: ({ server, traffic, random }) => traffic.strike(server, random.pick(DEADLY_TOOLS)),
  },
  {
    name: 'flap',
    weight: 2,
    fits: ({ place }) => place === 'stdio',
    async strike(context) {
      for (let time = 0; time < 4; time++) {
        kill(context, 'SIGKILL');
        await last(context, 100, 500);
      }
    },
  },
  {
    name: 'process down',
    weight: 4,
    fits: ({ process }) => process !== undefined,
    async strike(context) {
      const { process } = context.server;
      await process?.kill(context.random.pick(['SIGKILL', 'SIGTERM']));
      await last(context, 0, 1_500);
      await process?.restart();
    },
  },
  {
    name: 'hang for good',
    fits: ({ place }) => place === 'stdio' || place === 'in-process',
    strike: hangForGood,
  },
  {
    name: 'hang for a while',
    fits: everywhere,
    async strike(context) {
      await control(context, { command: 'hang', forMs: Math.round(context.random.between(100, 2_000)) });
      await last(context, 100, 2_000);
    },
  },
  {
    name: 'hanging calls',
    fits: everywhere,
    strike: ({ server, traffic }) => traffic.strike(server, 'hang'),
  },
  {
    name: 'garbage',
    fits: ({ garbage }) => garbage,
    async strike(context) {
      const lines = ['no JSON', '{"jsonrpc":"2.0","id":', '[]', 'null', '{"jsonrpc":"1.0"}'];
      await control(context, { command: 'setFaults', faults: { garbage: { at: 'answers', lines } } });
      await last(context, 100, 1_000);
      await control(context, { command: 'setFaults', faults: { garbage: { at: 'answers', lines: [] } } });
    },
  },
  {
    name: 'answers twice and to nobody',
    fits: everywhere,
    async strike(context) {
      const set = (on: boolean): Promise<void> =>
        control(context, {
          command: 'setFaults',
          faults: { duplicateAnswers: on, unknownIdAnswer: on },
        });
      await set(true);
      await last(context, 100, 1_000);
      await set(false);
    },
  },
  {
    name: 'dropped answers',
    fits: everywhere,
    async strike(context) {
      const ignore = [context.random.pick(['tools/call', 'resources/read', 'tools/list', 'prompts/get'])];
      await control(context, { command: 'setFaults', faults: { ignore } });
      await last(context, 100, 800);
      await control(context, { command: 'setFaults', faults: { ignore: [] } });
    },
  },
  {
    name: 'list changes',
    fits: everywhere,
    async strike(context) {
      for (let change = 0; change < 5; change++) {
        const more = Array.from({ length: Math.floor(context.random.between(0, 30)) }, (_, index) => ({
          name: `extra-${change}-${index}`,
        }));
        await control(context, { command: 'setTools', tools: [...BASE_TOOLS, ...more] });
        await last(context, 0, 150);
      }
    },
  },
  {
    name: 'list changes without end',
    fits: everywhere,
    async strike(context) {
      const method = context.random.pick(['tools', 'resources', 'prompts']);
      for (let times = 0; times < 200; times++) {
        await control(context, { command: 'notify', method: `notifications/${method}/list_changed` });
      }
    },
  },
  {
    name: 'list storm',
    fits: everywhere,
    async strike(context) {
      await control(context, { command: 'setFaults', faults: { listStorm: true } });
      await last(context, 200, 1_500);
      await control(context, { command: 'setFaults', faults: { listStorm: false } });
    },
  },
  {
    name: 'session expiry',
    weight: 3,
    fits: ({ sessions }) => sessions,
    strike: (context) => control(context, { command: 'expireSessions' }),
  },
  {
    name: 'cut',
    weight: 3,
    fits: isProxied,
    async strike(context) {
      for (let time = context.random.pick([1, 1, 3]); time > 0; time--) {
        context.server.proxy?.cut();
        await last(context, 100, 1_500);
      }
    },
  },
  {
    name: 'stall',
    weight: 2,
    fits: isProxied,
    async strike(context) {
      context.server.proxy?.stall();
      await last(context, 100, 3_000);
      context.server.proxy?.resume();
    },
  },
  {
    name: 'throttle',
    fits: isProxied,
    async strike(context) {
      context.server.proxy?.throttle(context.random.between(500, 20_000));
      await last(context, 200, 2_000);
      context.server.proxy?.throttle(Infinity);
    },
  },
  {
    name: 'refusal',
    weight: 2,
    fits: isProxied,
    async strike(context) {
      await context.server.proxy?.refuse();
      if (context.random.chance(0.7)) context.server.proxy?.cut();
      await last(context, 100, 2_000);
      await context.server.proxy?.accept();
    },
  },
  {
    name: 'crash',
    weight: 2,
    fits: (server) => !isProcess(server),
    strike: (context) => control(context, { command: 'crash' }),
  },
];
