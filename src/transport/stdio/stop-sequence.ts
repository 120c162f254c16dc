import type { StopSignal } from './process-group.ts';

/** How long what got SIGKILL may take to go; only a process that we may not signal takes longer. */
const REAP_LIMIT_MS = 5_000;

/** Processes that can be asked, told and forced to leave. */
export interface Stoppable {
  signal(name: StopSignal): void;
  /** Waits until they are all gone, for at most `ms`, or until `cutShort` aborts; says whether they are. */
  leftWithin(ms: number, cutShort?: AbortSignal): Promise<boolean>;
}

/** How long they get after the end of their input, and after SIGTERM. */
export interface GracePeriods {
  readonly closeGraceMs: number;
  readonly terminateGraceMs: number;
}

/**
 * Waits for processes whose input has been closed to leave, then sends SIGTERM, then SIGKILL; an abort of
 * `force` goes straight to the last. Resolves to whether they have all left.
 */
export async function stopProcesses(
  processes: Stoppable,
  { closeGraceMs, terminateGraceMs }: GracePeriods,
  force: AbortSignal,
  reapLimitMs = REAP_LIMIT_MS,
): Promise<boolean> {
  if (await processes.leftWithin(closeGraceMs, force)) return true;
  if (!force.aborted) {
    processes.signal('SIGTERM');
    if (await processes.leftWithin(terminateGraceMs, force)) return true;
  }
  processes.signal('SIGKILL');
  return processes.leftWithin(reapLimitMs);
}
