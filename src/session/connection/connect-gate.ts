import { availableParallelism } from 'node:os';
import { concurrencyOptions } from '../../options/tables/server.ts';
import type { ServerSpec } from '../../server-spec.ts';
import { Gate, type ConnectGate, type GateOptions } from './gate.ts';

/**
 * A server that starts computes for some hundredths of a second and waits for some tenths, so this many keep a core busy.
 * Of servers that compute for seconds, more at a time would only make each one slower: on a small machine a hundred would
 * all take longer than `connectTimeoutMs`.
 */
const PROCESSES_PER_CORE = 16;

/** A server behind a URL costs this machine little more than a socket. */
const REMOTE = concurrencyOptions.remote.default;

export type GateTimes = Pick<GateOptions, 'quickMs' | 'holdMs' | 'paceMs'>;

const TIMES: GateTimes = { quickMs: 1_000, holdMs: 2_000, paceMs: 1_000 };

/** How many servers may connect at a time; the others wait for their turn. */
export interface ConnectConcurrency {
  /**
   * How many processes may be starting at a time.
   * @default 16 for each core, growing to 32 while servers start within a second
   */
  processes?: number;
  /**
   * How many servers behind a URL may be connecting at a time.
   * @default 128
   */
  remote?: number;
}

/** Returns, for each spec, the gate that its connections pass: one for processes, one for URLs, none for the others. */
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

function createGate(slots: number, mostSlots: number, times: GateTimes): ConnectGate {
  const gate = new Gate({ ...times, slots, mostSlots });
  return (open, signal) => gate.run(open, signal);
}
