import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a program holds: what keeps it alive, its timers, its listeners. */
export interface Census {
  /** How many of each kind: sockets, pipes, processes, timers, listeners on this process. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Counts timers that are set, also those that do not keep the program alive, which the system does not tell. */
export class TimerWatch {
  readonly #live = new Set<NodeJS.Timeout>();
  readonly #restore: () => void;

  constructor() {
    const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
    const live = this.#live;
    const watchedTimeout = (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const timer = setTimeout(
        (...given: unknown[]) => {
          live.delete(timer);
          callback(...given);
        },
        ms,
        ...args,
      );
      live.add(timer);
      return timer;
    };
    const watchedInterval = (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const timer = setInterval(callback, ms, ...args);
      live.add(timer);
      return timer;
    };
    const forget = (timer: unknown): void => void live.delete(timer as NodeJS.Timeout);
    Object.assign(globalThis, {
      setTimeout: Object.assign(watchedTimeout, setTimeout),
      setInterval: watchedInterval,
      clearTimeout: (timer: Parameters<typeof clearTimeout>[0]) => {
        forget(timer);
        clearTimeout(timer);
      },
      clearInterval: (timer: Parameters<typeof clearInterval>[0]) => {
        forget(timer);
        clearInterval(timer);
      },
    });
    this.#restore = () =>
      void Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
  }

  get live(): number {
    return this.#live.size;
  }

  stop(): void {
    this.#restore();
  }
}

export function takeCensus(timers: TimerWatch, signal: AbortSignal): Census {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  // What is about to happen in this turn is nothing that is held.
  for (const fleeting of ['Immediate', 'TickObject', 'FSReqPromise', 'CloseReq']) counts.delete(fleeting);
  counts.set('timers set', timers.live);
  counts.set("listeners on the callers' signal", getEventListeners(signal, 'abort').length);
  for (const name of process.eventNames())
    counts.set(`listeners of process "${String(name)}"`, process.listenerCount(name));
  return { counts };
}

/** What there is more of than before; polls until there is nothing, or the time is up. */
export async function findLeft(before: Census, take: () => Census, withinMs: number): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const left = [...take().counts].filter(([kind, count]) => count > (before.counts.get(kind) ?? 0));
    if (left.length === 0 || performance.now() > deadline) {
      return left.map(([kind, count]) => `${count} × ${kind}, at first ${before.counts.get(kind) ?? 0}`);
    }
    await sleep(50);
  }
}

/** The size of the heap with all garbage collected, in bytes. */
export async function heapBytes(): Promise<number> {
  const gc = collector();
  for (let round = 0; round < 4; round++) {
    // What finalizers and weak references hold goes a turn later.
    await sleep(20);
    await gc();
  }
  return process.memoryUsage().heapUsed;
}

/** The collector of `--expose-gc`, also where the program was not started so. */
function collector(): () => unknown {
  if (globalThis.gc !== undefined) return globalThis.gc;
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => unknown;
}
