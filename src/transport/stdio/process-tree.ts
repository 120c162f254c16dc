import type { ChildProcess } from 'node:child_process';
import { settledWithin, sleep } from '../../internal/limit.ts';
import type { StopSignal } from './process-group.ts';
import { processGroupOf } from './process-group.ts';

const FIRST_LOOK_MS = 5;
const LOOK_MS = 100;

/** How long processes may take to exit after SIGKILL; only one that we may not signal takes longer. */
const REAP_LIMIT_MS = 5_000;

/** Processes that can be signalled and waited for. */
export interface Stoppable {
  signal(name: StopSignal): void;
  /** Waits until they are all gone, for at most `ms`, or until `cutShort` aborts; says whether they are. */
  leftWithin(ms: number, cutShort?: AbortSignal): Promise<boolean>;
}

/** A running server and every process in its group. */
export class ProcessTree implements Stoppable {
  readonly pid: number;
  /** The server's own process has ended and has been reaped. */
  readonly exited: Promise<void>;
  /** It has ended, and nothing holds the other ends of its pipes any more. */
  readonly drained: Promise<unknown>;
  readonly #group;
  #exit: string | undefined;

  /** `onExit` is called once, with how the server's own process ended. */
  constructor(child: ChildProcess, pid: number, onExit: (exit: string) => void) {
    this.pid = pid;
    this.#group = processGroupOf(pid);
    this.drained = new Promise((resolve) => child.once('close', resolve));
    this.exited = new Promise((resolve) => {
      const settle = (exit: string): void => {
        if (this.#exit !== undefined) return;
        this.#exit = exit;
        resolve();
        onExit(exit);
      };
      child.once('exit', (code, signal) => settle(describeExit(code, signal)));
      // On Windows, in place of `exit`, when the command turns out not to exist.
      child.on('error', (error) => settle(`could not be started: ${error.message}`));
    });
  }

  /** How the server's own process ended, once it has, in words that follow "the server". */
  get exit(): string | undefined {
    return this.#exit;
  }

  signal(name: StopSignal): void {
    this.#group.signal(name);
  }

  async leftWithin(ms: number, cutShort?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + ms;
    await settledWithin(this.exited, ms, cutShort);
    // There is no event for the end of a process that is not our child: look again and again, at first often.
    for (let pause = FIRST_LOOK_MS; !(await this.#hasLeft()); pause = Math.min(pause * 2, LOOK_MS)) {
      const left = deadline - performance.now();
      if (left <= 0 || cutShort?.aborted === true) return false;
      await sleep(Math.min(pause, left), cutShort);
    }
    return true;
  }

  async #hasLeft(): Promise<boolean> {
    return this.#exit !== undefined && !(await this.#group.hasMembers());
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exited with code ${code}` : `was killed by signal ${signal}`;
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
