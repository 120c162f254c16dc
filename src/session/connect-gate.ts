import { availableParallelism } from 'node:os';
import { checkCount } from '../internal/checks.ts';
import type { ServerSpec } from '../server-spec.ts';
import { Gate, type GatePatience } from './gate.ts';
import type { ConnectGate } from './supervised-session.ts';

/**
 * A process computes for some hundredths of a second before it waits for anything, and then waits for several tenths: so
 * many keep a core busy. More of them would not be there any sooner, and each would take longer; with a hundred at once
 * on a small machine, longer than its `connectTimeoutMs`.
 */
const PROCESSES_PER_CORE = 16;

/** They cost a socket and little else. */
const REMOTE = 128;

const PATIENCE: GatePatience = { patienceMs: 2_000, paceMs: 1_000 };

/** How many servers may be coming up at a time; the others wait for their turn. */
export interface ConnectConcurrency {
  /**
   * Processes.
   * @default 16 for each core
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
  { processes = PROCESSES_PER_CORE * availableParallelism(), remote = REMOTE }: ConnectConcurrency = {},
  patience: GatePatience = PATIENCE,
): (spec: ServerSpec) => ConnectGate {
  const gateOfProcesses = createGate(processes, patience);
  const gateOfRemote = createGate(remote, patience);
  const open: ConnectGate = (connect) => connect();
  return (spec) => ('command' in spec ? gateOfProcesses : 'url' in spec ? gateOfRemote : open);
}

/** Throws `CONFIG_INVALID`. */
export function checkConnectConcurrency(concurrency: ConnectConcurrency | undefined): void {
  checkCount('concurrency.processes', concurrency?.processes, 1);
  checkCount('concurrency.remote', concurrency?.remote, 1);
}

function createGate(places: number, patience: GatePatience): ConnectGate {
  const gate = new Gate(places, patience);
  return (open, signal) => gate.pass(open, signal);
}
