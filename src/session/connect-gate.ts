import pLimit, { type LimitFunction } from 'p-limit';
import { PlenumError } from '../errors.ts';
import { checkCount } from '../internal/checks.ts';
import { sleep } from '../internal/timers.ts';
import type { ServerSpec } from '../server-spec.ts';
import type { ConnectGate } from './supervised-session.ts';

/**
 * How long a server that is coming up keeps its place, in milliseconds. Coming up costs most at the start; one
 * that takes longer waits for something, and must not keep the others waiting.
 */
const PATIENCE_MS = 2_000;

/** How many servers may be coming up at a time; the others wait for their turn. */
export interface ConnectConcurrency {
  /**
   * Processes.
   * @default 8
   */
  processes?: number;
  /**
   * Servers behind a URL.
   * @default 32
   */
  remote?: number;
}

/** Makes the gates through which servers come up, so many at a time. */
export function createConnectGates(concurrency: ConnectConcurrency = {}): (spec: ServerSpec) => ConnectGate {
  const processes = createGate(pLimit(concurrency.processes ?? 8));
  const remote = createGate(pLimit(concurrency.remote ?? 32));
  const open: ConnectGate = (connect) => connect();
  return (spec) => ('command' in spec ? processes : 'url' in spec ? remote : open);
}

/** Throws `CONFIG_INVALID`. */
export function checkConnectConcurrency(concurrency: ConnectConcurrency | undefined): void {
  checkCount('concurrency.processes', concurrency?.processes, 1);
  checkCount('concurrency.remote', concurrency?.remote, 1);
}

function createGate(limit: LimitFunction): ConnectGate {
  return (open, signal) =>
    new Promise((resolve, reject) => {
      const leaveQueue = (): void => {
        reject(
          new PlenumError('ABORTED', 'Waiting for a turn to connect: given up.', { cause: signal.reason }),
        );
      };
      if (signal.aborted) return leaveQueue();
      signal.addEventListener('abort', leaveQueue, { once: true });
      void limit(async () => {
        signal.removeEventListener('abort', leaveQueue);
        if (signal.aborted) return;
        const opened = open();
        opened.then(resolve, reject);
        const settled = new AbortController();
        const settle = (): void => settled.abort();
        opened.then(settle, settle);
        await sleep(PATIENCE_MS, settled.signal);
      });
    });
}
