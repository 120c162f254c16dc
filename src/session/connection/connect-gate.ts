import { availableParallelism } from 'node:os';
import { concurrencyOptions } from '../../options/tables/server.ts';
import type { ServerSpec } from '../../server-spec.ts';
import { Gate, type ConnectGate, type GateOptions } from './gate.ts';

/**
 * A process computes for some hundredths of a second before it waits for anything, and then waits for several tenths: so
 * many keep a core busy. Of processes that compute for seconds, more at a time would not be there any sooner, and each
 * would take longer: a hundred on a small machine, longer than `connectTimeoutMs`.
 */
const PROCESSES_PER_CORE = 16;

/** They cost a socket and little else. */
const REMOTE = concurrencyOptions.remote.default;

export type GateTimes = Pick<GateOptions, 'quickMs' | 'holdMs' | 'paceMs'>;

const TIMES: GateTimes = { quickMs: 1_000, holdMs: 2_000, paceMs: 1_000 };

/** How many servers may be coming up at a time; the others wait for their turn. */
export interface ConnectConcurrency {
  /**
   * Processes.
   * @default 16 for each core; twice as many when they come up quickly
   */
  processes?: number;
  /**
   * Servers behind a URL.
   * @default 128
   */
  remote?: number;
}

/** Makes the gates through which servers come up, so many at a time. */
export function createConnectGates(
  { processes, remote = REMOTE }: ConnectConcurrency = {},
  times: GateTimes = TIMES,
): (spec: ServerSpec) => ConnectGate {
  const usual = PROCESSES_PER_CORE * availableParallelism();
  const gateOfProcesses = createGate(processes ?? usual, processes ?? usual * 2, times);
  const gateOfRemote = createGate(remote, remote, times);
  const open: ConnectGate = (connect) => connect();
  return (spec) => ('command' in spec ? gateOfProcesses : 'url' in spec ? gateOfRemote : open);
}

function createGate(places: number, mostPlaces: number, times: GateTimes): ConnectGate {
  const gate = new Gate({ ...times, places, mostPlaces });
  return (open, signal) => gate.pass(open, signal);
}
