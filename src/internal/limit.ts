import { startTimer } from './timers.ts';

/** The callbacks of one signal, behind its only listener. */
interface Fan {
  readonly callbacks: Set<() => void>;
  readonly fire: () => void;
}

const fans = new WeakMap<AbortSignal, Fan>();

function ignore(): void {}

/**
 * Calls `callback` once: when `signal` aborts, or at once when it has aborted already. However many callbacks a signal
 * has, it has one listener: thousands of calls may share a signal, and Node warns of more than ten listeners. Returns
 * the function that removes the callback, which every caller must call.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return ignore;
  if (signal.aborted) {
    callback();
    return ignore;
  }
  const fan = fans.get(signal) ?? createFan(signal);
  fan.callbacks.add(callback);
  return () => {
    if (!fan.callbacks.delete(callback) || fan.callbacks.size > 0) return;
    signal.removeEventListener('abort', fan.fire);
    fans.delete(signal);
  };
}

function createFan(signal: AbortSignal): Fan {
  const callbacks = new Set<() => void>();
  const fire = (): void => {
    for (const callback of callbacks) {
      try {
        callback();
      } catch (error) {
        // As of a listener of its own: it does not keep the others from being called.
        process.nextTick(() => {
          throw error;
        });
      }
    }
    callbacks.clear();
    fans.delete(signal);
  };
  const fan = { callbacks, fire };
  signal.addEventListener('abort', fire, { once: true });
  fans.set(signal, fan);
  return fan;
}

export interface LimitOptions {
  /** The deadline, in milliseconds from the creation of the limit. @default Infinity */
  readonly ms?: number;
  /** Makes the reason of the verdict at the deadline. @default a `DOMException` named `TimeoutError` */
  readonly expired?: () => unknown;
  /** Whether the timer keeps the process running. @default true */
  readonly keepAlive?: boolean;
}

/** A signal that ends a limit, and how it does. */
export interface SignalEnding {
  readonly signal: AbortSignal | undefined;
  /** Makes the reason of the verdict from the signal's. @default the signal's reason */
  readonly reason?: (cause: unknown) => unknown;
  /** How long after the abort the limit ends, in milliseconds, and then with the verdict `deadline`. @default 0 */
  readonly graceMs?: number;
}

export type Ending = AbortSignal | SignalEnding | undefined;

/** What ended a limit. */
export interface Verdict {
  readonly by: 'deadline' | 'signal' | 'owner';
  /** What `hold` rejects with, and the limit's signal aborts with. */
  readonly reason: unknown;
}

/**
 * Bounds how long something may take: by a deadline, by signals, by its owner, whichever comes first. Its owner must
 * call `stop` or `end` when the work is over.
 */
export class Limit {
  readonly #expired: () => unknown;
  readonly #keepAlive: boolean;
  /** What ends the timers and listeners. */
  #stops: (() => void)[] = [];
  #callbacks: Set<(verdict: Verdict) => void> | undefined;
  /** Made when somebody asks for the signal. */
  #controller: AbortController | undefined;
  #verdict: Verdict | undefined;

  constructor(
    { ms = Infinity, expired = timeoutError, keepAlive = true }: LimitOptions,
    ...endings: readonly Ending[]
  ) {
    this.#expired = expired;
    this.#keepAlive = keepAlive;
    for (const ending of endings) if (ending !== undefined) this.#endWith(ending);
    this.#endAfter(ms);
  }

  /** What ended it; undefined while nothing has. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  get ended(): boolean {
    return this.#verdict !== undefined;
  }

  /** Aborts when the limit ends, with the verdict's reason, or a text in place of one that has none. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#verdict !== undefined) this.#controller.abort(withText(this.#verdict.reason));
    }
    return this.#controller.signal;
  }

  /** Throws the verdict's reason, if there is one. */
  throwIfEnded(): void {
    if (this.#verdict !== undefined) throw this.#verdict.reason;
  }

  /** Why something failed that failed with `error`: the verdict's reason, if there is one. */
  explain(error: unknown): unknown {
    return this.#verdict === undefined ? error : this.#verdict.reason;
  }

  /** Settles as `work` does, or rejects with the verdict's reason as soon as there is one; the work goes on. */
  hold<T>(work: T | PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const release = this.onEnd(({ reason }) => reject(reason));
      Promise.resolve(work).then(
        (value) => {
          release();
          resolve(value);
        },
        (error: unknown) => {
          release();
          reject(this.explain(error));
        },
      );
    });
  }

  /** Calls `callback` once: when the limit ends, or at once when it has ended already. Returns how to stop. */
  onEnd(callback: (verdict: Verdict) => void): () => void {
    if (this.#verdict !== undefined) {
      callback(this.#verdict);
      return ignore;
    }
    this.#callbacks ??= new Set();
    this.#callbacks.add(callback);
    return () => this.#callbacks?.delete(callback);
  }

  /** Ends it now, and its timers and listeners with it. */
  end(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    this.#end('owner', reason);
  }

  /** Ends its timers and listeners: no deadline and no signal will end it any more. */
  stop(): void {
    const stops = this.#stops;
    this.#stops = [];
    for (const stop of stops) stop();
  }

  #endWith(ending: AbortSignal | SignalEnding): void {
    const { signal, reason, graceMs }: SignalEnding = 'signal' in ending ? ending : { signal: ending };
    if (signal === undefined || this.ended) return;
    const onEnding = (): void => {
      if (graceMs !== undefined) this.#endAfter(graceMs);
      else this.#end('signal', reason === undefined ? signal.reason : reason(signal.reason));
    };
    this.#stops.push(onAbort(signal, onEnding));
  }

  #endAfter(ms: number): void {
    if (ms === Infinity || this.ended) return;
    const expire = (): void => this.#end('deadline', this.#expired());
    this.#stops.push(startTimer(ms, expire, { keepAlive: this.#keepAlive }));
  }

  #end(by: Verdict['by'], reason: unknown): void {
    if (this.#verdict !== undefined) return;
    const verdict = { by, reason };
    this.#verdict = verdict;
    this.stop();
    this.#controller?.abort(withText(reason));
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (callbacks !== undefined) for (const callback of callbacks) callback(verdict);
  }
}

/** Listeners tell a server the reason as a text, and an error in a listener would end the process. */
function withText(reason: unknown): unknown {
  try {
    String(reason);
    return reason;
  } catch {
    return new DOMException('This operation was aborted', 'AbortError');
  }
}

function timeoutError(): DOMException {
  return new DOMException('The operation was aborted due to timeout', 'TimeoutError');
}

/** Settles as `work` does, or rejects with the signal's reason as soon as it aborts; the work goes on. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const limit = new Limit({}, signal);
  try {
    return await limit.hold(work);
  } finally {
    limit.stop();
  }
}

/** Waits until `work` has settled, `ms` milliseconds are over or a signal aborts; says whether it had settled. */
export async function settledWithin(
  work: Promise<unknown>,
  ms: number,
  ...endings: readonly Ending[]
): Promise<boolean> {
  const limit = new Limit({ ms, expired: ignore }, ...endings);
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await limit.hold(settled);
  } catch {
    return false;
  } finally {
    limit.stop();
  }
}

/** Resolves after `ms` milliseconds, or as soon as one of the signals aborts; never rejects. */
export async function sleep(ms: number, ...endings: readonly Ending[]): Promise<void> {
  const limit = new Limit({ ms, expired: ignore }, ...endings);
  await new Promise((resolve) => limit.onEnd(resolve));
}
