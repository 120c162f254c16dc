import type { ChildProcess } from 'node:child_process';
import { settledWithin, sleep } from '../../internal/limit.ts';
import type { StopSignal } from './process-group.ts';
import { processGroupOf } from './process-group.ts';
import type { Stoppable } from './stop-sequence.ts';

const FIRST_LOOK_MS = 5;
const LOOK_MS = 100;

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
    // Nothing tells of the end of a process that is not our child: look, at first often.
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
